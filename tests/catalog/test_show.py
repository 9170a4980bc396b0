"""The graph as text, DOT and Mermaid; what a release inherits and where each value comes from."""

from __future__ import annotations

from platformctl.catalog import inherited, show
from platformctl.catalog.load import places

from .conftest import Repository

CATALOG = """\
argocd: {}
defaults: {timeout: 5m}
environments:
  stg:
    namespace: {name: a, labels: {tier: trial}}
    sync: {prune: true, retry: {limit: 5, backoff: {duration: 5s, factor: 2}}}
  prod: {namespace: {name: b}, onFailure: keep}
libraries:
  certs: {layer: cluster-services, chart: {path: /charts/web}, namespace: {name: c}, gates: [{crd: x}]}
  disks: {layer: cluster-services, managed: false}
applications:
  web:
    chart: {path: /charts/web}
    needs: [api, certs]
    requires: {crds: [x]}
    parameters: {a: "1", b: "2"}
    sync: {retry: {limit: 3}}
    environments:
      stg:
        parameters: {b: "3"}
        values: [values.yaml]
        sync: {retry: {backoff: {duration: 1s}, limit: 2}, selfHeal: false}
  api:
    chart: {path: /charts/web}
    needs: [disks]
    sync: {retry: null}
    environments: {stg: {}, prod: {timeout: 1m}}
"""


def test_the_graph_reads_as_text(repository: Repository) -> None:
    catalog = repository.load(CATALOG)
    assert show.as_text(show.graph(catalog)) == (
        "libraries\n"
        "   0  certs\n"
        "      disks  not ours: only checked\n"
        "applications\n"
        "   1  api    needs disks\n"
        "   2  web    needs api, certs\n"
    )
    assert show.as_text(show.graph(catalog, "prod")) == (
        "libraries\n   0  disks  not ours: only checked\napplications\n   1  api    needs disks\n"
    )
    assert show.as_text(show.graph(catalog, "libraries")) == (
        "libraries\n   0  certs\n      disks  not ours: only checked\n"
    )


def test_the_graph_is_drawn_for_graphviz_and_mermaid(repository: Repository) -> None:
    nodes = show.graph(repository.load(CATALOG), "stg")
    assert (
        show.as_dot(nodes)
        == """\
digraph needs {
  rankdir=LR;
  node [shape=box];
  subgraph "cluster_libraries" {
    label="libraries";
    "certs";
    "disks" [style=dashed];
  }
  subgraph "cluster_applications" {
    label="applications";
    "api";
    "web";
  }
  "api" -> "disks";
  "web" -> "api";
  "web" -> "certs";
}
"""
    )
    assert (
        show.as_mermaid(nodes)
        == """\
graph LR
  subgraph libraries
    n0["certs"]
    n1(["disks"])
  end
  subgraph applications
    n2["api"]
    n3["web"]
  end
  n2 --> n1
  n3 --> n2
  n3 --> n0
"""
    )


def test_sync_policies_are_inherited_key_by_key_and_null_takes_away(repository: Repository) -> None:
    platform = repository.load(CATALOG).platform
    assert inherited.sync_policy(platform, "web", "stg") == {
        "prune": True,
        "selfHeal": False,
        "retry": {"limit": 2, "backoff": {"duration": "1s", "factor": 2}},
    }
    assert inherited.sync_policy(platform, "api", "stg") == {"prune": True}
    assert inherited.sync_policy(platform, "api", "prod") == {}


def test_every_setting_of_a_release_says_where_it_comes_from(repository: Repository) -> None:
    catalog = repository.load(CATALOG)
    place = places(catalog)
    found = inherited.described(catalog, lambda path: place(path).removeprefix("environments/platform.yaml:"))
    rows = {scope: {key: {name: tuple(one.values()) for name, one in settings.items()} for key, settings in releases.items()}
            for scope, releases in found.items()}  # fmt: skip
    assert rows == {
        "libraries": {
            "certs": {
                "release": ("certs", "built in"),
                "namespace": ("c", "12"),
                "chart": ("/charts/web", "12"),
                "gates": (["crd x established"], "12"),
                "wait": ("platformctl", "built in"),
                "timeout": ("5m", "5"),
            }
        },
        "stg": {
            "api": {
                "release": ("api-stg", "built in"),
                "namespace": ("a", "8"),
                "labels": ({"tier": "trial"}, "8"),
                "chart": ("/charts/web", "27"),
                "needs": (["disks"], "28"),
                "wait": ("platformctl", "built in"),
                "timeout": ("5m", "5"),
                "onFailure": ("rollback-release", "built in"),
                "sync.prune": (True, "9"),
            },
            "web": {
                "release": ("web-stg", "built in"),
                "namespace": ("a", "8"),
                "labels": ({"tier": "trial"}, "8"),
                "chart": ("/charts/web", "16"),
                "values": (["/charts/web/values.yaml"], "24"),
                "parameters.a": ("1", "19"),
                "parameters.b": ("3", "23"),
                "needs": (["api", "certs"], "17"),
                "requires": ({"crds": ["x"]}, "18"),
                "wait": ("platformctl", "built in"),
                "timeout": ("5m", "5"),
                "onFailure": ("rollback-release", "built in"),
                "sync.prune": (True, "9"),
                "sync.retry.limit": (2, "25"),
                "sync.retry.backoff.duration": ("1s", "25"),
                "sync.retry.backoff.factor": (2, "9"),
                "sync.selfHeal": (False, "25"),
            },
        },
        "prod": {
            "api": {
                "release": ("api-prod", "built in"),
                "namespace": ("b", "10"),
                "chart": ("/charts/web", "27"),
                "needs": (["disks"], "28"),
                "wait": ("platformctl", "built in"),
                "timeout": ("1m", "30"),
                "onFailure": ("keep", "10"),
            }
        },
    }
    assert show.data(catalog, origin=True)["stg"]["web"]["chart"] == {
        "value": "/charts/web",
        "from": "environments/platform.yaml:16",
    }
    plain = show.data(catalog)["stg"]["web"]
    assert {key: row[0] for key, row in rows["stg"]["web"].items()} == plain
