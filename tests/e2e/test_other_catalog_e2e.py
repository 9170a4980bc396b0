"""Another platform goes through the same commands: environments dev and live, one chart repository, no Argo CD.

The tests tell one story, in their order: look, pin, deploy, deploy again, change, go back, production.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.charts_stage.servers import Served, repository, serving
from tests.e2e.conftest import Cli, written_by_us
from tests.e2e.shop import CATALOG, SHOP, WORKER, Shop, queue_chart, shop

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("other")]


@dataclass(frozen=True, slots=True)
class Other:
    """The platform, a command line in its folder without a mirror, its chart repository, and the cluster's audit log."""

    cli: Cli
    platform: Shop
    served: Served
    audit: Path

    def writes(self) -> list[str]:
        return written_by_us(self.audit)


@pytest.fixture(scope="module")
def other(own_sandbox: tuple[Cli, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Other]:
    cli, audit = own_sandbox
    folder = tmp_path_factory.mktemp("other")
    with serving(repository({("queue", "1.2.0"): queue_chart(folder)})) as served:
        platform = shop(folder / "platform", repository=served.url)
        env = {name: value for name, value in cli.env.items() if name != "PLATFORMCTL_CHART_MIRROR"}
        yield Other(
            Cli(platform.root, {**env, "XDG_CACHE_HOME": str(folder / "cache")}), platform, served, audit
        )


def actions(other: Other, *argv: str) -> dict[str, str]:
    """Release → action, as the plan says."""
    plans = other.cli("plan", *argv, "-o", "json").ok().data["data"]["plans"]
    return {row["name"]: row["action"] for plan in plans for row in plan["releases"]}


def test_it_is_valid_shown_and_drawn(other: Other) -> None:
    said = other.cli("catalog", "validate").ok().out
    assert said == "environments/platform.yaml: 1 library, 2 applications, 2 environments: valid\n"
    shown = other.cli("catalog", "show", "-o", "json").ok().data["data"]
    assert {scope: list(releases) for scope, releases in shown.items()} == {
        "libraries": ["queue"],
        "dev": ["worker", "shop"],
        "live": ["worker", "shop"],
    }
    graph = other.cli("catalog", "graph").ok().out
    assert "1  worker  needs queue" in graph
    assert "2  shop    needs worker, queue" in graph


def test_stg_and_prod_are_not_built_in(other: Other) -> None:
    for name in ("stg", "prod"):
        ran = other.cli(name)
        assert (ran.code, ran.out) == (64, "")
        assert f'no environment "{name}"' in ran.err
        assert "there are dev (development), live" in ran.err


def test_the_fixed_spellings_find_environments_of_just_that_name(other: Other, tmp_path: Path) -> None:
    named = shop(tmp_path / "named")
    named.edit(CATALOG, "  live:", "  production:")
    named.edit(CATALOG, "[development]", "[staging]")
    for file in (SHOP, WORKER):
        named.edit(file, "      live:", "      production:")
    cli = other.cli.at(named.root)
    assert "shop-production" in cli("production", "--dry-run=client").ok().out
    assert "shop-dev" in cli("staging", "--dry-run=client").ok().out


def test_the_chart_is_pinned_once_and_then_verified(other: Other) -> None:
    assert "not pinned" in other.cli("charts", "verify").ok().out
    pinned = other.cli("charts", "pin").ok().out
    assert "filled" in pinned
    lock = other.platform.files()["environments/charts.lock"].decode()
    assert f"source: {other.served.url}" in lock
    assert "1 of 1 chart pinned and right" in other.cli("charts", "verify").ok().out
    other.cli("charts", "pin").ok()
    assert other.platform.files()["environments/charts.lock"].decode() == lock
    assert other.served.asked == ["/index.yaml", "/queue-1.2.0.tgz"]


def test_everything_is_planned_as_new_and_nothing_written(other: Other) -> None:
    before = other.writes()
    assert actions(other) == dict.fromkeys(
        ["queue", "worker-dev", "shop-dev", "worker-live", "shop-live"], "install"
    )
    dry = other.cli("--dry-run").ok().out
    assert "ok: 5 releases render and validate" in dry
    assert other.writes() == before


def test_an_environment_alone_misses_its_library(other: Other) -> None:
    ran = other.cli("deploy", "dev")
    assert ran.code == 6
    assert "need library queue, which is not deployed; deploy it:  platformctl libraries queue" in ran.err


def test_all_takes_the_default_of_the_catalog(other: Other) -> None:
    ran = other.cli("all", "-o", "json").ok()
    assert [(run["scope"], run["status"], run["revisions"]) for run in ran.data["data"]["runs"]] == [
        ("libraries", "ok", {"queue": 1}),
        ("dev", "ok", {"worker": 1, "shop": 1}),
    ]
    gate = [step for step in ran.data["data"]["runs"][0]["steps"] if step["what"].startswith("gate of queue")]
    assert [step["status"] for step in gate] == ["skipped"], "the sandbox asks no webhook"
    assert "not checked (pods are played): the server accepts ConfigMap queue-gate" in gate[0]["detail"]


def test_a_second_run_changes_nothing_and_downloads_nothing(other: Other) -> None:
    before = other.writes()
    assert "Nothing changed: 3 releases" in other.cli("all").ok().out
    assert "Nothing changed: 2 releases" in other.cli("deploy", "development").ok().out
    assert "Nothing changed: 1 release of libraries" in other.cli("libraries").ok().out
    assert other.writes() == before
    assert other.served.asked == ["/index.yaml", "/queue-1.2.0.tgz"]


def test_live_is_production_here_and_wants_its_name(other: Other) -> None:
    before = other.writes()
    ran = other.cli("deploy", "live", "--yes")
    assert (ran.code, ran.out) == (13, "")
    assert other.writes() == before
    other.cli("deploy", "live", "--confirm", "live").ok()
    assert "Nothing changed" in other.cli("deploy", "live", "--confirm", "live").ok().out


def test_a_change_is_shown_deployed_and_taken_back(other: Other) -> None:
    other.platform.edit(SHOP, "hello, world", "good morning")
    plan = other.cli("plan", "dev", "--detailed-exitcode")
    assert plan.code == 2
    assert "values: greeting.text hello, world → good morning" in plan.out
    diff = other.cli("diff", "dev").ok().out
    assert "HELLO, WORLD" in diff
    assert "GOOD MORNING" in diff
    ran = other.cli("deploy", "dev", "-o", "json").ok()
    assert ran.data["data"]["runs"][0]["revisions"] == {"worker": 1, "shop": 2}
    back = other.cli("rollback", "dev", "shop", "--to", "1", "--yes", "-o", "json").ok()
    assert back.data["data"]["runs"][0]["revisions"]["shop"] == 3
    asked = {"worker-dev": "unchanged", "shop-dev": "upgrade"}
    assert actions(other, "dev") == asked, "the catalog still asks for it"
    other.platform.edit(SHOP, "good morning", "hello, world")
    assert "back to revision 1; its manifest is the rendered one" in other.cli("plan", "dev").ok().out


def test_status_says_what_is_there(other: Other) -> None:
    data = other.cli("status", "dev", "-o", "json").ok().data["data"]
    assert "shop" in json.dumps(data)
    shown = other.cli("status", "dev").ok().out
    [row] = [line for line in shown.splitlines() if line.split()[:1] == ["shop-dev"]]
    assert "3" in row.split()
    assert "deployed" in row
    assert "ready" in row


def test_a_library_that_is_there_asks_for_the_name_of_its_cluster_before_it_changes(other: Other) -> None:
    values = "libraries/queue/values.yaml"
    other.platform.edit(values, "1h", "2h")
    before = other.writes()
    refused = other.cli("libraries")
    assert (refused.code, refused.out) == (13, ""), refused.err
    assert "--confirm corner-shop" in refused.err
    assert "Nothing changed" in other.cli("all", "live", "--confirm", "live").ok().out, "all only installs"
    assert other.writes() == before
    other.cli("libraries", "--confirm", "corner-shop").ok()
    other.platform.edit(values, "2h", "1h")
