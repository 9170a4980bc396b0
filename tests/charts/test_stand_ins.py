"""The stand-in charts: named like upstream, and fed with the platform's own values."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from platformctl.errors import RenderError
from platformctl.tools.helm import Helm, HelmRelease

HELM_FOLDER = Path(__file__).parents[2] / "helm"

# release → chart, namespace, folder of its values
PLATFORM = {
    "cert-manager": ("cert-manager", "cert-manager", "cluster-services/cert-manager"),
    "metallb": ("metallb", "metallb-system", "cluster-services/metallb"),
    "external-secrets": ("external-secrets", "external-secrets", "cluster-services/external-secrets"),
    "argocd": ("argo-cd", "argocd", "development-tools/argocd"),
    "harbor": ("harbor", "harbor", "development-tools/harbor"),
    "jenkins": ("jenkins", "jenkins", "development-tools/jenkins"),
}

# What the upstream charts of the pinned versions render with their defaults, read from those renders.
UPSTREAM_WORKLOADS = {
    "cert-manager": {
        "Deployment": ["cert-manager", "cert-manager-cainjector", "cert-manager-webhook"],
        "Job": ["cert-manager-startupapicheck"],
    },
    "metallb": {
        "Deployment": ["metallb-controller", "metallb-frr-k8s-statuscleaner"],
        "DaemonSet": ["metallb-frr-k8s", "metallb-speaker"],
    },
    "external-secrets": {
        "Deployment": ["external-secrets", "external-secrets-cert-controller", "external-secrets-webhook"],
    },
    "argocd": {
        "Deployment": [
            "argocd-applicationset-controller",
            "argocd-dex-server",
            "argocd-notifications-controller",
            "argocd-redis",
            "argocd-repo-server",
            "argocd-server",
        ],
        "StatefulSet": ["argocd-application-controller"],
        "Job": ["argocd-redis-secret-init"],
    },
    "harbor": {
        "Deployment": ["harbor-core", "harbor-jobservice", "harbor-portal", "harbor-registry"],
        "StatefulSet": ["harbor-database", "harbor-redis", "harbor-trivy"],
        "PersistentVolumeClaim": ["harbor-jobservice", "harbor-registry"],
    },
    "jenkins": {"StatefulSet": ["jenkins"], "PersistentVolumeClaim": ["jenkins"]},
}
WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "PersistentVolumeClaim")

Object = dict[str, Any]
releases = pytest.mark.parametrize("release", sorted(PLATFORM))


def chart_of(release: str) -> Path:
    return Path(__file__).parent / PLATFORM[release][0]


def asked(release: str, *, values: bool = True, name: str = "", key: str = "") -> HelmRelease:
    """A release of the platform on its stand-in. `values=False` leaves the chart's defaults; `key` is KEY=VALUE."""
    _, namespace, folder = PLATFORM[release]
    files = (HELM_FOLDER / folder / "values.yaml",) if values else ()
    parameters = dict([key.split("=")]) if key else {}
    return HelmRelease(name or release, namespace, chart_of(release), files, parameters)


def render(helm: Helm, release: HelmRelease) -> list[Object]:
    text = helm.template(release, kube_version="1.37.2", api_versions=(), is_upgrade=False)
    return [found for found in yaml.safe_load_all(text) if found]


def names_by_kind(objects: list[Object], kinds: tuple[str, ...] = WORKLOAD_KINDS) -> dict[str, list[str]]:
    found = defaultdict(list)
    for one in objects:
        if one["kind"] in kinds:
            found[one["kind"]].append(one["metadata"]["name"])
    return {kind: sorted(names) for kind, names in found.items()}


@releases
def test_a_stand_in_lints_and_renders_with_the_values_of_the_platform(helm: Helm, release: str) -> None:
    upstream_version_is_semver = release != "cert-manager"  # v1.21.1: strict refuses the letter

    done = helm.lint(asked(release), strict=upstream_version_is_semver)

    assert done.ok, done.text
    assert render(helm, asked(release))


@releases
def test_workloads_have_the_names_that_upstream_gives_them(helm: Helm, release: str) -> None:
    assert names_by_kind(render(helm, asked(release, values=False))) == UPSTREAM_WORKLOADS[release]


@releases
def test_every_workload_carries_the_instance_label(helm: Helm, release: str) -> None:
    workloads = [one for one in render(helm, asked(release)) if one["kind"] in WORKLOAD_KINDS]

    assert {one["metadata"]["labels"]["app.kubernetes.io/instance"] for one in workloads} == {release}


@pytest.mark.parametrize(
    ("release", "name", "expected"),
    [
        ("argocd", "argo", "argo-argocd-application-controller"),
        ("argocd", "my-argocd", "my-argocd-application-controller"),
        ("jenkins", "ci", "ci-jenkins"),
        ("harbor", "registry", "registry-harbor-database"),
    ],
)
def test_names_follow_the_release_as_upstream(helm: Helm, release: str, name: str, expected: str) -> None:
    found = names_by_kind(render(helm, asked(release, name=name)))

    assert found["StatefulSet"][0] == expected


def test_the_values_leave_metallb_without_bgp(helm: Helm) -> None:
    objects = render(helm, asked("metallb"))

    assert names_by_kind(objects) == {"Deployment": ["metallb-controller"], "DaemonSet": ["metallb-speaker"]}
    assert len(names_by_kind(objects, ("CustomResourceDefinition",))["CustomResourceDefinition"]) == 9


def test_only_harbor_draws_at_random_under_the_values_of_the_platform(helm: Helm) -> None:
    differing = {}
    for release in PLATFORM:
        first, second = (render(helm, asked(release)) for _ in range(2))
        assert len(first) == len(second)
        pairs = zip(first, second, strict=True)
        differing[release] = {
            f"{one['kind']}/{one['metadata']['name']}" for one, other in pairs if one != other
        }

    assert differing == {release: set() for release in PLATFORM} | {
        "harbor": {"Secret/harbor-core", "Deployment/harbor-core"}
    }


def test_the_platform_names_its_secrets_and_takes_no_default_password(helm: Helm) -> None:
    referenced = {}
    for release in ("harbor", "jenkins"):
        objects = render(helm, asked(release))
        made = {one["metadata"]["name"] for one in objects if one["kind"] == "Secret"}
        referenced[release] = set(secrets_in(objects)) - made
        held = [value for one in objects if one["kind"] == "Secret" for value in (one["data"] or {}).values()]
        assert not {"Harbor12345", "not-a-secure-key", "changeit", "harbor_registry_password"} & {
            base64.b64decode(value).decode() for value in held
        }

    assert referenced == {
        "harbor": {"harbor-admin", "harbor-internal", "harbor-token"},
        "jenkins": {"jenkins-admin"},
    }


def secrets_in(node: object) -> Iterator[str]:
    """The names of the Secrets that pods ask for: environment, volumes, projected volumes."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("secretKeyRef", "secret") and isinstance(value, dict):
                yield value.get("name") or value["secretName"]
            else:
                yield from secrets_in(value)
    elif isinstance(node, list):
        for each in node:
            yield from secrets_in(each)


@pytest.mark.parametrize("release", ["cert-manager", "metallb", "external-secrets"])
def test_a_gate_passes_through_a_webhook_that_may_refuse_it_and_allows_dry_runs(
    helm: Helm, release: str
) -> None:
    objects = render(helm, asked(release))
    gate = yaml.safe_load((HELM_FOLDER / PLATFORM[release][2] / "gate.yaml").read_text(encoding="utf-8"))
    group, version = gate["apiVersion"].split("/")
    (kind,) = [
        one["spec"]
        for one in objects
        if one["kind"] == "CustomResourceDefinition" and one["spec"]["names"]["kind"] == gate["kind"]
    ]
    hooks = [
        (hook["failurePolicy"], hook["sideEffects"])
        for one in objects
        if one["kind"] == "ValidatingWebhookConfiguration"
        for hook in one["webhooks"]
        for rule in hook["rules"]
        if group in rule["apiGroups"] and rule["resources"][0] in (kind["names"]["plural"], "*/*")
    ]

    assert (kind["group"], kind["scope"]) == (group, "Namespaced")
    assert version in [served["name"] for served in kind["versions"] if served["served"]]
    assert gate["metadata"]["namespace"] == PLATFORM[release][1]
    assert hooks == [("Fail", "None")]


def test_an_unknown_key_is_refused_where_upstream_refuses_it(helm: Helm) -> None:
    with pytest.raises(RenderError, match="additional properties 'enabeld' not allowed"):
        render(helm, asked("cert-manager", key="crds.enabeld=true"))
    with pytest.raises(RenderError, match="/speaker"):
        render(helm, asked("metallb", key="speaker.frr.enabled=perhaps"))

    for release in PLATFORM.keys() - {"cert-manager"}:
        assert render(helm, asked(release, key="unknown.key=1"))
