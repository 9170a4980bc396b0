"""One look at a cluster: what is there, what is not, and what may not be known."""

from __future__ import annotations

from typing import Any

import pytest

from platformctl.live.collect import Wanted, collect
from platformctl.live.state import ArgoApplicationState, ClusterIdentity, LiveNamespace, ReleaseId, Revision
from tests.support.helm_records import helm_secret
from tests.support.stub_api import FORBIDDEN, stub_api

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RECORDS = "/api/v1/secrets"


def _named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **more}


def _resource(plural: str, kind: str) -> dict[str, Any]:
    return {"resource": plural, "scope": "Namespaced", "responseKind": {"kind": kind}}


def _groups(*served: tuple[str, str, str, str]) -> dict[str, Any]:
    items = [
        {
            "metadata": {"name": group},
            "versions": [{"version": version, "resources": [_resource(plural, kind)]}],
        }
        for group, version, plural, kind in served
    ]
    return {"kind": "APIGroupDiscoveryList", "items": items}


def _cluster(**changes: Any) -> dict[str, Any]:
    """A small cluster; keys of `changes` are paths."""
    return {
        "/version": {"gitVersion": "v1.37.2"},
        "/api": {
            "kind": "APIGroupDiscoveryList",
            "items": [
                {"metadata": {}, "versions": [{"version": "v1", "resources": [_resource("pods", "Pod")]}]}
            ],
        },
        "/apis": _groups(("apps", "v1", "deployments", "Deployment")),
        "/api/v1/namespaces/kube-system": {"metadata": {"uid": "5f0c"}},
        "/api/v1/namespaces": [
            _named("kube-system", status={"phase": "Active"}),
            {
                "metadata": {"name": "stg", "labels": {"environment": "development"}},
                "status": {"phase": "Active"},
            },
        ],
        RECORDS: [],
        CRDS: [],
        "/apis/networking.k8s.io/v1/ingressclasses": [_named("nginx")],
        "/apis/storage.k8s.io/v1/storageclasses": [_named("standard"), _named("openebs-hostpath")],
        **changes,
    }


def test_a_small_cluster_is_read_whole() -> None:
    api, transport = stub_api(_cluster())
    live = collect(api, Wanted())
    assert live.identity == ClusterIdentity(
        "home", "https://127.0.0.1:6443", "5f0c", "v1.37.2", sandbox=False
    )
    assert live.namespaces == {
        "kube-system": LiveNamespace("kube-system", "Active", {}),
        "stg": LiveNamespace("stg", "Active", {"environment": "development"}),
    }
    assert live.api_versions == ("apps/v1", "apps/v1/Deployment", "v1", "v1/Pod")
    assert live.ingress_classes == {"nginx"}
    assert live.storage_classes == {"standard", "openebs-hostpath"}
    assert (live.releases, live.crds, live.secret_keys, live.applications, live.unknown) == (
        {},
        {},
        {},
        (),
        {},
    )
    assert len(transport.asked) <= 15, "reads are few"


def test_the_newest_revision_stands_for_a_release_and_its_history_is_whole() -> None:
    records = [
        helm_secret(revision=1, status="superseded"),
        helm_secret(revision=2),
        helm_secret(revision=3, status="failed"),
        helm_secret(name="api", namespace="prod"),
    ]
    api, transport = stub_api(_cluster(**{RECORDS: records}))
    live = collect(api, Wanted())
    assert {key: (each.revision, each.status) for key, each in live.releases.items()} == {
        ReleaseId("stg", "web"): (3, "failed"),
        ReleaseId("prod", "api"): (1, "deployed"),
    }
    release = live.release("stg", "web")
    assert release is not None
    assert release.history == (Revision(1, "superseded"), Revision(2, "deployed"), Revision(3, "failed"))
    assert sum(path.startswith(RECORDS) for path in transport.asked) == 2


def test_a_revision_made_between_the_two_reads_is_fetched_by_name() -> None:
    new = helm_secret(revision=2)
    routes = {
        RECORDS: iter([[helm_secret(revision=1)], [helm_secret(revision=1, status="superseded"), new]]),
        "/api/v1/namespaces/stg/secrets/sh.helm.release.v1.web.v2": new,
    }
    api, _ = stub_api(_cluster(**routes))
    release = collect(api, Wanted()).release("stg", "web")
    assert release is not None
    assert release.history == (Revision(1, "superseded"), Revision(2, "deployed"))


def test_a_release_that_goes_between_the_two_reads_is_not_there() -> None:
    api, _ = stub_api(_cluster(**{RECORDS: iter([[], [helm_secret()]])}))
    live = collect(api, Wanted())
    assert (live.releases, live.unknown) == ({}, {})


def test_a_damaged_newest_record_makes_the_release_unknown_not_older_and_not_absent() -> None:
    records = [helm_secret(revision=1), helm_secret(revision=2, packed="junk"), helm_secret(name="api")]
    api, _ = stub_api(_cluster(**{RECORDS: records}))
    live = collect(api, Wanted())
    assert set(live.releases) == {ReleaseId("stg", "api")}
    assert "web.v2: it is damaged" in live.unknown["release stg/web"]
    assert live.release_unknown("stg", "web") == live.unknown["release stg/web"]
    assert live.release_unknown("stg", "api") is None


def test_a_record_that_helm_cannot_see_is_reported() -> None:
    hidden = helm_secret(labels={"owner": "nobody"})
    api, _ = stub_api(_cluster(**{RECORDS: iter([[], [hidden]])}))
    live = collect(api, Wanted())
    assert "helm does not see it" in str(live.release_unknown("stg", "web"))


def test_where_the_whole_cluster_may_not_be_read_the_catalogs_namespaces_are() -> None:
    routes = {
        RECORDS: FORBIDDEN,
        "/api/v1/namespaces/stg/secrets": [helm_secret()],
        "/api/v1/namespaces/prod/secrets": FORBIDDEN,
        "/api/v1/namespaces": FORBIDDEN,
        "/api/v1/namespaces/stg": _named("stg", status={"phase": "Active"}),
        "/api/v1/namespaces/prod": FORBIDDEN,
    }
    api, _ = stub_api(_cluster(**routes))
    live = collect(api, Wanted(namespaces=frozenset({"stg", "prod", "new"})))
    assert set(live.releases) == {ReleaseId("stg", "web")}
    assert set(live.namespaces) == {"stg"}
    assert live.unknown == {
        "releases in namespace prod": "read /api/v1/namespaces/prod/secrets: may not read /api/v1/namespaces/prod/secrets",
        "namespace prod": "read /api/v1/namespaces/prod: may not read /api/v1/namespaces/prod",
    }
    assert live.release_unknown("prod", "web") is not None
    assert live.release_unknown("new", "web") is None


def test_a_crd_is_established_when_it_is_served_or_says_so() -> None:
    conditions = {"conditions": [{"type": "Established", "status": "True"}]}
    routes = {
        "/apis": _groups(("cert-manager.io", "v1", "issuers", "Issuer")),
        CRDS: [
            _named("issuers.cert-manager.io"),
            _named("a.example.com"),
            _named("b.example.com"),
            _named("c.example.com"),
        ],
        f"{CRDS}/a.example.com": _named("a.example.com", status=conditions),
        f"{CRDS}/b.example.com": _named("b.example.com", status={}),
    }
    api, transport = stub_api(_cluster(**routes))
    crds = collect(api, Wanted()).crds
    assert crds == {
        "issuers.cert-manager.io": True, "a.example.com": True, "b.example.com": False, "c.example.com": False,
    }  # fmt: skip
    assert f"{CRDS}/issuers.cert-manager.io" not in transport.asked


def test_cluster_wide_kinds_that_may_not_be_listed_are_asked_for_by_name() -> None:
    routes = {
        "/apis": _groups(("cert-manager.io", "v1", "issuers", "Issuer")),
        CRDS: FORBIDDEN,
        f"{CRDS}/a.example.com": FORBIDDEN,
        "/apis/networking.k8s.io/v1/ingressclasses": FORBIDDEN,
        "/apis/networking.k8s.io/v1/ingressclasses/nginx": _named("nginx"),
        "/apis/storage.k8s.io/v1/storageclasses": FORBIDDEN,
        "/apis/storage.k8s.io/v1/storageclasses/fast": FORBIDDEN,
    }
    wanted = Wanted(
        crds=frozenset({"issuers.cert-manager.io", "a.example.com", "none.example.com"}),
        ingress_classes=frozenset({"nginx", "traefik"}),
        storage_classes=frozenset({"fast"}),
    )
    api, _ = stub_api(_cluster(**routes))
    live = collect(api, wanted)
    assert live.crds == {"issuers.cert-manager.io": True}
    assert live.ingress_classes == {"nginx"}
    assert live.storage_classes == frozenset()
    assert set(live.unknown) == {"crds", "storage classes"}


def test_of_a_secret_only_the_keys_are_kept() -> None:
    place = "/api/v1/namespaces/stg/secrets"
    routes = {
        f"{place}/openbao-token": {"data": {"token": "cGxhbnRlZA==", "other": ""}},
        f"{place}/empty": {},
        "/api/v1/namespaces/prod/secrets/hidden": FORBIDDEN,
    }
    secrets = {("stg", "openbao-token"), ("stg", "empty"), ("stg", "missing"), ("prod", "hidden")}
    api, _ = stub_api(_cluster(**routes))
    live = collect(api, Wanted(secrets=frozenset(secrets)))
    assert live.secret_keys == {
        ("stg", "openbao-token"): {"token", "other"}, ("stg", "empty"): frozenset(), ("stg", "missing"): None,
    }  # fmt: skip
    assert set(live.unknown) == {"secrets in namespace prod"}
    assert "cGxhbnRlZA" not in repr(live)


def _application(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"destination": {"namespace": "stg"}, "source": {"path": f"helm/{name}"}, **spec},
        "status": {"sync": {"status": "Synced", "revision": "4be1f02"}, "health": {"status": "Healthy"}},
    }


def _state(name: str, *, auto_sync: bool) -> ArgoApplicationState:
    return ArgoApplicationState(
        "argocd", name, "stg", f"helm/{name}", auto_sync, "Synced", "Healthy", "4be1f02"
    )


ARGO = _groups(("argoproj.io", "v1alpha1", "applications", "Application"))


def test_argo_cd_applications_are_read_where_the_kind_is_served() -> None:
    items = [
        _application("web", syncPolicy={"automated": {"prune": True}}),
        _application("held", syncPolicy={"automated": {"enabled": False}}),
        _application("bare", syncPolicy={"automated": {}}),
        _application("manual"),
        {
            "metadata": {"name": "new", "namespace": "argocd"},
            "spec": {"sources": [{"chart": "x"}, {"path": "helm/new"}]},
        },
    ]
    api, _ = stub_api(_cluster(**{"/apis": ARGO, "/apis/argoproj.io/v1alpha1/applications": items}))
    assert collect(api, Wanted()).applications == (
        _state("bare", auto_sync=True),
        _state("held", auto_sync=False),
        _state("manual", auto_sync=False),
        ArgoApplicationState("argocd", "new", "", "helm/new", False, "Unknown", "Unknown", None),
        _state("web", auto_sync=True),
    )


@pytest.mark.parametrize("own", [FORBIDDEN, [_application("web")]])
def test_argo_cd_applications_are_looked_for_in_its_own_namespace_at_last(own: Any) -> None:
    routes = {
        "/apis": ARGO,
        "/apis/argoproj.io/v1alpha1/applications": FORBIDDEN,
        "/apis/argoproj.io/v1alpha1/namespaces/cd/applications": own,
    }
    api, _ = stub_api(_cluster(**routes))
    live = collect(api, Wanted(argocd_namespace="cd"))
    assert (len(live.applications), "applications" in live.unknown) == (
        (0, True) if own == FORBIDDEN else (1, False)
    )


def test_a_cluster_is_a_sandbox_only_when_its_token_is_known() -> None:
    marker = {"/api/v1/namespaces/kube-system/configmaps/platformctl-sandbox": {"data": {"token": "abc"}}}
    for known, expected in (({"abc"}, True), (set(), False)):
        api, _ = stub_api(_cluster(**marker))
        identity = collect(api, Wanted(), is_sandbox=known.__contains__).identity
        assert identity is not None
        assert identity.sandbox is expected
    api, _ = stub_api(_cluster())
    identity = collect(api, Wanted(), is_sandbox=lambda _: True).identity
    assert identity is not None
    assert not identity.sandbox


def test_an_identity_that_may_not_be_read_is_unknown() -> None:
    api, _ = stub_api(_cluster(**{"/api/v1/namespaces/kube-system": FORBIDDEN}))
    live = collect(api, Wanted())
    assert live.identity is not None
    assert (live.identity.uid, set(live.unknown)) == ("", {"identity"})


def test_an_older_server_without_aggregated_discovery_is_understood() -> None:
    routes = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                {"name": "apps", "versions": [{"groupVersion": "apps/v1"}]},
                {"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1beta1"}]},
            ],
        },
        "/api/v1": {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]},
        "/apis/apps/v1": {
            "resources": [
                {"name": "deployments", "kind": "Deployment", "namespaced": True},
                {"name": "deployments/scale", "kind": "Scale", "namespaced": True},
            ]
        },
    }
    api, _ = stub_api(_cluster(**routes))
    live = collect(api, Wanted())
    assert live.api_versions == (
        "apps/v1", "apps/v1/Deployment", "apps/v1/Scale", "metrics.k8s.io/v1beta1", "v1", "v1/Pod",
    )  # fmt: skip
    resource = api.discovery().resource("apps/v1", "Deployment")
    assert resource is not None
    assert resource.path("stg", "web") == "/apis/apps/v1/namespaces/stg/deployments/web"
