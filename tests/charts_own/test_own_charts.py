"""The platform's own charts, rendered by the real helm for every release that the platform makes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from .releases import CHARTS, PRODUCTION, RELEASES, STAGING, Release, release
from .rendering import REPOSITORY, Helm, containers, objects, of_kind, only, template

each_release = pytest.mark.parametrize("one", RELEASES, ids=lambda one: one.name)
each_chart = pytest.mark.parametrize("chart", CHARTS)
FREE_MAPS = {"podAnnotations", "annotations", "issuers"}  # their keys are the operator's, not the chart's


# Values


@each_release
def test_every_combination_of_values_lints_clean(helm: Helm, one: Release) -> None:
    done = helm.run("lint", "--strict", one.chart, "--namespace", one.namespace, *one.options())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("chart", [*CHARTS, "shared-configs/common"])
def test_a_chart_alone_lints_clean(helm: Helm, chart: str) -> None:
    done = helm.run("lint", "--strict", chart)
    assert done.returncode == 0, done.stdout + done.stderr


@each_chart
def test_helm_refuses_a_misspelt_value_and_names_it(helm: Helm, chart: str) -> None:
    done = helm.run("template", "x", chart, "--set", "mispelt=1")
    assert done.returncode == 1
    assert "additional properties 'mispelt' not allowed" in done.stderr


def _maps(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every map in the values whose keys the schema knows."""
    if isinstance(values, dict):
        yield path
        for key, below in values.items():
            if key not in FREE_MAPS:
                yield from _maps(below, (*path, key))


@each_chart
def test_the_schema_refuses_a_misspelt_key_at_every_depth(chart: str) -> None:
    folder = REPOSITORY / "helm" / chart
    schema = json.loads((folder / "values.schema.json").read_text())
    text = (folder / "values.yaml").read_text()
    check = jsonschema.Draft7Validator(schema)
    check.check_schema(schema)
    assert list(check.iter_errors(yaml.safe_load(text))) == []
    for path in _maps(yaml.safe_load(text)):
        values = yaml.safe_load(text)
        place = values
        for key in path:
            place = place[key]
        place["mispelt"] = "x"
        assert not check.is_valid(values), (
            f"{chart}: a key that nobody reads passes in {'.'.join(path) or 'the root'}"
        )


@pytest.mark.parametrize(
    ("name", "setting", "said"),
    [
        ("plate-web-prod", "image.tag=", "image nginx has neither tag nor digest: set image.tag"),
        ("plate-api-prod", "image.digest=sha256:12", "does not match pattern"),
        ("plate-web-prod", "containerPort=80", "minimum"),
        ("plate-api-prod", "runAsUser=0", "minimum"),
        ("plate-cache-prod", "claim.size=50GB", "does not match pattern"),
        ("cert-manager-issuers", "email=me@example.com", "not"),
        ("metallb-pool", "pool.addresses[0]=192.168.0.20", "does not match pattern"),
        (
            "openbao-secrets-manager-stg",
            "openbao.server=http://openbao.cocdev.co.kr",
            "does not match pattern",
        ),
    ],
)
def test_a_value_that_cannot_work_is_refused(helm: Helm, name: str, setting: str, said: str) -> None:
    one = release(name)
    done = helm.run("template", one.name, one.chart, *one.options(), "--set", setting)
    assert done.returncode == 1
    assert said in done.stderr


# Every object


@each_release
def test_every_object_carries_the_labels_of_its_release(helm: Helm, one: Release) -> None:
    found = objects(helm, one)
    assert found
    for each in found:
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == one.name
        assert labels["app.kubernetes.io/name"] == one.chart.rpartition("/")[2]
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels.keys() >= {"app.kubernetes.io/component", "app.kubernetes.io/part-of", "helm.sh/chart"}
        assert each["metadata"].get("namespace") == (
            None if each["kind"] == "ClusterIssuer" else one.namespace
        )


@each_release
def test_rendering_twice_gives_the_same_bytes(helm: Helm, one: Release) -> None:
    assert template(helm, one) == template(helm, one)


def test_no_two_releases_render_the_same_object(helm: Helm) -> None:
    owners: dict[tuple[str, str | None, str], str] = {}
    for one in RELEASES:
        for each in objects(helm, one):
            identity = (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
            assert owners.setdefault(identity, one.name) == one.name, identity


# Workloads


@each_release
def test_pods_satisfy_the_restricted_security_level(helm: Helm, one: Release) -> None:
    found = objects(helm, one)
    for deployment in of_kind(found, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(found):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context.get("runAsUser", 1) > 0
    for account in of_kind(found, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


@each_release
def test_every_container_has_probes_and_resources(helm: Helm, one: Release) -> None:
    for container in containers(objects(helm, one)):
        assert container.keys() >= {"startupProbe", "readinessProbe", "livenessProbe"}
        for amounts in ("requests", "limits"):
            assert container["resources"][amounts].keys() == {"cpu", "memory"}
        named = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            handler = container[probe].get("httpGet") or container[probe]["tcpSocket"]
            assert handler["port"] in named


@pytest.mark.parametrize("one", PRODUCTION, ids=lambda one: one.name)
def test_production_runs_no_image_that_can_move(helm: Helm, one: Release) -> None:
    for container in containers(objects(helm, one)):
        tag = container["image"].rpartition("/")[2].partition(":")[2]
        assert re.match(r"\d+\.\d+\.\d+", tag), container["image"]


@pytest.mark.parametrize("name", ["plate-web-prod", "plate-api-prod"])
def test_production_scales_by_itself_and_survives_a_drain(helm: Helm, name: str) -> None:
    found = objects(helm, release(name))
    deployment = only(found, "Deployment")
    scaler = only(found, "HorizontalPodAutoscaler")["spec"]
    budget = only(found, "PodDisruptionBudget")["spec"]
    assert "replicas" not in deployment["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
    assert budget == {"maxUnavailable": 1, "selector": deployment["spec"]["selector"]}


@pytest.mark.parametrize("one", STAGING, ids=lambda one: one.name)
def test_staging_has_a_fixed_number_of_replicas(helm: Helm, one: Release) -> None:
    found = objects(helm, one)
    assert of_kind(found, "HorizontalPodAutoscaler") == of_kind(found, "PodDisruptionBudget") == []
    assert all(each["spec"]["replicas"] == 1 for each in of_kind(found, "Deployment"))


@pytest.mark.parametrize("name", ["plate-web-stg", "plate-api-stg", "plate-llm-stg"])
def test_pod_annotations_reach_the_pods(helm: Helm, name: str) -> None:
    found = objects(helm, release(name), "--set-string", r"podAnnotations.platformctl\.dev/play=crash-loop")
    annotations = only(found, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["platformctl.dev/play"] == "crash-loop"


def test_a_digest_is_rendered_beside_the_tag(helm: Helm) -> None:
    digest = "sha256:" + "0" * 64
    (container,) = containers(objects(helm, release("plate-api-prod"), "--set", f"image.digest={digest}"))
    assert container["image"] == f"harbor.cocdev.co.kr/stg-server/server:1.0.0@{digest}"
