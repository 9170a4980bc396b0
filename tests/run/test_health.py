"""Readiness as a pure function: every case of health_cases/*.yaml is an object, what is around it, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from platformctl.run.health import assess, needs_watching, runs_pods
from platformctl.run.verdict import Related, State, Verdict

CASES = Path(__file__).parent / "health_cases"
NOW = 100.0


def _cases() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(file.read_text())["cases"]:
            yield pytest.param(case, id=f"{file.stem}: {case['name']}")


@pytest.mark.parametrize("case", list(_cases()))
def test_readiness(case: dict[str, Any]) -> None:
    around = case.get("related", {})
    related = Related(
        pods=around.get("pods", ()),
        replica_sets=around.get("replicaSets", ()),
        events=around.get("events", {}),
        storage_classes=around.get("storageClasses"),
        since=around.get("since", {}),
    )
    found = assess(case["object"], related, case.get("now", NOW))
    wanted = case["verdict"]
    state = State(wanted["state"])
    ready = wanted.get("ready", 1 if state is State.READY else 0)
    expected = Verdict(state, wanted.get("detail", ""), ready, wanted.get("of", 1), found.troubles)
    assert (found, found.soft) == (expected, wanted.get("soft", False))


@pytest.mark.parametrize(
    ("kind", "watched", "keeps_pods"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, True, True),
        ({"apiVersion": "v1", "kind": "Pod"}, True, True),
        ({"apiVersion": "batch/v1", "kind": "Job"}, True, False),
        ({"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}}, True, False),
        ({"apiVersion": "v1", "kind": "Service", "spec": {}}, False, False),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, False, False),
        ({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}, False, False),
        ({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer"}, True, False),
    ],
)
def test_only_what_can_be_unready_is_watched(kind: dict[str, Any], watched: bool, keeps_pods: bool) -> None:
    assert (needs_watching(kind), runs_pods(kind)) == (watched, keeps_pods)
