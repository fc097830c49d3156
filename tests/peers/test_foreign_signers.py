"""Signatures of other libraries at the ACS: libxmlsec1 and signxml, over Okta-shaped documents."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import xmlsec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
    XMLSigner,
)

from lib import xmlsec_signer
from lib.appliance import CommandFailed
from lib.browser import Page
from lib.documents import NAMESPACES, Answer, Request, form_value
from lib.identity import HOST, Identity
from lib.sign_in import assert_refused, assert_signed_in
from lib.xmlsec_signer import ASSERTION, RESPONSE

ORIGIN = f"http://{HOST}:9"
Transform = xmlsec.Transform


@dataclass
class Exchange:
    """A sign-in that waits for its answer."""

    appliance: object
    browser: object
    provider: dict
    identity: Identity
    request: Request

    def answer(self, **changes) -> Answer:
        """The right answer, with changes."""
        return Answer(
            **{
                "issuer": self.identity.entity_id,
                "acs_url": self.request.acs_url,
                "audience": self.request.issuer,
                "in_response_to": self.request.id,
                **changes,
            }
        )

    def post(self, xml: bytes) -> Page:
        """Post a document as the identity provider's page would."""
        fields = {"SAMLResponse": form_value(xml)}
        if self.request.relay_state is not None:
            fields["RelayState"] = self.request.relay_state
        return self.browser.post(self.request.acs_url, fields, origin=ORIGIN)

    def accepted(self, xml: bytes, **expected) -> dict:
        """Post it and require a session with these values."""
        page = self.post(xml)
        assert page.status == 200, f"{page.status} {page.text[:600]}"
        return assert_signed_in(self.appliance, self.browser, self.provider, **expected)

    def refused(self, xml: bytes, *words: str) -> dict:
        """Post it and require a refusal whose code has one of these words."""
        return assert_refused(self.appliance, self.browser, self.post(xml), *words)


@pytest.fixture
def exchange(appliance, browser):
    """The appliance has asked; nothing has been answered."""
    return begin(appliance, browser, Identity.new("http://www.okta.com/exkpeer"))


def begin(appliance, browser, identity: Identity) -> Exchange:
    """Trust an identity provider and ask it."""
    provider = appliance.provider(identity.metadata)
    redirect = browser.open(provider["login_url"], follow=False)
    assert redirect.status in (302, 303), redirect.text
    location = redirect.headers["Location"]
    assert location.startswith(identity.sso_url), location
    return Exchange(appliance, browser, provider, identity, Request.read(location))


def signxml_sign(xml: str, identity: Identity, what: str = ASSERTION, **settings) -> bytes:
    """Sign one element with signxml, the signature right after its Issuer."""
    root = etree.fromstring(xml)
    target = root if what == RESPONSE else root.find(what, namespaces=NAMESPACES)
    # signxml replaces this with its signature; without it, it would sign at the end.
    ds = NAMESPACES["ds"]
    placeholder = etree.Element(f"{{{ds}}}Signature", nsmap={"ds": ds}, Id="placeholder")
    target.find("saml:Issuer", namespaces=NAMESPACES).addnext(placeholder)
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        **settings,
    )
    # signxml signs a document, so the element is signed as one and put back.
    signed = signer.sign(
        etree.fromstring(etree.tostring(target)),
        key=identity.key_pem,
        cert=identity.certificate.public_bytes(Encoding.PEM).decode(),
        reference_uri="#" + target.get("ID"),
        id_attribute="ID",
    )
    if what == RESPONSE:
        return etree.tostring(signed)
    target.getparent().replace(target, signed)
    return etree.tostring(root)


WHAT = {
    "assertion": (ASSERTION,),
    "response": (RESPONSE,),
    "both": (ASSERTION, RESPONSE),
}
STRONG = {
    "SHA-256": (Transform.RSA_SHA256, Transform.SHA256),
    "SHA-384": (Transform.RSA_SHA384, Transform.SHA384),
    "SHA-512": (Transform.RSA_SHA512, Transform.SHA512),
}


@pytest.mark.parametrize("what", WHAT.values(), ids=WHAT.keys())
@pytest.mark.parametrize("algorithms", STRONG.values(), ids=STRONG.keys())
def test_xmlsec(exchange, what, algorithms):
    """libxmlsec1, with InclusiveNamespaces as Okta writes them."""
    method, digest = algorithms
    xml = xmlsec_signer.sign(
        exchange.answer().xml(), exchange.identity,
        what=what, signature_method=method, digest_method=digest,
    )  # fmt: skip
    for path in what:
        xmlsec_signer.verify(xml, exchange.identity, path)
    exchange.accepted(xml)


@pytest.mark.parametrize("prefixes", [None, "xs", "xs xsi", "#default xs saml2"])
def test_inclusive_namespaces(exchange, prefixes):
    """Exclusive canonicalisation with and without a prefix list."""
    xml = xmlsec_signer.sign(
        exchange.answer().xml(), exchange.identity,
        what=(ASSERTION, RESPONSE), inclusive_namespaces=prefixes,
    )  # fmt: skip
    exchange.accepted(xml)


@pytest.mark.parametrize("what", [ASSERTION, RESPONSE], ids=["assertion", "response"])
@pytest.mark.parametrize(
    "algorithms",
    [
        (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256),
        (SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA512),
    ],
    ids=["SHA-256", "SHA-512"],
)
def test_signxml(exchange, what, algorithms):
    """signxml, whose cryptography is not libxmlsec1's."""
    method, digest = algorithms
    xml = signxml_sign(
        exchange.answer().xml(), exchange.identity, what,
        signature_algorithm=method, digest_algorithm=digest,
    )  # fmt: skip
    xmlsec_signer.verify(xml, exchange.identity, what)
    exchange.accepted(xml)


KEYS = {
    "RSA-PSS SHA-256": (lambda: rsa_key(2048), SignatureMethod.SHA256_RSA_MGF1),
    "RSA-PSS SHA-384": (lambda: rsa_key(3072), SignatureMethod.SHA384_RSA_MGF1),
    "RSA-PSS SHA-512": (lambda: rsa_key(4096), SignatureMethod.SHA512_RSA_MGF1),
    "RSA-3072 SHA-384": (lambda: rsa_key(3072), SignatureMethod.RSA_SHA384),
    "RSA-4096 SHA-512": (lambda: rsa_key(4096), SignatureMethod.RSA_SHA512),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), SignatureMethod.ECDSA_SHA256),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), SignatureMethod.ECDSA_SHA384),
}


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """A fresh key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@pytest.mark.parametrize(("key", "method"), KEYS.values(), ids=KEYS.keys())
def test_signxml_keys(appliance, browser, key, method):
    """Other keys and kinds of signatures, by signxml."""
    identity = Identity.new("http://www.okta.com/exkpeer", key=key())
    exchange = begin(appliance, browser, identity)
    xml = signxml_sign(exchange.answer().xml(), identity, signature_algorithm=method)
    exchange.accepted(xml)


@pytest.mark.parametrize("bits", [1024, 5120])
def test_keys_outside_the_bounds(appliance, bits):
    """Refused when the metadata is loaded, with the size in the message."""
    identity = Identity.new("http://www.okta.com/exkpeer", key=rsa_key(bits))
    with pytest.raises(CommandFailed, match=f"{bits} bits"):
        appliance.provider(identity.metadata)


def test_sha1_where_an_operator_allows_it(exchange):
    """libxmlsec1 with SHA-1, as the oldest identity providers sign."""
    xml = xmlsec_signer.sign(
        exchange.answer().xml(), exchange.identity,
        signature_method=Transform.RSA_SHA1, digest_method=Transform.SHA1,
    )  # fmt: skip
    exchange.refused(xml, "algorithm")
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    provider = exchange.provider["id"]
    shown = exchange.appliance.run("provider", "set", provider, "--allow-sha1-until", until)
    assert shown["sha1_until"].startswith(until)
    exchange.accepted(xml)


def test_values_arrive_as_signed(exchange):
    """Escapes, accents and other scripts reach the session unchanged."""
    answer = exchange.answer(
        name_id="zoë+o'neil@acme.com",
        attributes={
            "firstName": ["Zoë & <Ada>"],
            "lastName": ["Ōnishi-O'Neil 大西"],
            "email": ["zoe.oneil@acme.com"],
        },
    )
    session = exchange.accepted(
        xmlsec_signer.sign(answer.xml(), exchange.identity),
        user_name="zoë+o'neil@acme.com",
        email="zoe.oneil@acme.com",
        display_name="Zoë & <Ada> Ōnishi-O'Neil 大西",
    )
    assert session["groups"] == []


WEAK = {
    "RSA-SHA1": {"signature_method": Transform.RSA_SHA1},
    "digest SHA-1": {"digest_method": Transform.SHA1},
    "both SHA-1": {"signature_method": Transform.RSA_SHA1, "digest_method": Transform.SHA1},
    "inclusive C14N": {"c14n": Transform.C14N},
    "inclusive C14N 1.1": {"c14n": Transform.C14N11},
    "exclusive C14N with comments": {"c14n": Transform.EXCL_C14N_COMMENTS},
}


@pytest.mark.parametrize("settings", WEAK.values(), ids=WEAK.keys())
def test_refused_algorithms(exchange, settings):
    """Valid signatures, and still refused."""
    xml = xmlsec_signer.sign(exchange.answer().xml(), exchange.identity, **settings)
    xmlsec_signer.verify(xml, exchange.identity)
    exchange.refused(xml, "algorithm", "canonicalization", "transforms")


def test_another_key(exchange):
    """A valid signature of a key that nobody pinned, whose certificate lies in KeyInfo."""
    stranger = Identity.new(exchange.identity.entity_id)
    exchange.refused(xmlsec_signer.sign(exchange.answer().xml(), stranger), "signature", "certificate")


def test_answer_to_another_request(exchange):
    """InResponseTo of a request that this browser never made."""
    answer = exchange.answer(in_response_to="_" + "0" * 32)
    exchange.refused(xmlsec_signer.sign(answer.xml(), exchange.identity), "response-to")


def test_unasked(exchange):
    """No InResponseTo, where sign-in from the provider's side is off."""
    answer = exchange.answer(in_response_to=None)
    exchange.refused(xmlsec_signer.sign(answer.xml(), exchange.identity), "response-to")


def test_another_recipient(exchange):
    """Right audience, another ACS."""
    answer = exchange.answer(acs_url=exchange.request.acs_url.replace("/acs", "/other"))
    exchange.refused(
        xmlsec_signer.sign(answer.xml(), exchange.identity), "destination", "recipient"
    )


def test_an_hour_old(exchange):
    """Long past its window."""
    answer = exchange.answer()
    answer.issued -= answer.lifetime * 12
    exchange.refused(xmlsec_signer.sign(answer.xml(), exchange.identity), "expired")
