"""Sign-in against an identity provider made of pysaml2: its parser, its generator, its signer."""

import base64
import re

import pytest
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.attribute_converter import ac_factory
from saml2.config import Config
from saml2.mdstore import MetadataStore
from saml2.s_utils import UnsupportedBinding

from lib.pysaml2_provider import AES128_GCM, AES256_CBC, TRIPLE_DES, Pysaml2Provider, Style
from lib.sign_in import assert_refused, assert_signed_in


@pytest.fixture
def idp(tmp_path):
    """The running identity provider."""
    provider = Pysaml2Provider(tmp_path)
    yield provider
    provider.close()


@pytest.fixture
def provider(appliance, browser, idp):
    """The appliance's provider for it; each side has read the other's metadata."""
    provider = appliance.provider(idp.metadata)
    metadata = browser.open(provider["metadata_url"])
    assert metadata.status == 200, metadata.text
    idp.trust(metadata.text)
    return provider


STYLES = {
    "signed assertion": Style(),
    "signed response": Style(sign_assertion=False, sign_response=True),
    "both signed": Style(sign_response=True),
    "encrypted assertion, AES-128-GCM": Style(encrypt=AES128_GCM),
    "encrypted assertion, both signed": Style(sign_response=True, encrypt=AES256_CBC),
    "encrypted assertion, signed response": Style(
        sign_assertion=False, sign_response=True, encrypt=AES256_CBC
    ),
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_sign_in(appliance, browser, idp, provider, style):
    """Appliance -> redirect -> pysaml2 -> POST -> session."""
    idp.style = style
    page = browser.open(provider["login_url"])
    assert page.url.startswith(idp.base), page.url
    landed = browser.submit(page)
    assert landed.status == 200, f"{landed.status} {landed.text[:600]}"
    assert landed.url.startswith(appliance.url)
    assert_signed_in(appliance, browser, provider)


def test_email_first(appliance, browser, idp, provider):
    """The login page finds the provider by the e-mail's domain; its form-action lets it."""
    page = browser.open(f"{appliance.url}/login")
    form = next(form for form in page.forms if "email" in form.fields)
    page = browser.submit(page, form, email="Ada@ACME.com")
    assert page.url.startswith(idp.base), f"{page.url} {page.text[:400]}"
    browser.submit(page)
    assert_signed_in(appliance, browser, provider)


def test_request_as_pysaml2_reads_it(appliance, browser, idp, provider):
    """pysaml2 finds the ACS and the entity ID in the request, and they match the metadata."""
    browser.open(provider["login_url"])
    (request,) = idp.requests
    assert request.version == "2.0"
    assert request.destination == f"{idp.base}/sso"
    assert request.issuer.text == provider["entity_id"]
    assert request.assertion_consumer_service_url == provider["acs_url"]
    assert re.fullmatch(r"_[0-9a-f]{32}", request.id)
    answer = idp.server.response_args(request, bindings=[BINDING_HTTP_POST])
    assert answer["destination"] == provider["acs_url"]
    browser.open(provider["login_url"])
    assert idp.requests[0].id != idp.requests[1].id


def test_metadata_as_pysaml2_reads_it(browser, provider):
    """The service provider's metadata, read by pysaml2's metadata store."""
    text = browser.open(provider["metadata_url"]).text
    store = MetadataStore(ac_factory(), Config())
    store.imp([{"class": "saml2.mdstore.InMemoryMetaData", "metadata": [(text,)]}])
    entity = provider["entity_id"]
    assert list(store.keys()) == [entity]
    consumers = store.assertion_consumer_service(entity, BINDING_HTTP_POST)
    assert [consumer["location"] for consumer in consumers] == [provider["acs_url"]]
    with pytest.raises(UnsupportedBinding):
        store.assertion_consumer_service(entity, BINDING_HTTP_REDIRECT)
    (signing,) = store.certs(entity, "spsso", "signing")
    (encryption,) = store.certs(entity, "spsso", "encryption")
    assert base64.b64decode(signing[1]) != base64.b64decode(encryption[1])


def test_another_audience(appliance, browser, idp, provider):
    """A response that was made for somebody else."""
    idp.style = Style(audience="https://somebody.else/saml")
    page = browser.submit(browser.open(provider["login_url"]))
    assert_refused(appliance, browser, page, "audience")


@pytest.mark.parametrize("style", ["signed assertion", "signed response", "both signed"])
def test_tampered(appliance, browser, idp, provider, style):
    """The same length, another person."""
    idp.style = STYLES[style]
    page = browser.open(provider["login_url"])
    xml = base64.b64decode(page.form.fields["SAMLResponse"])
    changed = xml.replace(b"ada@acme.com", b"eve@acme.com")
    assert changed != xml
    page = browser.submit(page, SAMLResponse=base64.b64encode(changed).decode())
    assert_refused(appliance, browser, page, "signature")


def test_replayed(appliance, browser, idp, provider):
    """The same answer a second time, in the same browser and in another."""
    page = browser.open(provider["login_url"])
    answer = page.form
    assert browser.submit(page, answer).status == 200
    assert_signed_in(appliance, browser, provider)
    other = type(browser)()
    for again in (browser, other):
        refused = again.submit(page, answer)
        assert 400 <= refused.status < 500, refused.text[:400]
        assert refused.reference
    assert other.cookie("__Host-portcullis") is None


def test_answer_in_another_browser(appliance, browser, idp, provider):
    """An answer is good only in the browser that asked (login CSRF)."""
    page = browser.open(provider["login_url"])
    other = type(browser)()
    assert_refused(appliance, other, other.submit(page, page.form))


def test_foreign_domain(appliance, browser, idp, provider):
    """A provider speaks only for its own domains."""
    idp.style = Style(name_id="eve@other.example", email="eve@other.example")
    page = browser.submit(browser.open(provider["login_url"]))
    assert_refused(appliance, browser, page, "domain")


def test_triple_des(appliance, browser, idp, provider):
    """pysaml2's own default cipher is refused, and with no session."""
    idp.style = Style(encrypt=TRIPLE_DES)
    page = browser.submit(browser.open(provider["login_url"]))
    assert_refused(appliance, browser, page, "encryption-algorithm")


def test_unsigned(appliance, browser, idp, provider):
    """Without any signature."""
    idp.style = Style(sign_assertion=False, sign_response=False)
    page = browser.submit(browser.open(provider["login_url"]))
    assert_refused(appliance, browser, page, "signature-missing")
