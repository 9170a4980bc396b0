"""The two consoles of a program, and how lines get onto them whatever the terminal or log file can show."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

# One character each, so that columns and colours stay where they are.
_ASCII: Final = str.maketrans("✓✗●○↩→–·…≥▲", "+x*o<>-.~>!")


class _Console(Console):
    """Rich ends the program by itself when the reader has gone; a run must not end for that, and an exit is the cli's."""

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - called by Rich while it handles the BrokenPipeError


def make_consoles(
    environ: Mapping[str, str], stdout: TextIO, stderr: TextIO, *, no_color: bool = False
) -> tuple[Console, Console, bool]:
    """(results, progress and messages, interactive). `interactive`: stderr can be redrawn, so a live board may run.

    Honours NO_COLOR, TERM=dumb and CI. Neither console ever fails on a character that its stream cannot encode.
    """
    out, err = (_console(environ, stream, no_color) for stream in (stdout, stderr))
    in_ci = environ.get("CI", "").lower() not in ("", "0", "false")
    interactive = stderr.isatty() and err.is_terminal and not err.is_dumb_terminal and not in_ci
    return out, err, interactive


def width_of(console: Console) -> int | None:
    """How wide lines may be; None where nobody looks at a terminal."""
    # FORCE_COLOR in CI makes colours, not a terminal with a width.
    return console.width if console.file.isatty() and not console.is_dumb_terminal else None


def write(console: Console, lines: Iterable[Text]) -> None:
    """Prints lines as they are: not wrapped, not cut, not marked up; symbols in ASCII where that is all there is."""
    plain = not (console.encoding or "").lower().startswith("utf")
    for line in lines:
        if plain:
            line.plain = line.plain.translate(_ASCII)
        console.print(line, soft_wrap=True, highlight=False, markup=False, end="\n")


def _console(environ: Mapping[str, str], stream: TextIO, no_color: bool) -> Console:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return _Console(
        file=stream,
        no_color=True if no_color or environ.get("NO_COLOR") else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ=environ,
    )
