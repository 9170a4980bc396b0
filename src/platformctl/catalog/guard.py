"""What a YAML text may be and what it may cost, checked on its bytes, its events and its tree before data is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from platformctl.catalog.masking import still
from platformctl.catalog.scalars import is_text_everywhere, plain_value
from platformctl.errors import CatalogError, Problem

TAG: Final = "tag:yaml.org,2002:"
_STANDARD: Final = frozenset(TAG + name for name in ("null", "bool", "int", "float", "str", "seq", "map"))
_UNREADABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text may cost; `nodes` counts what aliases expand to. `catalog` and `tags` choose the rules above."""

    size_bytes: int
    depth: int = 64
    nodes: int = 500_000
    catalog: bool = False
    tags: bool = False


CATALOG: Final = Limits(size_bytes=1 << 20, nodes=100_000, catalog=True)
VALUES: Final = Limits(size_bytes=8 << 20)
MANIFESTS: Final = Limits(size_bytes=128 << 20, depth=256, nodes=10_000_000, tags=True)


def refuse(file: str, text: str, mark: Any = None, cause: Exception | None = None) -> NoReturn:
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    raise CatalogError([Problem(file, line, column, "", still(text))]) from cause


def decoded(source: bytes | str, file: str, limits: Limits) -> str:
    """`source` as text that a YAML reader can take."""
    raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if len(raw) > limits.size_bytes:
        refuse(file, f"is larger than {limits.size_bytes >> 20} MiB")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        refuse(file, "starts with a byte order mark; save it as UTF-8 without one", _Place(0, 0))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place_after(raw[: error.start].decode("utf-8"))
        refuse(file, f"byte 0x{raw[error.start]:02x} is not UTF-8", place, error)
    odd = _UNREADABLE.search(text)
    if odd:
        refuse(
            file, f"character U+{ord(odd[0]):04X} may not stand in YAML", _place_after(text[: odd.start()])
        )
    return text


@dataclass(frozen=True, slots=True)
class _Place:
    line: int
    column: int


def _place_after(text: str) -> _Place:
    return _Place(text.count("\n"), len(text) - text.rfind("\n") - 1)


@dataclass(slots=True)
class _Open:
    """A collection that has started and not ended: its anchor, and how many nodes it has so far."""

    anchor: str | None
    nodes: int = 1


def scan(text: str, file: str, limits: Limits) -> None:
    """Reads the events of a text and refuses what would cost too much, or may not be, before anything is built."""
    opened: list[_Open] = [_Open(None, 0)]
    sizes: dict[str, int] = {}
    total = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.CollectionEndEvent():
                done = opened.pop()
                opened[-1].nodes += done.nodes
                if done.anchor:
                    sizes[done.anchor] = done.nodes
                continue
            case yaml.AliasEvent():
                if any(one.anchor == event.anchor for one in opened):
                    refuse(file, f"alias *{event.anchor} stands inside what it refers to", event.start_mark)
                added = sizes.get(event.anchor or "", 1)
                opened[-1].nodes += added
            case yaml.CollectionStartEvent():
                added = 1
                opened.append(_Open(event.anchor))
                if len(opened) > limits.depth + 1:
                    refuse(file, f"is nested deeper than {limits.depth} levels", event.start_mark)
            case yaml.ScalarEvent():
                added = 1
                opened[-1].nodes += 1
                if event.anchor:
                    sizes[event.anchor] = 1
            case _:
                continue
        total += added
        if total > limits.nodes:
            refuse(file, f"has more than {limits.nodes} values, aliases expanded", event.start_mark)
        tag = getattr(event, "tag", None)
        if tag is not None and not (limits.tags and tag in _STANDARD):
            refuse(file, f"tag {tag.replace(TAG, '!!')} is not allowed", event.start_mark)


def key_text(node: Node, limits: Limits) -> str:
    """A key as text. In a catalog as it is written; else as Go turns YAML into JSON: 012 becomes "10", `on` "true"."""
    plain = isinstance(node, ScalarNode) and not node.style and not limits.catalog
    value = plain_value(node.value) if plain else str(node.value)
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case _:
            return str(value)


def key_problems(root: Node, file: str, limits: Limits) -> Iterator[Problem]:
    """Keys that stand twice in one mapping, before merging (afterwards, what `<<` brings would look like one of them)."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        children: list[Node] = []
        if isinstance(node, MappingNode):
            first: dict[str, Any] = {}
            for key, value in node.value:
                children.append(value)
                if not isinstance(key, ScalarNode):
                    refuse(file, "a key must be text, not a list or a mapping", key.start_mark)
                name, mark = key_text(key, limits), key.start_mark
                place = (file, mark.line + 1, mark.column + 1, "")
                if limits.catalog and not key.style and not is_text_everywhere(key.value):
                    yield Problem(
                        *place, f'key {key.value} is not text for every reader; quote it: "{key.value}"'
                    )
                if key.tag == TAG + "merge" and first:
                    yield Problem(*place, "<< must stand first: below other keys, helm lets it win over them")
                if name in first:
                    yield Problem(
                        *place, f'duplicate key "{still(name)}" (first at line {first[name].line + 1})'
                    )
                first.setdefault(name, mark)
        elif isinstance(node, SequenceNode):
            children = list(node.value)
        waiting += [child for child in children if id(child) not in seen]
        seen.update(id(child) for child in children)
