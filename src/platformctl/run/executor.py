"""Runs the steps of a plan: as many at a time as allowed, each as soon as its own needs are met.

The only concurrent code. Workers perform one step each and report through a queue; the calling thread alone decides
and records. A step that fails aborts everything that needs it, by name; what does not need it goes on.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from platformctl.errors import PlatformctlError
from platformctl.plan.steps import Step, StepId
from platformctl.run.events import Sink, StepFinished, StepProgress, StepStarted
from platformctl.run.result import NOT_BEGUN, Status, StepOutcome
from platformctl.run.stop import Stop

log = logging.getLogger(__name__)
STOP_GRACE_S: Final = 5.0  # a helm that only applies is done within about a second; SIGTERM only after this


@dataclass(frozen=True, slots=True)
class Performed:
    """What a step came to."""

    status: Status
    detail: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepText:
    """What people read of a step: the release it belongs to ("" for none), what it does, and how long it may take."""

    key: str
    what: str
    timeout_s: float | None = None


Progress = Callable[[str], None]
Perform = Callable[[Step, Progress], Performed]


def execute(
    steps: Sequence[Step],
    perform: Perform,
    *,
    describe: Callable[[Step], StepText],
    scope: str,
    parallel: int,
    emit: Sink,
    stop: Stop,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[StepOutcome, ...]:
    """Outcomes of all steps, in the order of `steps`. A need that is not among `steps` counts as met.

    `perform` may raise PlatformctlError to fail its step; anything else that it raises fails the step as a bug, with
    the traceback in the log.
    """
    table = _Table(steps=steps, perform=perform, describe=describe, scope=scope, emit=emit, clock=clock)
    stopped_at: float | None = None
    while not table.complete:
        if stop.asked.is_set():
            if stopped_at is None:
                stopped_at = clock()
                table.drop_waiting()
            elif clock() - stopped_at > STOP_GRACE_S:
                stop.terminate_children()  # again and again is harmless: helm takes the first signal only
            if stop.abandoned.is_set():
                table.leave_running()
        else:
            table.begin_ready(parallel)
        table.collect(wait_s=0.1)
    return tuple(table.outcomes[step.id] for step in steps)


@dataclass(slots=True)
class _Table:
    """Which step is where. Touched by the calling thread only; workers reach it through the queue."""

    steps: Sequence[Step]
    perform: Perform
    describe: Callable[[Step], StepText]
    scope: str
    emit: Sink
    clock: Callable[[], float]
    outcomes: dict[StepId, StepOutcome] = field(default_factory=dict)
    running: dict[StepId, tuple[Step, float]] = field(default_factory=dict)
    finished: queue.Queue[tuple[Step, Performed]] = field(default_factory=queue.Queue)

    @property
    def complete(self) -> bool:
        return len(self.outcomes) == len(self.steps)

    @property
    def waiting(self) -> list[Step]:
        return [step for step in self.steps if step.id not in self.outcomes and step.id not in self.running]

    def begin_ready(self, parallel: int) -> None:
        here = {step.id for step in self.steps}
        for step in self.waiting:
            if len(self.running) < parallel and all(self._met(need) for need in step.needs if need in here):
                self._begin(step)
        if not self.running and not self.complete:
            names = ", ".join(step.id for step in self.waiting)
            raise RuntimeError(f"steps wait for each other: {names}")

    def _met(self, need: StepId) -> bool:
        return need in self.outcomes and self.outcomes[need].status.good

    def _begin(self, step: Step) -> None:
        text = self.describe(step)
        self.emit(StepStarted(self.scope, step.id, text.key, text.what, text.timeout_s))
        self.running[step.id] = (step, self.clock())

        def progress(detail: str) -> None:
            self.emit(StepProgress(self.scope, step.id, text.key, detail))

        work = (step, self.perform, progress, self.finished)
        threading.Thread(target=_work, args=work, name=f"step {step.id}", daemon=True).start()

    def collect(self, wait_s: float) -> None:
        """Takes one report, if one comes in time, and aborts what can no longer begin."""
        if not self.running:
            return
        try:
            step, performed = self.finished.get(timeout=wait_s)
        except queue.Empty:
            return
        _, since = self.running.pop(step.id)
        self._record(step, performed, self.clock() - since)
        if performed.status is not Status.INTERRUPTED and not performed.status.good:
            self._abort_dependents()

    def _abort_dependents(self) -> None:
        for step in self.waiting:  # in the order of the plan, so that a chain is aborted from its beginning
            bad = next(
                (n for n in step.needs if n in self.outcomes and not self.outcomes[n].status.good), None
            )
            if bad is not None:
                origin = self.outcomes[bad].cause or bad
                failed = self.outcomes[origin].what
                self._record(
                    step, Performed(Status.ABORTED, f"not begun: {failed} failed"), 0.0, cause=origin
                )

    def drop_waiting(self) -> None:
        for step in self.waiting:
            self._record(step, Performed(Status.INTERRUPTED, NOT_BEGUN), 0.0)

    def leave_running(self) -> None:
        for step, since in tuple(self.running.values()):
            del self.running[step.id]
            self._record(
                step, Performed(Status.INTERRUPTED, "left running; it ends by itself"), self.clock() - since
            )

    def _record(self, step: Step, performed: Performed, seconds: float, cause: StepId | None = None) -> None:
        text = self.describe(step)
        self.outcomes[step.id] = StepOutcome(
            step=step.id,
            key=text.key,
            what=text.what,
            status=performed.status,
            detail=performed.detail,
            seconds=seconds,
            cause=cause,
            evidence=performed.evidence,
        )
        self.emit(
            StepFinished(
                self.scope, step.id, text.key, text.what, performed.status, performed.detail, seconds
            )
        )


def _work(
    step: Step, perform: Perform, progress: Progress, finished: queue.Queue[tuple[Step, Performed]]
) -> None:
    try:
        performed = perform(step, progress)
    except PlatformctlError as error:
        performed = Performed(Status.FAILED, error.message, (f"next: {error.hint}",) if error.hint else ())
    except Exception as error:
        # A worker must always report, or the run would wait for ever.
        log.exception("step %s", step.id)
        performed = Performed(Status.FAILED, f"unexpected {type(error).__name__}: {error}")
    finished.put((step, performed))
