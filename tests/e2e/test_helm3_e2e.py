"""The same platform by Helm 3, then by Helm 4 over what Helm 3 left, and back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from platformctl.sandbox.api import ensure_helm3
from platformctl.tools.process import ShRunner
from tests.e2e.conftest import Cli, written_by_us
from tests.e2e.shop import SHOP, Shop, small_shop

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("helm3")]


@dataclass(frozen=True, slots=True)
class Both:
    """One platform on one cluster, by either helm."""

    helm3: Cli
    helm4: Cli
    platform: Shop
    audit: Path


@pytest.fixture(scope="module")
def both(own_sandbox: tuple[Cli, Path], tmp_path_factory: pytest.TempPathFactory) -> Both:
    cli, audit = own_sandbox
    platform = small_shop(tmp_path_factory.mktemp("helm3") / "platform")
    helm4 = cli.at(platform.root)
    binary = ensure_helm3(ShRunner(), os.environ, print)
    return Both(helm4.having(PLATFORMCTL_HELM=str(binary)), helm4, platform, audit)


def rows(cli: Cli, *argv: str) -> dict[str, tuple[str, list[str]]]:
    """Release → (action, reasons), as the plan says."""
    [plan] = cli("plan", *argv, "-o", "json").ok().data["data"]["plans"]
    return {row["name"]: (row["action"], row["reasons"]) for row in plan["releases"]}


def revisions(cli: Cli, *argv: str) -> dict[str, int]:
    """Runs a command that changes something; key → the revision that is live then."""
    [run] = cli(*argv, "-o", "json").ok().data["data"]["runs"]
    assert run["status"] == "ok"
    return dict(run["revisions"])


def test_helm_3_deploys_changes_and_rolls_back(both: Both) -> None:
    assert " 3.22.0 at " in both.helm3("doctor").out
    assert revisions(both.helm3, "deploy", "dev") == {"worker": 1, "shop": 1}
    before = written_by_us(both.audit)
    assert "Nothing changed" in both.helm3("deploy", "dev").ok().out
    assert written_by_us(both.audit) == before
    both.platform.edit(SHOP, "hello, world", "good morning")
    assert revisions(both.helm3, "deploy", "dev") == {"worker": 1, "shop": 2}
    assert revisions(both.helm3, "rollback", "dev", "shop", "--to", "1", "--yes")["shop"] == 3
    both.platform.edit(SHOP, "good morning", "hello, world")
    assert {action for action, _ in rows(both.helm3, "dev").values()} == {"unchanged"}


def test_helm_4_takes_over_what_helm_3_made_and_says_so(both: Both) -> None:
    planned = rows(both.helm4, "dev")
    assert planned["worker-dev"] == ("upgrade", ["helm 3 → 4"])
    assert revisions(both.helm4, "deploy", "dev")["worker"] == 2
    assert "Nothing changed" in both.helm4("deploy", "dev").ok().out
    both.platform.edit(SHOP, "hello, world", "good evening")
    assert revisions(both.helm4, "deploy", "dev")["shop"] > 3
    assert "ready" in both.helm4("status", "dev").ok().out


def test_helm_3_goes_on_after_helm_4(both: Both) -> None:
    assert rows(both.helm3, "dev")["worker-dev"] == ("upgrade", ["helm 4 → 3"])
    revisions(both.helm3, "deploy", "dev")
    both.platform.edit(SHOP, "good evening", "good night")
    revisions(both.helm3, "deploy", "dev")
    assert "ready" in both.helm3("status", "dev").ok().out
