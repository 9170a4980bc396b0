"""Reading a real cluster: the snapshot, what a restricted user may know, and that reading changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from platformctl.errors import ForbiddenError
from platformctl.live.collect import Wanted, collect
from platformctl.live.records import read_release
from platformctl.live.state import LABEL_INPUTS, LABEL_REVISION, LABEL_RUN, LiveNamespace, ReleaseId, Revision
from platformctl.sandbox.api import Sandbox
from platformctl.tools import helm as helm_tool
from platformctl.tools.api import Api
from platformctl.tools.helm import Helm, HelmRelease
from platformctl.tools.kubeconfig import find_sources, freeze
from platformctl.tools.kubectl import Kubectl, manifest
from platformctl.tools.process import Command, ShRunner
from platformctl.tools.transport import RawTransport
from tests.support.sandbox import Cluster, eventually, writes

pytestmark = pytest.mark.e2e


@pytest.fixture
def kubectl(sandbox_kubectl: Kubectl) -> Kubectl:
    return sandbox_kubectl


@pytest.fixture
def api(sandbox_api: Api) -> Api:
    return sandbox_api


@pytest.fixture
def as_user(kubectl: Kubectl, tmp_path: Path) -> Iterator[Callable[[str], Api]]:
    """An Api of somebody else, by impersonation."""
    opened: list[Api] = []

    def open_as(user: str) -> Api:
        assert kubectl.access
        config = json.loads(kubectl.access.kubeconfig.read_text())
        config["users"][0]["user"]["as"] = user
        source = tmp_path / "source"
        source.write_text(json.dumps(config))
        folder = tmp_path / user
        folder.mkdir(mode=0o700)
        opened.append(Api(kubectl.on(freeze(kubectl, find_sources(source, {}), None, folder))))
        return opened[-1]

    yield open_as
    for each in opened:
        each.close()


@pytest.fixture
def helm(sandbox: Sandbox, kubectl: Kubectl) -> Helm:
    assert kubectl.access
    return helm_tool.find(ShRunner(), sandbox.assets.helm, kubectl.env).on(kubectl.access)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 1.2.3\n")
    (folder / "templates" / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {size: {{ .Values.size | quote }}}\n"
    )
    return folder


def _deploy(helm: Helm, chart: Path, namespace: str, name: str, size: int, labels: dict[str, str]) -> None:
    release = HelmRelease(name, namespace, chart, (), {"size": str(size)})
    done = helm.upgrade(
        release, labels=labels, description="a test", history_max=10, wait_timeout_s=None, timeout_s=60
    )
    assert done.ok, done.stderr


def _ours(revision: int) -> dict[str, str]:
    return {LABEL_RUN: "20261123-101502", LABEL_REVISION: str(revision), LABEL_INPUTS: f"inputs{revision}"}


def test_releases_are_read_as_helm_wrote_them(api: Api, helm: Helm, chart: Path, namespace: str) -> None:
    _deploy(helm, chart, namespace, "web", 1, _ours(1))
    _deploy(helm, chart, namespace, "web", 2, _ours(2))
    release = collect(api, Wanted()).release(namespace, "web")
    assert release is not None
    assert (release.revision, release.status, release.chart_name, release.chart_version) == (
        2,
        "deployed",
        "small",
        "1.2.3",
    )
    assert release.history == (Revision(1, "superseded"), Revision(2, "deployed"))
    assert (release.run, release.inputs, release.values) == ("20261123-101502", "inputs2", {"size": 2})
    assert 'size: "2"' in release.manifest
    assert release.description == "a test"
    assert release.updated.startswith("20")
    assert read_release(api, namespace, "web") == release
    assert read_release(api, namespace, "nothing") is None


def test_a_revision_that_somebody_else_made_does_not_carry_our_labels(
    api: Api, helm: Helm, kubectl: Kubectl, chart: Path, namespace: str
) -> None:
    """helm copies the labels of a release into every later revision."""
    _deploy(helm, chart, namespace, "web", 1, _ours(1))
    _deploy(helm, chart, namespace, "web", 2, {"somebody": "else"})
    place = f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.web.v2"
    secret = api.get(place)
    assert secret is not None
    assert secret["metadata"]["labels"][LABEL_RUN] == "20261123-101502", "helm no longer copies labels"
    release = read_release(api, namespace, "web")
    assert release is not None
    assert (release.revision, release.run, release.inputs) == (2, None, None)


def test_a_damaged_record_makes_its_release_unknown(
    api: Api, helm: Helm, kubectl: Kubectl, chart: Path, namespace: str
) -> None:
    _deploy(helm, chart, namespace, "web", 1, {"a": "b"})
    _deploy(helm, chart, namespace, "web", 2, {"a": "b"})
    place = f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.web.v2"
    secret = api.get(place)
    assert secret is not None
    secret["data"] = {"release": "anVuaw=="}
    secret["metadata"].pop("managedFields")
    assert kubectl.run("replace", ["-f", "-"], stdin=manifest(secret), timeout_s=30).ok
    live = collect(api, Wanted())
    assert live.release(namespace, "web") is None
    assert "web.v2: it is damaged" in str(live.release_unknown(namespace, "web"))


def test_the_identity_is_that_of_the_cluster(api: Api, sandbox: Sandbox, cluster: Cluster) -> None:
    system = cluster.get("/api/v1/namespaces/kube-system")
    assert system is not None
    identity = collect(api, Wanted(), is_sandbox=sandbox.marker.__eq__).identity
    assert identity is not None
    assert (identity.context, identity.uid) == (sandbox.context, system["metadata"]["uid"])
    assert identity.server.startswith("https://127.0.0.1:")
    assert identity.version.startswith("v1.")
    assert identity.sandbox


def test_the_rest_of_a_snapshot(api: Api, cluster: Cluster, namespace: str) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token"},
        "stringData": {"token": "planted"},
    }
    cluster.create(f"/api/v1/namespaces/{namespace}/secrets", secret)
    live = collect(api, Wanted(secrets=frozenset({(namespace, "token"), (namespace, "none")})))
    assert live.secret_keys == {(namespace, "token"): frozenset({"token"}), (namespace, "none"): None}
    found = live.namespaces[namespace]
    assert found == LiveNamespace(namespace, "Active", {"kubernetes.io/metadata.name": namespace})
    assert live.ingress_classes == frozenset({"nginx"})
    assert {"standard", "openebs-hostpath"} <= live.storage_classes
    assert {
        key for key in live.unknown if not key.startswith("release ")
    } == set()  # another test damages one
    assert "planted" not in repr(live)


def test_api_versions_are_those_of_helm_itself(api: Api, helm: Helm, tmp_path: Path) -> None:
    templates = tmp_path / "versions" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "Chart.yaml").write_text("apiVersion: v2\nname: versions\nversion: 0.1.0\n")
    (templates / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {found: {{ .Capabilities.APIVersions | toJson | quote }}}\n"
    )
    assert helm.access
    argv = [
        "template",
        "--dry-run=server",
        f"--kubeconfig={helm.access.kubeconfig}",
        "x",
        str(templates.parent),
    ]
    done = helm.runner.run(Command((str(helm.binary), *argv), helm.env, timeout_s=60))
    assert done.ok, done.stderr
    quoted = next(line for line in done.text.splitlines() if line.startswith("data:"))
    found = json.loads(json.loads(quoted.removeprefix("data: {found: ").removesuffix("}")))
    assert set(collect(api, Wanted()).api_versions) == set(found)


def _crd(kind: str, group: str, short: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, "shortNames": [short]},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def test_a_definition_counts_when_it_is_established(api: Api, cluster: Cluster) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    cluster.create(path, _crd("Widget", "test.example.com", "wdgt"))
    twin = _crd("Gadget", "test.example.com", "gdgt")
    twin["spec"]["names"]["kind"] = "Widget"  # the name is taken: never established
    cluster.create(path, twin)
    eventually(lambda: collect(api, Wanted()).crds.get("widgets.test.example.com"))
    crds = collect(api, Wanted()).crds
    assert {name: crds[name] for name in crds if name.endswith("test.example.com")} == {
        "widgets.test.example.com": True,
        "gadgets.test.example.com": False,
    }


def _grant(cluster: Cluster, namespace: str, user: str) -> None:
    """All of one namespace, and nothing of the cluster: the rights of a CI job."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "ClusterRole", "name": "admin", "apiGroup": "rbac.authorization.k8s.io"}
    cluster.create(
        f"{rbac}/rolebindings",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": user},
            "subjects": [subject],
            "roleRef": reference,
        },
    )


def test_what_a_restricted_user_may_not_read_is_unknown_never_absent(
    as_user: Callable[[str], Api], cluster: Cluster, helm: Helm, chart: Path, namespace: str
) -> None:
    _deploy(helm, chart, namespace, "web", 1, {"a": "b"})
    user = f"ci-{namespace}"
    _grant(cluster, namespace, user)
    wanted = Wanted(
        namespaces=frozenset({namespace, "default"}),
        secrets=frozenset({(namespace, "none"), ("default", "token")}),
        crds=frozenset({"things.nowhere.example.com"}),
        ingress_classes=frozenset({"nginx"}),
        storage_classes=frozenset({"standard"}),
    )
    restricted = as_user(user)
    live = eventually(lambda: found if (found := collect(restricted, wanted)).releases else None)
    assert set(live.releases) == {ReleaseId(namespace, "web")}
    assert live.secret_keys == {(namespace, "none"): None}
    assert set(live.namespaces) == {namespace}
    assert live.api_versions
    assert set(live.unknown) == {
        "identity",
        "namespace default",
        "releases in namespace default",
        "secrets in namespace default",
        "crds",
        "ingress classes",
        "storage classes",
    }
    assert all(user in why for why in live.unknown.values())


def test_a_stranger_knows_nothing(as_user: Callable[[str], Api]) -> None:
    stranger = as_user("stranger")
    with pytest.raises(ForbiddenError, match='User "stranger" cannot list'):
        stranger.list("/api/v1/secrets")


def test_reading_changes_nothing(api: Api, sandbox: Sandbox) -> None:
    assert sandbox.audit_log is not None
    before = writes(sandbox.audit_log)
    collect(api, Wanted(namespaces=frozenset({"default"}), secrets=frozenset({("default", "x")})))
    assert writes(sandbox.audit_log) == before


def test_without_the_proxy_the_same_is_read(
    api: Api, kubectl: Kubectl, helm: Helm, chart: Path, namespace: str
) -> None:
    _deploy(helm, chart, namespace, "web", 1, _ours(1))
    with Api(kubectl, transport=RawTransport(kubectl)) as slow:
        assert collect(slow, Wanted()) == collect(api, Wanted())


def test_every_verb_that_writes_only_pretends_in_a_dry_run(
    kubectl: Kubectl, sandbox: Sandbox, namespace: str
) -> None:
    assert sandbox.audit_log is not None
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    before = writes(sandbox.audit_log)
    for dry_run in (True, False):
        done = [
            kubectl.create(manifest(body), namespace=namespace, dry_run=dry_run),
            kubectl.apply(
                manifest({**body, "metadata": {"name": "b"}}), namespace=namespace, dry_run=dry_run
            ),
            kubectl.label_namespace(namespace, {"team": "x"}, dry_run=dry_run),
            kubectl.delete("configmap", "a", namespace=namespace, dry_run=dry_run),
        ]
        assert [each.ok for each in done] == [True] * 4, [each.stderr for each in done]
        if dry_run:
            assert writes(sandbox.audit_log) == before
    core = f"/api/v1/namespaces/{namespace}"
    made = eventually(
        lambda: found if len(found := writes(sandbox.audit_log or Path())[len(before) :]) >= 4 else None
    )
    assert made == [
        f"create {core}/configmaps", f"patch {core}/configmaps/b", f"patch {core}", f"delete {core}/configmaps/a",
    ]  # fmt: skip


def test_of_several_objects_each_is_created(kubectl: Kubectl, cluster: Cluster, namespace: str) -> None:
    bodies = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in ("a", "b")]
    assert kubectl.apply(manifest(*bodies), namespace=namespace, dry_run=False).ok
    found = cluster.items(f"/api/v1/namespaces/{namespace}/configmaps")
    assert {"a", "b"} <= {item["metadata"]["name"] for item in found}
