"""The coarse look at workloads: which releases are worth a second look."""

from __future__ import annotations

from typing import Any

import pytest

from platformctl.live.state import ReleaseId
from platformctl.live.workloads import incomplete, owner


def workload(generation: int = 1, replicas: int | None = None, **status: int) -> dict[str, Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    return {"metadata": {"name": "web", "generation": generation}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("kind", "item", "said"),
    [
        ("Deployment", workload(replicas=2, observedGeneration=1, availableReplicas=2, updatedReplicas=2), None),
        ("Deployment", workload(replicas=2, observedGeneration=1, availableReplicas=1, updatedReplicas=2), "1 of 2 available"),
        ("Deployment", workload(replicas=2, observedGeneration=1, availableReplicas=2, updatedReplicas=1), "1 of 2 available"),
        ("Deployment", workload(observedGeneration=1), "0 of 1 available"),  # missing replicas mean one
        ("Deployment", workload(replicas=0, observedGeneration=1), None),
        ("Deployment", workload(generation=2, observedGeneration=1, availableReplicas=1, updatedReplicas=1), "its last change is not yet seen by its controller"),
        ("StatefulSet", workload(replicas=1, observedGeneration=1, readyReplicas=1), None),
        ("StatefulSet", workload(replicas=3, observedGeneration=1, readyReplicas=2), "2 of 3 available"),
        ("DaemonSet", workload(observedGeneration=1, desiredNumberScheduled=3, numberReady=2), "2 of 3 available"),
        ("DaemonSet", workload(observedGeneration=1), None),
    ],
)  # fmt: skip
def test_a_workload_is_complete_or_says_how_far_it_is(
    kind: str, item: dict[str, Any], said: str | None
) -> None:
    assert incomplete(kind, item) == said


def test_the_owner_is_the_release_that_helm_noted() -> None:
    noted = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}
    assert owner({"metadata": {"annotations": noted}}) == ReleaseId("shop", "web")
    assert owner({"metadata": {"annotations": {"meta.helm.sh/release-name": "web"}}}) is None
    assert owner({"metadata": {}}) is None
