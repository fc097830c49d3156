"""The SCIM server as scim-sanity probes it: its checks in strict mode, none of ours."""

import json
import subprocess
import sys

# Checks that scim-sanity can't do here, and why. One that isn't named here fails the test, and so
# does one that is named and was done.
SKIPPED = {
    "Agent CRUD Lifecycle": "a draft's resource type, which discovery doesn't name",
    "AgenticApplication CRUD Lifecycle": "the same",
    "Agent Rapid Lifecycle": "the same",
}

# Checks that ask for more than the RFC does, what they say, and why we differ.
DIFFERENT = {
    "PATCH /Groups/{id} add member": (
        "got 400",
        "the member it adds doesn't exist: 200 would say that somebody was given access who "
        "wasn't; scim-sanity's own advice for this (E5) is to accept it or to say so",
    ),
}


def probe(endpoint: str, token: str) -> dict:
    """Run the whole probe; returns its report."""
    arguments = [
        sys.executable, "-m", "scim_sanity", "probe", endpoint, "--token", token,
        "--strict", "--json-output", "--i-accept-side-effects",
    ]  # fmt: skip
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_every_check(appliance, capsys):
    """Nothing fails, nothing warns, and what is skipped is known by name."""
    token = appliance.scim_token()
    report = probe(token["endpoint"], token["token"])
    by_status: dict[str, dict[str, str]] = {}
    for result in report["results"]:
        by_status.setdefault(result["status"], {})[result["name"]] = result.get("message", "")
    failed = by_status.pop("fail", {})
    skipped = by_status.pop("skip", {})
    passed = by_status.pop("pass")
    with capsys.disabled():
        print(f"\nscim-sanity: {report['summary']}")
        for name in skipped:
            print(f"  skipped: {name}: {SKIPPED.get(name, 'not known')}")
        for name in failed:
            print(f"  differs: {name}: {DIFFERENT.get(name, ('', 'not known'))[1]}")
    assert by_status == {}, "warnings or errors"
    assert skipped.keys() == SKIPPED.keys()
    assert failed.keys() == DIFFERENT.keys()
    for name, message in failed.items():
        assert DIFFERENT[name][0] in message, f"{name}: {message}"
    assert len(passed) > 20, "scim-sanity found next to nothing to try"


def test_nothing_is_left_behind(appliance):
    """What it makes it removes again, by our DELETE."""
    token = appliance.scim_token()
    probe(token["endpoint"], token["token"])
    for what in ("user", "group"):
        assert appliance.run(what, "list", "--org", "acme")["total"] == 0
