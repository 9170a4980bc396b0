"""What a plain YAML word means: to Go's reader, which helm, kubectl and Argo CD use, and to readers of YAML 1.1.

Source: go.yaml.in/yaml/v2, resolve.go (sigs.k8s.io/yaml reads with it); measured against helm in the tests.
"""

from __future__ import annotations

import math
import re
from typing import Final

from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True),
    **dict.fromkeys(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False),
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], math.inf),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], -math.inf),
}
_INT: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES: Final = (16, 2, 8, 10)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_INT: Final = 80  # digits; Go's are 64 bits, so a longer one is a float or text
_RESOLVER: Final = Resolver()
_READ_OTHERWISE: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))


def plain_value(text: str) -> bool | int | float | str | None:
    """What Go reads a plain scalar as."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    number = text.replace("_", "")
    whole = _integer(number)
    if whole is not None:
        return whole
    if _FLOAT.fullmatch(number):
        real = float(number)
        return text if math.isinf(real) else real
    return text


def other_reading(text: str) -> str | None:
    """The YAML 1.1 tag of a plain scalar that is text to Go and a number or a date to other readers."""
    tag = _RESOLVER.resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag if tag in _READ_OTHERWISE else None


def is_text_everywhere(text: str) -> bool:
    """Whether every reader takes the plain scalar for text."""
    return isinstance(plain_value(text), str) and other_reading(text) is None


def _integer(number: str) -> int | None:
    match = _INT.fullmatch(number)
    if match is None or len(number) > _LONGEST_INT:
        return None
    digits, base = next(
        (digits, base) for digits, base in zip(match.groups()[1:], _BASES, strict=True) if digits
    )
    value = int(match[1] + digits, base)
    limit = 2**63 if match[1] else 2**64
    return value if -(2**63) <= value < limit else None
