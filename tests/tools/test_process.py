"""The one place that starts processes, with real ones."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from platformctl.errors import ToolError
from platformctl.tools.process import Command, ShRunner


def sleeping(marker: Path) -> Command:
    return Command(("/bin/sh", "-c", f"echo $$ > {marker}; sleep 60 & wait"), {"PATH": "/usr/bin:/bin"})


def test_a_command_that_is_given_up_ends_its_children_in_every_thread_and_begins_no_other(
    tmp_path: Path,
) -> None:
    runner, marker = ShRunner(), tmp_path / "pid"
    with ThreadPoolExecutor(1) as pool:
        running, next_one = (pool.submit(runner.run, sleeping(marker)) for _ in range(2))
        give_up = time.monotonic() + 10
        while not (marker.is_file() and marker.read_text().strip()) and time.monotonic() < give_up:
            time.sleep(0.01)
        runner.end()
        assert not running.result(timeout=10).ok
        with pytest.raises(ToolError, match="the command is being given up"):
            next_one.result(timeout=10)
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)
