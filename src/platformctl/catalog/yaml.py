"""The one YAML loader and the one dumper of the program.

The loader takes UTF-8 text with one document (`parse_all`: a stream of them), without byte order mark, without tags of
the writer's own, within limits of size, depth and aliases. Whatever is wrong comes out as a CatalogError that names
file, line and column: PyYAML by itself raises ValueError and RecursionError besides YAMLError, keeps the last of two
equal keys silently, and expands aliases without end.

A plain word means what Go's YAML reader makes of it (`y` is true, 1e3 is 1000, 012 is 10, a date is text), because
helm, kubectl and Argo CD read the same files. Source: go.yaml.in/yaml/v2 resolve.go, which sigs.k8s.io/yaml uses. In a
catalog, where a string must be one for every reader, what YAML 1.1 takes for a number or a date (12:30:45, 2026-01-31)
is one here too, so that the models refuse it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml
from yaml.nodes import Node, ScalarNode

from platformctl.catalog.guard import (
    CATALOG,
    MANIFESTS,
    TAG,
    VALUES,
    Limits,
    decoded,
    key_problems,
    key_text,
    refuse,
    scan,
)
from platformctl.catalog.scalars import is_text_everywhere, other_reading, plain_value
from platformctl.errors import CatalogError, Problem

__all__ = [
    "CATALOG",
    "MANIFESTS",
    "VALUES",
    "Document",
    "Limits",
    "dump",
    "parse",
    "parse_all",
    "read",
    "tree",
]

_TAG_OF: Final = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read. `problems` did not stop it: keys that stand twice, keys that are not text."""

    file: str
    text: str
    data: Any
    problems: tuple[Problem, ...] = ()

    def checked(self) -> Any:
        """The data, when nothing is wrong with it."""
        if self.problems:
            raise CatalogError(list(self.problems))
        return self.data


def read(path: Path, file: str, limits: Limits = CATALOG) -> Document:
    """Reads the file `path`, which messages call `file`. Raises CatalogError."""
    try:
        if not path.is_file():
            refuse(file, "is not a file" if path.exists() else "there is no such file")
        with path.open("rb") as stream:
            source = stream.read(limits.size_bytes + 1)
    except OSError as error:
        refuse(file, f"cannot be read: {error.strerror}", cause=error)
    return parse(source, file, limits)


def parse(source: bytes | str, file: str, limits: Limits = CATALOG) -> Document:
    """Reads one document. Raises CatalogError, and nothing else, whatever the bytes are."""
    text, trees = _trees(source, file, limits)
    if len(trees) > 1:
        mark = trees[1].start_mark
        refuse(file, "a second document starts here; one file holds one", mark)
    problems: list[Problem] = []
    data = _built(trees[0], file, limits, problems) if trees else None
    return Document(file, text, data, tuple(problems))


def parse_all(source: bytes | str, file: str, limits: Limits = MANIFESTS) -> tuple[Any, ...]:
    """Reads a stream of documents that a tool wrote. Of two equal keys the last counts, as for kubectl."""
    _, trees = _trees(source, file, limits)
    return tuple(_built(tree, file, limits, []) for tree in trees)


def dump(value: Any) -> str:
    """`value` as YAML that every reader understands alike: what some reader would not take for text is quoted."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return str(text)


def tree(document: Document, limits: Limits = CATALOG) -> Node | None:
    """The nodes of a document that was read, with their positions."""
    _, trees = _trees(document.text, document.file, limits)
    return trees[0] if trees else None


def _trees(source: bytes | str, file: str, limits: Limits) -> tuple[str, list[Node]]:
    """The text, and its documents as trees; each document is held against the limits before a tree is made of it."""
    text = decoded(source, file, limits)
    try:
        scan(text, file, limits)
        return text, list(yaml.compose_all(text, Loader=_CatalogLoader if limits.catalog else _Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        _refuse_syntax(error, text, file)


def _refuse_syntax(error: Exception, text: str, file: str) -> NoReturn:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        refuse(file, "a tab cannot indent; use spaces", mark, error)
    refuse(file, f"not valid YAML: {problem}" + (f" ({context})" if context else ""), mark, error)


def _built(node: Node, file: str, limits: Limits, problems: list[Problem]) -> Any:
    """The data of a tree; what is wrong with its keys is added to `problems`."""
    problems += key_problems(node, file, limits)
    loader = (_CatalogLoader if limits.catalog else _Loader)("")
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        refuse(file, str(getattr(error, "problem", error)), getattr(error, "problem_mark", None), error)
    finally:
        loader.dispose()


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader with Go's reading of plain scalars, and keys as text."""

    limits = VALUES

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is not ScalarNode or not implicit[0] or value == "<<":
            return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
        return TAG + _TAG_OF[type(plain_value(value))]

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:  # type: ignore[override]
        self.flatten_mapping(node)
        return {key_text(key, self.limits): self.construct_object(value, deep) for key, value in node.value}

    def construct_text(self, node: Any) -> str:
        return str(node.value)

    def construct_word(self, node: Any) -> Any:
        value = plain_value(node.value)
        if isinstance(value, float) and not math.isfinite(value):
            raise yaml.constructor.ConstructorError(None, None, "JSON has no such number", node.start_mark)
        if node.tag == TAG + "float" and type(value) is int:
            return float(value)
        if TAG + _TAG_OF[type(value)] != node.tag:
            kind = node.tag.removeprefix(TAG)
            raise yaml.constructor.ConstructorError(None, None, f"is no {kind}", node.start_mark)
        return value


class _CatalogLoader(_Loader):
    """Takes for a number or a date what any reader of YAML 1.1 does."""

    limits = CATALOG

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        tag = super().resolve(kind, value, implicit)
        plain = kind is ScalarNode and implicit[0] and tag == TAG + "str"
        return (other_reading(value) or tag) if plain else tag

    def construct_other(self, node: Any) -> Any:
        """A number or date of YAML 1.1, where Go reads text."""
        if not isinstance(plain_value(node.value), str):
            return self.construct_word(node)
        try:
            return yaml.SafeLoader.yaml_constructors[node.tag](self, node)
        except (ValueError, OverflowError) as error:
            kind = "date" if node.tag == TAG + "timestamp" else "number"
            shown = f'{node.value}"' if len(node.value) <= 40 else f'{node.value[:40]}…"'
            text = f'looks like a {kind} and is none; for text, quote it: "{shown}'
            raise yaml.constructor.ConstructorError(None, None, text, node.start_mark) from error


_Loader.add_constructor(TAG + "merge", _Loader.construct_text)  # << that is no key
for _name in ("null", "bool", "int", "float"):
    _Loader.add_constructor(TAG + _name, _Loader.construct_word)
for _name in ("int", "float", "timestamp"):
    _CatalogLoader.add_constructor(TAG + _name, _CatalogLoader.construct_other)


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True

    def represent_text(self, data: str) -> Node:
        """Lines as a block, what could be mistaken in double quotes, the rest plain."""
        text = str(data)
        plain = text and is_text_everywhere(text)
        return self.represent_scalar(TAG + "str", text, "|" if "\n" in text else None if plain else '"')


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_multi_representer(str, _Dumper.represent_text)
