"""The real control plane: what it plays, and what it refuses."""

from __future__ import annotations

import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from platformctl.sandbox import api
from platformctl.sandbox.api import Sandbox, SecretWanted
from platformctl.sandbox.client import Client
from platformctl.sandbox.folder import Folder
from platformctl.sandbox.seeding import seeded
from tests.support.sandbox import Cluster, eventually, writes

pytestmark = pytest.mark.e2e

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


def test_writes_are_recorded_with_the_user_who_made_them(
    sandbox: Sandbox, cluster: Cluster, namespace: str
) -> None:
    assert sandbox.audit_log is not None
    audit_log = sandbox.audit_log
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    before = len(writes(audit_log))
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
    assert cluster.request("POST", f"{path}?dryRun=All", value).ok
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert cluster.request("POST", reviews, {"kind": "SelfSubjectAccessReview", **review}).ok
    api.seed_secrets(sandbox, [SecretWanted(namespace, "theirs", ("key",))])
    cluster.create(path, value)
    eventually(lambda: len(writes(audit_log)) > before)
    assert writes(audit_log)[before:] == [f"create {path}"]
    assert f"create /api/v1/namespaces/{namespace}/secrets" in writes(audit_log, "sandbox:supervisor")


def test_seeded_secrets_are_random_made_once_and_never_replace_one(
    sandbox: Sandbox, cluster: Cluster, namespace: str
) -> None:
    cluster.create(
        f"/api/v1/namespaces/{namespace}/secrets",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "there"}, "stringData": {"key": "mine"}},
    )
    wanted = [
        SecretWanted(namespace, "there", ("key",)),
        SecretWanted(namespace, "token", ("token", "other")),
        SecretWanted(f"{namespace}-new", "pull", type="kubernetes.io/dockerconfigjson"),
        SecretWanted(f"{namespace}-new", "tls", type="kubernetes.io/tls"),
    ]
    made = (f"{namespace}-new/pull", f"{namespace}-new/tls", f"{namespace}/token")
    assert api.seed_secrets(sandbox, wanted) == made
    assert api.seed_secrets(sandbox, wanted) == ()
    assert (cluster.get(f"/api/v1/namespaces/{namespace}/secrets/there") or {})["data"] == {"key": "bWluZQ=="}
    token = (cluster.get(f"/api/v1/namespaces/{namespace}/secrets/token") or {})["data"]
    assert sorted(token) == ["other", "token"]
    assert token["other"] != token["token"]


def test_nothing_behind_a_service_or_a_pod_is_dialled(cluster: Cluster, namespace: str) -> None:
    path = play(cluster, namespace, pod())
    until_played(cluster, path)
    refused = cluster.request("GET", f"{path}/proxy/")
    assert (refused.status, "nothing answers there" in refused.message) == (422, True)


def test_played_containers_have_logs(sandbox: Sandbox, cluster: Cluster, namespace: str) -> None:
    path = play(cluster, namespace, pod("crash-loop"))
    until_played(cluster, path)
    kubectl = [str(sandbox.assets.kubectl), f"--kubeconfig={sandbox.kubeconfig}", f"--namespace={namespace}"]
    for previous in ("false", "true"):
        done = subprocess.run(
            [*kubectl, "logs", "crash-loop", "--container=main", f"--previous={previous}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.stderr) == (
            "this container is played: it never ran and writes nothing\n",
            "",
        )


def test_helm_and_kubectl_trust_the_kubeconfig_and_the_server_says_its_version(sandbox: Sandbox) -> None:
    argv = [str(sandbox.assets.kubectl), f"--kubeconfig={sandbox.kubeconfig}", "version", "--output=json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"gitVersion": "v1.' in done.stdout
    argv = [str(sandbox.assets.helm), f"--kubeconfig={sandbox.kubeconfig}", "list", "--all-namespaces"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_the_token_or_the_authority_nobody_gets_in(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{sandbox.server}/version", timeout=5)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{sandbox.server}/api/v1/secrets", timeout=5, context=context)


def test_only_a_token_that_is_also_on_disk_makes_a_sandbox(sandbox: Sandbox, cluster: Cluster) -> None:
    marker = cluster.get("/api/v1/namespaces/kube-system/configmaps/platformctl-sandbox") or {}
    base = sandbox.folder.parent
    assert marker["data"] == {"token": sandbox.marker}
    assert api.is_sandbox(sandbox.marker, {}, base=base)
    assert not api.is_sandbox(sandbox.marker + "x", {}, base=base)
    assert not api.is_sandbox("", {}, base=base)
    assert not api.is_sandbox(None, {}, base=base)
    assert not api.is_sandbox(sandbox.marker, {}, base=base / "elsewhere")


def test_everything_listens_on_loopback_only(sandbox: Sandbox) -> None:
    state = Folder(sandbox.folder).state()
    assert state is not None
    assert state.processes is not None
    sockets = {
        link.readlink().name
        for process in state.processes.values()
        for link in (Path("/proc") / str(process.pid) / "fd").iterdir()
        if str(link.readlink()).startswith("socket:")
    }
    listening = []
    for table, loopback in (("tcp", "0100007F"), ("tcp6", "00000000000000000000000001000000")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                listening.append(fields[1].partition(":")[0] == loopback)
    assert listening == [True, True]  # the API server and the kubelet of kwok; etcd has sockets in the folder


def test_the_client_is_of_the_user_platformctl(sandbox: Sandbox) -> None:
    client = Client.of(sandbox.kubeconfig)
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    answer = client.request(
        "POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    )
    client.close()
    assert answer.body["status"]["userInfo"]["username"] == "platformctl"
