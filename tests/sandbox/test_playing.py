"""What the real control plane plays: nodes, pods, volumes, addresses, custom resources."""

from __future__ import annotations

from typing import Any

import pytest

from platformctl.sandbox.seeding import seeded
from tests.sandbox.objects import (
    CONTAINERS,
    claim,
    condition,
    containers,
    crd,
    play,
    pod,
    ready,
    until_played,
)
from tests.support.sandbox import Cluster, eventually

pytestmark = pytest.mark.e2e


def test_nodes_are_ready_and_take_pods(cluster: Cluster) -> None:
    nodes = cluster.items("/api/v1/nodes")
    found = {
        node["metadata"]["name"]: (condition(node, "Ready"), node["spec"].get("taints")) for node in nodes
    }
    assert found == dict.fromkeys(("node-0", "node-1", "node-2"), ("True", None))


def test_a_deployment_becomes_ready(cluster: Cluster, namespace: str) -> None:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": CONTAINERS}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    cluster.create(
        path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    )
    eventually(lambda: (cluster.get(f"{path}/web") or {})["status"].get("readyReplicas") == 3)


def test_a_load_balancer_and_an_ingress_get_addresses_on_loopback(cluster: Cluster, namespace: str) -> None:
    services = f"/api/v1/namespaces/{namespace}/services"
    ingresses = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    for name, noted in {"web": {}, "waits": {"platformctl.dev/play": "never-ready"}}.items():
        metadata = {"name": name, "annotations": noted}
        spec: dict[str, Any] = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        cluster.create(services, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
        spec = {"ingressClassName": "nginx", "defaultBackend": backend}
        cluster.create(
            ingresses,
            {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec},
        )

    def address(path: str) -> str:
        entries = (cluster.get(path) or {})["status"]["loadBalancer"].get("ingress", [])
        return entries[0]["ip"] if entries else ""

    assert eventually(lambda: address(f"{services}/web")).startswith("127.96.")
    assert eventually(lambda: address(f"{ingresses}/web")) == "127.0.0.1"
    assert (address(f"{services}/waits"), address(f"{ingresses}/waits")) == ("", "")


def test_claims_are_bound_as_their_class_says(cluster: Cluster, namespace: str) -> None:
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    for value in (claim("default"), claim("unused", "openebs-hostpath"), claim("used", "openebs-hostpath")):
        cluster.create(claims, value)
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "used"}}]
    user = play(cluster, namespace, pod(volumes=volumes))

    def phases() -> dict[str, str]:
        return {item["metadata"]["name"]: item["status"]["phase"] for item in cluster.items(claims)}

    wanted = {"default": "Bound", "unused": "Pending", "used": "Bound"}
    eventually(lambda: phases() == wanted)
    assert condition(eventually(lambda: until_played(cluster, user)), "Ready") == "True"
    bound = (cluster.get(f"{claims}/default") or {})["spec"]["volumeName"]
    cluster.request("DELETE", f"{claims}/default")
    eventually(lambda: cluster.get(f"/api/v1/persistentvolumes/{bound}") is None)
    assert phases() == {"unused": "Pending", "used": "Bound"}


@pytest.mark.parametrize(
    ("name", "phase", "state"),
    [
        ("", "Running", ("running", "", 0)),
        ("crash-loop", "Running", ("waiting", "CrashLoopBackOff", 4)),
        ("oom", "Running", ("waiting", "CrashLoopBackOff", 4)),
        ("image-missing", "Pending", ("waiting", "ImagePullBackOff", 0)),
        ("config-error", "Pending", ("waiting", "CreateContainerConfigError", 0)),
        ("never-ready", "Running", ("running", "", 0)),
    ],
)
def test_a_pod_plays_its_end(
    cluster: Cluster, namespace: str, name: str, phase: str, state: tuple[str, str, int]
) -> None:
    found = until_played(cluster, play(cluster, namespace, pod(name)))
    assert (found["status"]["phase"], containers(found)) == (phase, [state, state])
    assert condition(found, "Ready") == ("False" if name else "True")


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("ready-after", ("running", "", 0), ("running", "", 0)),
        ("init-slow", ("waiting", "PodInitializing", 0), ("running", "", 0)),
        ("image-clears", ("waiting", "ImagePullBackOff", 0), ("running", "", 0)),
        ("restart-once", ("terminated", "Error", 0), ("running", "", 1)),
        ("ready-then-bad", ("running", "", 0), ("waiting", "CrashLoopBackOff", 4)),
    ],
)
def test_a_pod_changes_after_its_time(
    cluster: Cluster, namespace: str, name: str, before: tuple[str, str, int], after: tuple[str, str, int]
) -> None:
    path = play(cluster, namespace, pod(name, "1500ms", initContainers=[{"name": "init", "image": "init"}]))
    first = until_played(cluster, path)
    ready_first = "True" if name == "ready-then-bad" else "False"
    assert (containers(first), condition(first, "Ready")) == ([before, before], ready_first)

    def changed() -> dict[str, Any] | None:
        found = cluster.get(path) or {}
        return found if condition(found, "Ready") != ready_first else None

    assert containers(eventually(changed)) == [after, after]


def test_a_missing_image_has_its_events(cluster: Cluster, namespace: str) -> None:
    play(cluster, namespace, pod("image-missing"))

    def messages() -> list[str]:
        events = cluster.items(f"/api/v1/namespaces/{namespace}/events")
        return sorted(event["message"] for event in events if event["type"] == "Warning")

    wanted = ["Error: ImagePullBackOff", "Failed to pull image: manifest unknown"]
    eventually(lambda: messages() == wanted)


@pytest.mark.parametrize(("name", "phase"), [("", "Succeeded"), ("fail-job", "Failed")])
def test_a_pod_that_is_not_restarted_ends(cluster: Cluster, namespace: str, name: str, phase: str) -> None:
    path = play(cluster, namespace, pod(name, restartPolicy="Never"))
    eventually(lambda: (cluster.get(path) or {})["status"]["phase"] == phase)


def test_a_job_completes_and_a_deleted_pod_is_gone(cluster: Cluster, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    template = {"spec": {"restartPolicy": "Never", "containers": CONTAINERS}}
    value = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job"},
        "spec": {"template": template},
    }
    cluster.create(path, value)
    eventually(lambda: condition(cluster.get(f"{path}/job") or {}, "Complete") == "True")
    left = play(cluster, namespace, pod())
    until_played(cluster, left)
    cluster.request("DELETE", left)
    eventually(lambda: cluster.get(left) is None)


@pytest.mark.parametrize(
    ("group", "kind", "status"),
    [
        ("cert-manager.io", "Issuer", True),
        ("external-secrets.io", "SecretStore", False),
        ("external-secrets.io", "ExternalSecret", True),
    ],
)
def test_custom_resources_are_ready_although_their_crd_came_later(
    cluster: Cluster, namespace: str, group: str, kind: str, status: bool
) -> None:
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    cluster.create(crds, crd(group, kind, status=status))
    path = f"/apis/{group}/v1/namespaces/{namespace}/{kind.lower()}s"
    eventually(lambda: cluster.request("GET", path).ok)
    spec = {"target": {"name": "made"}, "data": [{"secretKey": "a"}, {"secretKey": "b"}]}
    for name, noted in {"good": {}, "bad": {"platformctl.dev/play": "never-ready"}}.items():
        metadata = {"name": name, "annotations": noted}
        cluster.create(path, {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "spec": spec})
    eventually(lambda: (ready(cluster, f"{path}/good"), ready(cluster, f"{path}/bad")) == ("True", "False"))
    if kind == "ExternalSecret":
        secret = eventually(lambda: cluster.get(f"/api/v1/namespaces/{namespace}/secrets/made"))
        assert (sorted(secret["data"]), secret["type"]) == (["a", "b"], "Opaque")
        assert f"{namespace}/made" in seeded(cluster.client)
    cluster.request("DELETE", f"{crds}/{kind.lower()}s.{group}")
