"""samlify (Node.js, xml-crypto): a server of ours around its functions, which do all of SAML."""

from pathlib import Path

from lib.browser import Browser
from lib.identity import HOST
from lib.peers.peer import NodePeer, Style


class Samlify(NodePeer):
    """`node_peers/samlify_idp.cjs`."""

    name = "samlify"
    version = "2.13.1"
    project = Path(__file__).parents[2] / "node_peers"
    unsigned = "ERR_MISSING_SIG_ALG|FAILED_TO_VERIFY_SIGNATURE|ERR_ZERO_SIGNATURE"
    forged = "FAILED_MESSAGE_SIGNATURE_VERIFICATION|FAILED_TO_VERIFY_SIGNATURE"

    def __init__(self, directory: Path):
        super().__init__(directory)
        self.tell(
            host=HOST, port=self.port, entityId=self.identity.entity_id,
            key=self.identity.key_pem.decode(), certificate=self.identity.certificate_pem.decode(),
            trusted="", encrypted=False, assertion=True, response=True,
        )  # fmt: skip
        self.launch("samlify_idp.cjs", str(self.settings_file))

    @property
    def metadata(self) -> str:
        page = Browser().open(f"{self.base}/metadata")
        assert page.status == 200, page.text
        return page.text

    def trust(self, metadata: str) -> None:
        self.tell(trusted=metadata)

    def answer_as(self, style: Style) -> None:
        self.tell(encrypted=style.encrypted, assertion=style.assertion, response=style.response)

    def sign_out(self, browser, binding):
        return browser.open(f"{self.base}/sign-out?binding={binding}")

    def signed_out(self, page):
        return page.url.startswith(self.base) and page.text == "signed out"

    def knows_nobody(self, browser):
        return browser.open(f"{self.base}/session").text == "nobody"
