"""The sequence of a run: what comes first, what stops it, and what is still done after a failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from platformctl.errors import LocalError, NotConfirmedError, PreflightError, StaleError, UnreachableError
from platformctl.live.state import LiveState
from platformctl.plan.steps import Plan
from platformctl.run import phases
from platformctl.run.actions import Tools
from platformctl.run.door import Door
from platformctl.run.events import Event, PhaseStarted, RunFinished
from platformctl.run.phases import DEPLOY, Ended, Phase, Run, SoFar, carry_out, overall
from platformctl.run.result import Status, StepOutcome
from platformctl.run.stop import Stop
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.helm import Helm
from platformctl.tools.kubectl import Kubectl
from tests.support.builders import desired, live_like, live_state, planned, rendered, scope
from tests.support.scripted import ScriptedRunner
from tests.support.stub_api import stub_api

ACCESS = ClusterAccess(Path("/run/kubeconfig"), "home")
WEB = rendered("web")


def a_plan(live: LiveState | None = None) -> Plan:
    return planned(scope(desired("web")), live or live_state(), WEB)


def run_of(
    plan: Plan,
    *,
    confirm: Callable[[], None] = lambda: None,
    look: Callable[[], LiveState] = live_state,
    emit: Callable[[Event], None] = lambda _: None,
    stop: Stop | None = None,
    backup: Callable[[LiveState], str] | None = None,
) -> Run:
    runner = ScriptedRunner()
    api, _ = stub_api({})
    tools = Tools(
        run="1",
        who="me",
        helm=Helm(runner, Path("/bin/helm"), (4, 3, 1), {}, ACCESS),
        kubectl=Kubectl(runner, Path("/bin/kubectl"), (1, 37, 2), {}, ACCESS),
        api=api,
        door=Door(open=True),
        stop=stop or Stop(),
        sandbox=False,
        root=Path("/repository"),
        parse=lambda _, __: (),
    )
    return Run(
        id="1",
        plan=plan,
        rendered={"web": WEB},
        live=live_state(),
        tools=tools,
        parallel=2,
        stable_for_s=0.0,
        confirm=confirm,
        look=look,
        replan=a_plan,
        emit=emit,
        stop=tools.stop,
        backup=backup,
    )


def named(*names: str) -> list[Phase]:
    return [phase for phase in DEPLOY if phase.name in names]


def failing(status: Status) -> Phase:
    def fail(_: Run, so_far: SoFar) -> Ended:
        so_far.outcomes.append(StepOutcome("x", "web", "do x", status, "no", 0.0))  # type: ignore[arg-type]
        return Ended(status, "no")

    return Phase("fail", fail)


def quiet(name: str, *, always: bool = False) -> Phase:
    return Phase(name, lambda _, __: Ended(Status.OK), always)


def test_the_order_is_that_of_the_old_production_script_with_ours_between() -> None:
    assert [phase.name for phase in DEPLOY] == [
        "confirm",
        "lock",
        "re-read",
        "preflight",
        "backup",
        "namespaces",
        "releases",
        "health",
        "status",
        "access",
        "ledger",
        "unlock",
    ]


def test_a_declined_confirmation_ends_before_anything_else_is_looked_at() -> None:
    def decline() -> None:
        raise NotConfirmedError("no")

    seen: list[Event] = []
    with pytest.raises(NotConfirmedError):
        carry_out(run_of(a_plan(), confirm=decline, emit=seen.append))
    assert [e.phase for e in seen if isinstance(e, PhaseStarted)] == ["confirm"]


def test_a_cluster_that_moved_since_the_plan_is_refused_and_says_what_moved() -> None:
    moved = live_state(live_like(rendered("web", values={"a": 1}), revision=3))
    with pytest.raises(StaleError) as caught:
        carry_out(run_of(a_plan(), look=lambda: moved), named("re-read", "releases"))
    assert "web-stg: install from revision 0, now upgrade from 3" in caught.value.message
    assert caught.value.exit_code == 9


def test_blockers_and_refusals_of_the_server_are_shown_together() -> None:
    plan = replace(a_plan(), blockers=("namespace plate-stg is being deleted",))
    with pytest.raises(PreflightError, match="namespace plate-stg is being deleted"):
        carry_out(run_of(plan), named("preflight"))


@pytest.mark.fault(34)
def test_a_backup_that_cannot_be_made_ends_the_run_before_anything_is_written() -> None:
    def full(_: LiveState) -> str:
        raise LocalError("write the backup x: no space left")

    seen: list[Event] = []
    with pytest.raises(LocalError) as caught:
        carried_out_with(full, seen)
    assert caught.value.exit_code == 12
    assert [e.phase for e in seen if isinstance(e, PhaseStarted)] == ["backup"]


def test_a_backup_is_made_of_the_newest_look_and_says_what_it_is() -> None:
    looked = live_state(live_like(WEB, revision=7))
    taken: list[LiveState] = []

    def back_up(live: LiveState) -> str:
        taken.append(live)
        return "1 release, 3 kB, read back"

    run = run_of(a_plan(looked), look=lambda: looked, backup=back_up)
    result = carry_out(replace(run, replan=lambda _: run.plan), named("re-read", "backup"))
    assert taken == [looked]
    assert (result.phases[-1].name, result.phases[-1].status, result.phases[-1].detail) == (
        "backup",
        Status.OK,
        "1 release, 3 kB, read back",
    )


def carried_out_with(backup: Callable[[LiveState], str], seen: list[Event]) -> None:
    carry_out(run_of(a_plan(), emit=seen.append, backup=backup), named("backup", "namespaces", "releases"))


def test_a_failure_leaves_out_the_rest_but_not_what_always_runs() -> None:
    seen: list[Event] = []
    sequence = [
        failing(Status.FAILED),
        quiet("health"),
        quiet("status", always=True),
        quiet("unlock", always=True),
    ]
    result = carry_out(run_of(a_plan(), emit=seen.append), sequence)
    assert [e.phase for e in seen if isinstance(e, PhaseStarted)] == ["fail", "status", "unlock"]
    assert (result.status, result.exit_code) == (Status.FAILED, 5)
    assert isinstance(seen[-1], RunFinished)


@pytest.mark.parametrize(
    ("status", "code"), [(Status.OK, 0), (Status.TIMED_OUT, 70), (Status.INTERRUPTED, 130)]
)
def test_the_exit_code_follows_from_the_worst_step(status: Status, code: int) -> None:
    assert carry_out(run_of(a_plan()), [failing(status)]).exit_code == code


def test_an_api_server_that_is_gone_after_the_first_write_does_not_hide_what_was_done() -> None:
    def gone() -> LiveState:
        raise UnreachableError("reach the API server: connection refused")

    result = carry_out(run_of(a_plan(), look=gone), [failing(Status.OK), *named("status", "unlock")])
    assert [(end.name, end.status) for end in result.phases] == [
        ("fail", Status.OK),
        ("status", Status.FAILED),
        ("unlock", Status.SKIPPED),
    ]
    assert result.phases[1].detail == "reach the API server: connection refused"
    assert (len(result.steps), result.exit_code) == (1, 5)


def test_a_deadline_does_not_turn_a_failure_into_a_time_out() -> None:
    stop = Stop()

    def fail(_: Run, so_far: SoFar) -> Ended:
        stop.request()
        return failing(Status.FAILED).act(_, so_far)

    assert carry_out(run_of(a_plan(), stop=stop), [Phase("fail", fail)]).exit_code == 5


def test_a_deadline_is_a_time_out_and_a_signal_an_interruption() -> None:
    for number, expected in ((None, Status.TIMED_OUT), (2, Status.INTERRUPTED)):
        stop = Stop()
        stop.request(number)
        assert carry_out(run_of(a_plan(), stop=stop), [failing(Status.INTERRUPTED)]).status is expected


def test_failure_says_more_than_time_out_and_interruption_beside_it() -> None:
    assert overall([Status.OK, Status.INTERRUPTED, Status.TIMED_OUT, Status.FAILED]) is Status.FAILED
    assert overall([Status.ABORTED]) is Status.FAILED
    assert overall([]) is Status.OK
    assert phases.overall([Status.SKIPPED]) is Status.OK


def test_workloads_that_come_and_go_while_the_plan_is_read_do_not_make_it_stale() -> None:
    record = live_like(WEB)
    before = replace(live_state(record), unready={record.id: "Deployment web: 0 of 1 available"})
    after = replace(live_state(record), unready={record.id: "Deployment web: 1 of 2 available"})
    for now in (after, live_state(record)):
        carry_out(run_of(a_plan(before), look=lambda now=now: now), named("re-read"))


def test_a_run_that_was_stopped_before_its_first_step_says_that_nothing_was_changed() -> None:
    stop = Stop()
    stop.request(2)
    result = carry_out(run_of(a_plan(), stop=stop), [quiet("status", always=True)])
    assert result.sentence == "Deploy of stg was interrupted; nothing was changed."
