"""git as far as a deploy needs it: which commit the desired state is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformctl.tools.process import Command, Runner

TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Commit:
    """HEAD of a work tree. `branch` is empty when HEAD is detached; `clean` is False with changes not committed."""

    short: str
    subject: str
    branch: str
    clean: bool

    def __str__(self) -> str:
        where = f" on {self.branch}" if self.branch else " (detached)"
        subject = self.subject if len(self.subject) <= 60 else f"{self.subject[:59].rstrip()}…"
        return (
            f'{self.short} "{subject}"{where}{"" if self.clean else ", with changes that are not committed"}'
        )


def head(runner: Runner, binary: Path, folder: Path, env: Mapping[str, str]) -> Commit | None:
    """The commit of the repository that holds `folder`; None when it is in none, or has none yet.

    Settings of the user's git that would run programs or take locks are off: this only looks.
    """

    def ask(*argv: str) -> str | None:
        fixed = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder))
        done = runner.run(Command((str(binary), *fixed, *argv), env, timeout_s=TIMEOUT_S))
        return done.text.strip() if done.ok else None

    said = ask("log", "-1", "--format=%h%n%s")
    if not said:
        return None
    short, _, subject = said.partition("\n")
    branch = ask("symbolic-ref", "--quiet", "--short", "HEAD") or ""
    return Commit(
        short, subject, branch, clean=ask("status", "--porcelain", "--untracked-files=normal") == ""
    )
