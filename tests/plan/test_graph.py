from __future__ import annotations

import random

import pytest

from platformctl.catalog.models import Namespace
from platformctl.errors import DesiredStateError
from platformctl.plan.graph import closure, waves, why_blocked
from platformctl.plan.steps import EnsureNamespace, StepId


def step(name: str, *needs: str) -> EnsureNamespace:
    return EnsureNamespace(
        StepId(name),
        Namespace(name=name, labels={}),
        exists=False,
        needs=tuple(StepId(need) for need in needs),
    )


def test_a_wave_comes_after_the_latest_of_its_needs() -> None:
    graph = {"web": ["api", "secrets"], "api": ["secrets"], "cache": [], "secrets": []}

    assert waves(graph) == {"cache": 0, "secrets": 0, "api": 1, "web": 2}
    assert list(waves(graph)) == ["cache", "secrets", "api", "web"]


def test_the_order_does_not_depend_on_the_order_of_the_graph() -> None:
    graph = {f"r{number}": [f"r{need}" for need in range(0, number, 3)] for number in range(12)}
    shuffled = list(graph)
    random.Random(1).shuffle(shuffled)

    assert list(waves({key: graph[key] for key in shuffled}).items()) == list(waves(graph).items())


def test_a_need_outside_the_graph_is_left_out() -> None:
    assert waves({"web": ["not-in-this-plan"]}) == {"web": 0}


def test_a_cycle_names_its_path_in_the_direction_of_needs() -> None:
    with pytest.raises(DesiredStateError) as caught:
        waves({"web": ["api"], "api": ["secrets"], "secrets": ["web"], "cache": ["web"]})

    assert caught.value.message == ("put releases in order: needs form a cycle: api → secrets → web → api")
    assert caught.value.exit_code == 6


def test_a_release_that_needs_itself_is_a_cycle() -> None:
    with pytest.raises(DesiredStateError, match="web → web"):
        waves({"web": ["web"]})


def test_closure_has_what_is_needed_and_not_the_start() -> None:
    graph = {"web": ["api"], "api": ["secrets"], "secrets": [], "cache": []}

    assert closure(["web"], graph) == {"api", "secrets"}
    assert closure(["cache"], graph) == frozenset()


def test_why_blocked_follows_the_chain_to_what_waits_for_nothing() -> None:
    steps = [step("a"), step("b", "a"), step("c"), step("d", "c", "b")]

    assert why_blocked(StepId("d"), steps, done=[StepId("c")]) == ("b", "a")
    assert why_blocked(StepId("d"), steps, done=[StepId("b"), StepId("c")]) == ()
    assert why_blocked(StepId("unknown"), steps, done=[]) == ()
