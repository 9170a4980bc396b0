"""What a run shows and records, when the disk does not play along."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from platformctl.cli.options import Globals
from platformctl.cli.screen import open_screen
from platformctl.run.events import Notice


def test_a_record_that_cannot_be_written_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = open_screen(Globals(quiet=True), {}, "deploy")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with screen.running(tmp_path) as emit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
            emit(Notice("info", "longer than ten bytes"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / "events.jsonl").stat().st_size <= 10
