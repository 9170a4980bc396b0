"""The graph of needs: levels, circles, and the sync waves that follow."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from platformctl.catalog.needs import cycles, levels, reachable, sync_waves

from .conftest import Repository

GRAPHS = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=4), max_size=6
)


def test_levels_count_from_what_needs_nothing() -> None:
    graph = {"web": ["secrets"], "secrets": [], "ingress": ["web", "secrets"], "cache": ["elsewhere"]}
    assert levels(graph) == {"secrets": 0, "cache": 0, "web": 1, "ingress": 2}


def test_circles_are_named_in_the_direction_of_needs() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["a"], "x": ["x"], "y": ["a", "z"], "z": []}
    assert cycles(graph) == (("x", "x"), ("a", "b", "c", "a")) or cycles(graph) == (
        ("a", "b", "c", "a"),
        ("x", "x"),
    )
    assert levels(graph) == {"z": 0, "a": 1, "b": 1, "c": 1, "x": 1, "y": 1}


@given(GRAPHS)
def test_a_level_is_above_all_that_is_needed_unless_there_is_a_circle(graph: dict[str, list[str]]) -> None:
    found = levels(graph)
    assert found.keys() == graph.keys()
    rings = cycles(graph)
    for ring in rings:
        assert ring[0] == ring[-1]
        assert all(need in graph[name] for name, need in itertools.pairwise(ring))
    if not rings:
        assert all(
            found[need] < found[name] for name, needs in graph.items() for need in needs if need in graph
        )
        assert not any(name in reachable(graph, [name]) for name in graph)


def test_sync_waves_put_what_is_needed_first_and_keep_what_is_written(repository: Repository) -> None:
    app = "{{chart: {{path: /charts/web}}, needs: [{needs}], argocd: {{{argocd}}}, environments: {{stg: {{}}}}}}"
    catalog = repository.load(
        "environments: {stg: {namespace: {name: s}}}\napplications:\n"
        + f"  ingress: {app.format(needs='web', argocd='')}\n"
        + f"  web: {app.format(needs='secrets', argocd='syncWave: -3')}\n"
        + f"  secrets: {app.format(needs='', argocd='')}\n"
        + f"  cache: {app.format(needs='', argocd='syncWave: 1')}\n"
    )
    assert sync_waves(catalog.platform) == {"ingress": 0, "web": -3, "secrets": -4, "cache": 1}
