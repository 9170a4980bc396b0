"""pytest plugin (`-p tests.support.no_skips`): where CI=true, a run in which a test was skipped has failed.

A skip is how an end-to-end test goes quiet when a tool is missing; in CI everything that the tests need is there,
so a skip is a hole. An expected failure (xfail) is not a skip. Elsewhere the plugin only lets pytest's own
summary name the skips.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

_skipped: Final = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_skipped] = []
    config.pluginmanager.register(_Watch(config.stash[_skipped]), "no-skips-watch")


class _Watch:
    """Hooks that need the list. With xdist the controller hears the reports of its workers by the same hooks."""

    def __init__(self, skipped: list[str]) -> None:
        self._skipped = skipped

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._refuses() and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._refuses():
            terminalreporter.section("skipped, which CI=true does not allow", red=True)
            for name in self._skipped:
                terminalreporter.line(name)

    def _refuses(self) -> bool:
        return bool(self._skipped) and os.environ.get("CI") == "true"
