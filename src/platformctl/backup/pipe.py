"""A command of the user's that encrypts or decrypts: bytes in on stdin, bytes out on stdout. No shell."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from platformctl.errors import LocalError, ToolError, UsageError
from platformctl.tools.process import Command, Runner

TIMEOUT_S: Final = 300.0
_SAMPLE: Final = 64


def piped(runner: Runner, environ: Mapping[str, str], text: str, content: bytes, *, doing: str) -> bytes:
    """What the command makes of `content`. It is the user's own, so it gets the user's environment.

    Raises UsageError for what is no command line, LocalError when it fails or nothing comes out.
    """
    argv = _argv(text, environ, doing)
    try:
        done = runner.run(Command(argv, environ, stdin=content, timeout_s=TIMEOUT_S))
    except ToolError as error:
        raise LocalError(f"{doing}: {error.message}") from None
    program = Path(argv[0]).name
    if done.timed_out:
        raise LocalError(f"{doing}: {program} did not end within {TIMEOUT_S:g} s")
    if not done.ok:
        raise LocalError(f"{doing}: {program} failed: {done.last_error()}")
    if not done.stdout:
        raise LocalError(f"{doing}: nothing came out of {program}")
    return done.stdout


def encrypted(runner: Runner, environ: Mapping[str, str], text: str, content: bytes) -> bytes:
    """As `piped`, and what comes out must not hold what went in."""
    doing = "encrypt the backup"
    out = piped(runner, environ, text, content, doing=doing)
    middle = len(content) // 2
    if any(
        part.strip(b"\0") and part in out for part in (content[:_SAMPLE], content[middle : middle + _SAMPLE])
    ):
        raise LocalError(
            f"{doing}: what came out of {shlex.split(text)[0]} still holds what went in",
            hint="age -r RECIPIENT",
        )
    return out


def _argv(text: str, environ: Mapping[str, str], doing: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{doing}: {error} in the command") from None
    if not words:
        raise UsageError(f"{doing}: no command was given", hint="--encrypt-with 'age -r RECIPIENT'")
    program = shutil.which(words[0], path=environ.get("PATH"))
    if program is None:
        raise UsageError(f"{doing}: {words[0]} is no program")
    return (str(Path(program).absolute()), *words[1:])
