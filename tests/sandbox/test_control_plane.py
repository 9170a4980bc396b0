"""The real control plane: who gets in, who wrote, and what stays on loopback."""

from __future__ import annotations

import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from platformctl.sandbox import api
from platformctl.sandbox.api import Sandbox, SecretWanted
from platformctl.sandbox.client import Client
from platformctl.sandbox.folder import Folder
from tests.sandbox.objects import play, pod, until_played
from tests.support.sandbox import Cluster, eventually, writes

pytestmark = pytest.mark.e2e


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
