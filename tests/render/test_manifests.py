from __future__ import annotations

import pytest

from platformctl.errors import RenderError
from platformctl.render.manifests import (
    CLUSTER_WIDE,
    apis_of_documents,
    brought_apis,
    is_test,
    parse_manifests,
    parse_objects,
)
from platformctl.render.models import Hook, KubeObject, ObjectId

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusterissuers.cert-manager.io}
spec:
  group: cert-manager.io
  scope: Cluster
  names: {kind: ClusterIssuer, plural: clusterissuers}
  versions:
    - {name: v1, served: true, storage: true}
    - {name: v1alpha2, served: false}
"""
ISSUER = "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: letsencrypt}\n"


def of(text: str) -> list[ObjectId]:
    return [each.id for each in parse_objects(text, "plate-stg")]


def test_objects_and_hooks_are_told_apart_and_the_text_of_the_objects_is_kept() -> None:
    config = "# Source: web/templates/config.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"
    hook = (
        "# Source: web/templates/tests/ping.yaml\napiVersion: v1\nkind: Pod\nmetadata:\n  name: ping\n"
        '  annotations: {"helm.sh/hook": "test, post-install", "helm.sh/hook-weight": "-5"}\n'
    )
    found = parse_manifests(f"---\n{config}---\n# Source: web/templates/empty.yaml\n---\n{hook}", "plate-stg")
    pod = found.hooks[0].object
    assert found.objects == (
        KubeObject(
            ObjectId("", "ConfigMap", "plate-stg", "web"),
            "v1",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}},
            "web/templates/config.yaml",
        ),
    )
    assert (pod.id, pod.source) == (ObjectId("", "Pod", "plate-stg", "ping"), "web/templates/tests/ping.yaml")
    assert found.hooks == (Hook(pod, ("test", "post-install"), -5),)
    assert not is_test(found.hooks[0])
    assert is_test(Hook(pod, ("test",)))
    assert found.text == f"---\n{config}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a}", ObjectId("", "Service", "plate-stg", "a")),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}",
            ObjectId("", "Service", "b", "a"),
        ),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}", ObjectId("", "Namespace", "", "a")),
        (
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a, namespace: b}",
            ObjectId("rbac.authorization.k8s.io", "ClusterRole", "", "a"),
        ),
        (
            "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}",
            ObjectId("batch", "Job", "plate-stg", "a-"),
        ),
    ],
)
def test_the_namespace_is_that_of_the_manifest_else_of_the_release_and_none_for_cluster_wide_kinds(
    text: str, expected: ObjectId
) -> None:
    assert of(text) == [expected]


def test_a_custom_kind_is_cluster_wide_where_the_same_text_defines_it_so() -> None:
    assert of(f"{ISSUER}---{CRD}")[0].namespace == ""
    assert of(ISSUER)[0].namespace == "plate-stg"
    found = parse_manifests(ISSUER, "plate-stg", cluster_wide=[("cert-manager.io", "ClusterIssuer")])
    assert found.objects[0].id.namespace == ""


def test_a_list_is_taken_apart() -> None:
    item = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}"
    text = f"apiVersion: v1\nkind: List\nitems: [{item % 'a'}, {item % 'b'}]\n"
    assert [each.name for each in of(text)] == ["a", "b"]


def test_words_mean_what_they_mean_to_helm() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 2026-01-31, b: 12:30:45, c: =, d: 0644, e: y}"
    assert parse_objects(text, "x")[0].body["data"] == {
        "a": "2026-01-31",
        "b": "12:30:45",
        "c": "=",
        "d": 420,
        "e": True,
    }


def test_three_dashes_inside_a_block_of_text_separate_nothing() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    y\n"
    assert parse_objects(text, "x")[0].body["data"] == {"x": "---\ny\n"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a: [", "release web: t.yaml:3:1: not valid YAML"),
        ("[a]", "release web: t.yaml: an object is expected, not a list"),
        ("kind: Pod\nmetadata: {name: a}", "release web: t.yaml: apiVersion: text is expected"),
        ("apiVersion: v1\nmetadata: {name: a}", "release web: t.yaml: kind: text is expected"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: 1}",
            "release web: t.yaml: metadata.name: text is expected",
        ),
        ("apiVersion: v1\nkind: Pod", "release web: t.yaml: metadata.name: text is expected"),
    ],
)
def test_what_is_no_object_is_named_with_its_template(text: str, wrong: str) -> None:
    with pytest.raises(RenderError) as caught:
        parse_manifests(f"---\n# Source: t.yaml\n{text}\n", "x", release="web")
    assert caught.value.message.startswith(wrong)


def test_a_definition_brings_the_versions_that_it_serves() -> None:
    expected = {"cert-manager.io/v1", "cert-manager.io/v1/ClusterIssuer"}
    assert brought_apis(parse_objects(CRD + "---\n" + ISSUER, "x")) == expected
    assert apis_of_documents(CRD) == expected
    assert apis_of_documents("a: [") == frozenset()


def test_the_table_of_cluster_wide_kinds_knows_the_usual_ones_and_no_workload() -> None:
    groups = {"Namespace": "", "PersistentVolume": "", "ClusterRoleBinding": "rbac.authorization.k8s.io",
              "ValidatingWebhookConfiguration": "admissionregistration.k8s.io", "StorageClass": "storage.k8s.io",
              "IngressClass": "networking.k8s.io", "PriorityClass": "scheduling.k8s.io",
              "CustomResourceDefinition": "apiextensions.k8s.io", "APIService": "apiregistration.k8s.io"}  # fmt: skip
    assert {(group, kind) for kind, group in groups.items()} <= CLUSTER_WIDE
    assert (
        not {("", "PersistentVolumeClaim"), ("apps", "Deployment"), ("rbac.authorization.k8s.io", "Role")}
        & CLUSTER_WIDE
    )
