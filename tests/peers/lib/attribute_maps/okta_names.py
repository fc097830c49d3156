"""The three attributes an Okta administrator is asked to send, under their plain names."""

_NAMES = {"email": "email", "firstName": "firstName", "lastName": "lastName"}

MAP = {
    "identifier": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
    "fro": _NAMES,
    "to": _NAMES,
}
