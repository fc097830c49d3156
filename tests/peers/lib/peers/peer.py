"""What the table of sign-ins and sign-outs asks of an identity provider."""

import base64
import json
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lib.appliance import free_port
from lib.browser import Browser, Form, Page
from lib.documents import NAMESPACES
from lib.identity import HOST, Identity

EMAIL = "ada@acme.com"
REDIRECT, POST = "redirect", "post"


@dataclass(frozen=True)
class Style:
    """What the next answers are like: which of them is signed, and whether it is encrypted."""

    response: bool
    assertion: bool
    encrypted: bool = False

    def __str__(self) -> str:
        signed = "both" if self.response and self.assertion else None
        signed = signed or ("response" if self.response else "assertion")
        return f"{signed} signed, {'encrypted' if self.encrypted else 'plain'}"


class Peer(ABC):
    """One running identity provider for one person, ada@acme.com.

    It demands a signature on every request, by its own configuration, and verifies it itself.
    """

    name: str
    version: str
    base: str
    # The cipher it encrypts with: "gcm", or "cbc", which the appliance opens under a signed
    # Response only.
    cipher = "gcm"
    # What its page says to a request whose signature is missing, or doesn't hold.
    unsigned: str
    forged: str
    # What the product can't do, by how the words of the row begin, with the reason.
    cannot: dict[str, str] = {}

    def why_not(self, words: str) -> str | None:
        """The reason why it can't do what a row is about."""
        return next((why for begin, why in self.cannot.items() if words.startswith(begin)), None)

    @property
    @abstractmethod
    def metadata(self) -> str:
        """The identity provider's own metadata."""

    @abstractmethod
    def trust(self, metadata: str) -> None:
        """Read the service provider's metadata."""

    @abstractmethod
    def answer_as(self, style: Style) -> None:
        """Sign and encrypt the next answers in this way."""

    @abstractmethod
    def close(self) -> None:
        """End what was started."""

    def sign_in(self, browser: Browser, page: Page) -> Page:
        """From where a request led to the page whose form carries the answer."""
        return page

    def logout_by(self, binding: str) -> None:
        """Send the next logout messages by this binding."""

    @abstractmethod
    def sign_out(self, browser: Browser, binding: str) -> Page:
        """Begin a logout at the identity provider; returns what the browser sees first."""

    @abstractmethod
    def signed_out(self, page: Page) -> bool:
        """Whether the identity provider ended a logout, having verified what it was told."""

    @abstractmethod
    def knows_nobody(self, browser: Browser) -> bool:
        """Whether its own session of this browser is over."""


def saml_form(page: Page, field: str = "SAMLResponse") -> Form | None:
    """The form of a page that carries a SAML message."""
    return next((form for form in page.forms if form.fields.get(field)), None)


class NodePeer(Peer):
    """An identity provider that is a program in Node.js, told what to do by a file.

    It reads the file anew at each request.
    """

    project: Path
    host = HOST

    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_port(self.host)
        self.base = f"http://{self.host}:{self.port}"
        self.identity = Identity.new(f"urn:peer:{self.name}", f"{self.base}/sso")
        self.settings: dict = {}
        self.process: subprocess.Popen | None = None
        (directory / "idp.key").write_bytes(self.identity.key_pem)
        (directory / "idp.crt").write_bytes(self.identity.certificate_pem)

    @property
    def settings_file(self) -> Path:
        """The file it reads."""
        return self.directory / "settings.json"

    def tell(self, **settings) -> None:
        """Change some of its settings."""
        self.settings.update(settings)
        self.settings_file.write_text(json.dumps(self.settings))

    def launch(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """Start it and wait until it accepts."""
        log_file = self.directory / "peer.log"
        with open(log_file, "wb") as log:
            self.process = subprocess.Popen(
                ["node", *arguments], cwd=self.project, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until_open(self.process, self.host, self.port, log_file)

    def close(self) -> None:
        """End the process."""
        if self.process:
            self.process.kill()
            self.process.wait()


def wait_until_open(process: subprocess.Popen, host: str, port: int, log: Path) -> None:
    """Wait until a server accepts."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host, port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(log.read_text(errors="replace"))


def certificate(root, use: str) -> x509.Certificate:
    """The certificate of that use in a service provider's metadata."""
    text = root.findtext(f".//md:KeyDescriptor[@use='{use}']//ds:X509Certificate", namespaces=NAMESPACES)
    return x509.load_der_x509_certificate(base64.b64decode("".join(text.split())))


def pem(one: x509.Certificate) -> str:
    """As PEM."""
    return one.public_bytes(Encoding.PEM).decode()
