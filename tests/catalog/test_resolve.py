"""Models into releases: names, namespaces, needs, timeouts, requirements, gates."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from platformctl.catalog.desired import DesiredRelease, Unmanaged
from platformctl.catalog.models import (
    ChartRef,
    Gate,
    Namespace,
    OnFailure,
    RequiredSecret,
    Requires,
    RollbackPolicy,
    Wait,
)

from .conftest import Repository

CATALOG = """
clusters: {home: {context: home-k8s}}
defaults: {timeout: 4m}
requires: {kubernetes: ">=1.25"}
environments:
  stg: {cluster: home, namespace: {name: shop-stg, labels: {tier: trial}}}
  prod: {cluster: home, namespace: {name: shop-prod}, protected: true, onFailure: keep, aliases: [live]}
libraries:
  storage: {layer: cluster-services, managed: false, needs: [disks], requires: {storageClasses: [fast]}}
  disks: {layer: cluster-services, managed: false, needs: [driver]}
  driver:
    layer: cluster-services
    chart: {repository: https://charts.example, name: driver, version: 1.0.0}
    namespace: {name: system}
    timeout: 2m
  tools:
    layer: development-tools
    chart: {path: /charts/web}
    namespace: {name: system, labels: {a: b}}
    releaseName: the-tools
    needs: [storage]
    wait: helm
applications:
  web:
    chart: {path: /charts/web}
    needs: [db, tools, storage]
    formerly: www
    parameters: {a.b: "1", c: x}
    requires: {crds: [things.example], secrets: [{name: s, keys: [a], hint: make it}], kubernetes: ">=1.9"}
    gates: [{accepts: gate.yaml}]
    environments:
      stg: {}
      prod:
        values: [values.yaml, /charts/web/values-stg.yaml]
        parameters: {c: w, d: z}
        timeout: 90s
        requires: {crds: [things.example, more.example], secrets: [{name: s, keys: [b, a]}], kubernetes: ">=1.30"}
        gates: [{http: {url: "https://shop.example"}}]
        releaseName: shop
  db:
    chart: {path: /charts/web}
    timeout: 6m
    namespace: {name: data}
    releaseName: "{env}-{app}"
    rollback: {automatic: false}
    environments: {stg: {}, prod: {namespace: {name: data-live}}}
"""


def test_a_release_has_everything_that_deploying_it_needs_to_know(repository: Repository) -> None:
    repository.file("charts/web/gate.yaml", "kind: ConfigMap\n")
    catalog = repository.load(CATALOG)
    root = repository.root
    db, web = catalog.scopes["prod"].releases
    assert web == DesiredRelease(
        scope="prod",
        key="web",
        name="shop",
        namespace=Namespace(name="shop-prod"),
        chart=ChartRef(path="/charts/web"),
        chart_folder=root / "charts/web",
        values=(root / "charts/web/values.yaml", root / "charts/web/values-stg.yaml"),
        parameters=MappingProxyType({"a.b": "1", "c": "w", "d": "z"}),
        needs=("db",),
        needs_libraries=("tools", "driver", "storage", "disks"),
        requires=Requires(
            crds=["things.example", "more.example"],
            secrets=[RequiredSecret(name="s", keys=["a", "b"], hint="make it")],
            kubernetes=">=1.30",
        ),
        gates=(Gate(accepts="/charts/web/gate.yaml"), Gate.model_validate({"http": {"url": "https://shop.example"}})),
        timeout_s=90.0,
        wait=Wait.PLATFORMCTL,
        rollback=RollbackPolicy(),
        formerly="www",
    )  # fmt: skip
    assert db == replace(
        web,
        key="db",
        name="prod-db",
        namespace=Namespace(name="data-live"),
        values=(),
        parameters=MappingProxyType({}),
        needs=(),
        needs_libraries=(),
        requires=Requires(kubernetes=">=1.25"),
        gates=(),
        timeout_s=360.0,
        rollback=RollbackPolicy(automatic=False),
        formerly=None,
    )


def test_names_timeouts_and_namespaces_have_defaults(repository: Repository) -> None:
    repository.file("charts/web/gate.yaml")
    releases = {release.key: release for release in repository.load(CATALOG).scopes["stg"].releases}
    assert {key: (one.name, one.namespace.name, one.timeout_s) for key, one in releases.items()} == {
        "db": ("stg-db", "data", 360.0),
        "web": ("web-stg", "shop-stg", 240.0),
    }


def test_libraries_are_a_scope_as_protected_as_the_environments_on_their_cluster(
    repository: Repository,
) -> None:
    repository.file("charts/web/gate.yaml")
    catalog = repository.load(CATALOG)
    libraries = catalog.libraries
    assert (libraries.protected, libraries.cluster_name, libraries.on_failure) == (
        True,
        "home",
        OnFailure.RELEASE,
    )
    assert [(one.key, one.name, one.needs, one.needs_libraries, one.timeout_s, one.wait) for one in libraries.releases] == [
        ("driver", "driver", (), (), 120.0, Wait.PLATFORMCTL),
        ("tools", "the-tools", ("driver",), ("storage", "disks"), 240.0, Wait.HELM),
    ]  # fmt: skip
    assert libraries.unmanaged == (
        Unmanaged("storage", Requires(storageClasses=["fast"])),
        Unmanaged("disks", Requires()),
    )
    assert list(catalog.scopes) == ["libraries", "stg", "prod"]
    assert (catalog.scopes["prod"].aliases, catalog.scopes["prod"].on_failure) == (("live",), OnFailure.KEEP)


def test_every_release_of_a_scope_knows_all_labels_of_its_namespace(repository: Repository) -> None:
    repository.file("charts/web/gate.yaml")
    catalog = repository.load(CATALOG)
    assert {one.key: dict(one.namespace.labels) for one in catalog.libraries.releases} == {
        "driver": {"a": "b"},
        "tools": {"a": "b"},
    }
    assert {one.key: dict(one.namespace.labels) for one in catalog.scopes["stg"].releases} == {
        "db": {},
        "web": {"tier": "trial"},
    }


def test_libraries_of_several_clusters_belong_to_none_by_name(repository: Repository) -> None:
    catalog = repository.load(
        "clusters: {one: {}, two: {}}\nenvironments:\n"
        "  a: {cluster: one, namespace: {name: a}}\n  b: {cluster: two, namespace: {name: b}, protected: true}\n"
    )
    assert (catalog.libraries.cluster_name, catalog.libraries.cluster, catalog.libraries.protected) == (
        None,
        None,
        True,
    )


def test_the_same_release_on_two_clusters_is_no_clash(repository: Repository) -> None:
    body = (
        "clusters: {{one: {{}}, two: {{}}}}\nenvironments:\n"
        "  a: {{cluster: one, namespace: {{name: x}}}}\n  b: {{cluster: {other}, namespace: {{name: x}}}}\n"
        "applications:\n  web: {{chart: {{path: /charts/web}}, releaseName: web, environments: {{a: {{}}, b: {{}}}}}}\n"
    )
    assert [one.name for one in repository.load(body.format(other="two")).scopes["b"].releases] == ["web"]
    assert repository.problems(body.format(other="one")) == [
        "9:77: applications.web.environments.b: release web in namespace x is that of applications.web.environments.a already"
    ]
