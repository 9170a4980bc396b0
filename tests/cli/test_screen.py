"""The result of a command for machines: one envelope, whatever happens."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import cast

import pytest

from platformctl.catalog.desired import Catalog
from platformctl.cli.options import Globals
from platformctl.cli.screen import Screen, open_screen
from platformctl.errors import PreflightError, StaleError
from platformctl.pipeline import Prepared, Request
from platformctl.plan.options import DeployOptions
from platformctl.report.envelope import failure
from platformctl.run.result import Status
from tests.report import examples
from tests.support.builders import desired, live_like, live_state, planned, rendered, scope


def json_screen() -> Screen:
    return open_screen(Globals(output="json"), {}, "deploy")


def test_runs_that_an_error_ends_stand_in_the_envelope_of_the_error_and_nowhere_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = StaleError("deploy stg: the cluster changed")
    json_screen().results([examples.good_run()], [], error)
    assert capsys.readouterr().out == ""
    said = failure("all", error)
    assert (said["error"]["code"], said["data"]["runs"][0]["status"]) == ("stale", "ok")


def test_a_run_that_failed_has_an_error_with_a_stable_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert json_screen().results([examples.failed_run()], []) == 5
    said = json.loads(capsys.readouterr().out)
    assert (said["status"], said["exitCode"], said["error"]["code"]) == ("failed", 5, "deploy-failed")
    assert said["error"]["hint"].startswith("mend the cause")


@pytest.mark.parametrize(("number", "code"), [(None, 130), (2, 130), (15, 143), (1, 143)])
def test_what_ended_a_run_stands_in_the_envelope_too(
    capsys: pytest.CaptureFixture[str], number: int | None, code: int
) -> None:
    stopped = replace(examples.good_run(), status=Status.INTERRUPTED, signal=number)
    assert json_screen().results([stopped], []) == code
    assert json.loads(capsys.readouterr().out)["exitCode"] == code


def test_what_a_dry_run_found_stands_in_the_envelope_of_what_is_in_the_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    unread = cast(Catalog, None)  # only people are told about the catalog
    error = PreflightError("preflight of stg: 1 finding")
    json_screen().dry_run(unread, [], None, error)
    assert capsys.readouterr().out == ""
    assert error.data == {
        "cluster": "none in reach, rendered offline (--dry-run=server insists on one)",
        "plans": [],
    }


def test_a_pending_upgrade_is_not_called_as_the_catalog_says(capsys: pytest.CaptureFixture[str]) -> None:
    there, newer, same = rendered("metallb"), rendered("metallb", values={"a": 1}), rendered("harbor")
    libraries = scope(
        desired("metallb", scope="libraries"), desired("harbor", scope="libraries"), name="libraries"
    )
    live = live_state(live_like(there, "metallb"), live_like(same, "harbor"))
    plan = planned(libraries, live, newer, same, upgrade_existing=False)
    one = Prepared(Request(libraries, DeployOptions()), live, {}, plan, lambda _: plan)

    assert open_screen(Globals(), {}, "deploy").nothing_to_do([one]) == 0
    assert capsys.readouterr().out == (
        "Nothing changed: 1 release of libraries is as the catalog says; "
        "an upgrade is pending: metallb (--upgrade-libraries makes it).\n"
    )
