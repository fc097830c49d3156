"""saml-idp (Node.js): its own pages and its library samlp, told to verify what it is sent."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from lib.documents import NAMESPACES
from lib.peers.peer import EMAIL, NodePeer, Style, certificate, pem

PERSON = {
    "userName": EMAIL,
    "email": EMAIL,
    "firstName": "Ada",
    "lastName": "Lovelace",
    "displayName": "Ada Lovelace",
    "groups": "Engineering,Everyone",
}


class SamlIdp(NodePeer):
    """Its command line, with `saml_idp/demands.cjs`."""

    name = "saml-idp"
    version = "1.2.1"
    # The appliance's own site, as its session cookie doesn't go along with a POST from another one.
    host = "127.0.0.1"
    project = Path(__file__).parents[2] / "saml_idp"
    unsigned = "message MUST be signed"
    forged = "Signature check errors"

    def __init__(self, directory: Path):
        super().__init__(directory)
        self.identity.sso_url = f"{self.base}/saml/sso"
        self.tell(response=True, assertion=True, encrypted=False, logoutBinding="redirect")

    @property
    def metadata(self) -> str:
        # Its server starts for a service provider that it is told of, so its own comes too late.
        return self.identity.metadata_with_logout(f"{self.base}/saml/slo")

    def trust(self, metadata: str) -> None:
        root = etree.fromstring(metadata.encode())
        signing = certificate(root, "signing")
        encryption = certificate(root, "encryption")
        public = encryption.public_key()
        self.tell(
            trusted=pem(signing),
            encryptionCert=pem(encryption),
            encryptionPublicKey=public.public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            ).decode(),
        )
        service = {
            name: root.find(f".//md:{name}", namespaces=NAMESPACES).get("Location")
            for name in ("AssertionConsumerService", "SingleLogoutService")
        }
        self.launch(
            "--require", "./demands.cjs", "node_modules/saml-idp/bin/run.js",
            "--host", self.host, "--port", str(self.port), "--issuer", self.identity.entity_id,
            "--cert", str(self.directory / "idp.crt"), "--key", str(self.directory / "idp.key"),
            "--acsUrl", service["AssertionConsumerService"], "--audience", root.get("entityID"),
            "--sloUrl", service["SingleLogoutService"],
            "--configFile", str(self.project / "node_modules/saml-idp/config.js"),
            environment={**os.environ, "PEER_SETTINGS": str(self.settings_file)},
        )  # fmt: skip

    def answer_as(self, style: Style) -> None:
        self.tell(encrypted=style.encrypted, assertion=style.assertion, response=style.response)

    def sign_in(self, browser, page):
        form = next((form for form in page.forms if "_authnRequest" in form.fields), None)
        assert form, f"no sign-in page: {page.status} {page.url} {page.text[:800]}"
        return browser.submit(page, form, **PERSON)

    def logout_by(self, binding):
        self.tell(logoutBinding=binding)
        self.before = len(self.log)

    @property
    def log(self) -> str:
        """What it has written until now."""
        return (self.directory / "peer.log").read_text()

    def sign_out(self, browser, binding):
        return browser.open(f"{self.base}/signout")

    def signed_out(self, page):
        return page.url.startswith(f"{self.base}/saml/slo") and page.text == "OK"

    def knows_nobody(self, browser):
        # Its pages show the same person always; what ends a session is told in its log only.
        return "Destroying session" in self.log[self.before :]
