from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from platformctl.catalog.models import Requires
from platformctl.catalog.values import Values
from platformctl.live.state import OFFLINE, LiveState
from platformctl.render.cache import RenderCache, RenderKey
from platformctl.render.inputs import asked, inputs_of, known
from platformctl.render.models import Inputs
from platformctl.render.scan import Scan
from tests.support.builders import CLUSTER, chart_at, desired

CHART = chart_at()
SCAN = Scan(
    apis=frozenset({"policy/v1", "x.io/v1", "own.io/v1"}), own_groups=frozenset({"own.io"}), kube_version=True
)
LIVE = LiveState(CLUSTER, api_versions=("v1", "policy/v1", "own.io/v1", "other.io/v1"))


def values(merged: dict[str, Any] | None = None) -> Values:
    return Values(desired(), None, merged or {})


def made(
    scan: Scan = SCAN, live: LiveState = LIVE, brought: frozenset[str] = frozenset(), **more: Any
) -> Inputs:
    release = desired(requires=more.get("requires"))
    return inputs_of(
        more.get("chart", CHART),
        values(more.get("values")),
        more.get("helm", 4),
        scan,
        known(release, scan, live, brought),
    )


def test_only_what_the_templates_ask_about_and_the_cluster_has_is_an_input() -> None:
    assert made() == Inputs(CHART.digest, values().digest, 4, ("policy/v1",), "v1.37")


def test_what_needs_bring_counts_before_it_is_there_and_after() -> None:
    before = made(brought=frozenset({"x.io/v1", "x.io/v1/Thing"}))
    after = made(live=LiveState(CLUSTER, api_versions=(*LIVE.api_versions, "x.io/v1", "x.io/v1/Thing")))
    assert before == after
    assert before.api_versions == ("policy/v1", "x.io/v1")


def test_what_the_chart_defines_itself_is_no_input_but_helm_is_told() -> None:
    first = LiveState(CLUSTER, api_versions=("v1", "policy/v1"))
    assert made(live=first) == made()
    assert asked(SCAN, known(desired(), SCAN, LIVE, ())) == ("own.io/v1", "policy/v1")


def test_where_it_cannot_be_told_what_is_asked_every_api_version_is_an_input() -> None:
    scan = Scan(every_api=True, own_groups=frozenset({"own.io"}))
    assert made(scan).api_versions == ("other.io/v1", "policy/v1", "v1")


def test_a_patch_of_kubernetes_changes_nothing_and_a_minor_version_only_where_it_is_asked_for() -> None:
    def on(version: str, scan: Scan) -> Inputs:
        identity = CLUSTER.__class__(CLUSTER.context, CLUSTER.server, CLUSTER.uid, version)
        return made(scan, LiveState(identity))

    assert on("v1.37.2", SCAN) == on("v1.37.9", SCAN) != on("v1.38.0", SCAN)
    assert on("v1.37.2", Scan()) == on("v1.38.0", Scan())


def test_offline_the_apis_that_the_catalog_requires_are_taken_to_be_there() -> None:
    requires = Requires(crds=["things.x.io"])
    assert made(live=OFFLINE, requires=requires) == Inputs(CHART.digest, values().digest, 4, ("x.io/v1",), "")
    assert made(live=OFFLINE).api_versions == ()


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"chart": chart_at(content="other")}, id="chart"),
        pytest.param({"values": {"a": 1}}, id="values"),
        pytest.param({"helm": 3}, id="helm"),
        pytest.param({"live": LiveState(CLUSTER)}, id="api versions"),
    ],
)
def test_each_input_makes_another_digest(more: dict[str, Any]) -> None:
    assert made(**more).digest != made().digest
    assert len(made(**more).digest) == 32


KEY: dict[str, Any] = {
    "inputs": made(), "name": "web-stg", "namespace": "plate-stg", "is_upgrade": False, "kube_version": "v1.37.2",
    "api_versions": ("policy/v1",), "helm": (4, 3, 1),
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("inputs", made(values={"a": 1})),
        ("name", "web-prod"),
        ("namespace", "plate-prod"),
        ("is_upgrade", True),
        ("kube_version", "v1.37.3"),
        ("api_versions", ()),
        ("helm", (4, 3, 2)),
    ],
)
def test_the_cache_misses_when_anything_that_helm_is_told_differs(
    tmp_path: Path, field: str, other: object
) -> None:
    assert KEY[field] != other
    cache = RenderCache(tmp_path / "renders")
    cache.put(RenderKey(**KEY), "text")
    assert cache.get(RenderKey(**KEY)) == "text"
    assert cache.get(RenderKey(**{**KEY, field: other})) is None


def test_the_cache_is_private_bounded_and_never_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = RenderCache(tmp_path / "renders")
    monkeypatch.setattr("platformctl.render.cache.KEPT", 3)
    for number in range(5):
        cache.put(RenderKey(**{**KEY, "name": f"web-{number}"}), "text")
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in cache.folder.iterdir()} == {0o600}
    assert len(list(cache.folder.iterdir())) == 3
    assert cache.get(RenderKey(**{**KEY, "name": "web-4"})) == "text"
    nowhere = RenderCache(Path("/proc/nowhere"))
    nowhere.put(RenderKey(**KEY), "text")
    assert nowhere.get(RenderKey(**KEY)) is None
