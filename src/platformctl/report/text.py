"""Text for people, as values: aligned tables, hanging indents, and nothing in it that moves a cursor.

Everything shown comes from a cluster, a chart or a file that somebody else wrote. So each piece of it passes
`sanitised`, here in `piece`, before it becomes part of a line. `width` is the terminal's, or None for a pipe or a log
file: then nothing is wrapped, and nothing is ever cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text

GAP: Final = 3
INDENT: Final = 2
NARROWEST_LAST: Final = 28  # a last column with less room goes below its row
# Colours and cursor movements as programs write them, and what a terminal takes for a command (title, clipboard, link).
_ESCAPES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]",
    re.DOTALL,
)
# Controls (without tab and newline), what turns the direction of writing, what has no width, what breaks lines.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|[\U000e0000-\U000e007f]"
)

_WORDS: Final = re.compile(r"[^ ]+(?: → [^ ]+)* *")  # `1.8.0 → 1.9.0` stays together, and what NBSP joins

Cell = str | Text


def sanitised(text: str) -> str:
    """`text` without terminal escapes; other control, bidirectional and invisible characters are written out."""
    return _UNSEEN.sub(
        lambda found: found[0].encode("unicode_escape").decode("ascii"), _ESCAPES.sub("", text)
    )


def one_line(text: str) -> str:
    """Sanitised, and on one line."""
    return " ".join(sanitised(text).split())


def piece(text: str, style: str = "") -> Text:
    """A sanitised piece of a line. Every view makes its texts with this."""
    return Text(sanitised(text), style, end="")


def line(*parts: Cell, indent: int = 0) -> Text:
    """One line of pieces, side by side."""
    return Text.assemble(
        " " * indent, *(part if isinstance(part, Text) else piece(part) for part in parts), end=""
    )


def wrapped(text: Text, width: int | None, *, hang: int = 0) -> list[Text]:
    """`text` broken between words, later lines `hang` further in. A word that is too long stays whole."""
    if width is None or cell_len(text.plain) <= width:
        return [text]
    breaks, column = [], cell_len(text.plain) - cell_len(text.plain.lstrip())
    start = column
    for word in _WORDS.finditer(text.plain):
        wide = cell_len(word[0].rstrip())
        if column > start and column + wide > width:
            breaks.append(word.start())
            column = start = hang
        column += cell_len(word[0])
    first, *rest = (part.copy() for part in text.divide(breaks))
    lines = [first, *(Text.assemble(" " * hang, part, end="") for part in rest)]
    for each in lines:
        each.rstrip()
    return lines


def table(
    rows: Iterable[Sequence[Cell]], *, width: int | None, indent: int = INDENT, gap: int = GAP
) -> list[Text]:
    """Aligned columns. The last one wraps beside the others, or goes below its row where there is no room beside.

    On a terminal that is too narrow even for the others, each row becomes a line of its first cell and one of the rest.
    """
    cells = [[each if isinstance(each, Text) else piece(each) for each in row] for row in rows]
    if not cells:
        return []
    widths = [max(cell_len(row[at].plain) for row in cells) for at in range(len(cells[0]) - 1)]
    shown = [at for at, wide in enumerate(widths) if wide]  # an empty column would only be a hole
    left = indent + sum(widths[at] + gap for at in shown)
    if width is not None and left - gap > width:
        return _records(cells, width, indent) if gap <= 2 else table(cells, width=width, indent=indent, gap=2)
    longest = max(cell_len(row[-1].plain) for row in cells)
    below = width is not None and left + longest > width and width - left < NARROWEST_LAST
    found: list[Text] = []
    for number, row in enumerate(cells):
        head = Text(" " * indent, end="")
        for at in shown:
            head.append_text(row[at])
            head.append(" " * (widths[at] - cell_len(row[at].plain) + gap))
        if not below:
            found += wrapped(Text.assemble(head, row[-1], end=""), width, hang=left)
            continue
        found.append(head)
        if number and row[-1].plain not in ("", "–"):
            found += wrapped(Text.assemble(" " * (indent + 4), row[-1], end=""), width, hang=indent + 4)
    for each in found:
        each.rstrip()
    return found


def _records(cells: Sequence[Sequence[Text]], width: int, indent: int) -> list[Text]:
    """Without the row of titles, which would stand above nothing."""
    found: list[Text] = []
    for first, *rest in cells[1:]:
        found.append(Text.assemble(" " * indent, first, end=""))
        said = [each for each in rest if each.plain not in ("", "–")]
        under = Text.assemble(" " * (indent + 4), Text("  ").join(said), end="")
        found += wrapped(under, width, hang=indent + 4) if said else []
    return found


def labelled(pairs: Iterable[tuple[Cell, Cell]], *, width: int | None, indent: int = INDENT) -> list[Text]:
    """`label  text` with the texts under each other, wrapped beside their labels."""
    return table([list(pair) for pair in pairs], width=width, indent=indent, gap=2)


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 release`, `2 releases`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
