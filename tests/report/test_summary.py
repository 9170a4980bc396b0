"""The end of a command, where a screen of the golden files would not tell why."""

from __future__ import annotations

from dataclasses import replace

from platformctl.report.summary import summary_lines
from platformctl.run.result import PhaseOutcome, Status
from tests.report import examples


def test_a_run_that_could_not_be_verified_says_which_phase_and_why() -> None:
    unread = PhaseOutcome("status", Status.FAILED, "reach the API server: connection refused", 0.1)
    result = replace(examples.good_run(), status=Status.FAILED, phases=(unread,))
    lines = [line.plain for line in summary_lines([result], width=None)]
    assert lines[0] == "  ✗ status: reach the API server: connection refused"


def test_a_failed_step_says_it_better_than_its_phase() -> None:
    result = replace(examples.failed_run(), phases=(PhaseOutcome("releases", Status.FAILED, "1 of 2", 0.1),))
    assert not any("1 of 2" in line.plain for line in summary_lines([result], width=None))
