"""Which releases a backup of a scope holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from platformctl.catalog.desired import Catalog, Scope
from platformctl.live.state import LiveRelease, ReleaseId
from platformctl.pipeline import releases_of
from tests.support.builders import desired, live_like, live_state, rendered, scope


def made(name: str, namespace: str = "plate-stg", *, run: str | None = "r1") -> LiveRelease:
    return replace(live_like(rendered(name)), id=ReleaseId(namespace, name), run=run)


def catalog(*scopes: Scope) -> Catalog:
    return Catalog(
        platform=cast("object", SimpleNamespace()),  # type: ignore[arg-type]
        root=Path("/repo"),
        file=Path("/repo/platform.yaml"),
        scopes={each.name: each for each in scopes},
    )


def test_those_of_the_catalog_and_those_that_it_no_longer_has() -> None:
    stg = scope(desired("web"), desired("cache", namespace="shared"))
    live = live_state(made("old"), made("by-hand", run=None), made("elsewhere", "kube-system"))
    assert releases_of(stg, catalog(stg), live) == {
        "web": ReleaseId("plate-stg", "web-stg"),
        "cache": ReleaseId("shared", "cache-stg"),
        "old": ReleaseId("plate-stg", "old"),
    }


def test_what_another_environment_has_in_a_shared_namespace_is_not_of_this_one() -> None:
    stg = scope(desired("cache", namespace="shared"), namespace="shared")
    prod = scope(desired("cache", scope="prod", namespace="shared"), name="prod", namespace="shared")
    live = live_state(made("cache-stg", "shared"), made("cache-prod", "shared"))
    assert releases_of(prod, catalog(stg, prod), live) == {"cache": ReleaseId("shared", "cache-prod")}
