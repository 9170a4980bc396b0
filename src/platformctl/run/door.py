"""The one door that every write to a cluster goes through. A dry run has a closed one.

The hooks see each write before it begins and after it ended: that is where a journal or a lock check stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from platformctl.errors import GuardError
from platformctl.plan.steps import StepId

T = TypeVar("T")


class DoorHook(Protocol):
    def begin(self, step: StepId, what: str) -> None:
        """May raise to keep the write from happening."""
        ...

    def end(self, step: StepId, what: str, error: BaseException | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Door:
    """`open=False` refuses every write, whatever asks for it."""

    open: bool
    hooks: tuple[DoorHook, ...] = ()

    def write(self, step: StepId, what: str, act: Callable[[], T]) -> T:
        """Does `act` between the hooks' begin and end. Raises GuardError when the door is closed."""
        if not self.open:
            raise GuardError(f"{what}: this is a dry run, nothing may be changed")
        for hook in self.hooks:
            hook.begin(step, what)
        error: BaseException | None = None
        try:
            return act()
        except BaseException as caught:
            error = caught
            raise
        finally:
            for hook in reversed(self.hooks):
                hook.end(step, what, error)


CLOSED = Door(open=False)
