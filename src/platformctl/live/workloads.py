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
    """`1 of 3 ready`, or None for a complete workload: as many as wanted, all of the newest template, none besides."""
    status = item.get("status") or {}
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        return "its last change is not yet seen by its controller"
    wanted = (item.get("spec") or {}).get("replicas", 1)
    match kind:
        case "DaemonSet":
            wanted = status.get("desiredNumberScheduled", 0)
            ready, updated, total = (
                status.get("numberReady", 0),
                status.get("updatedNumberScheduled", 0),
                wanted,
            )
        case "Deployment":
            ready, updated = status.get("availableReplicas", 0), status.get("updatedReplicas", 0)
            total = status.get("replicas", 0)
        case _:
            ready, updated, total = (
                status.get("readyReplicas", 0),
                status.get("updatedReplicas", wanted),
                wanted,
            )
    if ready < wanted:
        return f"{ready} of {wanted} ready"
    if updated < wanted or total > updated:
        return f"{updated} of {wanted} of the newest version, {total} in all"
    return None
