"""What a message may show: no value whose key or look says that it is a secret, no character that moves a cursor."""

from __future__ import annotations

import re
from typing import Final

_SECRET_KEY: Final = re.compile(
    r"pass|secret|token|credential|auth|salt|dsn|dockerconfig|(api|private|access|encrypt\w*|sign\w*)[-_]?key|^key$",
    re.IGNORECASE,
)
_MOVING: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_NOT_PLAIN: Final = re.compile(r"[^\x20-\x7e]")


def looks_secret(key: str) -> bool:
    """Whether the name of a key says that its value is nobody's business."""
    return bool(_SECRET_KEY.search(key))


def still(text: str) -> str:
    """`text` with every character written out that would move a cursor, hide, or turn the writing direction."""
    return _MOVING.sub(_escaped, text)


def printable(text: str) -> str:
    """`text` in ASCII, everything else written out: a name that looks like another, or turns a line around, shows."""
    return _NOT_PLAIN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
