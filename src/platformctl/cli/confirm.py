"""The one question before a protected environment is changed: its name, typed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from platformctl.errors import NotConfirmedError

Ask = Callable[[str], str]


def can_ask(environ: Mapping[str, str], no_input: bool | None) -> bool:
    """Whether there is somebody to ask: a terminal on stdin, not in CI, not forbidden."""
    return (
        not no_input
        and environ.get("CI", "").lower() not in ("1", "true")
        and sys.stdin is not None
        and sys.stdin.isatty()
    )


def require_answerable(name: str, given: str | None, *, able_to_ask: bool, scope: str | None = None) -> None:
    """Raises NotConfirmedError early, before anything is begun, when no answer can come. `scope` is what would change,
    where the question asks for another name than its own: for the libraries, the cluster's."""
    what = scope or name
    if given is not None and given != name:
        raise NotConfirmedError(
            f'change {what}: --confirm says "{given}", the question asks for "{name}"',
            hint=f"--confirm {name}",
        )
    if given is None and not able_to_ask:
        raise NotConfirmedError(
            f"change {what}: it is protected, and there is no terminal to confirm on",
            hint=f"look first:  platformctl plan {what}   then  --confirm {name}   (--yes does not answer this)",
        )


def typed_name(name: str, given: str | None, *, able_to_ask: bool, ask: Ask) -> None:
    """Asks for the name and accepts nothing else. Raises NotConfirmedError."""
    require_answerable(name, given, able_to_ask=able_to_ask)
    if given == name:
        return
    answer = ask(f"  Type {name} to go on: ").strip()
    if answer != name:
        raise NotConfirmedError(f'change {name}: "{answer}" is not "{name}"; nothing was changed')


def yes_or_no(question: str, yes: bool | None, *, able_to_ask: bool, ask: Ask) -> None:
    """For unprotected environments: y on a terminal, or --yes. Raises NotConfirmedError."""
    require_yes(question, yes, able_to_ask=able_to_ask)
    if not yes and ask(f"  {question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise NotConfirmedError(f"{question} declined; nothing was changed")


def require_yes(question: str, yes: bool | None, *, able_to_ask: bool) -> None:
    """Raises NotConfirmedError early, before any cluster is asked, when no answer to `question` can come."""
    if not yes and not able_to_ask:
        raise NotConfirmedError(
            f"{question} there is no terminal to confirm on", hint="--yes answers this question"
        )


def ask_on_terminal(prompt: str) -> str:
    """Prompt on stderr, answer from stdin. End of input is no answer."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        sys.stderr.write("\n")
        raise NotConfirmedError("end of input instead of an answer; nothing was changed")
    return line
