"""Which releases have a workload that is not complete right now: a coarse look at three lists, not a verdict.

The rules that decide readiness are in `run.health`; this only says where it is worth asking them. Sources: the status
fields of apps/v1 (observedGeneration, availableReplicas, updatedReplicas, readyReplicas, numberReady).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformctl.errors import ForbiddenError
from platformctl.live.state import ReleaseId
from platformctl.tools.api import Api

KINDS: Final = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}


def unready_releases(api: Api) -> dict[ReleaseId, str]:
    """Release → its first incomplete workload. What may not be listed is left out: nothing is concluded from it."""
    found: dict[ReleaseId, str] = {}
    for kind, plural in KINDS.items():
        try:
            items = api.list(f"/apis/apps/v1/{plural}")
        except ForbiddenError:
            continue
        for item in items:
            release = owner(item)
            text = incomplete(kind, item)
            if release is not None and text is not None:
                found.setdefault(release, f"{kind} {item['metadata']['name']}: {text}")
    return found


def owner(item: Mapping[str, Any]) -> ReleaseId | None:
    """The Helm release that made an object, as helm notes it on the object."""
    annotations = item["metadata"].get("annotations") or {}
    name, namespace = (
        annotations.get("meta.helm.sh/release-name"),
        annotations.get("meta.helm.sh/release-namespace"),
    )
    return ReleaseId(namespace, name) if name and namespace else None


def incomplete(kind: str, item: Mapping[str, Any]) -> str | None:
    """`1 of 3 available`, or None for a complete workload."""
    status = item.get("status") or {}
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        return "its last change is not yet seen by its controller"
    if kind == "DaemonSet":
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    else:
        wanted = (item.get("spec") or {}).get("replicas", 1)
        counts = ("availableReplicas", "updatedReplicas") if kind == "Deployment" else ("readyReplicas",)
        ready = min(status.get(count, 0) for count in counts)
    return f"{ready} of {wanted} available" if ready < wanted else None
