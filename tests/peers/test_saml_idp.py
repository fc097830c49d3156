"""Sign-in against saml-idp, an identity provider of the npm registry, driven as a person does."""

import base64
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from lib.appliance import free_port
from lib.documents import NAMESPACES
from lib.identity import HOST, Identity
from lib.sign_in import assert_refused, assert_signed_in

PROJECT = Path(__file__).parent / "saml_idp"
PERSON = {
    "userName": "ada@acme.com",
    "email": "ada@acme.com",
    "firstName": "Ada",
    "lastName": "Lovelace",
    "displayName": "Ada Lovelace",
    "groups": "Engineering,Everyone",
}


class SamlIdp:
    """One saml-idp process; it must know its service provider before it starts."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_port(HOST)
        self.base = f"http://{HOST}:{self.port}"
        self.identity = Identity.new("urn:peer:saml-idp", f"{self.base}/saml/sso")
        self.process: subprocess.Popen | None = None
        (directory / "idp.key").write_bytes(self.identity.key_pem)
        (directory / "idp.crt").write_bytes(self.identity.certificate_pem)

    def start(self, provider: dict, *extra: str) -> None:
        """Start its command line for one service provider."""
        arguments = [
            "node", "--require", "./aes_gcm.cjs", "node_modules/saml-idp/bin/run.js",
            "--host", HOST, "--port", str(self.port), "--issuer", self.identity.entity_id,
            "--cert", str(self.directory / "idp.crt"), "--key", str(self.directory / "idp.key"),
            "--acsUrl", provider["acs_url"], "--audience", provider["entity_id"],
            "--configFile", str(PROJECT / "node_modules/saml-idp/config.js"), *extra,
        ]  # fmt: skip
        with open(self.directory / "saml-idp.log", "wb") as log:
            self.process = subprocess.Popen(
                arguments, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError((self.directory / "saml-idp.log").read_text(errors="replace"))

    def close(self) -> None:
        """End the process."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def idp(tmp_path):
    """A saml-idp that has not started."""
    peer = SamlIdp(tmp_path)
    yield peer
    peer.close()


def answer(browser, page, person=PERSON):
    """Fill in saml-idp's form and press its button; returns the page with the answer in it."""
    form = next(form for form in page.forms if "_authnRequest" in form.fields)
    return browser.submit(page, form, **person)


def encryption_options(browser, provider, directory: Path) -> list[str]:
    """The options that make saml-idp encrypt for the key in the service provider's metadata."""
    root = etree.fromstring(browser.open(provider["metadata_url"]).text.encode())
    path = ".//md:KeyDescriptor[@use='encryption']//ds:X509Certificate"
    text = root.findtext(path, namespaces=NAMESPACES)
    certificate = x509.load_der_x509_certificate(base64.b64decode("".join(text.split())))
    public = certificate.public_key()
    (directory / "sp.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "sp.pub").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return [
        "--encryptAssertion", "--encryptionCert", str(directory / "sp.crt"),
        "--encryptionPublicKey", str(directory / "sp.pub"),
    ]  # fmt: skip


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_sign_in(appliance, browser, idp, tmp_path, encrypted):
    """E-mail, redirect, saml-idp's own page, its auto-submitted form, session."""
    provider = appliance.provider(idp.identity.metadata)
    extra = encryption_options(browser, provider, tmp_path) if encrypted else []
    idp.start(provider, *extra)
    page = browser.open(f"{appliance.url}/login")
    form = next(form for form in page.forms if "email" in form.fields)
    page = browser.submit(page, form, email="ada@acme.com")
    assert urlsplit(page.url).netloc == f"{HOST}:{idp.port}"
    landed = browser.submit(answer(browser, page))
    assert landed.status == 200, f"{landed.status} {landed.text[:600]}"
    assert landed.url.startswith(appliance.url)
    assert_signed_in(appliance, browser, provider)


def test_metadata(appliance, browser, idp):
    """The metadata that saml-idp itself publishes sets the provider up."""
    draft = appliance.run("provider", "add", "--org", "acme", "--kind", "saml", "--domain", "acme.com")
    idp.start(draft)
    path = idp.directory / "metadata.xml"
    path.write_text(browser.open(f"{idp.base}/metadata").text)
    provider = appliance.run("provider", "set", draft["id"], "--metadata-file", str(path))
    assert provider["state"] == "active"
    page = browser.open(provider["login_url"])
    browser.submit(answer(browser, page))
    assert_signed_in(appliance, browser, provider)


def test_foreign_domain(appliance, browser, idp):
    """Somebody of a domain that is not the provider's."""
    provider = appliance.provider(idp.identity.metadata)
    idp.start(provider)
    page = browser.open(provider["login_url"])
    person = {**PERSON, "userName": "eve@other.example", "email": "eve@other.example"}
    page = browser.submit(answer(browser, page, person))
    assert_refused(appliance, browser, page, "domain")
