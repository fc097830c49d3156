"""node-saml (Node.js, another xml-crypto): a library for service providers, so for logouts only."""

import base64
import json
import zlib
from pathlib import Path

import requests
from lxml import etree

from lib import xmlsec_signer
from lib.browser import Page
from lib.documents import NAMESPACES, Answer, form_value
from lib.identity import HOST
from lib.peers.peer import NodePeer, certificate, pem

NO_PROVIDER = "a library for service providers: it reads no AuthnRequest and makes no assertion"


class NodeSaml(NodePeer):
    """`node_peers/node_saml.cjs`; people are signed in with answers written here."""

    name = "node-saml"
    version = "5.1.0"
    project = Path(__file__).parents[2] / "node_peers"
    forged = "Invalid (query )?signature"
    cannot = {
        "sign-in": NO_PROVIDER,
        "request": NO_PROVIDER,
        "logout begun by the peer, by post": "it makes LogoutRequests by redirect only",
    }

    def __init__(self, directory: Path):
        super().__init__(directory)
        self.tell(
            host=HOST, port=self.port, entityId=self.identity.entity_id,
            key=self.identity.key_pem.decode(),
        )  # fmt: skip

    @property
    def metadata(self) -> str:
        return self.identity.metadata_with_logout(f"{self.base}/slo")

    def trust(self, metadata: str) -> None:
        root = etree.fromstring(metadata.encode())
        slo = root.find(".//md:SingleLogoutService", namespaces=NAMESPACES).get("Location")
        trusted = pem(certificate(root, "signing"))
        self.tell(trusted=trusted, trustedEntityId=root.get("entityID"), slo=slo)
        self.launch("node_saml.cjs", str(self.settings_file))

    def answer_as(self, style) -> None:
        """Always both signed and plain: what is looked at is the logout after it."""

    def sign_in(self, browser, page):
        fields = json.loads(page.text)
        xml = base64.b64decode(fields["SAMLRequest"])
        request = etree.fromstring(xml if xml.startswith(b"<") else zlib.decompress(xml, -15))
        said = Answer(
            self.identity.entity_id,
            request.get("AssertionConsumerServiceURL"),
            request.findtext("saml:Issuer", namespaces=NAMESPACES),
            request.get("ID"),
        )
        both = (xmlsec_signer.ASSERTION, xmlsec_signer.RESPONSE)
        value = form_value(xmlsec_signer.sign(said.xml(), self.identity, what=both))
        unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
        session = {"nameID": said.name_id, "nameIDFormat": unspecified, "sessionIndex": request.get("ID")}
        requests.post(f"{self.base}/session", session, timeout=10)
        form = (
            f'<form method="post" action="{said.acs_url}"><input name="SAMLResponse" value="{value}">'
            f'<input name="RelayState" value="{fields["RelayState"]}"></form>'
        )
        return Page(page.url, page.status, page.headers, form)

    def sign_out(self, browser, binding):
        return browser.open(f"{self.base}/sign-out")

    def signed_out(self, page):
        return page.url.startswith(self.base) and page.text == "signed out"

    def knows_nobody(self, browser):
        return browser.open(f"{self.base}/session").text == "nobody"
