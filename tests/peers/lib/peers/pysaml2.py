"""pysaml2 (Python, xmlsec1): verifies requests and logout messages with its own functions."""

from pathlib import Path
from urllib.parse import parse_qs

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.sigver import verify_redirect_signature
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from lib.peers.peer import EMAIL, POST, REDIRECT, Peer, Style
from lib.pysaml2_provider import AES128_GCM, Pysaml2Provider
from lib.pysaml2_provider import Style as Pysaml2Style

BINDINGS = {REDIRECT: BINDING_HTTP_REDIRECT, POST: BINDING_HTTP_POST}
ALGORITHMS = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}


class Pysaml2(Peer):
    """The identity provider of the other pysaml2 tests, with demands."""

    name = "pysaml2"
    version = "7.5.5"
    unsigned = "refused: (IncorrectlySigned|SignatureError)"
    forged = "refused: (IncorrectlySigned|SignatureError|ValueError the signature of)"

    def __init__(self, directory: Path):
        self.idp = _Demanding(directory)
        self.base = self.idp.base

    @property
    def metadata(self) -> str:
        return self.idp.metadata

    def trust(self, metadata: str) -> None:
        self.idp.trust(metadata)

    def answer_as(self, style: Style) -> None:
        self.idp.style = Pysaml2Style(
            sign_assertion=style.assertion,
            sign_response=style.response,
            encrypt=AES128_GCM if style.encrypted else None,
        )

    def close(self) -> None:
        self.idp.close()

    def sign_out(self, browser, binding):
        return browser.open(f"{self.base}/sign-out?binding={binding}")

    def signed_out(self, page):
        return page.url.startswith(self.base) and page.text == "signed out"

    def knows_nobody(self, browser):
        return not self.idp.signed_in


class _Demanding(Pysaml2Provider):
    """Takes signed requests only, by both bindings, and takes part in logouts."""

    asked: str | None = None
    signed_in = False

    def _adjust(self, settings):
        idp = settings["service"]["idp"]
        idp["want_authn_requests_signed"] = True
        idp["endpoints"]["single_logout_service"] = [
            (f"{self.base}/slo", binding) for binding in BINDINGS.values()
        ]

    def _answer(self, environment, start_response):
        length = int(environment.get("CONTENT_LENGTH") or 0)
        posted = environment["REQUEST_METHOD"] == "POST"
        raw = environment["wsgi.input"].read(length).decode() if posted else environment["QUERY_STRING"]
        fields = {name: values[0] for name, values in parse_qs(raw).items()}
        binding = BINDINGS[POST if posted else REDIRECT]
        ways = {"/sso": self._sign_in, "/slo": self._logout, "/sign-out": self._sign_out}
        try:
            status, headers, body = ways[environment["PATH_INFO"]](fields, binding)
        except Exception as error:  # noqa: BLE001: whatever it raises is a refusal
            status, headers, body = "403 Forbidden", [], f"refused: {type(error).__name__} {error}"
        headers = [("Content-Type", "text/html; charset=utf-8"), *headers]
        start_response(status, headers)
        return [body.encode()]

    def _signature(self, fields, binding):
        if binding == BINDING_HTTP_POST:
            return {}
        return {
            "relay_state": fields.get("RelayState"),
            "sigalg": fields.get("SigAlg"),
            "signature": fields.get("Signature"),
        }

    def _sign_in(self, fields, binding):
        request = self.server.parse_authn_request(
            fields["SAMLRequest"], binding, **self._signature(fields, binding)
        )
        arguments = self.server.response_args(request.message, bindings=[BINDING_HTTP_POST])
        response = self.response(**arguments)
        self.signed_in = True
        page = self.page(response, arguments["destination"], fields.get("RelayState", ""))
        return "200 OK", [], page

    def _logout(self, fields, binding):
        if "SAMLResponse" in fields:
            return self._answered(fields, binding)
        request = self.server.parse_logout_request(
            fields["SAMLRequest"], binding, **self._signature(fields, binding)
        ).message
        assert request.name_id.text == EMAIL, request.name_id.text
        self.signed_in = False
        by_post = binding == BINDING_HTTP_POST
        answer = self.server.create_logout_response(
            request, [binding], sign=by_post, **ALGORITHMS
        )
        destination = self.server.response_args(request, [binding])["destination"]
        return self._send(answer, binding, destination, fields.get("RelayState", ""), response=True)

    def _sign_out(self, fields, _binding):
        binding = BINDINGS[fields["binding"]]
        (entity,) = self.server.metadata.keys()
        (service,) = self.server.metadata.single_logout_service(entity, binding, "spsso")
        self.asked, request = self.server.create_logout_request(
            service["location"],
            entity,
            name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=EMAIL),
            sign=binding == BINDING_HTTP_POST,
            **ALGORITHMS,
        )
        return self._send(request, binding, service["location"], "its-own-state", response=False)

    def _answered(self, fields, binding):
        if binding == BINDING_HTTP_REDIRECT:
            (entity,) = self.server.metadata.keys()
            certificates = self.server.metadata.certs(entity, "any", "signing")
            signed = {name: fields[name] for name in ("SAMLResponse", "RelayState", "SigAlg", "Signature")}
            backend = self.server.sec.sec_backend
            if not any(verify_redirect_signature(signed, backend, text) for _, text in certificates):
                raise ValueError("the signature of the LogoutResponse")
        answer = self.server.parse_logout_request_response(fields["SAMLResponse"], binding)
        assert answer.in_response_to == self.asked, answer.in_response_to
        assert fields["RelayState"] == "its-own-state", fields["RelayState"]
        if not answer.status_ok():
            raise ValueError("no success")
        self.signed_in = False
        return "200 OK", [], "signed out"

    def _send(self, message, binding, destination, relay_state, *, response):
        http = self.server.apply_binding(
            binding, str(message), destination, relay_state, response,
            sign=binding == BINDING_HTTP_REDIRECT, sigalg=SIG_RSA_SHA256,
        )  # fmt: skip
        if binding == BINDING_HTTP_POST:
            return "200 OK", [], http["data"]
        return "302 Found", [("Location", dict(http["headers"])["Location"])], ""
