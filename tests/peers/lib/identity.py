"""An identity provider's own things: a key pair, a certificate, metadata; no protocol library."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

# An address of its own: to a browser another loopback address is another site, as Okta is.
HOST = "127.0.0.2"


@dataclass
class Identity:
    """A signing key and what is published about it."""

    entity_id: str
    sso_url: str
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @staticmethod
    def new(
        entity_id: str,
        sso_url: str = f"http://{HOST}:9/sso",
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    ) -> "Identity":
        """That key, or a fresh one of RSA-2048, with a self-signed certificate."""
        key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        return Identity(entity_id, sso_url, key, certificate)

    @property
    def key_pem(self) -> bytes:
        """The private key, PKCS#8 PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def certificate_pem(self) -> bytes:
        """The certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def certificate_text(self) -> str:
        """The certificate as metadata carries it: base64 of its DER."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return base64.b64encode(der).decode()

    @property
    def metadata(self) -> str:
        """Metadata in the shape Okta publishes."""
        binding = "urn:oasis:names:tc:SAML:2.0:bindings"
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor entityID="{self.entity_id}" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">
<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>{self.certificate_text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
<md:SingleSignOnService Binding="{binding}:HTTP-POST" Location="{self.sso_url}"/>
<md:SingleSignOnService Binding="{binding}:HTTP-Redirect" Location="{self.sso_url}"/>
</md:IDPSSODescriptor></md:EntityDescriptor>
"""

    def metadata_with_logout(self, url: str) -> str:
        """The same with single logout at that address, by both bindings."""
        services = "".join(
            '<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:'
            f'HTTP-{binding}" Location="{url}"/>'
            for binding in ("Redirect", "POST")
        )
        return self.metadata.replace("<md:NameIDFormat>", f"{services}<md:NameIDFormat>", 1)
