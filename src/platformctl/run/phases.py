"""The sequence of a run, as a list. Order and words are those of the old production script, with ours between.

    confirm → lock → re-read → preflight → backup → namespaces → releases → health → status → access → ledger → unlock

A phase takes the run and what is known so far, and says how it ended. Whatever comes before `namespaces` only reads;
an error there leaves everything untouched. Phases that have nothing to do yet are SKIPPED and not shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from platformctl.errors import PlatformctlError, StaleError
from platformctl.live.state import LiveState
from platformctl.plan.steps import AwaitReady, EnsureNamespace, Plan, ReleasePlan, Step, StepId
from platformctl.render.models import Rendered
from platformctl.run import access, actions, preflight
from platformctl.run.events import Notice, PhaseFinished, PhaseStarted, RunFinished, RunStarted, Sink
from platformctl.run.executor import execute
from platformctl.run.result import PhaseOutcome, RunResult, Status, StepOutcome
from platformctl.run.stop import Stop


@dataclass(frozen=True, slots=True)
class Run:
    """One transaction on one scope, with everything that its phases need. Built by the pipeline.

    `confirm` raises NotConfirmedError; `look` reads the cluster again; `replan` plans again from a look; `backup` makes
    one, reads it back and says what it is (None: none is wanted).
    """

    id: str
    plan: Plan
    rendered: Rendered
    live: LiveState
    tools: actions.Tools
    parallel: int
    stable_for_s: float
    confirm: Callable[[], None]
    look: Callable[[], LiveState]
    replan: Callable[[LiveState], Plan]
    emit: Sink
    stop: Stop
    clock: Callable[[], float] = time.monotonic
    backup: Callable[[LiveState], str] | None = None


@dataclass(slots=True)
class SoFar:
    """What the phases have learned."""

    outcomes: list[StepOutcome] = field(default_factory=list)
    live: LiveState | None = None
    access: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return all(outcome.status.good for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Ended:
    status: Status
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """`always` phases run also after a failure; the others are left out then."""

    name: str
    act: Callable[[Run, SoFar], Ended]
    always: bool = False


def confirm(run: Run, _: SoFar) -> Ended:
    run.confirm()
    return Ended(Status.OK)


def nothing_yet(_: Run, __: SoFar) -> Ended:
    return Ended(Status.SKIPPED)


def reread(run: Run, so_far: SoFar) -> Ended:
    """The cluster may have moved while somebody read the plan: plan again and compare."""
    so_far.live = run.look()
    again = run.replan(so_far.live)
    if _promise(again) != _promise(run.plan):
        moved = _moved(run.plan.releases, again.releases)
        raise StaleError(
            f"deploy {run.plan.scope}: the cluster changed since the plan was made ({moved})",
            hint=f"look at it again:  platformctl plan {run.plan.scope}",
        )
    return Ended(Status.OK)


def _promise(plan: Plan) -> tuple[object, ...]:
    """What somebody who read the plan was told. Workloads that come and go meanwhile are no part of it."""
    rows = [(row.key, row.action, row.revision, row.chart) for row in plan.releases]
    return rows, [step for step in plan.steps if not isinstance(step, AwaitReady)], plan.blockers


def _moved(before: Sequence[ReleasePlan], after: Sequence[ReleasePlan]) -> str:
    old = {row.key: row for row in before}
    rows = [
        f"{row.name}: {old[row.key].action} from revision {old[row.key].revision}, now {row.action} from {row.revision}"
        for row in after
        if row.key in old and (row.action, row.revision) != (old[row.key].action, old[row.key].revision)
    ]
    return "; ".join(rows) or "what the plan looked at is no longer the same"


def check(run: Run, so_far: SoFar) -> Ended:
    live = so_far.live or run.live
    detail = preflight.check(run.plan, run.rendered, live, kubectl=run.tools.kubectl, parallel=run.parallel)
    return Ended(Status.OK, detail)


def back_up(run: Run, so_far: SoFar) -> Ended:
    """What is there, on the disk and read back, before anything is changed. An error leaves everything untouched."""
    said = run.backup(so_far.live or run.live) if run.backup is not None else ""
    return Ended(Status.OK, said) if said else Ended(Status.SKIPPED)


def _perform(run: Run, so_far: SoFar, steps: Sequence[Step], parallel: int) -> tuple[StepOutcome, ...]:
    outcomes = execute(
        steps,
        lambda step, progress: actions.perform(step, run.tools, progress),
        describe=actions.describe,
        scope=run.plan.scope,
        parallel=parallel,
        emit=run.emit,
        stop=run.stop,
        clock=run.clock,
    )
    so_far.outcomes.extend(outcomes)
    return outcomes


def _ended(outcomes: Sequence[StepOutcome], detail: str) -> Ended:
    bad = [outcome.status for outcome in outcomes if not outcome.status.good]
    if not bad:
        return Ended(Status.OK, detail)
    return Ended(overall(bad), detail)


def namespaces(run: Run, so_far: SoFar) -> Ended:
    steps = [step for step in run.plan.steps if isinstance(step, EnsureNamespace)]
    if not steps:
        return Ended(Status.SKIPPED)
    outcomes = _perform(run, so_far, steps, run.parallel)
    return _ended(outcomes, ", ".join(step.namespace.name for step in steps))


def releases(run: Run, so_far: SoFar) -> Ended:
    steps = [step for step in run.plan.steps if not isinstance(step, EnsureNamespace)]
    if not steps:
        return Ended(Status.SKIPPED)
    outcomes = _perform(run, so_far, steps, run.parallel)
    written = len(run.plan.changes)
    done = {o.key for o in outcomes} - {o.key for o in outcomes if not o.status.good}
    return _ended(outcomes, f"{len(done & {row.key for row in run.plan.changes})} of {written}")


def health(run: Run, so_far: SoFar) -> Ended:
    """Everything that this run changed must still be ready after the stability window, one window for all of it."""
    changed = {row.key: row for row in run.plan.changes}
    steps: list[Step] = [
        AwaitReady(
            id=StepId(f"stable:{row.key}"),
            key=row.key,
            name=row.name,
            namespace=row.namespace,
            timeout_s=run.stable_for_s + 30.0,
            stable_for_s=run.stable_for_s,
        )
        for row in changed.values()
    ]
    if not steps:
        return Ended(Status.SKIPPED)
    outcomes = _perform(run, so_far, steps, parallel=len(steps))
    return _ended(
        outcomes, f"{sum(o.status.good for o in outcomes)} of {len(steps)} stable for {run.stable_for_s:g}s"
    )


def status(run: Run, so_far: SoFar) -> Ended:
    so_far.live = run.look()
    found = [so_far.live.release(row.namespace, row.name) for row in run.plan.releases]
    deployed = sum(1 for release in found if release is not None and release.deployed)
    return Ended(Status.OK, f"{deployed} of {len(found)} releases deployed")


def access_information(run: Run, so_far: SoFar) -> Ended:
    so_far.access = access.addresses(run.plan, run.tools.api)
    count = len(so_far.access)
    return Ended(Status.OK, f"{count} address{'es' if count > 1 else ''}") if count else Ended(Status.SKIPPED)


DEPLOY: Final = (
    Phase("confirm", confirm),
    Phase("lock", nothing_yet),
    Phase("re-read", reread),
    Phase("preflight", check),
    Phase("backup", back_up),
    Phase("namespaces", namespaces),
    Phase("releases", releases),
    Phase("health", health),
    Phase("status", status, always=True),
    Phase("access", access_information),
    Phase("ledger", nothing_yet, always=True),
    Phase("unlock", nothing_yet, always=True),
)


def overall(statuses: Sequence[Status]) -> Status:
    """The worst of many: a failure says more than the time-out or the interruption beside it."""
    for worst in (Status.FAILED, Status.TIMED_OUT, Status.INTERRUPTED, Status.ABORTED):
        if worst in statuses:
            return Status.FAILED if worst is Status.ABORTED else worst
    return Status.OK


def carry_out(run: Run, phases: Sequence[Phase] = DEPLOY) -> RunResult:
    """Runs the phases in order. Errors before the first write are raised; later ones are outcomes."""
    began = run.clock()
    so_far = SoFar()
    ends: list[PhaseOutcome] = []
    described = [(step.id, actions.describe(step)) for step in run.plan.steps]
    run.emit(
        RunStarted(run.id, run.plan.kind, run.plan.scope, tuple((i, t.key, t.what) for i, t in described))
    )
    for phase in phases:
        if not phase.always and (not so_far.good or run.stop.asked.is_set()):
            continue
        run.emit(PhaseStarted(run.plan.scope, phase.name))
        since = run.clock()
        ended = _act(phase, run, so_far)
        if phase.act is confirm:
            began = run.clock()  # the time that somebody took to read is not the run's
        ends.append(PhaseOutcome(phase.name, ended.status, ended.detail, run.clock() - since))
        run.emit(PhaseFinished(run.plan.scope, phase.name, ended.status, ended.detail, run.clock() - since))
    # The phases count too: one that could not be carried out leaves the run not verified.
    status_ = overall([*(outcome.status for outcome in so_far.outcomes), *(end.status for end in ends)])
    if run.stop.asked.is_set() and status_ is Status.OK:
        status_ = Status.INTERRUPTED
    if run.stop.asked.is_set() and run.stop.number is None and status_ is Status.INTERRUPTED:
        run.emit(Notice("error", "the deadline of the whole run is over"))
        status_ = Status.TIMED_OUT
    result = RunResult(
        run=run.id,
        plan=run.plan,
        phases=tuple(ends),
        steps=tuple(so_far.outcomes),
        status=status_,
        seconds=run.clock() - began,
        access=so_far.access,
        live=_revisions(run.plan, so_far.live),
        signal=run.stop.number,
    )
    run.emit(RunFinished(run.id, run.plan.scope, result.status, result.sentence, result.seconds))
    return result


def _act(phase: Phase, run: Run, so_far: SoFar) -> Ended:
    """Before the first step an error ends the run. Afterwards it is an end of this phase alone: what was done, and what
    failed, must be told even when the API server is gone by then."""
    try:
        return phase.act(run, so_far)
    except PlatformctlError as error:
        if not so_far.outcomes:
            raise
        return Ended(Status.FAILED, error.message)


def _revisions(plan: Plan, live: LiveState | None) -> Mapping[str, int]:
    """Key of each release → the revision that is live now, 0 where there is none."""
    if live is None:
        return {}
    found = {row.key: live.release(row.namespace, row.name) for row in plan.releases}
    return {key: release.revision if release else 0 for key, release in found.items()}
