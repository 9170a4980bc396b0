"""The screens of operators, whole, at the widths that people have, and in a pipe."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.text import Text

from platformctl.plan.rollback import plan_rollback, revisions_table
from platformctl.plan.steps import Plan
from platformctl.report.dry_run_view import dry_run_lines
from platformctl.report.plan_view import Header, Pinned, diff_lines, plan_lines, revisions_lines
from platformctl.report.status_view import status_lines
from platformctl.report.summary import summary_lines
from tests.report import examples
from tests.report.golden import assert_golden, plain
from tests.support.builders import (
    application,
    desired,
    kube_object,
    live_release,
    live_state,
    planned,
    rendered,
    scope,
)

View = Callable[[int | None], list[Text]]
OFFLINE = "none in reach, rendered offline (--dry-run=server insists on one)"


def rollback_plan() -> Plan:
    release = desired("plate-web", scope="prod", namespace=examples.NS)
    return plan_rollback(
        examples.production(),
        release,
        live_state(
            live_release(
                "plate-web-prod", examples.NS, revision=13, history=[(9, "superseded"), (12, "failed")]
            )
        ),
        9,
        before=[kube_object("ConfigMap", "plate-web-prod", namespace=examples.NS, data={"tag": "1.27"})],
        after=[kube_object("ConfigMap", "plate-web-prod", namespace=examples.NS, data={"tag": "1.25"})],
    )


def mixed_status(width: int | None) -> list[Text]:
    live = live_state(
        live_release(
            "plate-web-prod", examples.NS, revision=13, status="pending-upgrade", chart=("plate-web", "0.3.1")
        ),
        live_release("plate-api-prod", examples.NS, revision=12, chart=("plate-server", "0.2.0")),
        applications=[application("plate-cache-prod")],
        unknown={"crds": "forbidden for user ops"},
    )
    return status_lines(
        examples.production(), live, {"plate-api": "ready", "plate-web": "progressing 1/3"}, width=width
    )


VIEWS: dict[str, View] = {
    "plan": lambda width: plan_lines(examples.production_plan(), examples.HEADER, width=width),
    "plan-blocked": lambda width: plan_lines(examples.blocked_plan(), examples.HEADER, width=width),
    "plan-fresh": lambda width: plan_lines(
        examples.fresh_plan(), Header("prj-devops", pinned=Pinned.NONE), width=width
    ),
    "plan-rollback": lambda width: plan_lines(rollback_plan(), Header("prj-devops"), width=width),
    "diff": lambda width: diff_lines(examples.production_plan(), width=width),
    "dry-run": lambda width: dry_run_lines(examples.CATALOG, OFFLINE, examples.offline_plans(), width=width),
    "dry-run-without-charts": lambda width: dry_run_lines(
        examples.CATALOG, OFFLINE, examples.offline_plans(charts=False), width=width
    ),
    "dry-run-blocked": lambda width: dry_run_lines(
        examples.CATALOG, "home-k8s, v1.37.2", [examples.blocked_plan()], width=width
    ),
    "status": mixed_status,
    "summary-good": lambda width: summary_lines([examples.good_run()], width=width),
    "summary-stopped": lambda width: summary_lines([examples.stopped_run()], width=width),
    "summary-failed": lambda width: summary_lines(
        [examples.failed_run()], width=width, left_out=[examples.offline_plans()[1]]
    ),
    "revisions": lambda width: revisions_lines(
        revisions_table(live_release(revision=13, history=[(9, "superseded"), (12, "failed")])), width=width
    ),
}


@pytest.mark.parametrize("width", [None, 80, 100], ids=["piped", "80", "100"])
@pytest.mark.parametrize("name", VIEWS)
def test_screen(name: str, width: int | None) -> None:
    text = plain(VIEWS[name](width))

    assert_golden(f"{name}.{'piped' if width is None else width}.txt", text)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", [name for name in VIEWS if not name.startswith("diff")])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert [line.plain for line in VIEWS[name](width) if line.cell_len > width] == []


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_screen_says_all_that_the_wide_one_does(width: int) -> None:
    """But for the uid of the cluster, which a terminal gets shortened, titles, and dashes for nothing."""
    wide, narrow = (set(plain(VIEWS["plan-blocked"](each)).split()) for each in (None, width))

    assert {word for word in wide - narrow if "5f0c" not in word} <= {
        "RELEASE",
        "ACTION",
        "CHART",
        "REV",
        "WHY",
        "–",
    }


def test_colours_reach_a_terminal_and_the_words_are_the_same() -> None:
    colored = plain(VIEWS["plan"](100), color=True)

    assert "\x1b[33mupgrade\x1b[0m" in colored
    assert Text.from_ansi(colored).plain.split() == plain(VIEWS["plan"](100)).split()


def test_a_plan_without_changes_says_that_there_is_nothing_to_do() -> None:
    empty = planned(scope(), live_state())

    assert (
        plain(plan_lines(empty, Header("p"), width=None)).splitlines()[-1] == "  no releases · nothing to do"
    )


def test_a_sandbox_is_called_a_rehearsal() -> None:
    from dataclasses import replace

    plan = examples.fresh_plan()
    assert plan.identity is not None
    sandbox = replace(plan, identity=replace(plan.identity, sandbox=True))

    assert "REHEARSAL" in plain(plan_lines(sandbox, Header("p", pinned=Pinned.NONE), width=80))


def test_names_from_a_cluster_cannot_drive_the_terminal() -> None:
    render = rendered(values={"a": "x"}, objects=[kube_object(data={"k": "\x1b]0;evil\x07\u202e"})])
    evil = live_release(values={"a": "\x1b[2J"}, status="fail\x1b[31med", chart=("web", "0\x1b[1m"))
    plan = planned(scope(desired()), live_state(evil), render)

    text = plain([*plan_lines(plan, Header("p"), width=80), *diff_lines(plan, width=80)])

    assert "\x1b" not in text
    assert "\u202e" not in text
