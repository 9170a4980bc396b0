"""Board, plain lines and JSON Lines are only consumers of the same events."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from platformctl.plan.steps import StepId
from platformctl.report.board import Board, live_board
from platformctl.report.console import make_consoles
from platformctl.report.jsonl import jsonl_sink
from platformctl.report.lines import lines_sink
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
from tests.report.golden import assert_golden, plain

S = "prod"
API, WEB = "upgrade plate-api-prod", "upgrade plate-web-prod"
WAIT_API, WAIT_WEB = "wait until plate-api-prod is ready", "wait until plate-web-prod is ready"
NOT_FOUND = "container web of pod plate-web-prod-6f9c7-x2x1q cannot pull nginx:1.72 (not found)"
NOT_BEGUN = f"not begun: {WAIT_WEB} failed"
CHECKED = "14 objects accepted by a server dry run, 3 not yet possible (their namespace or kind comes with this run)"


def started(step: str, key: str, what: str, timeout_s: float | None = None) -> StepStarted:
    return StepStarted(S, StepId(step), key, what, timeout_s)


def finished(step: str, key: str, what: str, status: Status, detail: str, seconds: float) -> StepFinished:
    return StepFinished(S, StepId(step), key, what, status, detail, seconds)


def progress(detail: str) -> StepProgress:
    return StepProgress(S, StepId("ready:web"), "plate-web", detail)


BEGIN: list[Event] = [
    RunStarted(
        "20261123-101502",
        "deploy",
        S,
        (
            (StepId("namespace:plate-prod"), "", "create namespace plate-prod"),
            (StepId("apply:api"), "plate-api", API),
            (StepId("ready:api"), "plate-api", WAIT_API),
            (StepId("apply:web"), "plate-web", WEB),
            (StepId("ready:web"), "plate-web", WAIT_WEB),
            (StepId("apply:ingress"), "plate-ingress", "upgrade plate-ingress-prod"),
        ),
    ),
    PhaseStarted(S, "confirm"),
    PhaseFinished(S, "confirm", Status.OK, "", 1.0),
    PhaseStarted(S, "lock"),
    PhaseFinished(S, "lock", Status.SKIPPED, "", 0.0),
    PhaseStarted(S, "preflight"),
    PhaseFinished(S, "preflight", Status.OK, CHECKED, 2.1),
    PhaseStarted(S, "namespaces"),
    started("namespace:plate-prod", "", "create namespace plate-prod"),
    finished("namespace:plate-prod", "", "create namespace plate-prod", Status.OK, "", 0.1),
    PhaseFinished(S, "namespaces", Status.OK, "plate-prod", 0.1),
    PhaseStarted(S, "releases"),
    started("apply:api", "plate-api", API),
    finished("apply:api", "plate-api", API, Status.OK, "revision 13", 1.1),
    started("apply:web", "plate-web", WEB),
    started("ready:api", "plate-api", WAIT_API, 600.0),
    finished("apply:web", "plate-web", WEB, Status.OK, "revision 10", 1.1),
    started("ready:web", "plate-web", WAIT_WEB, 90.0),
    progress("1/3 ready · pod plate-web-prod-6f9c7-x2x1q \x1b[31mContainerCreating"),
    progress("1/3 ready · pod plate-web-prod-6f9c7-x2x1q \x1b[31mContainerCreating"),
    finished("ready:api", "plate-api", WAIT_API, Status.OK, "2/2 ready", 10.3),
]
END: list[Event] = [
    Notice("warning", "stopping: no new step begins"),
    finished("ready:web", "plate-web", WAIT_WEB, Status.FAILED, NOT_FOUND, 4.2),
    finished("apply:ingress", "plate-ingress", "upgrade plate-ingress-prod", Status.ABORTED, NOT_BEGUN, 0.0),
    PhaseFinished(S, "releases", Status.FAILED, "1 of 3", 12.0),
    PhaseStarted(S, "status"),
    PhaseFinished(S, "status", Status.OK, "5 of 5 releases deployed", 0.1),
    RunFinished("20261123-101502", S, Status.FAILED, "Deploy of prod failed.", 21.0),
]


def test_plain_lines_announce_before_they_report() -> None:
    stream = io.StringIO()
    out, _, _ = make_consoles({}, stream, io.StringIO())
    sink = lines_sink(out)

    for event in [*BEGIN, *END]:
        sink(event)

    assert_golden("lines.txt", stream.getvalue())


def test_json_lines_carry_every_field() -> None:
    stream = io.StringIO()
    times = iter(range(100))
    sink = jsonl_sink(stream, now=lambda: f"2026-11-23T10:15:{next(times):02}Z")

    for event in [*BEGIN, *END]:
        sink(event)

    lines = stream.getvalue().splitlines()
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()
    assert len(lines) == len(BEGIN) + len(END)
    assert json.loads(lines[0])["steps"][1] == {"step": "apply:api", "key": "plate-api", "what": API}
    assert json.loads(lines[-6]) == {
        "at": "2026-11-23T10:15:22Z",
        "event": "step-finished",
        "scope": "prod",
        "step": "ready:web",
        "key": "plate-web",
        "what": WAIT_WEB,
        "status": "failed",
        "detail": NOT_FOUND,
        "seconds": 4.2,
    }
    assert [json.loads(line)["event"] for line in lines[:3]] == [
        "run-started",
        "phase-started",
        "phase-finished",
    ]


def board(width: int, height: int = 24) -> tuple[Board, list[str]]:
    printed: list[str] = []
    now = iter(range(1000))
    return (
        Board(
            lambda: float(next(now)), lambda text: printed.append(text.plain), lambda: width, lambda: height
        ),
        printed,
    )


@pytest.mark.parametrize("width", [80, 120])
def test_the_board_keeps_what_is_done_and_draws_what_runs(width: int) -> None:
    drawn, printed = board(width)
    for event in BEGIN:
        drawn.take(event)
    middle = drawn.picture()
    for event in END:
        drawn.take(event)

    screens = ["\n".join(printed[:4]), plain([middle]), "\n".join(printed), plain([drawn.picture()])]

    assert_golden(
        f"board.{width}.txt",
        "\n--- drawn:\n".join(screens[:2]) + "--- at the end:\n" + "\n".join(screens[2:]),
    )
    assert all(len(each) <= width for each in [*middle.plain.splitlines(), *printed])


def test_the_board_is_never_higher_than_the_screen() -> None:
    drawn, _ = board(80, height=10)
    steps = tuple((StepId(f"apply:r{number}"), f"r{number}", "upgrade") for number in range(30))
    drawn.take(RunStarted("1", "deploy", S, steps))
    drawn.take(PhaseStarted(S, "releases"))
    for step, key, what in steps:
        drawn.take(started(step, key, what))

    lines = drawn.picture().plain.splitlines()

    assert len(lines) == 9
    assert lines[-1].strip() == "and 23 more"


def test_a_check_after_the_last_step_of_a_release_is_shown_only_when_it_fails() -> None:
    drawn, printed = board(80)
    drawn.take(RunStarted("1", "deploy", S, ((StepId("apply:api"), "plate-api", API),)))
    printed.clear()  # the heading of the run
    drawn.take(finished("apply:api", "plate-api", API, Status.OK, "revision 2", 1.0))
    drawn.take(finished("stable:api", "plate-api", "stay ready", Status.OK, "stable", 1.0))
    assert len(printed) == 1

    drawn.take(finished("stable:api", "plate-api", "stay ready", Status.FAILED, "0/2 ready", 1.0))

    assert [text.split() for text in printed] == [
        ["✓", "plate-api", "revision", "2", "1.0s"],
        ["✗", "plate-api", "0/2", "ready", "3.0s"],
    ]


def test_a_redraw_by_another_thread_goes_on_while_a_line_is_printed() -> None:
    """Rich holds its lock while it draws, and wants it to print: ours must not be held around printing."""
    stuck: list[bool] = []

    def print_above(_: object) -> None:
        redraw = threading.Thread(target=drawn.picture, daemon=True)
        redraw.start()
        redraw.join(timeout=5)
        stuck.append(redraw.is_alive())

    drawn = Board(time.monotonic, print_above, lambda: 80, lambda: 24)
    drawn.take(Notice("info", "a line"))

    assert stuck == [False]


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "make", [lambda: lines_sink(make_consoles({}, Gone(), io.StringIO())[0]), lambda: jsonl_sink(Gone())]
)
def test_a_reader_that_has_gone_does_not_end_the_run(make: Callable[[], Sink]) -> None:
    make()(Notice("info", "nobody reads this"))


def test_the_live_board_draws_nothing_while_a_question_is_asked() -> None:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=80, _environ={"TERM": "xterm"})
    with live_board(console) as sink:
        sink(RunStarted("1", "deploy", S, ()))
        sink(PhaseStarted(S, "preflight"))
        time.sleep(0.3)
        sink(PhaseFinished(S, "preflight", Status.OK, "", 0.1))
        sink(PhaseStarted(S, "confirm"))
        before = stream.getvalue()
        time.sleep(0.5)
        assert stream.getvalue() == before
        sink(PhaseFinished(S, "confirm", Status.OK, "", 0.1))
        sink(PhaseStarted(S, "releases"))
        time.sleep(0.3)

    assert "preflight" in before
    assert "releases" in stream.getvalue()
    assert "\x1b[?25h" in stream.getvalue()  # the cursor is back


def test_the_live_board_takes_events_from_many_threads_while_it_draws() -> None:
    console = Console(file=Terminal(), force_terminal=True, width=80, _environ={"TERM": "xterm"})
    steps = tuple((StepId(f"apply:r{number}"), f"r{number}", "upgrade") for number in range(8))

    def work(sink: Sink, step: StepId, key: str) -> None:
        sink(started(step, key, "upgrade"))
        for number in range(100):
            sink(StepProgress(S, step, key, f"{number} of 100"))
        sink(Notice("info", key))
        sink(finished(step, key, "upgrade", Status.OK, "revision 1", 1.0))

    with live_board(console) as sink:
        sink(RunStarted("1", "deploy", S, steps))
        sink(PhaseStarted(S, "releases"))
        threads = [
            threading.Thread(target=work, args=(sink, step, key), daemon=True) for step, key, _ in steps
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

    assert not any(thread.is_alive() for thread in threads)
