"""Sign-in and sign-out with identity providers that demand signed requests: a row of the table
that is printed at the end for each combination, and for what a product can't do the reason."""

import base64
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from lxml import etree

from lib.appliance import Appliance
from lib.browser import Browser
from lib.documents import NAMESPACES
from lib.peers import PEERS
from lib.peers.peer import POST, REDIRECT, Style, saml_form
from lib.sign_in import SESSION_COOKIE, assert_refused, assert_signed_in

STYLES = [
    Style(response=response, assertion=assertion, encrypted=encrypted)
    for encrypted in (False, True)
    for response, assertion in ((False, True), (True, False), (True, True))
]
BINDINGS = (REDIRECT, POST)


class Federation:
    """An appliance and a peer that have read each other's metadata."""

    def __init__(self, appliance, peer):
        self.appliance = appliance
        self.peer = peer
        self.provider = appliance.provider(peer.metadata)
        metadata = Browser().open(self.provider["metadata_url"])
        assert metadata.status == 200, metadata.text
        peer.trust(metadata.text)

    def ask_by(self, binding, *, signed=True):
        """How the appliance's requests go from now on."""
        self.appliance.run(
            "provider", "set", self.provider["id"],
            "--request-binding", binding, "--sign-requests", str(signed).lower(),
        )  # fmt: skip

    def request(self, browser):
        """Start a sign-in; returns the page at the appliance or the peer that carries it on."""
        page = browser.open(self.provider["login_url"], follow=False)
        return page

    def arrive(self, browser, page, **changed):
        """Deliver a request to the peer."""
        location = page.headers.get("Location")
        if location is None:
            return browser.submit(page, saml_form(page, "SAMLRequest"), **changed)
        if changed:
            parts = urlsplit(location)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changed
            location = parts._replace(query=urlencode(query)).geturl()
        return browser.open(location)

    def sign_in(self, browser, style=STYLES[2]):
        """The whole way; returns where the answer led."""
        self.peer.answer_as(style)
        page = self.peer.sign_in(browser, self.arrive(browser, self.request(browser)))
        form = saml_form(page)
        assert form, f"no answer: {page.status} {page.url} {page.text[:800]}"
        assert_in_style(base64.b64decode(form.fields["SAMLResponse"]), style)
        return browser.submit(page, form)


def assert_in_style(xml, style):
    """The peer signed and encrypted as it was told."""
    root = etree.fromstring(xml)
    there = {
        path: root.find(path, NAMESPACES) is not None
        for path in ("ds:Signature", "saml:Assertion/ds:Signature", "saml:EncryptedAssertion")
    }
    assert there["ds:Signature"] == style.response, there
    assert there["saml:EncryptedAssertion"] == style.encrypted, there
    if not style.encrypted:
        assert there["saml:Assertion/ds:Signature"] == style.assertion, there


@pytest.fixture(scope="module", params=PEERS)
def federation(request, tmp_path_factory):
    """Both running, for all rows of a peer."""
    peer = PEERS[request.param](tmp_path_factory.mktemp(request.param))
    try:
        with Appliance() as appliance:
            appliance.organization()
            yield Federation(appliance, peer)
    finally:
        peer.close()


@pytest.fixture
def row(federation, record_property):
    """Names the row of the table that a test is."""

    def name(words):
        peer = federation.peer
        record_property("row", (f"{peer.name} {peer.version}", words, peer.cannot.get(words)))
        return peer.cannot.get(words)

    return name


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("binding", BINDINGS)
def test_sign_in(federation, browser, row, binding, style):
    """A signed request by either binding, verified by the peer; its answer, verified here."""
    peer = federation.peer
    federation.ask_by(binding)
    if style.encrypted and not style.response and peer.cipher == "cbc":
        row(f"sign-in, request by {binding}, {style}: AES-CBC, so refused without a signed response")
        page = federation.sign_in(browser, style)
        assert_refused(federation.appliance, browser, page, "encryption-not-authentic")
        return
    row(f"sign-in, request by {binding}, {style}")
    landed = federation.sign_in(browser, style)
    assert landed.status == 200, f"{landed.status} {landed.text[:600]}"
    assert landed.url.startswith(federation.appliance.url)
    assert_signed_in(federation.appliance, browser, federation.provider)


@pytest.mark.parametrize("binding", BINDINGS)
def test_unsigned_request(federation, browser, row, binding):
    """The peer does demand a signature: without one it gives no answer."""
    row(f"request by {binding} without a signature: refused by the peer")
    federation.ask_by(binding, signed=False)
    page = federation.arrive(browser, federation.request(browser))
    assert_no_answer(federation, browser, page, federation.peer.unsigned)


@pytest.mark.parametrize("binding", BINDINGS)
def test_changed_request(federation, browser, row, binding):
    """The peer does verify it: another relay state, another ACS, and it gives no answer."""
    row(f"request by {binding}, changed on the way: refused by the peer")
    federation.ask_by(binding)
    page = federation.request(browser)
    if binding == REDIRECT:
        changed = {"RelayState": "another"}
    else:
        xml = base64.b64decode(saml_form(page, "SAMLRequest").fields["SAMLRequest"])
        other = xml.replace(b'Version="2.0"', b'Version="2.0" ForceAuthn="false"', 1)
        assert other != xml
        changed = {"SAMLRequest": base64.b64encode(other).decode()}
    page = federation.arrive(browser, page, **changed)
    assert_no_answer(federation, browser, page, federation.peer.forged)


def assert_no_answer(federation, browser, page, words):
    """The peer's page is no sign-in and no answer, and says that it is the signature."""
    assert page.url.startswith(federation.peer.base), page.url
    assert saml_form(page) is None, page.text[:800]
    assert re.search(words, page.text), page.text[-3000:]
    fields = {name for form in page.forms for name in form.fields}
    assert not fields & {"username", "userName", "_authnRequest"}, page.text[:800]
    assert browser.cookie(SESSION_COOKIE) is None


@pytest.mark.parametrize("binding", [REDIRECT])
def test_logout_at_the_identity_provider(federation, browser, row, binding):
    """The peer's signed LogoutRequest ends the session here; it verifies the answer to it."""
    if row(f"logout begun by the peer, by {binding}"):
        return
    appliance = federation.appliance
    federation.ask_by(REDIRECT)
    federation.sign_in(browser)
    assert_signed_in(appliance, browser, federation.provider)
    page = federation.peer.sign_out(browser, binding)
    assert federation.peer.signed_out(page), f"{page.status} {page.url} {page.text[:800]}"
    assert browser.fetch(f"{appliance.url}/api/v1/session").status_code == 401
