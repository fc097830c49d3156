"""The audit log against the real sqlite3 shell: whatever it does to the log, verify says so."""

import hashlib
import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from lib.appliance import clean_environment, executable

CASES = json.loads(
    (Path(__file__).parent.parent / "fixtures" / "audit-tampering.json").read_text()
)
RULES = "SELECT sql || ';' FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"


def portcullis(data: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [executable(), "--data", data, *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def sqlite(data: Path, sql: str) -> str:
    """What a person types at the shell."""
    done = subprocess.run(
        ["sqlite3", "-bail", data, sql], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> tuple[Path, Path, int]:
    """A database with some lines, its checkpoint, and how many lines."""
    directory = tmp_path_factory.mktemp("audit")
    data = directory / "door.db"
    portcullis(data, "break-glass", "create", "root", "--json")
    portcullis(data, "org", "create", "acme", "--json")
    for number in range(10):
        portcullis(data, "org", "set", "acme", "--name", f"Acme {number}", "--json")
    checkpoint = directory / "checkpoint.json"
    checkpoint.write_text(portcullis(data, "audit", "checkpoint"))
    return data, checkpoint, json.loads(checkpoint.read_text())["seq"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_tampering_is_found(log, tmp_path, case):
    clean, checkpoint, last = log
    data = tmp_path / "door.db"
    shutil.copy(clean, data)
    if case.get("leave"):
        sqlite(data, case["sql"])
    else:
        # As somebody would who doesn't want to be noticed: the triggers are put back.
        rules = sqlite(data, RULES)
        sqlite(data, "DROP TRIGGER audit_rows_stay; DROP TRIGGER audit_rows_are_kept;")
        sqlite(data, case["sql"])
        sqlite(data, rules)
    arguments = ["audit", "verify", "--json"]
    if case.get("checkpoint"):
        assert json.loads(portcullis(data, *arguments))["ok"], "found without a checkpoint"
        arguments += ["--checkpoint", str(checkpoint)]
    report = json.loads(portcullis(data, *arguments, code=1))
    line = {"last": last, "last + 1": last + 1}.get(case["line"], case["line"])
    assert not report["ok"]
    assert line in [problem["seq"] for problem in report["problems"]], report["problems"]


def test_an_untouched_log_is_whole(log):
    data, checkpoint, last = log
    report = json.loads(
        portcullis(data, "audit", "verify", "--json", "--checkpoint", str(checkpoint))
    )
    assert report["ok"] and report["checked"] == last == report["last_seq"]


def number(value: int) -> bytes:
    return value.to_bytes(8, "big")


def text(value: str | None) -> bytes:
    return b"\xff" * 8 if value is None else number(len(value.encode())) + value.encode()


def test_the_chain_is_as_documented(log):
    """docs/audit.md says which bytes are hashed; this is another program that does so."""
    data, _, last = log
    lines = portcullis(data, "audit", "export").splitlines()
    assert len(lines) == last
    previous = bytes(32).hex()
    for line in lines:
        it = json.loads(line)
        assert it["previous"] == previous
        detail = line.split('"detail":', 1)[1].rsplit(',"previous":', 1)[0]
        at = datetime.fromisoformat(it["at"])
        millis = int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000
        hashed = bytes.fromhex(previous) + number(it["seq"]) + number(millis)
        actor, target = it["actor"], it["target"]
        for value in (
            it["organization"],
            actor["kind"],
            actor["id"],
            actor["name"],
            it["client"],
            it["via"],
            it["action"],
            target["kind"],
            target["id"],
            target["name"],
            detail,
        ):
            hashed += text(value)
        previous = hashlib.sha256(hashed).hexdigest()
        assert it["hash"] == previous
