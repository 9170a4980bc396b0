"""The platform that ships with the project: resolved as its tables say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from platformctl.catalog import inherited, show, values, yaml
from platformctl.catalog.desired import Catalog
from platformctl.catalog.load import load, places
from platformctl.catalog.needs import sync_waves

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load(REPOSITORY / "environments" / "platform.yaml")


def test_the_resolved_platform_is_the_one_that_was_reviewed(
    catalog: Catalog, snapshot: SnapshotAssertion
) -> None:
    assert yaml.dump(inherited.described(catalog)) == snapshot


def test_the_graph_of_the_platform_is_the_one_that_was_reviewed(
    catalog: Catalog, snapshot: SnapshotAssertion
) -> None:
    assert show.as_text(show.graph(catalog)) == snapshot


def test_every_origin_of_a_setting_is_a_line_of_the_catalog(catalog: Catalog) -> None:
    place = places(catalog)
    lines = catalog.file.read_text("utf-8").splitlines()
    for releases in inherited.described(catalog, place).values():
        for settings in releases.values():
            for name, setting in settings.items():
                if setting["from"] != "built in":
                    file, line = setting["from"].rsplit(":", 1)
                    assert file == "environments/platform.yaml"
                    word = name.split(".")[-1]
                    assert {"release": "releaseName", "labels": "namespace"}.get(word, word) in lines[
                        int(line) - 1
                    ]


def test_all_values_of_the_platform_can_be_read(catalog: Catalog) -> None:
    values.check(catalog)


def test_secrets_come_before_what_runs_on_them_and_the_cache_last(catalog: Catalog) -> None:
    assert sync_waves(catalog.platform) == {
        "openbao-secrets-manager": -1,
        "plate-web": 0,
        "plate-api": 0,
        "plate-llm": 0,
        "ingress": 0,
        "plate-cache": 1,
    }


STAGING = {"prune": True, "selfHeal": True, "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}}}  # fmt: skip
PRODUCTION = {**STAGING, "revisionHistoryLimit": 10, "retry": {**STAGING["retry"], "limit": 3}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("key", "env", "expected"),
    [
        ("plate-web", "stg", STAGING),
        ("plate-web", "prod", PRODUCTION),
        ("plate-api", "prod", PRODUCTION),
        ("ingress", "stg", {**STAGING, "retry": PRODUCTION["retry"]}),
        ("ingress", "prod", PRODUCTION),
        ("plate-cache", "stg", {"prune": True, "selfHeal": True, "revisionHistoryLimit": 3}),
        ("plate-cache", "prod", {"prune": True, "selfHeal": True, "revisionHistoryLimit": 3}),
        ("openbao-secrets-manager", "stg", {**STAGING, "revisionHistoryLimit": 5}),
        (
            "openbao-secrets-manager",
            "prod",
            {**PRODUCTION, "prune": False, "retry": {"limit": 3, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"}}},
        ),
    ],
)  # fmt: skip
def test_sync_policies_are_those_of_the_table(
    catalog: Catalog, key: str, env: str, expected: dict[str, Any]
) -> None:
    assert inherited.sync_policy(catalog.platform, key, env) == expected


def test_the_lock_names_every_chart_of_a_repository(catalog: Catalog) -> None:
    locked = yaml.read(REPOSITORY / "environments" / "charts.lock", "charts.lock").checked()["charts"]
    charts = [release.chart for scope in catalog.scopes.values() for release in scope.releases]
    assert sorted((row["source"], row["name"], row["version"]) for row in locked) == sorted(
        (chart.repository, chart.name, chart.version) for chart in charts if chart.repository
    )
