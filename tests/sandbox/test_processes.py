"""A process is its pid and its start time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from platformctl.sandbox.processes import ProcessId, identify, is_alive, send, wait_gone

GONE = ProcessId(2**22 - 1, 1)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_name_with_spaces_and_brackets_does_not_shift_the_start_time(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    after_name = " ".join(["S", *(str(number) for number in range(4, 40))])
    (tmp_path / "7" / "stat").write_text(f"7 (a ) Z (b) {after_name}")
    assert identify(7, proc=tmp_path) == ProcessId(7, 22)


def test_a_zombie_counts_as_ended(child: subprocess.Popen[bytes]) -> None:
    identity = identify(child.pid)
    assert identity is not None
    assert is_alive(identity)
    os.kill(child.pid, signal.SIGKILL)
    assert wait_gone(identity, 5)  # nobody has waited for it yet: it is still in the table
    assert identify(child.pid) is None


def test_another_process_with_the_same_pid_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    before = ProcessId(child.pid, 1)
    assert not is_alive(before)
    assert not send(before, signal.SIGKILL)
    assert wait_gone(before, 0)
    assert child.poll() is None


def test_a_signal_reaches_exactly_that_process(child: subprocess.Popen[bytes]) -> None:
    identity = identify(child.pid)
    assert identity is not None
    assert not wait_gone(identity, 0.05)
    assert send(identity, signal.SIGTERM)
    assert wait_gone(identity, 5)
    assert child.wait() == -signal.SIGTERM


def test_a_process_that_never_was_is_gone() -> None:
    assert not send(GONE, signal.SIGKILL)
    assert wait_gone(GONE, 5)
