"""A Runner with teeth: it answers what it was told to expect, in order, and refuses every other command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platformctl.tools.process import Command, Completed, Process


@dataclass(slots=True)
class ScriptedRunner:
    """`expect("helm upgrade", …)` takes the next command whose program name and first word are these."""

    calls: list[Command] = field(default_factory=list)
    _script: list[tuple[str, Completed]] = field(default_factory=list)

    def expect(
        self, verb: str, *, code: int = 0, out: str = "", err: str = "", timed_out: bool = False
    ) -> None:
        self._script.append((verb, Completed((), code, out.encode(), err, 0.1, timed_out)))

    def run(self, command: Command, *, started: Callable[[Process], None] | None = None) -> Completed:
        asked = f"{Path(command.argv[0]).name} {command.argv[1]}"
        assert self._script, f"nothing was expected any more, but: {command.argv}"
        verb, answer = self._script.pop(0)
        assert verb == asked, f"expected {verb}, but: {command.argv}"
        self.calls.append(command)
        return answer

    def start(self, command: Command, *, log: Path, dies_with_us: bool = True) -> Process:
        raise AssertionError(f"no server was expected: {command.argv}")

    def done(self) -> None:
        assert not self._script, f"never asked: {[verb for verb, _ in self._script]}"

    @property
    def argv(self) -> list[Sequence[str]]:
        return [command.argv[1:] for command in self.calls]
