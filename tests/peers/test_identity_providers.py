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
        """Start a sign-in; returns the redirect, or the page that posts."""
        return browser.open(self.provider["login_url"], follow=False)

    def arrive(self, browser, page, **changed):
        """Deliver a request to the peer."""
        location = page.headers.get("Location")
        if location is None:
            return browser.submit(page, saml_form(page, "SAMLRequest"), **changed)
        return browser.open(changed_query(location, **changed))

    def sign_in(self, browser, style=STYLES[2]):
        """The whole way; returns where the answer led."""
        self.peer.answer_as(style)
        page = self.peer.sign_in(browser, self.arrive(browser, self.request(browser)))
        form = saml_form(page)
        assert form, f"no answer: {page.status} {page.url} {page.text[:800]}"
        assert_in_style(base64.b64decode(form.fields["SAMLResponse"]), style)
        return browser.submit(page, form)


    def ready_to_sign_out(self, browser, binding):
        """Signed in; logout messages go by that binding from now on."""
        self.ask_by(binding)
        self.peer.logout_by(binding)
        self.sign_in(browser)
        assert_signed_in(self.appliance, browser, self.provider)

    def sign_out(self, browser):
        """Press the button here; returns the page that goes on to the peer."""
        return browser.post(f"{self.appliance.url}/logout", {}, origin=self.appliance.url)

    def is_over(self, browser):
        """Whether the session here has ended."""
        return browser.fetch(f"{self.appliance.url}/api/v1/session").status_code == 401


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
        why_not = peer.why_not(words)
        record_property("row", (f"{peer.name} {peer.version}", words, why_not))
        return why_not

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
    if row(f"sign-in, request by {binding}, {style}"):
        return
    landed = federation.sign_in(browser, style)
    assert landed.status == 200, f"{landed.status} {landed.text[:600]}"
    assert landed.url.startswith(federation.appliance.url)
    assert_signed_in(federation.appliance, browser, federation.provider)


@pytest.mark.parametrize("binding", BINDINGS)
def test_unsigned_request(federation, browser, row, binding):
    """The peer does demand a signature: without one it gives no answer."""
    if row(f"request by {binding} without a signature: refused by the peer"):
        return
    federation.ask_by(binding, signed=False)
    page = federation.arrive(browser, federation.request(browser))
    assert_no_answer(federation, browser, page, federation.peer.unsigned)


@pytest.mark.parametrize("binding", BINDINGS)
def test_changed_request(federation, browser, row, binding):
    """The peer does verify it: another relay state, another ACS, and it gives no answer."""
    if row(f"request by {binding}, changed on the way: refused by the peer"):
        return
    federation.ask_by(binding)
    page = federation.request(browser)
    if binding == REDIRECT:
        changed = {"RelayState": "another"}
    else:
        value = saml_form(page, "SAMLRequest").fields["SAMLRequest"]
        changed = {"SAMLRequest": changed_message(value)}
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


@pytest.mark.parametrize("binding", BINDINGS)
def test_logout_at_the_identity_provider(federation, browser, row, binding):
    """The peer's signed LogoutRequest ends the session here; it verifies the answer to it."""
    if row(f"logout begun by the peer, by {binding}"):
        return
    federation.ready_to_sign_out(browser, binding)
    page = travel(browser, federation.peer.sign_out(browser, binding))
    assert federation.peer.signed_out(page), f"{page.status} {page.url} {page.text[:800]}"
    assert federation.is_over(browser)
    assert federation.peer.knows_nobody(browser)


@pytest.mark.parametrize("binding", BINDINGS)
def test_logout_here(federation, browser, row, binding):
    """Our signed LogoutRequest, verified by the peer, ends its session; its answer is verified."""
    if row(f"logout begun here, by {binding}"):
        return
    federation.ready_to_sign_out(browser, binding)
    page = federation.sign_out(browser)
    assert federation.is_over(browser)
    page = travel(browser, page)
    assert page.url.startswith(federation.appliance.url), f"{page.url} {page.text[-3000:]}"
    assert page.status == 200 and "Signed out everywhere" in page.text, page.text[:2000]
    assert federation.peer.knows_nobody(browser)


@pytest.mark.parametrize("binding", BINDINGS)
def test_changed_logout_request(federation, browser, row, binding):
    """The peer does verify our LogoutRequest."""
    if row(f"logout begun here, by {binding}, changed on the way: refused by the peer"):
        return
    federation.ready_to_sign_out(browser, binding)
    page = federation.sign_out(browser)
    if binding == REDIRECT:
        page = browser.follow(page, changed_query(page.onward, RelayState="another"))
    else:
        form = saml_form(page, "SAMLRequest")
        page = browser.submit(page, form, SAMLRequest=changed_message(form.fields["SAMLRequest"]))
    assert page.url.startswith(federation.peer.base), page.url
    assert re.search(federation.peer.forged, page.text), page.text[-3000:]


@pytest.mark.parametrize("binding", BINDINGS)
def test_changed_logout_response(federation, browser, row, binding):
    """The peer does verify our answer to its own LogoutRequest."""
    if row(f"logout begun by the peer, by {binding}, our answer changed: refused by the peer"):
        return
    federation.ready_to_sign_out(browser, binding)
    if binding == REDIRECT:
        forged = base64.b64encode(bytes(256)).decode()
        browser.rewrite = lambda url: (
            changed_query(url, Signature=forged) if "SAMLResponse=" in url else url
        )
        page = travel(browser, federation.peer.sign_out(browser, binding))
    else:
        page = federation.peer.sign_out(browser, binding)
        page = browser.submit(page, saml_form(page, "SAMLRequest"))
        form = saml_form(page)
        page = browser.submit(page, form, SAMLResponse=changed_message(form.fields["SAMLResponse"]))
    assert page.url.startswith(federation.peer.base), page.url
    assert re.search(federation.peer.forged, page.text), page.text[-3000:]
    assert federation.is_over(browser)


def travel(browser, page):
    """Go on as the scripts of both sides do, until nothing is left to be carried across."""
    for _ in range(6):
        form = saml_form(page, "SAMLRequest") or saml_form(page, "SAMLResponse")
        if form:
            page = browser.submit(page, form)
        elif page.onward:
            page = browser.follow(page, page.onward)
        else:
            return page
    raise AssertionError(f"no end: {page.url}")


def changed_query(url, **changed):
    """An address with other parameters."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changed
    return parts._replace(query=urlencode(query)).geturl()


def changed_message(value):
    """A posted message that says nothing else, but is no longer what was signed."""
    xml = base64.b64decode(value)
    other = xml.replace(b'Version="2.0"', b'Version="2.0" Consent="urn:x"', 1)
    assert other != xml
    return base64.b64encode(other).decode()
