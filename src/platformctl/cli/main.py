"""From an argv to an exit code: signals, Typer, and the one error boundary."""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from typer.exceptions import Abort, Exit, TyperException

from platformctl.cli.app import app
from platformctl.cli.options import Globals, from_environment
from platformctl.cli.signals import SignalledError
from platformctl.errors import (
    InterruptedRunError,
    LocalError,
    NotConfirmedError,
    PlatformctlError,
    TerminatedRunError,
    UsageError,
)


def run(argv: list[str]) -> int:
    """Runs one command. Expected errors become a message and their exit code; bugs say where the log is."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us (>&-)
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    command = typer.main.get_command(app)
    root = Globals()
    try:
        root = from_environment(dict(os.environ))
        code = command.main(args=rewritten(argv), prog_name="platformctl", standalone_mode=False, obj=root)
        return flushed(int(code or 0), argv)
    except Exit as error:
        return flushed(int(error.exit_code), argv)
    except Abort:
        return fail(NotConfirmedError("not confirmed: nothing was changed"), argv)
    except TyperException as error:
        return fail(UsageError(usage_message(error), hint=usage_hint(error)), argv)
    except PlatformctlError as error:
        return fail(error, argv)
    except SignalledError as signalled:
        interrupted = InterruptedRunError if signalled.number == signal.SIGINT else TerminatedRunError
        return fail(interrupted("interrupted: nothing was changed"), argv)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a sentence, a log, no traceback
        return unexpected(error, argv)


def flushed(code: int, argv: list[str]) -> int:
    """The exit code, once all that was said has left. A reader that has gone (| head) changes nothing; a full disk does."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or Python would try again at its end
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                code = code or fail(LocalError(f"write the output: {error.strerror}"), argv)
    return code


def rewritten(argv: list[str]) -> list[str]:
    """kubectl's `--dry-run=client|server|none` as our two options, before Typer sees it. Who says how a dry run is to be
    made wants one."""
    out: list[str] = []
    for word in argv:
        name, _, mode = word.partition("=")
        if name != "--dry-run" or not mode:
            out.append(word)
        elif mode == "none":
            out.append("--no-dry-run")
        elif mode in ("client", "server", "auto"):
            out += ["--dry-run", "--dry-run-mode", mode]
        else:
            raise UsageError(f"--dry-run={mode}: use client, server or none")
    options = out[: out.index("--")] if "--" in out else out
    modes = [word for word in options if word.partition("=")[0] == "--dry-run-mode"]
    return ["--dry-run", *out] if modes and not {"--dry-run", "--no-dry-run"} & set(options) else out


def usage_message(error: TyperException) -> str:
    """Typer's message in our words: lower case start, no full stop, and a suggestion that reads the same for commands
    and options."""
    text = error.format_message()
    if wrong := getattr(error, "option_name", None):
        close = " or ".join(f'"{name}"' for name in getattr(error, "possibilities", None) or ())
        if text.startswith("No such option"):
            return f'no option "{wrong}"' + (f". Did you mean {close}?" if close else "")
    if text.startswith("No such command"):
        text = text.replace("No such command '", 'no command "')
        text = text.replace("'. Did you mean '", '". Did you mean "').replace("'?", '"?').replace("'.", '"')
    return (text[:1].lower() + text[1:]).removesuffix(".")


def usage_hint(error: TyperException) -> str:
    if getattr(error, "option_name", None) == "-n":
        return "-n means a namespace to helm and kubectl; here the catalog names it. For a dry run type --dry-run"
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "platformctl"
    return f"{command} --help  lists what there is"


def command_of(argv: list[str]) -> str:
    """The name of the command in `argv`, as `charts pin`: without options, their values and arguments."""
    names: list[str] = []
    node: Any = typer.main.get_command(app)
    words = iter(argv)
    for word in words:
        if word.startswith("-"):
            if any(word in option.opts and not option.is_flag for option in node.params):
                next(words, None)
            continue
        node = getattr(node, "commands", {}).get(word)
        if node is None:
            break
        names.append(word)
    return " ".join(names) or "platformctl"


def wants_json(argv: list[str]) -> str | None:
    """The machine-readable form that was asked for, read without Typer: the parse itself may have failed."""
    said = [
        match[1]
        for word, after in pairwise([*argv, ""])
        if (
            match := re.fullmatch(r"(?:--output=|-[yvq]*o)(.+)", word)
            or re.fullmatch(r"(?:--output|-[yvq]*o) (.*)", f"{word} {after}")
        )
    ]
    form = said[-1] if said else os.environ.get("PLATFORMCTL_OUTPUT") or _form_of_settings()
    return form if form in ("json", "yaml", "jsonl") else None


def _form_of_settings() -> str | None:
    from platformctl.cli.settings import from_files

    with suppress(PlatformctlError, OSError):
        return from_files(Path.cwd()).output
    return None


def fail(error: PlatformctlError, argv: list[str]) -> int:
    """Says what is wrong on stderr, and as an envelope on stdout when a machine asked."""
    from platformctl.report.text import sanitised

    message = sanitised(error.message)
    said = f"Error: {message}   " if len(message.splitlines()) <= 1 else f"{message} "
    hint = f"Next:  {sanitised(error.hint)}\n" if error.hint else ""
    with suppress(OSError):
        sys.stderr.write(f"{said}(exit {error.exit_code})\n{hint}")
    form = wants_json(argv)
    if form is not None:
        from platformctl.report.envelope import failure, written

        with suppress(OSError):
            sys.stdout.write(written(failure(command_of(argv), error), form))
    return error.exit_code


def unexpected(error: Exception, argv: list[str]) -> int:
    """A bug: one sentence for people, the traceback in a file."""
    import traceback

    from platformctl.cli.folders import state_folder

    text = "".join(traceback.format_exception(error))
    try:
        log = state_folder() / "crash.log"
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        where = f"the details are in {log}"
    except OSError:
        where = "the details could not be written"
    said = f"unexpected {type(error).__name__}: {error} (this is a bug; {where})"
    return fail(PlatformctlError(said), argv)
