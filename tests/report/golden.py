"""Whole screens, compared with files under tests/golden/report. PLATFORMCTL_WRITE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from platformctl.report.console import write

FOLDER = Path(__file__).parents[1] / "golden" / "report"


def plain(lines: Iterable[Text], *, color: bool = False) -> str:
    """What `write` puts on a stream; with `color` as a terminal gets it."""
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=color, color_system="standard" if color else None, width=80, _environ={}
    )
    write(console, lines)
    return stream.getvalue()


def assert_golden(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("PLATFORMCTL_WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
