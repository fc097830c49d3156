"""The attack documents through other implementations, and the table of who accepts what.

`PORTCULLIS_WRITE_TABLE=1` writes docs/saml-attacks.md; without it the test asserts that what stands
there is what comes out.
"""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

ROOT = Path(__file__).parents[2]
READER = Path(__file__).parent / "samael_reader"
TABLE = ROOT / "docs/saml-attacks.md"
MARK = "<!-- from here on written by tests/peers/test_attacks.py -->\n"


@pytest.fixture(scope="module")
def reader():
    """The program around samael, built before anything that is good for minutes only."""
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=READER, check=True)
    return READER / "target/release/samael-reader"


@pytest.fixture(scope="module")
def attacks(reader, tmp_path_factory):
    """The documents, made a moment ago."""
    build = ["cargo", "test", "--quiet", "--test", "integration", "--no-run"]
    subprocess.run(build, cwd=ROOT, check=True)
    path = tmp_path_factory.mktemp("attacks") / "attacks.json"
    subprocess.run(
        ["cargo", "test", "--quiet", "--test", "integration", "saml::for_peers", "--", "--ignored"],
        cwd=ROOT, env={**os.environ, "PORTCULLIS_ATTACKS": str(path)}, check=True,
    )  # fmt: skip
    return path, json.loads(path.read_text())


@dataclass
class Judged:
    """What a peer makes of the documents."""

    names: list[str | None]  # for each attack: whom it takes it for; None where it refuses
    reads: set[str]  # the kinds of encryption of which it takes the good document


def by_samael(reader: Path, path: Path, person: str) -> Judged:
    """The attacks through samael."""
    done = subprocess.run([reader, "responses", path], capture_output=True, text=True, check=True)
    judged = json.loads(done.stdout)
    return Judged(
        [each.get("accepted") for each in judged["attacks"]],
        {each["name"] for each in judged["encrypted_valid"] if each.get("accepted") == person},
    )


def by_python3_saml(index: dict) -> Judged:
    """The same through python3-saml, in its strict mode."""
    idp = OneLogin_Saml2_IdPMetadataParser.parse(index["metadata"])["idp"]
    settings = OneLogin_Saml2_Settings({
        "strict": True,
        "sp": {
            "entityId": index["audience"],
            "assertionConsumerService": {"url": index["acs"]},
            "privateKey": pem(index["recipient"]),
        },
        "idp": idp,
    })  # fmt: skip
    request = {"http_host": "door.example", "script_name": "/saml/abc/acs", "https": "on"}

    def judge(xml: str) -> str | None:
        try:
            form_value = base64.b64encode(xml.encode()).decode()
            response = OneLogin_Saml2_Response(settings, form_value)
            valid = response.is_valid(request, index["request"], raise_exceptions=False)
            return response.get_nameid() if valid else None
        except Exception:  # noqa: BLE001 - whatever it raises, it did not let anybody in
            return None

    assert judge(index["valid"]["twice"]) == judge(index["valid"]["once"]) == index["person"]
    return Judged(
        [judge(attack["xml"]) for attack in index["attacks"]],
        {kind for kind, xml in index["encrypted_valid"].items() if judge(xml) == index["person"]},
    )


def pem(pkcs8: str) -> str:
    """A private key as settings have it."""
    key = load_der_private_key(base64.b64decode(pkcs8), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def word(name: str | None, attack: dict, reads: set[str]) -> str:
    """One cell of the table."""
    if name is not None:
        return "as signed" if name == attack["signed"] else f"**as `{name}`**"
    if attack["encrypted"] and attack["encrypted"] not in reads:
        return "no say"
    return "refused"


def test_table(reader, attacks):
    """Nobody but the signed person gets in here; what others do is written down."""
    path, index = attacks
    samael, python = by_samael(reader, path, index["person"]), by_python3_saml(index)
    # As docs/saml-attacks.md says about who has no say.
    kinds = set(index["encrypted_valid"])
    assert python.reads == kinds
    assert samael.reads == {kind for kind in kinds if kind.endswith("is signed")}
    assert len(index["attacks"]) >= 120
    rows = []
    for attack, theirs, others in zip(index["attacks"], samael.names, python.names, strict=True):
        cells = [word(theirs, attack, samael.reads), word(others, attack, python.reads)]
        assert "@" not in attack["code"], f"{attack['name']}: accepted as {attack['code']}"
        rows.append(f"| {attack['name']} | `{attack['code']}` | {' | '.join(cells)} |")
    counts = {
        peer: sum(row.split(" | ")[column].startswith(("as ", "**as")) for row in rows)
        for peer, column in (("samael", 2), ("python3-saml", 3))
    }
    table = (
        f"{len(rows)} documents. Portcullis lets none in. samael 0.0.22 takes"
        f" {counts['samael']} and has no say in {sum('no say' in row for row in rows)};"
        f" python3-saml takes {counts['python3-saml']}."
        "\n\n| document | Portcullis | samael | python3-saml |\n|---|---|---|---|\n"
        + "\n".join(rows) + "\n"
    )  # fmt: skip
    text = TABLE.read_text()
    head, _, written = text.partition(MARK)
    if os.environ.get("PORTCULLIS_WRITE_TABLE"):
        TABLE.write_text(head + MARK + "\n" + table)
        return
    assert written.strip() == table.strip(), "run again with PORTCULLIS_WRITE_TABLE=1 and look"
