"""The readiness of a release, as far as it may be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from platformctl.cli.status import readiness
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl
from tests.support.builders import NAMESPACE, kube_object, live_release
from tests.support.scripted import ScriptedRunner
from tests.support.stub_api import FORBIDDEN, stub_api

WEB = live_release(objects=[kube_object("Deployment", "web", api_version="apps/v1", spec={"replicas": 1})])
SERVED = {"name": "deployments", "kind": "Deployment", "namespaced": True}
APPS = {
    "/api": {"versions": []},
    "/apis": {"groups": [{"versions": [{"groupVersion": "apps/v1"}]}]},
    "/apis/apps/v1": {"resources": [SERVED]},
}


def seen(routes: dict[str, Any]) -> str:
    access = ClusterAccess(Path("/run/kubeconfig"), "home")
    kubectl = Kubectl(ScriptedRunner(), Path("/bin/kubectl"), (1, 37, 2), {}, access)
    return readiness(stub_api(routes)[0], kubectl, WEB)


def test_workloads_that_may_not_be_read_are_unknown_and_hide_nothing_else() -> None:
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
    assert seen(APPS | {path: FORBIDDEN}).startswith("unknown: read /apis/apps/v1/namespaces/plate-stg/")


def test_a_kind_that_is_no_longer_served_is_unknown_and_says_so() -> None:
    assert seen({"/api": {"versions": []}, "/apis": {"groups": []}}) == (
        "unknown: watch Deployment.apps plate-stg/web: the API server does not serve Deployment of apps/v1"
    )
