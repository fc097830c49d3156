"""An identity provider for shell scripts.

    python3 -m lib.command_line_idp new DIRECTORY ENTITY_ID       writes metadata.xml and the key
    python3 -m lib.command_line_idp answer DIRECTORY REDIRECT     prints {acs_url, SAMLResponse, RelayState}
"""

import json
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lib import xmlsec_signer
from lib.documents import Answer, Request, form_value
from lib.identity import Identity


def new(directory: Path, entity_id: str) -> None:
    """Make a key pair and its metadata."""
    identity = Identity.new(entity_id)
    (directory / "idp.key").write_bytes(identity.key_pem)
    (directory / "idp.crt").write_bytes(identity.certificate_pem)
    (directory / "idp.id").write_text(entity_id)
    (directory / "metadata.xml").write_text(identity.metadata)


def answer(directory: Path, redirect: str) -> None:
    """Answer the request in a redirect's address with a signed response."""
    identity = Identity(
        (directory / "idp.id").read_text(),
        "",
        load_pem_private_key((directory / "idp.key").read_bytes(), None),
        x509.load_pem_x509_certificate((directory / "idp.crt").read_bytes()),
    )
    request = Request.read(redirect)
    said = Answer(identity.entity_id, request.acs_url, request.issuer, request.id)
    both = (xmlsec_signer.ASSERTION, xmlsec_signer.RESPONSE)
    xml = xmlsec_signer.sign(said.xml(), identity, what=both)
    fields = {"acs_url": request.acs_url, "SAMLResponse": form_value(xml)}
    print(json.dumps({**fields, "RelayState": request.relay_state or ""}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["new", directory, entity_id]:
            new(Path(directory), entity_id)
        case ["answer", directory, redirect]:
            answer(Path(directory), redirect)
        case _:
            sys.exit(__doc__)
