"""The graph of needs: levels to deploy in, cycles by name, and the sync waves of Argo CD that follow from it.

A graph maps a name to the names that it needs; names that it does not hold count as there already.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from platformctl.catalog.models import Platform

Graph = Mapping[str, Iterable[str]]


def levels(graph: Graph) -> dict[str, int]:
    """How far each name stands from those that need nothing (0). Names on a cycle, and what waits for them, come last."""
    sorter = TopologicalSorter(_closed(graph))
    with contextlib.suppress(CycleError):
        sorter.prepare()
    found: dict[str, int] = {}
    level = 0
    while ready := sorter.get_ready():
        found.update(dict.fromkeys(ready, level))
        sorter.done(*ready)
        level += 1
    return found | {name: level for name in graph if name not in found}


def cycles(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """Cycles that share no name, each as it reads: ("a", "b", "a") when a needs b and b needs a."""
    left = {name: tuple(needs) for name, needs in graph.items()}
    found: list[tuple[str, ...]] = []
    while True:
        try:
            TopologicalSorter(_closed(left)).prepare()
        except CycleError as error:
            ring = list(reversed(error.args[1]))[:-1]  # graphlib names what is needed first
            start = ring.index(min(ring))
            found.append((*ring[start:], *ring[:start], ring[start]))
            left = {name: needs for name, needs in left.items() if name not in ring}
        else:
            return tuple(found)


def reachable(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Everything of the graph that `names` need, directly or not; without themselves unless another needs them."""
    found: set[str] = set()
    waiting = [need for name in names for need in graph.get(name, ())]
    while waiting:
        name = waiting.pop()
        if name in graph and name not in found:
            found.add(name)
            waiting += graph[name]
    return frozenset(found)


def application_graph(platform: Platform) -> dict[str, tuple[str, ...]]:
    """Which applications each application needs."""
    known = platform.applications
    return {key: tuple(need for need in app.needs if need in known) for key, app in known.items()}


def sync_waves(platform: Platform) -> dict[str, int]:
    """Argo CD's sync wave of each application, lower first: as written, else below everything that needs it, else 0."""
    graph = application_graph(platform)
    level = levels(graph)
    waves: dict[str, int] = {}
    for key in sorted(graph, key=lambda name: -level[name]):  # what needs comes before what is needed
        by_hand = platform.applications[key].argocd.syncWave
        above = [waves[other] - 1 for other, needs in graph.items() if key in needs and other in waves]
        waves[key] = by_hand if by_hand is not None else min([0, *above])
    return waves


def _closed(graph: Graph) -> dict[str, list[str]]:
    return {name: [need for need in needs if need in graph] for name, needs in graph.items()}
