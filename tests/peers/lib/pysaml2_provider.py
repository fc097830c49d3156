"""An identity provider made of pysaml2 alone, behind a small HTTP server on another site.

It parses the request with its own reader, looks the service provider up in the metadata that the
service provider publishes, and answers by the POST binding.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.response import StatusResponse
from saml2.saml import NAME_FORMAT_BASIC, NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.server import Server
from saml2.sigver import get_pem_wrapped_unwrapped, make_temp, pre_encryption_part
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from lib.identity import HOST, Identity

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
AES256_CBC = ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "aes-256")
AES128_GCM = ("http://www.w3.org/2009/xmlenc11#aes128-gcm", "aes-128")
TRIPLE_DES = ("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", "des-192")


@dataclass
class Style:
    """How the provider signs and encrypts, and whom it names."""

    sign_assertion: bool = True
    sign_response: bool = False
    encrypt: tuple[str, str] | None = None
    audience: str | None = None
    name_id: str = "ada@acme.com"
    email: str = "ada@acme.com"


class _Server(Server):
    """pysaml2 encrypts with Triple DES and has no setting for it; the rest is its own."""

    encryption = AES256_CBC

    def _encrypt_assertion(self, encrypt_cert, sp_entity_id, response, node_xpath=None):
        algorithm, key_type = self.encryption
        certificates = (
            [(None, encrypt_cert)]
            if encrypt_cert
            else self.metadata.certs(sp_entity_id, "any", "encryption")
        )
        name, certificate = certificates[0]
        wrapped, unwrapped = get_pem_wrapped_unwrapped(certificate)
        file = make_temp(wrapped.encode("ascii"), decode=False)
        template = pre_encryption_part(
            msg_enc=algorithm, key_name=name, encrypt_cert=unwrapped
        )
        return self.sec.encrypt_assertion(
            response, file.name, template, key_type=key_type, node_xpath=node_xpath
        )


class Pysaml2Provider:
    """The identity provider; `style` may be changed between sign-ins."""

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self.style = Style()
        self.requests: list = []
        self._http = make_server(HOST, 0, self._answer, handler_class=_Quiet)
        self.base = f"http://{HOST}:{self._http.server_port}"
        self.entity_id = f"{self.base}/metadata"
        identity = Identity.new(self.entity_id)
        (self.directory / "idp.key").write_bytes(identity.key_pem)
        (self.directory / "idp.crt").write_bytes(identity.certificate_pem)
        self.metadata = str(entity_descriptor(self._configuration(None)))
        self.server: _Server | None = None
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()

    def trust(self, service_provider_metadata: str) -> None:
        """Load the service provider's own metadata; pysaml2 refuses what it cannot read."""
        path = self.directory / "sp.xml"
        path.write_text(service_provider_metadata)
        self.server = _Server(config=self._configuration(path))

    def _configuration(self, service_provider: Path | None) -> IdPConfig:
        settings = {
            "entityid": self.entity_id,
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [
                            (f"{self.base}/sso", BINDING_HTTP_REDIRECT),
                            (f"{self.base}/sso", BINDING_HTTP_POST),
                        ]
                    },
                    "policy": {
                        "default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_BASIC}
                    },
                    "name_id_format": [NAMEID_FORMAT_EMAILADDRESS],
                }
            },
            "key_file": str(self.directory / "idp.key"),
            "cert_file": str(self.directory / "idp.crt"),
            "attribute_map_dir": str(Path(__file__).parent / "attribute_maps"),
            "delete_tmpfiles": True,
        }
        if service_provider:
            settings["metadata"] = {"local": [str(service_provider)]}
        self._adjust(settings)
        return IdPConfig().load(settings)

    def _adjust(self, settings: dict) -> None:
        """For those who want other settings."""

    def _answer(self, environment, start_response):
        query = parse_qs(environment["QUERY_STRING"])
        page = self.respond(query["SAMLRequest"][0], query.get("RelayState", [""])[0])
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [page.encode()]

    def respond(self, saml_request: str, relay_state: str) -> str:
        """The page with the form that carries the answer to a redirect's SAMLRequest."""
        request = self.server.parse_authn_request(saml_request, BINDING_HTTP_REDIRECT)
        self.requests.append(request.message)
        arguments = self.server.response_args(request.message, bindings=[BINDING_HTTP_POST])
        response = self.response(**arguments)
        return self.page(response, arguments["destination"], relay_state)

    def page(self, response, destination: str, relay_state: str) -> str:
        """The auto-submitted form of the POST binding."""
        http = self.server.apply_binding(
            BINDING_HTTP_POST, str(response), destination, relay_state, response=True
        )
        return http["data"]

    def response(self, **arguments) -> StatusResponse | str:
        """One response in the present style, signed by pysaml2 through xmlsec1."""
        style = self.style
        arguments.pop("binding", None)
        arguments.pop("name_id_policy", None)
        if style.audience:
            arguments["sp_entity_id"] = style.audience
        self.server.encryption = style.encrypt or AES256_CBC
        return self.server.create_authn_response(
            {"email": [style.email], "firstName": ["Ada"], "lastName": ["Lovelace"]},
            name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=style.name_id),
            authn={"class_ref": PASSWORD, "authn_auth": self.entity_id},
            sign_assertion=style.sign_assertion,
            sign_response=style.sign_response,
            encrypt_assertion=style.encrypt is not None,
            encrypt_assertion_self_contained=True,
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **arguments,
        )


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass
