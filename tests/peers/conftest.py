"""Fixtures of the suites with real peers. A skipped test counts as a failure here."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lib.appliance import Appliance  # noqa: E402
from lib.browser import Browser  # noqa: E402


@pytest.fixture
def appliance():
    """A running appliance on an empty data file, with the organization `acme`."""
    with Appliance() as running:
        running.organization()
        yield running


@pytest.fixture
def browser():
    """A fresh browser profile."""
    return Browser()


def pytest_sessionfinish(session, exitstatus):
    """A peer that could not be tried has not been shown to work."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    """The table of sign-ins and sign-outs, a line for each combination."""
    rows = [
        (*value, "ok" if report.passed else "FAILED", report.duration)
        for kind in ("passed", "failed")
        for report in terminalreporter.stats.get(kind, [])
        if report.when == "call"
        for name, value in report.user_properties
        if name == "row"
    ]
    if rows:
        terminalreporter.section("identity providers")
    for peer, words, cannot, outcome, seconds in sorted(rows, key=lambda row: row[:2]):
        result = f"can't: {cannot}" if cannot else f"{outcome} {seconds:.2f} s"
        terminalreporter.write_line(f"{peer:<24} {words}: {result}")
