"""What a message may show: no value whose key or look says that it is a secret, no character that moves a cursor."""

from __future__ import annotations

import re
from typing import Final

_SECRET_KEY: Final = re.compile(
    r"pass|secret|token|credential|auth|salt|dsn|dockerconfig|(api|private|access|encrypt\w*|sign\w*)[-_]?key|^key$",
    re.IGNORECASE,
)
_NOT_PLAIN: Final = re.compile(r"[^\x20-\x7e]")


def looks_secret(key: str) -> bool:
    """Whether the name of a key says that its value is nobody's business."""
    return bool(_SECRET_KEY.search(key))


def printable(text: str) -> str:
    """`text` in ASCII, everything else written out: a name that looks like another, or turns a line around, shows."""
    return _NOT_PLAIN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
