"""Every error that platformctl raises on purpose.

    PlatformctlError              1   unexpected; never raised itself
    ├── UsageError               64   the command line asks for something that does not exist
    ├── DesiredStateError         6   nothing was touched
    │   ├── CatalogError              the catalog, or a values file that it names
    │   ├── ChartError                a chart: missing, another digest, not in the mirror
    │   ├── RenderError               helm cannot render it
    │   └── PreflightError            a check before the first write found something
    ├── GuardError                7   refused: wrong or unpinned cluster, protected, not ours
    ├── LockedError               8   someone else is at work
    ├── StaleError                9   the plan no longer fits the cluster
    ├── ClusterError             11   cluster, helm or kubectl missing, unreachable or not permitted
    │   ├── ToolError                 helm or kubectl missing, too old, or not what it says
    │   ├── UnreachableError          no answer
    │   └── ForbiddenError            an answer, and it is no
    ├── LocalError               12   a local file, folder or disk
    ├── NotConfirmedError        13   the question was not answered with yes
    ├── TimedOutError            70   may still converge
    └── InterruptedRunError     130   asked to stop
        └── TerminatedRunError  143   … by SIGTERM, or by the end of the terminal

Each class has an exit code (COMMANDS of the README) and a stable `code` that scripts key on.
A message says what was being done, where, and what is wrong; `hint` is the next thing to type or do.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar


class PlatformctlError(Exception):
    """Base of all errors that are expected. `message` is complete without the hint; `data` is what a machine gets
    besides, in the one envelope that it reads: what had been found, or done, by then."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "unexpected"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data: dict[str, object] = {}


class UsageError(PlatformctlError):
    exit_code = 64
    code = "usage"


class DesiredStateError(PlatformctlError):
    exit_code = 6
    code = "desired-state"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding in a file. `line` and `column` count from 1; 0 where the whole file is meant."""

    file: str
    line: int
    column: int
    key: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.text) if part)


class CatalogError(DesiredStateError):
    """All problems of the catalog at once, in the order of the file."""

    code = "catalog"

    def __init__(self, problems: list[Problem], *, hint: str | None = None) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        lines = [str(problem) for problem in self.problems]
        lines.append(f"{count} error{'s' if count != 1 else ''}, nothing was changed.")
        super().__init__("\n".join(lines), hint=hint)


class ChartError(DesiredStateError):
    code = "chart"


class ChartNotAtHandError(ChartError):
    """The chart is in no cache, mirror or reachable source. A dry run lists it and goes on."""

    code = "chart-not-at-hand"


class RenderError(DesiredStateError):
    code = "render"


class PreflightError(DesiredStateError):
    code = "preflight"


class GuardError(PlatformctlError):
    exit_code = 7
    code = "refused"


class LockedError(PlatformctlError):
    exit_code = 8
    code = "locked"


class StaleError(PlatformctlError):
    exit_code = 9
    code = "stale"


class ClusterError(PlatformctlError):
    exit_code = 11
    code = "cluster"


class ToolError(ClusterError):
    code = "tool"


class UnreachableError(ClusterError):
    code = "unreachable"


class ForbiddenError(ClusterError):
    code = "forbidden"


class LocalError(PlatformctlError):
    exit_code = 12
    code = "local"


class NotConfirmedError(PlatformctlError):
    exit_code = 13
    code = "not-confirmed"


class TimedOutError(PlatformctlError):
    exit_code = 70
    code = "timed-out"


class InterruptedRunError(PlatformctlError):
    exit_code = 130
    code = "interrupted"


class TerminatedRunError(InterruptedRunError):
    exit_code = 143
    code = "terminated"


def suggestion(wrong: str, known: list[str] | tuple[str, ...]) -> str:
    """` (did you mean "path"?)`, or nothing when no known name is close."""
    close = get_close_matches(wrong, known, n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""
