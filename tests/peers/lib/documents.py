"""SAML documents written as text, and the redirect that asks for them, read as bytes."""

import base64
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from lxml import etree

NAMESPACES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}


@dataclass
class Request:
    """An AuthnRequest as it arrived in a redirect."""

    url: str
    xml: bytes
    relay_state: str | None
    id: str
    acs_url: str
    issuer: str

    @staticmethod
    def read(redirect: str) -> "Request":
        """Read the HTTP-Redirect binding (SAML Bindings 3.4.4.1) from the whole address."""
        query = parse_qs(urlsplit(redirect).query, strict_parsing=True)
        xml = zlib.decompress(base64.b64decode(query["SAMLRequest"][0], validate=True), -15)
        root = etree.fromstring(xml)
        assert root.tag == f"{{{NAMESPACES['samlp']}}}AuthnRequest", root.tag
        return Request(
            url=redirect,
            xml=xml,
            relay_state=query.get("RelayState", [None])[0],
            id=root.get("ID"),
            acs_url=root.get("AssertionConsumerServiceURL"),
            issuer=root.findtext("saml:Issuer", namespaces=NAMESPACES),
        )


@dataclass
class Answer:
    """What an identity provider says in one response; unsigned."""

    issuer: str
    acs_url: str
    audience: str
    in_response_to: str | None
    name_id: str = "ada@acme.com"
    attributes: dict[str, list[str]] = field(
        default_factory=lambda: {
            "firstName": ["Ada"],
            "lastName": ["Lovelace"],
            "email": ["ada@acme.com"],
        }
    )
    lifetime: timedelta = timedelta(minutes=5)
    issued: datetime = field(default_factory=lambda: datetime.now(UTC))
    response_id: str = field(default_factory=lambda: f"id{secrets.randbits(90)}")
    assertion_id: str = field(default_factory=lambda: f"id{secrets.randbits(90)}")

    def xml(self) -> str:
        """The response in the shape of Okta's, with no signature in it."""
        now = _instant(self.issued)
        start = _instant(self.issued - self.lifetime)
        end = _instant(self.issued + self.lifetime)
        asked = f' InResponseTo="{self.in_response_to}"' if self.in_response_to else ""
        statement = "".join(
            f'<saml2:Attribute Name="{escape(name)}"'
            ' NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">'
            + "".join(
                '<saml2:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema"'
                ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">'
                f"{escape(value)}</saml2:AttributeValue>"
                for value in values
            )
            + "</saml2:Attribute>"
            for name, values in self.attributes.items()
        )
        return (
            f'<saml2p:Response xmlns:saml2p="{NAMESPACES["samlp"]}" Destination="{self.acs_url}"'
            f' ID="{self.response_id}"{asked} IssueInstant="{now}" Version="2.0">'
            f'<saml2:Issuer xmlns:saml2="{NAMESPACES["saml"]}"'
            f' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">{self.issuer}</saml2:Issuer>'
            "<saml2p:Status><saml2p:StatusCode"
            ' Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status>'
            f'<saml2:Assertion xmlns:saml2="{NAMESPACES["saml"]}" ID="{self.assertion_id}"'
            f' IssueInstant="{now}" Version="2.0">'
            f'<saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">{self.issuer}</saml2:Issuer>'
            "<saml2:Subject>"
            '<saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">'
            f"{escape(self.name_id)}</saml2:NameID>"
            '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml2:SubjectConfirmationData{asked} NotOnOrAfter="{end}" Recipient="{self.acs_url}"/>'
            "</saml2:SubjectConfirmation></saml2:Subject>"
            f'<saml2:Conditions NotBefore="{start}" NotOnOrAfter="{end}"><saml2:AudienceRestriction>'
            f"<saml2:Audience>{self.audience}</saml2:Audience>"
            "</saml2:AudienceRestriction></saml2:Conditions>"
            f'<saml2:AuthnStatement AuthnInstant="{now}" SessionIndex="{self.in_response_to or self.response_id}">'
            "<saml2:AuthnContext><saml2:AuthnContextClassRef>"
            "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
            "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
            f"<saml2:AttributeStatement>{statement}</saml2:AttributeStatement>"
            "</saml2:Assertion></saml2p:Response>"
        )


def form_value(xml: bytes | str) -> str:
    """A response as the POST binding carries it (SAML Bindings 3.5.4)."""
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
