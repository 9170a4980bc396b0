"""Signal handlers. Before the first write a signal simply ends the command; from then on it only sets flags.

Nothing may be raised out of a handler while children are started: an exception in sh's fork window would unwind our
stack in the child as well.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # at run time it would bring sh along, and --help would be slow
    from platformctl.run.stop import Stop

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalledError(BaseException):
    """A signal before the first write: the command ends. No Exception, so that nothing on the way takes it for a failure
    that it can live with; no KeyboardInterrupt, which Typer would turn into an exit without a word."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Armed:
    """Whether a run has begun to write."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop
        self.writing = False
        self._pid = os.getpid()

    def handle(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._pid:
            os._exit(128 + number)  # a child of sh before its exec: our stack is not its to unwind
        elif self.writing:
            self.stop.request(number)
        else:
            raise SignalledError(number)


@contextmanager
def handled(stop: Stop) -> Iterator[Armed]:
    """Our handlers inside, the earlier ones again afterwards."""
    armed = Armed(stop)
    before = {number: signal.signal(number, armed.handle) for number in SIGNALS}
    try:
        yield armed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
