"""The whole platform on a control plane that is started for it: dry run, deploy, deploy again, change, crash, go back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Cli, HelmLog, written_by_us

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("platform")]

Own = tuple[Cli, Path]
LIBRARIES_ARE_MISSING = 6
COMMANDS = [
    (["--dry-run"], 0),
    (["libraries", "--dry-run"], 0),
    (["all", "--dry-run"], 0),
    (["all", "prod", "--dry-run=server"], 0),
    (["stg", "--dry-run=client"], 0),
    (["stg", "--dry-run=server"], LIBRARIES_ARE_MISSING),
    (["prod", "--dry-run"], LIBRARIES_ARE_MISSING),
    (["deploy", "prod", "plate-cache", "--dry-run"], 0),
    (["plan"], 0),
    (["diff"], 0),
    (["status"], 0),
]


def changed(ran_data: dict[str, object]) -> list[str]:
    runs = ran_data["data"]["runs"]  # type: ignore[index]
    return [
        row["name"]
        for run in runs
        for row in run["plan"]["releases"]
        if row["action"] in ("install", "upgrade")
    ]


@pytest.mark.parametrize(
    ("argv", "code"), COMMANDS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_looking_and_dry_runs_write_nothing(own_sandbox: Own, argv: list[str], code: int) -> None:
    cli, audit = own_sandbox
    before = written_by_us(audit)
    ran = cli(*argv)
    assert ran.code == code, ran.err
    assert written_by_us(audit) == before


def test_a_named_target_alone_says_what_it_lacks(own_sandbox: Own) -> None:
    cli, audit = own_sandbox
    before = written_by_us(audit)
    ran = cli("stg", "plate-web")
    assert ran.code == 6
    assert "openbao-secrets-manager" in ran.err
    assert written_by_us(audit) == before


def test_production_is_refused_without_its_name_before_the_cluster_is_asked(own_sandbox: Own) -> None:
    cli, audit = own_sandbox
    before = written_by_us(audit)
    for argv in (["prod"], ["prod", "--yes"], ["deploy", "prod", "--confirm", "stg"]):
        ran = cli(*argv)
        assert (ran.code, ran.out) == (13, ""), ran.err
        assert "--confirm prod" in ran.err
    assert written_by_us(audit) == before


def test_all_deploys_libraries_and_staging_and_the_same_filter_sees_it_write(own_sandbox: Own) -> None:
    cli, audit = own_sandbox
    ran = cli("all", "stg", "-o", "json").ok()
    assert len(changed(ran.data)) == 14
    assert [run["scope"] for run in ran.data["data"]["runs"]] == ["libraries", "stg"]
    assert any("create /api/v1/namespaces/plate-stg/secrets" in line for line in written_by_us(audit))


def test_a_second_run_changes_nothing_and_starts_no_helm_upgrade(own_sandbox: Own, helm_log: HelmLog) -> None:
    cli, audit = own_sandbox
    before = written_by_us(audit)
    ran = cli("all", "stg", PLATFORMCTL_HELM=str(helm_log.file.parent / "helm")).ok()
    assert "Nothing changed: 14 releases" in ran.out
    assert set(helm_log.verbs()) <= {"version"}
    assert written_by_us(audit) == before


def test_production_goes_through_all_its_phases_in_order(own_sandbox: Own) -> None:
    cli, _ = own_sandbox
    ran = cli("prod", "--confirm", "prod", "-o", "json").ok()
    [run] = ran.data["data"]["runs"]
    done = [phase["name"] for phase in run["phases"] if phase["status"] != "skipped"]
    assert done == ["confirm", "re-read", "preflight", "namespaces", "releases", "health", "status", "access"]
    assert len(changed(ran.data)) == 5


def test_a_changed_value_is_planned_with_its_reason_shown_as_a_diff_and_deployed_alone(
    own_sandbox: Own, repository_copy: Path
) -> None:
    cli, _ = own_sandbox
    cli = cli.at(repository_copy)
    values = repository_copy / "helm/applications/plate-llm/values-stg.yaml"
    values.write_text(values.read_text() + "\npodAnnotations: {example.com/build: two}\n")
    plan = cli("plan", "stg", "--detailed-exitcode")
    assert plan.code == 2
    assert "podAnnotations" in plan.out
    diff = cli("diff", "stg").ok()
    assert "+" in diff.out
    assert "example.com/build: two" in diff.out
    ran = cli("stg", "-o", "json").ok()
    assert changed(ran.data) == ["plate-llm-stg"]
    assert "Nothing changed" in cli("stg").ok().out


def test_a_crash_loop_fails_in_seconds_with_its_reason_and_is_left_in_place(
    own_sandbox: Own, repository_copy: Path
) -> None:
    cli, _ = own_sandbox
    cli = cli.at(repository_copy)
    values = repository_copy / "helm/applications/plate-web/values-stg.yaml"
    values.write_text(values.read_text() + "\npodAnnotations: {platformctl.dev/play: crash-loop}\n")
    ran = cli("stg", "-o", "json")
    assert ran.code == 5, ran.err
    [run] = ran.data["data"]["runs"]
    failed = [step for step in run["steps"] if step["status"] == "failed"]
    assert [step["release"] for step in failed] == ["plate-web"]
    assert "CrashLoopBackOff" in failed[0]["detail"]
    assert failed[0]["seconds"] < 60
    again = cli("stg")
    assert again.code == 5, "a repeat must not call it good"
    assert "CrashLoopBackOff" in again.out
    people = cli("status", "stg").ok()
    assert "CrashLoopBackOff" in people.out or "doomed" in people.out


def test_rollback_needs_a_revision_and_goes_to_exactly_that_one(own_sandbox: Own) -> None:
    cli, audit = own_sandbox
    before = written_by_us(audit)
    refused = cli("rollback", "stg", "plate-web")
    assert refused.code == 7
    assert "1" in refused.err
    assert "superseded" in refused.err
    unanswered = cli("rollback", "stg", "plate-web", "--to", "1")
    assert unanswered.code == 13
    for bad in ("0", "-1", "abc", "1e3", "١", "99999999999"):
        assert cli("rollback", "stg", "plate-web", f"--to={bad}").code == 64, bad
    assert cli("rollback", "stg", "plate-web", "--to", "99", "--yes").code == 7
    assert written_by_us(audit) == before
    ran = cli("rollback", "stg", "plate-web", "--to", "1", "--yes", "-o", "json").ok()
    assert ran.data["data"]["runs"][0]["kind"] == "rollback"
    assert "ready" in cli("status", "stg").ok().out
