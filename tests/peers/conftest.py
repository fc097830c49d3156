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
