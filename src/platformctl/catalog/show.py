"""The catalog for people: its releases with what they inherit, and the graph of needs as text, DOT and Mermaid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from platformctl.catalog.desired import Catalog
from platformctl.catalog.inherited import described
from platformctl.catalog.load import places
from platformctl.catalog.models import LIBRARIES
from platformctl.catalog.needs import levels


@dataclass(frozen=True, slots=True)
class Node:
    """A library or application. `level` counts from what needs nothing; `managed` is False for what is not ours."""

    key: str
    group: str
    level: int
    needs: tuple[str, ...]
    managed: bool = True


def data(catalog: Catalog, *, origin: bool = False) -> dict[str, Any]:
    """Scope → key → setting → value, as plain data; with `origin` each value as {"value": …, "from": "file:line"}, for
    which the files are read again."""
    return dict(described(catalog, places(catalog) if origin else None))


def graph(catalog: Catalog, scope: str | None = None) -> tuple[Node, ...]:
    """The nodes by group and level: of everything, or of one scope with the libraries that it needs directly."""
    platform = catalog.platform
    needs = {key: tuple(library.needs) for key, library in platform.libraries.items()}
    group = dict.fromkeys(needs, "libraries")
    if scope is None:
        needs |= {key: tuple(app.needs) for key, app in platform.applications.items()}
    elif scope != LIBRARIES:
        wanted = {need for release in catalog.scopes[scope].releases for need in release.needs_libraries}
        needs = {key: () for key in needs if key in wanted}
        needs |= {
            key: tuple(
                need
                for need in app.needs
                if need in wanted or scope in platform.applications[need].environments
            )
            for key, app in platform.applications.items()
            if scope in app.environments
        }
    group |= {key: "applications" for key in needs if key in platform.applications}
    level = levels(needs)
    unmanaged = {key for key, library in platform.libraries.items() if not library.managed}
    nodes = [Node(key, group[key], level[key], needs[key], key not in unmanaged) for key in needs]
    return tuple(sorted(nodes, key=lambda node: (node.group != "libraries", node.level, node.key)))


def as_text(nodes: tuple[Node, ...]) -> str:
    """One line for each, under its group, with what it needs; those of one level can run together."""
    width = max((len(node.key) for node in nodes), default=0)

    def lines() -> Iterator[str]:
        group = level = None
        for node in nodes:
            if node.group != group:
                yield f"{node.group}"
                group, level = node.group, None
            mark = f"{node.level:>4}" if node.level != level else "    "
            level = node.level
            notes = [f"needs {', '.join(node.needs)}"] if node.needs else []
            notes += [] if node.managed else ["not ours: only checked"]
            yield f"{mark}  {node.key:<{width}}  {'; '.join(notes)}".rstrip()

    return "".join(f"{line}\n" for line in lines())


def as_dot(nodes: tuple[Node, ...]) -> str:
    """For Graphviz. An arrow points from what needs to what is needed."""
    lines = ["digraph needs {", "  rankdir=LR;", "  node [shape=box];"]
    for group in dict.fromkeys(node.group for node in nodes):
        lines.append(f"  subgraph {json.dumps('cluster_' + group)} {{")
        lines.append(f"    label={json.dumps(group)};")
        lines += [
            f"    {json.dumps(node.key)}{'' if node.managed else ' [style=dashed]'};"
            for node in nodes
            if node.group == group
        ]
        lines.append("  }")
    lines += [f"  {json.dumps(node.key)} -> {json.dumps(need)};" for node in nodes for need in node.needs]
    return "\n".join([*lines, "}"]) + "\n"


def as_mermaid(nodes: tuple[Node, ...]) -> str:
    """For Mermaid, which GitHub and GitLab draw. Names of nodes are numbers: Mermaid has words of its own, like `end`."""
    number = {node.key: f"n{at}" for at, node in enumerate(nodes)}
    lines = ["graph LR"]
    for group in dict.fromkeys(node.group for node in nodes):
        lines.append(f"  subgraph {group}")
        for node in nodes:
            if node.group == group:
                left, right = ("[", "]") if node.managed else ("([", "])")
                lines.append(f'    {number[node.key]}{left}"{node.key}"{right}')
        lines.append("  end")
    lines += [f"  {number[node.key]} --> {number[need]}" for node in nodes for need in node.needs]
    return "\n".join(lines) + "\n"
