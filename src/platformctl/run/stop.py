"""How a run is asked to stop. Signal handlers only set flags here; nothing is raised out of them.

Asked once: nothing new begins, waiting ends, a helm in flight gets a grace and then SIGTERM. Asked twice: we leave;
helm, in a process group of its own, finishes by itself.
"""

from __future__ import annotations

import signal
import threading
from contextlib import suppress

from platformctl.tools.process import Process


class Stop:
    """Shared by the signal handlers, the executor and whatever waits."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.abandoned = threading.Event()
        self.number: int | None = None
        self._lock = threading.Lock()
        self._children: set[Process] = set()
        self._terminated: set[Process] = set()

    def request(self, number: int | None = None) -> None:
        """Called by a signal handler, or by a deadline (None)."""
        if self.asked.is_set() and number is not None:
            self.abandoned.set()
        if self.number is None:
            self.number = number
        self.asked.set()

    def watch(self, process: Process) -> None:
        """A child that may be interrupted with SIGTERM: an upgrade, never a rollback."""
        with self._lock:
            self._children.add(process)

    def unwatch(self, process: Process) -> bool:
        """Whether it was interrupted."""
        with self._lock:
            self._children.discard(process)
            return process in self._terminated

    def terminate_children(self) -> None:
        with self._lock:
            children = tuple(self._children)
            self._terminated.update(children)
        for child in children:
            with suppress(ProcessLookupError):
                child.signal(signal.SIGTERM)
