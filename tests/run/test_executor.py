"""The executor: order by needs, cascade of a failure, stopping once and twice."""

from __future__ import annotations

import threading

import pytest

from platformctl.catalog.models import Namespace
from platformctl.errors import ClusterError
from platformctl.plan.steps import EnsureNamespace, Step, StepId
from platformctl.run.events import Event, StepFinished, StepStarted
from platformctl.run.executor import Performed, Progress, StepText, execute
from platformctl.run.result import Status, StepOutcome
from platformctl.run.stop import Stop


def step(name: str, *needs: str) -> Step:
    return EnsureNamespace(
        id=StepId(name), namespace=Namespace(name=name), exists=False, needs=tuple(StepId(n) for n in needs)
    )


def describe(one: Step) -> StepText:
    return StepText(key=str(one.id), what=f"make {one.id}")


def run(
    steps: list[Step], perform, parallel: int = 4, stop: Stop | None = None
) -> tuple[dict[str, StepOutcome], list[Event]]:
    events: list[Event] = []
    outcomes = execute(
        steps,
        perform,
        describe=describe,
        scope="stg",
        parallel=parallel,
        emit=events.append,
        stop=stop or Stop(),
    )
    assert [o.step for o in outcomes] == [s.id for s in steps]
    return {str(o.step): o for o in outcomes}, events


def succeed(_: Step, __: Progress) -> Performed:
    return Performed(Status.OK)


def test_a_step_begins_only_after_all_its_needs_are_met() -> None:
    _, events = run([step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c")], succeed)
    order = [(type(e), e.step) for e in events if isinstance(e, StepStarted | StepFinished)]
    for later, earlier in [("b", "a"), ("c", "a"), ("d", "b"), ("d", "c")]:
        assert order.index((StepStarted, later)) > order.index((StepFinished, earlier))


def test_independent_steps_run_at_the_same_time_up_to_the_limit() -> None:
    meeting = threading.Barrier(3, timeout=5)
    now, most, lock = 0, 0, threading.Lock()

    def meet(_: Step, __: Progress) -> Performed:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        meeting.wait()
        with lock:
            now -= 1
        return Performed(Status.OK)

    run([step(name) for name in "abcdef"], meet, parallel=3)
    assert most == 3


def test_failed_prerequisite_aborts_dependents_and_names_it() -> None:
    def fail_a(one: Step, _: Progress) -> Performed:
        return Performed(Status.FAILED, "no") if one.id == "a" else Performed(Status.OK)

    outcomes, events = run([step("a"), step("b", "a"), step("c", "b"), step("free")], fail_a)
    assert {name: o.status for name, o in outcomes.items()} == {
        "a": Status.FAILED,
        "b": Status.ABORTED,
        "c": Status.ABORTED,
        "free": Status.OK,
    }
    assert outcomes["c"].cause == "a"
    assert outcomes["c"].detail == "not begun: make a failed"
    assert not [e for e in events if isinstance(e, StepStarted) and e.step in ("b", "c")]


def test_an_expected_error_fails_its_step_with_message_and_hint() -> None:
    def refuse(_: Step, __: Progress) -> Performed:
        raise ClusterError("no cluster", hint="start one")

    outcomes, _ = run([step("a")], refuse)
    assert (outcomes["a"].status, outcomes["a"].detail, outcomes["a"].evidence) == (
        Status.FAILED,
        "no cluster",
        ("next: start one",),
    )


def test_a_bug_in_a_worker_fails_the_step_and_does_not_hang_the_run(caplog: pytest.LogCaptureFixture) -> None:
    def bug(_: Step, __: Progress) -> Performed:
        raise KeyError("x")

    outcomes, _ = run([step("a"), step("b", "a")], bug)
    assert outcomes["a"].status is Status.FAILED
    assert "KeyError" in outcomes["a"].detail
    assert "Traceback" in caplog.text


def test_asked_to_stop_finishes_what_runs_and_begins_nothing_new() -> None:
    stop = Stop()

    def ask(_: Step, __: Progress) -> Performed:
        stop.request(2)
        return Performed(Status.OK)

    outcomes, _ = run([step("a"), step("b", "a")], ask, stop=stop)
    assert outcomes["a"].status is Status.OK
    assert (outcomes["b"].status, outcomes["b"].detail) == (Status.INTERRUPTED, "not begun")


def test_asked_twice_leaves_what_runs_at_once() -> None:
    stop, never = Stop(), threading.Event()

    def hang(_: Step, __: Progress) -> Performed:
        stop.request(2)
        stop.request(2)
        never.wait(30)
        return Performed(Status.OK)

    outcomes, _ = run([step("a"), step("b", "a")], hang, stop=stop)
    never.set()
    assert {o.detail for o in outcomes.values()} == {"left running; it ends by itself", "not begun"}


def test_steps_that_wait_for_each_other_are_a_bug_and_do_not_hang() -> None:
    with pytest.raises(RuntimeError, match="a, b"):
        run([step("a", "b"), step("b", "a")], succeed)
