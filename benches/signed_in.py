"""An appliance with one signed-in user, for load scripts.

Prints one JSON line {url, cookie, scim_token, port} and runs until its standard input closes.
Uses the peers' library: run it with an interpreter that has tests/peers/requirements.txt.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/peers"))

from lib import xmlsec_signer  # noqa: E402
from lib.appliance import Appliance  # noqa: E402
from lib.browser import Browser  # noqa: E402
from lib.documents import Answer, Request, form_value  # noqa: E402
from lib.identity import Identity  # noqa: E402
from lib.sign_in import SESSION_COOKIE, assert_signed_in  # noqa: E402


def main() -> None:
    """Start, sign in, print, wait."""
    with Appliance() as appliance:
        appliance.organization()
        identity = Identity.new("http://www.okta.com/exkload")
        provider = appliance.provider(identity.metadata)
        browser = Browser()
        redirect = browser.open(provider["login_url"], follow=False)
        request = Request.read(redirect.headers["Location"])
        answer = Answer(identity.entity_id, request.acs_url, request.issuer, request.id)
        xml = xmlsec_signer.sign(answer.xml(), identity)
        fields = {"SAMLResponse": form_value(xml), "RelayState": request.relay_state}
        browser.post(request.acs_url, fields, origin="http://127.0.0.2:9")
        assert_signed_in(appliance, browser, provider)
        found = {
            "url": appliance.url,
            "port": appliance.port,
            "cookie": f"{SESSION_COOKIE}={browser.cookie(SESSION_COOKIE).value}",
            "scim_token": appliance.scim_token()["token"],
        }
        print(json.dumps(found), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
