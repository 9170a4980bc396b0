"""needs → edges → waves. Pure; the same graph always gives the same order.

A graph is a mapping from each node to what it needs. A need that is no node of the graph is left out: whoever builds
the graph has decided that it is not part of this plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from platformctl.errors import DesiredStateError
from platformctl.plan.steps import Step, StepId

Graph = Mapping[str, Collection[str]]


def waves(graph: Graph) -> dict[str, int]:
    """Each node's wave: 0 needs nothing, every other comes one after the latest of what it needs.

    In order of wave, then name. Raises DesiredStateError naming the path of a cycle.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter(
        {node: sorted(need for need in needs if need in graph) for node, needs in sorted(graph.items())}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        raise DesiredStateError(
            f"put releases in order: needs form a cycle: {_cycle(error.args[1])}",
            hint="take one of these needs out of the catalog",
        ) from None
    found: dict[str, int] = {}
    wave = 0
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found.update(dict.fromkeys(ready, wave))
        sorter.done(*ready)
        wave += 1
    return found


def closure(start: Collection[str], graph: Graph) -> frozenset[str]:
    """What `start` needs, and what that needs, and so on; without `start` itself unless something needs it."""
    found: set[str] = set()
    todo = list(start)
    while todo:
        for need in graph.get(todo.pop(), ()):
            if need in graph and need not in found:
                found.add(need)
                todo.append(need)
    return frozenset(found)


def why_blocked(step: StepId, steps: Sequence[Step], done: Collection[StepId]) -> tuple[StepId, ...]:
    """The chain that `step` waits for, nearest first; the last one waits for nothing more: it runs, may start, or failed.

    Empty when everything that `step` needs is done. `done` are the steps that ended well.
    """
    by_id = {each.id: each for each in steps}
    chain: list[StepId] = []
    current = by_id.get(step)
    while current is not None:
        open_needs = [need for need in current.needs if need in by_id and need not in done]
        if not open_needs or open_needs[0] in chain:
            break
        chain.append(open_needs[0])
        current = by_id[open_needs[0]]
    return tuple(chain)


def _cycle(path: Sequence[str]) -> str:
    """graphlib lists needed before needing and closes the ring; read it as "needs", from the first name on."""
    ring = list(reversed(path[:-1]))
    first = ring.index(min(ring))
    ring = [*ring[first:], *ring[:first]]
    return " → ".join([*ring, ring[0]])
