"""An object as lines of YAML to compare and read: sorted keys, one value per line, the same text for the same meaning.

It is for diffs only and is never parsed again, hence not the YAML dumper of the catalog.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

# What a reader looks for first; everything else follows by name.
_FIRST: Final = {"apiVersion": 0, "kind": 1, "metadata": 2, "name": 3}
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@%+=:-]*(?<!:)( [A-Za-z0-9_./@%+=-]+)*")
_NOT_PLAIN: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def manifest_lines(body: Mapping[str, Any]) -> list[str]:
    """The lines of one object, two spaces per level."""
    return list(_mapping(body))


def _mapping(value: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(value, key=lambda name: (_FIRST.get(name, len(_FIRST)), str(name))):
        yield from _entry(f"{_text(str(key))}:", value[key])


def _entry(head: str, value: Any) -> Iterator[str]:
    match value:
        case dict() if value:
            yield head
            yield from (f"  {line}" for line in _mapping(value))
        case list() if value:
            yield head
            yield from _items(value)
        case str() if _is_block(value):
            yield f"{head} {'|' if value.endswith(chr(10)) else '|-'}"
            yield from (f"  {line}" for line in value.removesuffix("\n").split("\n"))
        case _:
            yield f"{head} {_scalar(value)}"


def _items(values: list[Any]) -> Iterator[str]:
    for value in values:
        match value:
            case dict() if value:
                lines = list(_mapping(value))
            case list() if value:
                lines = list(_items(value))
            case _:
                lines = [line.removeprefix(": ") for line in _entry(":", value)]
        yield f"- {lines[0]}"
        yield from (f"  {line}" for line in lines[1:])


def _is_block(text: str) -> bool:
    """Whether a text of several lines can stand line by line without losing anything."""
    return "\n" in text.removesuffix("\n") and all(
        line == line.rstrip() and line.isprintable() for line in text.replace("\t", " ").split("\n")
    )


def _scalar(value: Any) -> str:
    match value:
        case str():
            return _text(value)
        case bool() | int() | float() | None | dict() | list():
            return json.dumps(value)
        case _:
            return _text(str(value))  # a date, which YAML reads without being asked


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN:
        return text
    return json.dumps(text, ensure_ascii=False)
