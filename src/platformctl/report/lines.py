"""Events as plain lines, one each, for log files and CI. What is about to happen is announced before it does."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import assert_never

from rich.console import Console
from rich.text import Text

from platformctl.catalog.durations import short
from platformctl.report.console import write
from platformctl.report.text import counted, line, one_line, piece
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

STYLE = {
    Status.OK: "green",
    Status.SKIPPED: "dim",
    Status.FAILED: "bold red",
    Status.TIMED_OUT: "bold red",
    Status.ABORTED: "yellow",
    Status.INTERRUPTED: "yellow",
}
LEVEL_STYLE = {"info": "", "warning": "yellow", "error": "bold red"}


def lines_sink(console: Console) -> Sink:
    """A consumer that writes each event to `console` as it comes. Progress that says nothing new is left out."""
    lock = threading.Lock()
    last: dict[str, str] = {}
    words: dict[str, str] = {}

    def sink(event: Event) -> None:
        # Whoever reads may have gone; a run does not end for that.
        with lock, suppress(OSError, ValueError):
            if isinstance(event, StepStarted):
                words[event.step] = event.what
            if isinstance(event, StepProgress):
                if last.get(event.step) == event.detail:
                    return
                last[event.step] = event.detail
            text = event_line(event, words)
            if text is not None:
                write(console, [text])

    return sink


def event_line(event: Event, words: dict[str, str] | None = None) -> Text | None:
    """The line of one event, None for one that says nothing. `words` is what each step does, by its id."""
    match event:
        case (
            PhaseStarted() | PhaseFinished(status=Status.SKIPPED) | PhaseFinished(status=Status.OK, detail="")
        ):
            text = None
        case RunStarted():
            text = line(
                f"{event.scope}: run {event.run} begins: {event.kind}, {counted(len(event.steps), 'step')}"
            )
        case PhaseFinished():
            text = _ended(event.scope, event.phase, event)
        case StepStarted():
            limit = f" (at most {limit_of(event.timeout_s)})" if event.timeout_s else ""
            text = line(f"{event.scope}: {one_line(event.what)} …{limit}")
        case StepProgress():
            what = (words or {}).get(event.step, event.step)
            text = line(f"{event.scope}: {one_line(what)}: ", piece(one_line(event.detail), "dim"))
        case StepFinished():
            text = _ended(event.scope, event.what, event)
        case Notice():
            text = line(piece(f"{event.level}: ", LEVEL_STYLE[event.level]), one_line(event.text))
        case RunFinished():
            said = piece(event.status.value, STYLE[event.status])
            text = line(f"{event.scope}: run {event.run} ended: ", said, f"   {short(event.seconds)}")
        case _:
            assert_never(event)
    return text


def limit_of(length_s: float) -> str:
    """A limit, which is a round number: 10m, not 10m00s."""
    return short(length_s).removesuffix("00s")


def _ended(scope: str, what: str, event: PhaseFinished | StepFinished) -> Text:
    detail = f", {one_line(event.detail)}" if event.detail else ""
    spent = f"   {short(event.seconds)}" if event.status is not Status.ABORTED else ""
    return line(f"{scope}: {one_line(what)}: ", piece(event.status.value, STYLE[event.status]), detail, spent)
