"""The live board: what is running, redrawn in place on a terminal; what is done scrolls up and stays.

    ✓ preflight       14 checks                                2.1s
      ✓ plate-api     revision 13 · 2/2 ready                 11.4s
    ● releases        1 of 2
      ● plate-web     1/3 ready · web-6f9c… ContainerCreating  6s of 10m

Only a consumer of events: it may be left out, and a run is the same. Events come from worker threads, redraws from
Rich's own thread; one lock holds the table together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import assert_never

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text

from platformctl.catalog.durations import short
from platformctl.report.console import write
from platformctl.report.lines import LEVEL_STYLE, STYLE, limit_of
from platformctl.report.text import line, one_line, piece, wrapped
from platformctl.run.events import (
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
    RunFinished,
    RunStarted,
    Sink,
    StepFinished,
    StepProgress,
    StepStarted,
)
from platformctl.run.result import Status

SIGN = {
    Status.OK: "✓",
    Status.SKIPPED: "–",
    Status.FAILED: "✗",
    Status.TIMED_OUT: "✗",
    Status.ABORTED: "○",
    Status.INTERRUPTED: "○",
}
REDRAWS_PER_S = 8
PHASE_WIDTH = 12
LONGEST_TITLE = 30
ASKING = "confirm"


@dataclass(slots=True)
class _Release:
    """The steps of one release (or of the run itself, for key "") on the board."""

    title: str
    open: int = 0
    since: float = 0.0
    timeout_s: float | None = None
    running: bool = False
    detail: str = ""
    said: list[str] = field(default_factory=list)
    worst: Status = Status.OK
    seconds: float = 0.0


@dataclass(slots=True)
class Board:
    """The table behind the picture. `print_above` takes lines that are final."""

    clock: Callable[[], float]
    print_above: Callable[[Text], None]
    width: Callable[[], int]
    height: Callable[[], int]
    lock: threading.Lock = field(default_factory=threading.Lock)
    releases: dict[str, _Release] = field(default_factory=dict)
    phase: str = ""
    phase_since: float = 0.0
    title_width: int = PHASE_WIDTH
    done: int = 0
    all: int = 0

    def take(self, event: Event) -> None:
        """The sink. Quick, and never raises."""
        with self.lock:
            final = list(self._take(event))
        # Outside of the lock: printing redraws, and drawing takes the lock.
        with suppress(OSError, ValueError):
            for text in final:
                self.print_above(text)

    def picture(self) -> Text:
        """What is running now, no higher than the screen: the phase, then its releases, longest running first."""
        with self.lock:
            if not self.phase:
                return Text()
            now = self.clock()
            count = f"{self.done} of {self.all}" if self.all and self._in_steps() else ""
            rows = [self._row(2, piece("● ", "cyan"), self.phase, count, short(now - self.phase_since))]
            running = sorted(
                (each for each in self.releases.values() if each.running), key=lambda each: each.since
            )
            room = max(self.height() - 3, 1)
            for each in running[:room]:
                limit = f" of {limit_of(each.timeout_s)}" if each.timeout_s else ""
                passed = f"{short(now - each.since)}{limit}"
                rows.append(self._row(4, piece("● ", "cyan"), each.title, each.detail, passed))
            if len(running) > room:
                rows.append(piece(f"    and {len(running) - room} more", "dim"))
            return Text("\n").join(rows)

    def _in_steps(self) -> bool:
        return any(each.running for each in self.releases.values()) or self.done > 0

    def _take(self, event: Event) -> Iterator[Text]:
        match event:
            case RunStarted():
                self._begin(event)
                yield line(piece(event.scope, "bold"), piece(f"  run {event.run}", "dim"), indent=2)
            case PhaseStarted():
                self.phase, self.phase_since = event.phase, self.clock()
            case PhaseFinished():
                self.phase = ""
                if event.status is not Status.SKIPPED and (event.detail or not event.status.good):
                    yield from self._final(2, event.status, event.phase, event.detail, event.seconds)
            case StepStarted():
                release = self._release(event.key, event.what)
                release.running, release.detail = True, event.what
                release.since, release.timeout_s = self.clock(), event.timeout_s
            case StepProgress():
                self._release(event.key, event.step).detail = event.detail
            case StepFinished():
                yield from self._finish(event)
            case Notice():
                yield line(
                    piece(f"{event.level}: ", LEVEL_STYLE[event.level]), one_line(event.text), indent=2
                )
            case RunFinished():
                self.phase = ""
            case _:
                assert_never(event)

    def _begin(self, event: RunStarted) -> None:
        self.releases, self.done = {}, 0
        for _, key, what in event.steps:
            self._release(key, what).open += 1
        self.all = sum(1 for key in self.releases if key)
        self.title_width = min(max(map(len, [*self.releases, " " * PHASE_WIDTH])), LONGEST_TITLE)

    def _release(self, key: str, what: str) -> _Release:
        return self.releases.setdefault(key, _Release(title=key or what))

    def _finish(self, event: StepFinished) -> Iterator[Text]:
        """A release is done with its last step, or with a later check that fails. What belongs to none is seen in its phase."""
        release = self._release(event.key, event.what)
        release.running, release.detail = False, ""
        release.open -= 1
        release.seconds += event.seconds
        if not event.status.good and release.worst.good:
            release.worst, release.said = event.status, [event.detail]
        elif event.detail and release.worst.good:
            release.said.append(event.detail)
        if not event.key:
            if not event.status.good:
                yield from self._final(4, event.status, event.what, event.detail, event.seconds)
            return
        last = release.open == 0
        self.done += last
        if last or (release.open < 0 and not event.status.good):
            yield from self._final(4, release.worst, release.title, " · ".join(release.said), release.seconds)

    def _final(self, indent: int, status: Status, title: str, detail: str, seconds: float) -> list[Text]:
        """Lines that stay. Nothing is cut off: what does not fit beside goes on below."""
        spent = short(seconds) if seconds else ""
        sign = piece(f"{SIGN[status]} ", STYLE[status])
        row = self._row(indent, sign, title, detail, spent)
        if one_line(detail) in row.plain:
            row.rstrip()
            return [row]
        whole = line(
            sign, self._padded(title, indent), one_line(detail), piece(f"   {spent}", "dim"), indent=indent
        )
        return wrapped(whole, self.width(), hang=indent + 2 + cell_len(self._padded(title, indent)))

    def _row(self, indent: int, sign: Text, title: str, detail: str, right: str) -> Text:
        """`● title  detail          right`, exactly as wide as the terminal allows; the detail is cut, it comes again."""
        left = line(sign, self._padded(title, indent), indent=indent)
        room = self.width() - 1 - cell_len(left.plain) - cell_len(right) - 2
        middle = piece(one_line(detail))
        middle.truncate(max(room, 0), overflow="ellipsis", pad=room > 0)
        return line(left, middle, "  ", piece(right, "dim"))

    def _padded(self, title: str, indent: int) -> str:
        """Titles fill one column, however far in they begin."""
        return one_line(title).ljust(self.title_width + 4 - indent) + "  "


@contextmanager
def live_board(console: Console, clock: Callable[[], float] = time.monotonic) -> Iterator[Sink]:
    """Draws the board on `console`, which must be a terminal, until the block ends; its final lines stay.

    Nothing is drawn during the phase `confirm`: a question and a redraw would write over each other.
    """

    def above(text: Text) -> None:
        write(console, [text])

    board = Board(clock, above, lambda: console.width, lambda: console.height)
    live = Live(
        console=console,
        get_renderable=board.picture,
        refresh_per_second=REDRAWS_PER_S,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )

    def sink(event: Event) -> None:
        with suppress(OSError, ValueError):
            if isinstance(event, PhaseStarted):
                live.stop() if event.phase == ASKING else live.start()
        board.take(event)

    try:
        yield sink
    finally:
        live.stop()
