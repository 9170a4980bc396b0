"""Where a key stands in a YAML file, and the words it was written in. Made only when something is to be reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from platformctl.catalog.guard import CATALOG, TAG, Limits, key_text
from platformctl.catalog.yaml import Document, tree

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions of one document."""

    root: Node | None
    limits: Limits = CATALOG

    @classmethod
    def of(cls, document: Document, limits: Limits = CATALOG) -> Positions:
        return cls(tree(document, limits), limits)

    def at(self, path: KeyPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path`, or of its key; where it is not there, of the nearest key above."""
        key_node, node, found = self._find(path)
        chosen = node if found and not key and node is not None else key_node or node
        if chosen is None:
            return 1, 1
        return chosen.start_mark.line + 1, chosen.start_mark.column + 1

    def written(self, path: KeyPath) -> str | None:
        """The plain scalar at `path` as it stands in the file; None for anything else, quoted text included."""
        _, node, found = self._find(path)
        return str(node.value) if found and isinstance(node, ScalarNode) and not node.style else None

    def span(self, path: KeyPath) -> tuple[int, int] | None:
        """Where the scalar at `path` begins and ends in the text, in characters from 0; None where there is none."""
        _, node, found = self._find(path)
        return (
            (node.start_mark.index, node.end_mark.index) if found and isinstance(node, ScalarNode) else None
        )

    def leaves(self) -> Iterator[tuple[KeyPath, int]]:
        """Every value that is no mapping, with its line. Lists count as one value."""
        waiting: list[tuple[KeyPath, Node]] = [((), self.root)] if self.root else []
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, MappingNode) and node.value:
                found = dict(_entries(node, self.limits))
                waiting += [((*path, name), value) for name, (_, value) in reversed(found.items())]
            else:
                yield path, node.start_mark.line + 1

    def _find(self, path: KeyPath) -> tuple[Node | None, Node | None, bool]:
        """The node of the last key on the way, the node reached, and whether that was the whole way."""
        key_node, node = None, self.root
        for step in path:
            child = _child(node, step, self.limits)
            if child is None:
                return key_node, node, False
            key_node, node = child
        return key_node, node, True


def shown_path(path: KeyPath) -> str:
    """`applications.shop.environments.prod.values[0]`; a name with dots in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or not step:
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


def _child(node: Node | None, step: str | int, limits: Limits) -> tuple[Node, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, MappingNode):
        return dict(_entries(node, limits)).get(str(step))
    return None


def _entries(node: MappingNode, limits: Limits) -> Iterator[tuple[str, tuple[Node, Node]]]:
    """Key and value nodes by name; what `<<` brings comes first, so that own keys win in a dict."""
    for key, value in node.value:
        if key.tag == TAG + "merge":
            merged = value.value if isinstance(value, SequenceNode) else [value]
            for mapping in reversed(merged):
                if isinstance(mapping, MappingNode):
                    yield from _entries(mapping, limits)
    for key, value in node.value:
        if key.tag != TAG + "merge":
            yield key_text(key, limits), (key, value)
