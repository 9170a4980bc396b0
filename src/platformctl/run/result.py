"""What a run came to. Frozen values; the exit code follows from them."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from platformctl.plan.steps import Plan, StepId

NOT_BEGUN: Final = "not begun"  # the detail of a step that a stop kept from beginning


class Status(StrEnum):
    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    ABORTED = "aborted"  # never begun: something that it needs failed
    INTERRUPTED = "interrupted"  # never begun or stopped: somebody asked to stop
    SKIPPED = "skipped"  # there was nothing to do, or it cannot be checked here (said in the detail)

    @property
    def good(self) -> bool:
        return self in (Status.OK, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How one step ended. `detail` is one line for people; `cause` names the step that aborted this one."""

    step: StepId
    key: str
    what: str
    status: Status
    detail: str
    seconds: float
    cause: StepId | None = None
    evidence: tuple[str, ...] = ()  # lines: events, states, the last words of a log


@dataclass(frozen=True, slots=True)
class PhaseOutcome:
    name: str
    status: Status
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunResult:
    """One scope's transaction from confirmation to summary, outcomes in the order of the plan.

    `access` are addresses that people can open; `live` is the revision of each release afterwards (by key, 0: none);
    `signal` is what asked the run to stop.
    """

    run: str
    plan: Plan
    phases: tuple[PhaseOutcome, ...]
    steps: tuple[StepOutcome, ...]
    status: Status
    seconds: float
    access: tuple[str, ...] = ()
    live: Mapping[str, int] = field(default_factory=dict)
    signal: int | None = None

    @property
    def failed(self) -> tuple[StepOutcome, ...]:
        return tuple(step for step in self.steps if step.status in (Status.FAILED, Status.TIMED_OUT))

    @property
    def sentence(self) -> str:
        """The end, in one sentence."""
        verb = self.plan.kind.capitalize()
        changed = len(self.plan.changes)
        source = "backup" if self.plan.kind == "restore" else "catalog"
        match self.status:
            case Status.OK | Status.SKIPPED if not changed:
                return f"Nothing changed in {self.plan.scope}: {len(self.plan.releases)} releases are as the {source} says, and healthy."
            case Status.OK | Status.SKIPPED:
                kept = len(self.plan.releases) - changed
                return f"{verb} of {self.plan.scope} is done: {changed} changed and healthy, {kept} left as they were."
            case Status.INTERRUPTED | Status.TIMED_OUT if not self.steps:
                why = "was interrupted" if self.status is Status.INTERRUPTED else "ran out of time"
                return f"{verb} of {self.plan.scope} {why}; nothing was changed."
            case Status.INTERRUPTED:
                return f"{verb} of {self.plan.scope} was interrupted; what was begun is left in place."
            case Status.TIMED_OUT:
                return f"{verb} of {self.plan.scope} timed out; it may still converge."
            case _:
                return f"{verb} of {self.plan.scope} failed; everything is left in place."

    @property
    def exit_code(self) -> int:
        """5 means failed and left in place. A hangup of the terminal counts as SIGTERM."""
        match self.status:
            case Status.OK | Status.SKIPPED:
                return 0
            case Status.INTERRUPTED:
                return 130 if self.signal in (None, signal.SIGINT) else 143
            case Status.TIMED_OUT:
                return 70
            case _:
                return 5
