"""The coarse look at workloads: which releases are worth a second look."""

from __future__ import annotations

from typing import Any

import pytest

from platformctl.live.state import ReleaseId
from platformctl.live.workloads import incomplete, owner


def workload(generation: int = 1, replicas: int | None = None, **status: int) -> dict[str, Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    counts = {name.rstrip("_"): count for name, count in status.items()}  # replicas_: those of the status
    return {"metadata": {"name": "web", "generation": generation}, "spec": spec, "status": counts}


@pytest.mark.parametrize(
    ("kind", "item", "said"),
    [
        ("Deployment", workload(replicas=2, observedGeneration=1, replicas_=2, availableReplicas=2, updatedReplicas=2), None),
        ("Deployment", workload(replicas=2, observedGeneration=1, replicas_=2, availableReplicas=1, updatedReplicas=2), "1 of 2 ready"),
        ("Deployment", workload(replicas=2, observedGeneration=1, replicas_=2, availableReplicas=2, updatedReplicas=1), "1 of 2 of the newest version, 2 in all"),
        # The newest pod crashes, and the one before it is kept: available, and yet not done.
        ("Deployment", workload(observedGeneration=1, replicas_=2, availableReplicas=1, updatedReplicas=1), "1 of 1 of the newest version, 2 in all"),
        ("Deployment", workload(observedGeneration=1), "0 of 1 ready"),  # missing replicas mean one
        ("Deployment", workload(replicas=0, observedGeneration=1), None),
        ("Deployment", workload(generation=2, observedGeneration=1), "its last change is not yet seen by its controller"),
        ("StatefulSet", workload(replicas=1, observedGeneration=1, readyReplicas=1, updatedReplicas=1), None),
        ("StatefulSet", workload(replicas=3, observedGeneration=1, readyReplicas=2, updatedReplicas=3), "2 of 3 ready"),
        ("StatefulSet", workload(replicas=3, observedGeneration=1, readyReplicas=3, updatedReplicas=1), "1 of 3 of the newest version, 3 in all"),
        ("DaemonSet", workload(observedGeneration=1, desiredNumberScheduled=3, numberReady=2, updatedNumberScheduled=3), "2 of 3 ready"),
        ("DaemonSet", workload(observedGeneration=1, desiredNumberScheduled=3, numberReady=3, updatedNumberScheduled=2), "2 of 3 of the newest version, 3 in all"),
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
