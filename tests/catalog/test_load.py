"""Finding the catalog, its repository and its includes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platformctl.catalog import yaml
from platformctl.catalog.load import find_catalog, load, places
from platformctl.catalog.paths import repository_root
from platformctl.errors import CatalogError

from .conftest import HEADER, Repository

APP = "applications:\n  {name}: {{chart: {{path: /charts/web}}, environments: {{stg: {{}}}}}}\n"
STG = "environments:\n  stg: {namespace: {name: shop-stg}}\n"


def test_the_catalog_is_looked_for_upwards_as_far_as_the_repository_goes(repository: Repository) -> None:
    catalog = repository.file("environments/platform.yaml", HEADER)
    for start in (repository.root, repository.root / "charts" / "web"):
        assert find_catalog(start, None) == catalog
    inner = repository.root / "charts" / "web" / "inner"
    (inner / ".git").mkdir(parents=True)
    with pytest.raises(CatalogError) as caught:
        find_catalog(inner, None)
    assert (str(caught.value.problems[0]), caught.value.hint, caught.value.exit_code) == (
        f"environments/platform.yaml: there is none, neither in {inner} nor in a folder of the repository above it",
        "change into the repository of the platform, or name the catalog: platformctl -f PATH/TO/platform.yaml …",
        6,
    )


def test_a_catalog_that_is_named_must_be_there(repository: Repository) -> None:
    catalog = repository.file("elsewhere.yaml", HEADER)
    assert find_catalog(repository.root, "elsewhere.yaml") == catalog
    assert find_catalog(Path("/"), str(catalog)) == catalog
    for option, text in (
        ("nope.yaml", "there is no such file"),
        ("charts", "is a folder; name the file in it"),
    ):
        with pytest.raises(CatalogError) as caught:
            find_catalog(repository.root, option)
        assert str(caught.value.problems[0]) == f"{option}: {text}"


def test_the_repository_is_known_by_git_else_by_the_folder_of_the_catalog(tmp_path: Path) -> None:
    catalog = tmp_path / "a" / "b" / "environments" / "platform.yaml"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(HEADER)
    elsewhere = tmp_path / "a" / "b" / "catalog.yaml"
    elsewhere.write_text(HEADER)
    assert repository_root(catalog) == tmp_path / "a" / "b"
    assert repository_root(elsewhere) == tmp_path / "a" / "b"
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere\n")  # a work tree has a file
    assert repository_root(catalog) == tmp_path / "a"


def test_includes_make_one_catalog(repository: Repository) -> None:
    repository.file("environments/apps/a.yaml", APP.format(name="a"))
    repository.file("environments/apps/b.yaml", "kind: Platform\n" + APP.format(name="b"))
    repository.file("more/c.yaml", APP.format(name="c"))
    catalog = repository.load("include: [apps/*.yaml, /more/c.yaml]\n" + STG + APP.format(name="d"))
    assert sorted(release.key for release in catalog.scopes["stg"].releases) == ["a", "b", "c", "d"]
    assert places(catalog)(("applications", "c", "chart", "path")) == "more/c.yaml:2"
    assert places(catalog)(("environments", "stg")) == "environments/platform.yaml:6"


def test_errors_in_includes_name_their_file(repository: Repository) -> None:
    repository.file("environments/apps/a.yaml", APP.format(name="a").replace("path", "pth"))
    repository.file(
        "environments/apps/b.yaml",
        "applications: {a: {}}\ndefaults: {all: stg}\nkind: Other\nlibraries: []\n",
    )
    repository.file("environments/apps/c.yaml", "a: [\n")
    repository.file("environments/apps/d.yaml", "- a\n")
    (repository.root / "environments/apps/e.yaml").symlink_to("/etc/hostname")
    body = "include: [apps/?.yaml, nope/*.yaml, /, 'apps/[abcd].yaml']\n" + STG
    with pytest.raises(CatalogError) as caught:
        repository.load(body)
    assert [str(problem).removeprefix("environments/") for problem in caught.value.problems] == [
        'apps/a.yaml:2:15: applications.a.chart: unknown key "pth" (did you mean "path"?)',
        "apps/b.yaml:1:16: applications.a: stands in environments/apps/a.yaml:2 already",
        "apps/b.yaml:2:1: defaults: cannot stand in an included file; it may hold clusters, registries, environments, "
        "libraries, applications",
        "apps/b.yaml:3:1: kind: is not that of the main file",
        "apps/b.yaml:4:1: libraries: must be a mapping (key: value)",
        "apps/c.yaml:2:1: not valid YAML: did not find expected node content (while parsing a flow node)",
        "apps/d.yaml:1:1: must be a mapping (key: value)",
        "platform.yaml:4:11: include[0]: leads out of the repository",
        "platform.yaml:4:24: include[1]: no file matches",
    ]


def test_the_catalog_may_use_anchors(repository: Repository) -> None:
    catalog = repository.load(
        "environments:\n"
        "  stg: {namespace: {name: shop-stg}, sync: &sync {prune: true, retry: {limit: 5}}}\n"
        "  prod: {namespace: {name: shop-prod}, sync: {<<: *sync, prune: false}}\n"
    )
    assert catalog.platform.environments["prod"].sync.model_dump(exclude_unset=True) == {
        "prune": False,
        "retry": {"limit": 5},
    }


def test_an_error_behind_an_anchor_is_shown_where_it_is_written(repository: Repository) -> None:
    assert repository.problems(
        "environments:\n  stg: {namespace: {name: a}, sync: &sync {prun: true}}\n  prod: {namespace: {name: b}, sync: {<<: *sync}}\n"
    ) == [
        '5:44: environments.prod.sync: unknown key "prun" (did you mean "prune"?)',
        '5:44: environments.stg.sync: unknown key "prun" (did you mean "prune"?)',
    ]


WORDS = st.sampled_from(
    ["stg", "prod", "web", "api", "/charts/web", "values.yaml", "1.10", "on", "10m", "90", "a", "../x", "{env}-x", "promote"]
) | st.text(max_size=6)  # fmt: skip
KEYS = st.sampled_from(
    ["apiVersion", "kind", "metadata", "name", "include", "clusters", "defaults", "environments", "libraries", "applications",
     "chart", "path", "repository", "version", "values", "namespace", "labels", "needs", "gates", "crd", "accepts", "aliases",
     "argocd", "syncWave", "sync", "retry", "releaseName", "parameters", "requires", "secrets", "managed", "layer", "all",
     "timeout", "formerly", "delivery", "stg", "prod", "web", "api"]
)  # fmt: skip
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
CHART = st.just({"path": "/charts/web"}) | ANYTHING
MEMBER = st.fixed_dictionaries(
    {"chart": CHART, "needs": st.lists(st.sampled_from(["web", "api", "db"]), max_size=2) | ANYTHING},
    optional={"environments": st.dictionaries(st.sampled_from(["stg", "prod"]), ANYTHING), "namespace": ANYTHING, "x": ANYTHING},
)  # fmt: skip
CATALOGS = st.fixed_dictionaries(
    {"apiVersion": st.just("platformctl.dev/v1alpha1"), "kind": st.just("Platform"), "metadata": st.just({"name": "x"}) | ANYTHING},
    optional={
        "environments": st.dictionaries(WORDS, ANYTHING | st.just({"namespace": {"name": "s"}}), max_size=3),
        "libraries": st.dictionaries(WORDS, MEMBER, max_size=3) | ANYTHING,
        "applications": st.dictionaries(st.sampled_from(["web", "api", "db"]), MEMBER, max_size=3) | ANYTHING,
        "defaults": ANYTHING,
        "include": ANYTHING,
        "clusters": ANYTHING,
        "argocd": ANYTHING,
    },
)  # fmt: skip


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(CATALOGS | ANYTHING)
def test_any_catalog_loads_or_gives_a_catalog_error(repository: Repository, data: Any) -> None:
    repository.file("environments/platform.yaml", yaml.dump(data))
    with contextlib.suppress(CatalogError):
        load(repository.catalog)
