"""The service provider's request and metadata, read by samael (Rust, on libxml2 and xmlsec1)."""

import base64
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from lib.identity import Identity

PROJECT = Path(__file__).parent / "samael_reader"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@pytest.fixture(scope="module")
def samael():
    """The reader, built; returns a function from its arguments to what it printed."""
    subprocess.run(["cargo", "build", "--locked", "--quiet"], cwd=PROJECT, check=True)

    def read(*arguments: str) -> dict:
        reader = PROJECT / "target/debug/samael-reader"
        done = subprocess.run([reader, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return read


@pytest.fixture
def identity():
    """An identity provider that only exists as metadata."""
    return Identity.new("http://www.okta.com/exksamael")


def test_request(samael, appliance, browser, identity):
    """Each field of the AuthnRequest."""
    provider = appliance.provider(identity.metadata)
    redirect = browser.open(provider["login_url"], follow=False).headers["Location"]
    request = samael("request", redirect)
    assert request["id"].startswith("_") and len(request["id"]) == 33
    assert request["version"] == "2.0"
    assert request["destination"] == identity.sso_url
    assert request["issuer"] == provider["entity_id"]
    assert request["acs_url"] == provider["acs_url"]
    assert request["protocol_binding"] in (POST, None)
    assert request["is_passive"] in (None, False)
    assert request["requested_authn_context"] is False
    assert 1 <= len(request["relay_state"].encode()) <= 80, "SAML Bindings 3.4.3"
    age = datetime.now(UTC) - datetime.fromisoformat(request["issue_instant"])
    assert abs(age.total_seconds()) < 30


def test_metadata(samael, appliance, browser, identity, tmp_path):
    """Each field of the metadata; two different keys, each labelled with its use."""
    provider = appliance.provider(identity.metadata)
    path = tmp_path / "sp.xml"
    path.write_text(browser.open(provider["metadata_url"]).text)
    found = samael("metadata", str(path))
    assert found["entity_id"] == provider["entity_id"]
    assert "urn:oasis:names:tc:SAML:2.0:protocol" in found["protocols"].split()
    (consumer,) = found["consumers"]
    assert consumer["binding"] == POST
    assert consumer["location"] == provider["acs_url"]
    assert sorted(key["use"] for key in found["keys"]) == ["encryption", "signing"]
    keys = set()
    for key in found["keys"]:
        (text,) = key["certificates"]
        certificate = x509.load_der_x509_certificate(base64.b64decode("".join(text.split())))
        assert certificate.public_key().key_size >= 2048
        assert certificate.not_valid_after_utc > datetime.now(UTC)
        keys.add(certificate.public_key().public_numbers())
    assert len(keys) == 2
