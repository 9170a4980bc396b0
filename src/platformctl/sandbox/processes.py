"""Which process is meant: pid and start time, because a pid alone is used again.

The start time is field 22 of /proc/<pid>/stat (proc(5)), in clock ticks since boot. Linux only, as the sandbox is.
"""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class ProcessId:
    """One process of this boot."""

    pid: int
    started_ticks: int


def identify(pid: int, *, proc: Path = Path("/proc")) -> ProcessId | None:
    """The process that has this pid now; None when there is none, or only a zombie that nobody has waited for."""
    try:
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    if len(fields) < 20 or fields[0] in {"Z", "X"}:
        return None
    return ProcessId(pid, int(fields[19]))


def is_alive(process: ProcessId) -> bool:
    return identify(process.pid) == process


def send(process: ProcessId, number: signal.Signals) -> bool:
    """Signals exactly that process; False when it is gone. A pidfd keeps the pid from being used again meanwhile."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (ProcessLookupError, OSError):
        return False
    try:
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def wait_gone(process: ProcessId, timeout_s: float) -> bool:
    """Waits for the end of a process that need not be our child; False when it still runs after `timeout_s`."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (ProcessLookupError, OSError):
        return True
    try:
        if is_alive(process):
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(timeout_s * 1000)
        return not is_alive(process)
    finally:
        os.close(descriptor)
