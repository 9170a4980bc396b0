"""Objects to play, and what to read of them."""

from __future__ import annotations

from typing import Any

from tests.support.sandbox import Cluster, eventually

CONTAINERS = [
    {"name": "main", "image": "registry.test/app:1"},
    {"name": "side", "image": "registry.test/side:1"},
]


def pod(play: str = "", after: str = "", **spec: Any) -> dict[str, Any]:
    annotations = {"platformctl.dev/play": play, "platformctl.dev/play-after": after}
    kept = {name: value for name, value in annotations.items() if value}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": play or "plain", "annotations": kept},
        "spec": {"containers": CONTAINERS, "terminationGracePeriodSeconds": 30, **spec},
    }


def claim(name: str, storage_class: str | None = None) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "300Gi"}}}
    named = {} if storage_class is None else {"storageClassName": storage_class}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": spec | named,
    }


def condition(value: dict[str, Any], name: str) -> str | None:
    found = [each["status"] for each in value.get("status", {}).get("conditions", []) if each["type"] == name]
    return found[0] if found else None


def containers(value: dict[str, Any]) -> list[tuple[str, str, int]]:
    """(state, its reason, restarts) of each container."""
    found = []
    for each in value["status"].get("containerStatuses", []):
        [(kind, detail)] = each["state"].items()
        found.append((kind, detail.get("reason", ""), each["restartCount"]))
    return found


def play(cluster: Cluster, namespace: str, value: dict[str, Any]) -> str:
    cluster.create(f"/api/v1/namespaces/{namespace}/pods", value)
    return f"/api/v1/namespaces/{namespace}/pods/{value['metadata']['name']}"


def until_played(cluster: Cluster, path: str) -> dict[str, Any]:
    def played() -> dict[str, Any] | None:
        found = cluster.get(path)
        return found if found and found["status"].get("containerStatuses") else None

    return eventually(played)


def crd(group: str, kind: str, *, status: bool = True) -> dict[str, Any]:
    plural = kind.lower() + "s"
    version: dict[str, Any] = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [version | ({"subresources": {"status": {}}} if status else {})],
        },
    }


def ready(cluster: Cluster, path: str) -> str | None:
    return condition(cluster.get(path) or {}, "Ready")
