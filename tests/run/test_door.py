"""The door: closed in a dry run, and watched at both sides of every write."""

from __future__ import annotations

import pytest

from platformctl.errors import GuardError
from platformctl.plan.steps import StepId
from platformctl.run.door import CLOSED, Door

STEP = StepId("apply:web")


class Recorder:
    def __init__(self, seen: list[str], name: str) -> None:
        self.seen = seen
        self.name = name

    def begin(self, step: StepId, what: str) -> None:
        self.seen.append(f"{self.name} begin {step}")

    def end(self, step: StepId, what: str, error: BaseException | None) -> None:
        self.seen.append(f"{self.name} end {type(error).__name__}")


def test_a_closed_door_lets_nothing_through_whoever_asks() -> None:
    done: list[str] = []
    with pytest.raises(GuardError, match="upgrade web: this is a dry run"):
        CLOSED.write(STEP, "upgrade web", lambda: done.append("written"))
    assert done == []


def test_hooks_stand_around_the_write_and_see_how_it_ended() -> None:
    seen: list[str] = []
    door = Door(open=True, hooks=(Recorder(seen, "journal"), Recorder(seen, "lock")))
    assert door.write(STEP, "upgrade web", lambda: seen.append("write") or 7) == 7
    with pytest.raises(ValueError, match="no"):
        door.write(STEP, "upgrade web", lambda: (_ for _ in ()).throw(ValueError("no")))
    assert seen == [
        "journal begin apply:web",
        "lock begin apply:web",
        "write",
        "lock end NoneType",
        "journal end NoneType",
        "journal begin apply:web",
        "lock begin apply:web",
        "lock end ValueError",
        "journal end ValueError",
    ]


def test_a_hook_that_refuses_keeps_the_write_from_happening() -> None:
    class Refuse(Recorder):
        def begin(self, step: StepId, what: str) -> None:
            raise GuardError("the lock is lost")

    done: list[str] = []
    with pytest.raises(GuardError, match="the lock is lost"):
        Door(open=True, hooks=(Refuse([], "lock"),)).write(STEP, "upgrade", lambda: done.append("written"))
    assert done == []
