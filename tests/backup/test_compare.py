"""What counts as different between two looks at an object, and what the cluster gives anew each time."""

from __future__ import annotations

from typing import Any

import pytest

from platformctl.backup.compare import compare, differences, normalised
from platformctl.backup.models import Comparison
from platformctl.live.state import ReleaseId
from tests.support.backups import archive, saved, secret
from tests.support.stub_api import stub_api

WEB = ReleaseId("plate-stg", "web-stg")
CORE = {
    "kind": "APIResourceList",
    "resources": [
        {"name": "services", "kind": "Service", "namespaced": True},
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
        {"name": "secrets", "kind": "Secret", "namespaced": True},
    ],
}
APPS = {"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True}]}
DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/apis": {"groups": [{"versions": [{"groupVersion": "apps/v1"}]}]},
    "/api/v1": CORE,
    "/apis/apps/v1": APPS,
}


def thing(kind: str, name: str = "web", *, api: str = "v1", **rest: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "plate-stg",
        "uid": "1",
        "resourceVersion": "5",
        **rest.pop("metadata", {}),
    }
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def deployment(replicas: int, **rest: Any) -> dict[str, Any]:
    return thing("Deployment", api="apps/v1", spec={"replicas": replicas}, **rest)


def at(kind: str, name: str = "web") -> str:
    return f"/api/v1/namespaces/plate-stg/{kind}/{name}"


WEB_DEPLOYMENT = "/apis/apps/v1/namespaces/plate-stg/deployments/web"


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (deployment(2, status={"ready": 2}), deployment(2, metadata={"uid": "2", "generation": 9})),
        (
            deployment(2, metadata={"annotations": {"deployment.kubernetes.io/revision": "4"}}),
            deployment(2, metadata={"annotations": {"deployment.kubernetes.io/revision": "1"}}),
        ),
        (
            thing("Service", spec={"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80, "nodePort": 31000}]}),
            thing("Service", spec={"clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"], "ports": [{"port": 80, "nodePort": 31777}]}),
        ),
        (
            thing("PersistentVolumeClaim", spec={"volumeName": "pv-1", "storageClassName": "x"}),
            thing("PersistentVolumeClaim", spec={"volumeName": "pv-2", "storageClassName": "x"}),
        ),
    ],
)  # fmt: skip
def test_what_the_cluster_gives_is_no_difference(was: dict[str, Any], now: dict[str, Any]) -> None:
    assert normalised(was) == normalised(now)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (deployment(2), deployment(3)),
        (thing("Service", spec={"clusterIP": "None"}), thing("Service", spec={"clusterIP": "10.0.0.1"})),
        (thing("ConfigMap", data={"a": "1"}), thing("ConfigMap", data={})),
        (deployment(2, metadata={"labels": {"tier": "a"}}), deployment(2, metadata={"labels": {}})),
    ],
)
def test_what_somebody_decided_is_one(was: dict[str, Any], now: dict[str, Any]) -> None:
    assert normalised(was) != normalised(now)


def test_fields_are_named_and_values_are_not() -> None:
    api, _ = stub_api(
        DISCOVERY
        | {at("secrets"): thing("Secret", data={"token": "b3RoZXI="}), WEB_DEPLOYMENT: deployment(3)}
    )
    then = [thing("Secret", data={"token": "c2VjcmV0"}), deployment(2), thing("ConfigMap")]
    assert differences(then, api) == (
        "Secret web: data.token",
        "Deployment web: spec.replicas",
        "ConfigMap web: is gone",
    )


def test_a_workload_that_an_autoscaler_scales_may_have_any_number_of_replicas() -> None:
    scaler = thing(
        "HorizontalPodAutoscaler",
        api="autoscaling/v2",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "web"}},
    )
    api, _ = stub_api(DISCOVERY | {WEB_DEPLOYMENT: deployment(7)})
    assert differences([deployment(2), scaler], api) == ("HorizontalPodAutoscaler web: is gone",)


def test_a_backup_is_compared_as_a_whole_and_only_what_a_restore_brings_back() -> None:
    broken = saved("api", revisions={1: "deployed", 2: "failed"})
    whole = archive(
        saved("web"),
        broken,
        objects={WEB: [deployment(2)], broken.id: [thing("ConfigMap", "api")]},
        hooks={WEB: [thing("ConfigMap", "left")]},
        secrets=[secret("here"), secret("lost")],
    )
    api, _ = stub_api(
        DISCOVERY | {WEB_DEPLOYMENT: deployment(2), "/api/v1/namespaces/plate-stg/secrets": [secret("here")]}
    )
    assert compare(whole, api) == Comparison(
        {WEB: ("ConfigMap left: is gone",)}, frozenset({("plate-stg", "lost")})
    )
