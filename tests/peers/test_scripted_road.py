"""The scripted road, which is a shell script and must stay one."""

import os
import subprocess
import sys
from pathlib import Path

from lib.appliance import clean_environment, executable


def test_scripted_road():
    """org create ... serve, sign-in, GET /api/v1/session."""
    environment = {**clean_environment(), "PORTCULLIS_BIN": str(executable())}
    environment["PYTHON"] = os.environ.get("PYTHON") or sys.executable
    script = Path(__file__).parent / "scripted_road.sh"
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
