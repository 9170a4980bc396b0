"""What happens during a run, as typed events. The board, plain lines and JSON Lines are only consumers.

The executor emits from worker threads; a sink must be quick and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from platformctl.plan.steps import StepId
from platformctl.run.result import Status


@dataclass(frozen=True, slots=True)
class RunStarted:
    run: str
    kind: str
    scope: str
    steps: tuple[tuple[StepId, str, str], ...]  # id, key of the release ("" for none), what it does


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    scope: str
    phase: str


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    scope: str
    phase: str
    status: Status
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StepStarted:
    scope: str
    step: StepId
    key: str
    what: str  # "upgrade plate-web-prod", announced before it happens
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class StepProgress:
    scope: str
    step: StepId
    key: str
    detail: str  # "1/3 ready · pod web-6f9c… ContainerCreating"


@dataclass(frozen=True, slots=True)
class StepFinished:
    scope: str
    step: StepId
    key: str
    what: str
    status: Status
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Notice:
    level: Literal["info", "warning", "error"]
    text: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    run: str
    scope: str
    status: Status
    sentence: str
    seconds: float


Event = (
    RunStarted
    | PhaseStarted
    | PhaseFinished
    | StepStarted
    | StepProgress
    | StepFinished
    | Notice
    | RunFinished
)
Sink = Callable[[Event], None]
