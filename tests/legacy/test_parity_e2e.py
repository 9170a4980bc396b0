"""Old and new: the same phases in the same order, the same calls that matter, the same end; and not the same faults.

The old scripts run with recording tools, and their deploys of one release also on the sandbox; ours runs on the sandbox
with the real tools behind recording ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from tests.legacy.both import QUESTION, WEB, Box, NewRan, OldEnd, live, new_on
from tests.legacy.old import SCRIPTS, Old
from tests.legacy.recorded import (
    CONFIRM,
    PHASES,
    Applied,
    Call,
    applied,
    phases,
    phases_of_ours,
    upgraded,
    with_verb,
)

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("legacy")]

NAMESPACES = {"stg": {"environment": "development"}, "prod": {"environment": "production"}}
OLD_LIBRARIES = ["cert-manager", "cert-manager-issuers", "jenkins", "metallb", "metallb-pool"]


def of_web(env: str, calls: Iterable[Call]) -> list[Call]:
    return [call for call in calls if call.has(WEB[env])]


def pairs(names: list[str]) -> set[tuple[str, str]]:
    """(a, b) for every a that comes before b."""
    return {(a, b) for position, a in enumerate(names) for b in names[position + 1 :]}


def old_namespace(calls: list[Call]) -> dict[str, dict[str, str]]:
    """Name → labels of the namespace that an old script made."""
    [made] = with_verb(calls, "kubectl apply")
    [label] = with_verb(calls, "kubectl label")
    manifest = yaml.safe_load(made.words[-1].replace("\\n", "\n"))
    key, _, value = label.words[4].partition("=")
    assert label.words[3] == manifest["metadata"]["name"]
    return {manifest["metadata"]["name"]: {key: value}}


def our_namespaces(calls: list[Call]) -> dict[str, dict[str, str]]:
    """The same of ours: every apply that was no dry run."""
    made = [
        json.loads(call.words[-1])["metadata"]
        for call in with_verb(calls, "kubectl apply")
        if not call.has("--dry-run=server")
    ]
    return {one["name"]: one["labels"] for one in made}


# The order of the phases


def test_production_goes_through_the_phases_of_the_old_script_in_its_order(
    old: Old, deployed: NewRan
) -> None:
    ran = old("deploy-prod.sh", answers=("yes",))
    assert phases(ran.calls) == list(PHASES)
    assert phases_of_ours(deployed.phases("prod")) == list(PHASES)


def test_staging_goes_through_the_phases_of_the_old_script_in_its_order(old: Old, staging: NewRan) -> None:
    kept = phases(old("deploy-stg.sh").calls)
    assert kept == ["preflight", "namespace", "upgrade", "status", "access information"]
    assert [phase for phase in phases_of_ours(staging.phases("stg")) if phase in kept] == kept


def test_libraries_come_before_the_environment_and_each_has_its_phases(old: Old, deployed: NewRan) -> None:
    ran = old("deploy-all.sh", "production", answers=("yes", "yes"))
    assert upgraded(ran.calls) == [*OLD_LIBRARIES[:-1], WEB["prod"]]
    scopes = [event["scope"] for event in deployed.events if event["event"] == "run-started"]
    assert scopes == ["libraries", "prod"]
    assert phases_of_ours(deployed.phases("libraries")) == list(PHASES)


def test_libraries_come_in_the_order_of_the_old_script_but_for_jenkins_which_needs_an_address(
    old: Old, deployed: NewRan
) -> None:
    calls = old("deploy-libraries.sh").calls
    pool = next(i for i, call in enumerate(calls) if call.words[-1] == "./scripts/legacy/metallb/")
    assert upgraded(calls[:pool]) == OLD_LIBRARIES[:-1]
    assert upgraded(calls[pool:]) == []
    ours = [name for name in upgraded(deployed.calls) if name in OLD_LIBRARIES]
    kept = {
        ("cert-manager", "cert-manager-issuers"),
        ("cert-manager-issuers", "jenkins"),
        ("metallb", "metallb-pool"),
    }
    assert kept <= pairs(OLD_LIBRARIES)
    assert kept | {("metallb-pool", "jenkins")} <= pairs(ours)
    assert sorted(ours) == sorted(OLD_LIBRARIES)


# The calls


@pytest.mark.parametrize("env", ["stg", "prod"])
def test_helm_is_told_to_install_the_same_chart_with_the_same_values(
    old_end: OldEnd, deployed: NewRan, staging: NewRan, box: Box, env: str
) -> None:
    expected = Applied(
        WEB[env], "plate-web", f"plate-{env}", (f"helm/applications/plate-web/values-{env}.yaml",)
    )
    ours = {"stg": staging, "prod": deployed}[env]
    for calls, root in ((old_end.runs[env].calls, old_end.root), (ours.calls, box.cli.cwd)):
        [upgrade] = with_verb(of_web(env, calls), "helm upgrade")
        assert upgrade.has("--install")
        assert applied(upgrade, root) == expected
    assert yaml.safe_load((SCRIPTS / "common-values.yaml").read_text()) == {}


def test_production_is_rendered_before_the_server_is_asked_and_that_before_the_namespace_and_the_upgrade(
    old_end: OldEnd, deployed: NewRan
) -> None:
    def position(calls: list[Call], verb: str, word: str) -> int:
        return next(i for i, call in enumerate(calls) if call.verb == verb and word in str(call))

    old_calls, ours = old_end.runs["prod"].calls, deployed.calls
    in_old = [
        position(old_calls, "helm template", WEB["prod"]),
        position(old_calls, "kubectl apply", "plate-prod"),
        position(old_calls, "helm upgrade", WEB["prod"]),
        position(old_calls, "kubectl get", WEB["prod"]),
    ]
    in_ours = [
        position(ours, "kubectl apply", "--dry-run=server"),
        position(ours, "kubectl apply", '"plate-prod"'),
        position(ours, "helm upgrade", WEB["prod"]),
    ]
    assert in_old == sorted(in_old)
    assert in_ours == sorted(in_ours)


@pytest.mark.parametrize("env", ["stg", "prod"])
def test_the_namespace_is_made_with_the_same_label(
    old_end: OldEnd, deployed: NewRan, staging: NewRan, env: str
) -> None:
    expected = {f"plate-{env}": NAMESPACES[env]}
    ours = our_namespaces({"stg": staging, "prod": deployed}[env].calls)
    assert old_namespace(old_end.runs[env].calls) == expected
    assert {name: labels for name, labels in ours.items() if name in expected} == expected


# The end


@pytest.mark.parametrize("env", ["stg", "prod"])
def test_the_end_is_the_same(old_end: OldEnd, deployed: NewRan, staging: NewRan, box: Box, env: str) -> None:
    kinds = {key.partition("/")[0] for key in old_end.live[env]}
    assert kinds >= {"Deployment", "Service", "ConfigMap"}
    assert live(box.client, env) == old_end.live[env]


# The faults: each shown on the old scripts, then absent from ours


def test_a_dry_run_of_the_old_scripts_installs_labels_and_writes_a_backup(old: Old) -> None:
    ran = old("deploy-all.sh", "production", "--dry-run")
    assert upgraded(ran.calls) == OLD_LIBRARIES[:-1]
    assert old_namespace([c for c in ran.calls if c.verb != "kubectl apply" or c.has("-")]) == {
        "plate-prod": NAMESPACES["prod"]
    }
    assert len(old.backups()) == 2
    staging = old("deploy-all.sh", "staging", "--dry-run")
    assert upgraded(staging.calls) == [*OLD_LIBRARIES[:-1], WEB["stg"]]


def test_a_dry_run_of_ours_changes_nothing(dry_run: NewRan, box: Box) -> None:
    assert (dry_run.code, dry_run.writes, dry_run.events) == (0, [], [])
    assert {call.verb for call in dry_run.calls} <= {
        "helm version", "helm template", "kubectl version", "kubectl proxy", "kubectl apply",
    }  # fmt: skip
    assert our_namespaces(dry_run.calls) == {}
    assert not (box.cli.cwd / "backups").exists()


def test_the_old_scripts_ask_two_times_or_three(old: Old, old_end: OldEnd) -> None:
    twice = old("deploy-all.sh", "production", answers=("yes", "yes"))
    assert len(twice.questions) == 2
    thrice = old("deploy-all.sh", "production", answers=("yes", "yes", "y"), RECORDING_CONTEXT="home")
    assert (thrice.code, len(thrice.questions)) == (0, 3)
    assert phases(old_end.runs["prod"].calls)[:4] == [CONFIRM, "preflight", CONFIRM, "preflight"]


def test_ours_asks_once_for_libraries_and_environment_together(deployed: NewRan) -> None:
    assert (deployed.code, deployed.shown.count(QUESTION)) == (0, 1), deployed.shown
    assert upgraded(deployed.calls)[-1] == WEB["prod"]


@pytest.mark.parametrize("script", ["deploy-all.sh", "deploy-prod.sh"])
def test_an_old_script_that_was_declined_ends_with_0(old: Old, script: str) -> None:
    ran = old(script, *(["production"] if script == "deploy-all.sh" else []), answers=("no",))
    assert (ran.code, len(ran.questions), upgraded(ran.calls)) == (0, 1, [])


def test_ours_that_was_declined_ends_with_13_and_has_changed_nothing(declined: NewRan) -> None:
    assert (declined.code, declined.shown.count(QUESTION), declined.writes) == (13, 1, [])
    assert upgraded(declined.calls) == []


def test_the_old_scripts_wait_30_seconds_whatever_there_is(old: Old) -> None:
    ran = old("deploy-all.sh", "staging")
    between = [str(call) for call in ran.calls if call.words[0] == "sleep"]
    assert between == ["sleep 30"]


def test_ours_waits_for_what_the_next_one_needs_and_no_longer(deployed: NewRan) -> None:
    steps = deployed.steps("libraries")
    for needed, gates, next_one in (
        ("cert-manager", 2, "cert-manager-issuers"),
        ("metallb", 2, "metallb-pool"),
        ("metallb-pool", 0, "jenkins"),
    ):
        awaited = [
            f"apply:{needed}",
            f"ready:{needed}",
            *(f"gate:{needed}:{number}" for number in range(1, gates + 1)),
            f"apply:{next_one}",
        ]
        assert [step for step in steps if step in awaited] == awaited


def test_the_old_health_check_looks_where_nothing_is_deployed_and_only_warns(old: Old) -> None:
    for env, answers in (("stg", ()), ("prod", ("yes", "yes"))):
        ran = old("deploy-all.sh", env, "--skip-libraries", answers=answers)
        looked = [call.value("-n") for call in ran.calls if call.verb == "kubectl get"][-1]
        to = {call.value("-n") for call in with_verb(ran.calls, "helm upgrade")}
        assert (ran.code, looked, to) == (0, env, {f"plate-{env}"})
        assert f"no pod in namespace {env} is Running" in ran.said
        assert "Everything is deployed" in ran.said


def test_the_health_phase_of_ours_looks_at_every_release_of_the_run(deployed: NewRan) -> None:
    for scope in ("libraries", "prod"):
        keys = {step.removeprefix("apply:") for step in deployed.steps(scope) if step.startswith("apply:")}
        watched = {
            step.removeprefix("stable:") for step in deployed.steps(scope) if step.startswith("stable:")
        }
        assert watched == keys


def test_the_health_of_ours_fails_the_deploy(staging: NewRan, box: Box) -> None:
    values = box.cli.cwd / "helm/applications/plate-web/values-stg.yaml"
    good = values.read_text()
    values.write_text(f"{good}\npodAnnotations: {{platformctl.dev/play: crash-loop}}\n")
    try:
        ran = new_on(box, "deploy", "stg", "plate-web")
    finally:
        values.write_text(good)
    assert (ran.code, "CrashLoopBackOff" in ran.shown) == (5, True), ran.shown


def test_an_old_rollback_goes_to_revision_1_unless_told(old: Old) -> None:
    assert old("deploy-prod.sh", answers=("yes",)).code == 0
    ran = old("deploy-prod.sh", "rollback")
    assert [str(call) for call in ran.calls] == ["helm rollback plate-web-prod 1 -n plate-prod"]
    assert ran.code == 0


def test_a_rollback_of_ours_never_guesses_a_revision(deployed: NewRan, box: Box) -> None:
    ran = new_on(box, "rollback", "prod", "plate-web", "--confirm", "prod")
    assert (ran.code, with_verb(ran.calls, "helm rollback"), ran.writes) == (7, [], [])


def test_the_old_lint_and_template_lay_the_values_in_different_orders(old: Old) -> None:
    ran = old("deploy-prod.sh", answers=("yes",))
    [lint], [template] = with_verb(ran.calls, "helm lint"), with_verb(ran.calls, "helm template")
    assert len(lint.values("--values")) == 2
    assert lint.values("--values") == template.values("--values")[::-1]


def test_ours_gives_helm_the_same_values_in_the_same_order_every_time(
    dry_run: NewRan, deployed: NewRan
) -> None:
    name = "openbao-secrets-manager-prod"
    calls = [call for call in (*dry_run.calls, *deployed.calls) if call.has(name)]
    assert {call.verb for call in calls} == {"helm template", "helm upgrade"}
    [values] = {tuple(call.values("--values")) for call in calls}
    assert [file.rpartition("/")[2] for file in values] == ["values.yaml", "values-production.yaml"]


def test_the_old_scripts_apply_the_crds_of_cert_manager_twice(old: Old) -> None:
    calls = old("deploy-libraries.sh").calls
    [by_url] = [call for call in calls if call.words[-1].endswith("/cert-manager.crds.yaml")]
    [by_chart] = [call for call in calls if call.has("installCRDs=true")]
    assert (by_url.verb, by_chart.verb) == ("kubectl apply", "helm upgrade")


def test_ours_applies_each_crd_of_cert_manager_once(deployed: NewRan) -> None:
    crds = [line.rpartition("/")[2] for line in deployed.writes if "/customresourcedefinitions" in line]
    ours = sorted(name for name in crds if name.endswith(".cert-manager.io"))
    assert len(ours) == 6
    assert len(set(ours)) == 6


def test_the_old_scripts_install_metallb_twice(old: Old) -> None:
    calls = old("deploy-libraries.sh").calls
    [chart] = [call for call in calls if call.has("metallb/metallb")]
    [folder] = [call for call in calls if call.words[-1] == "./scripts/legacy/metallb/"]
    applied_too = [
        (manifest["kind"], manifest["metadata"]["name"])
        for file in sorted((old.root / folder.words[-1]).glob("*.yaml"))
        for manifest in yaml.safe_load_all(file.read_text())
    ]
    assert (chart.verb, folder.verb) == ("helm upgrade", "kubectl apply")
    assert {("Deployment", "controller"), ("DaemonSet", "speaker")} <= set(applied_too)


def test_ours_installs_metallb_once(deployed: NewRan, box: Box) -> None:
    def names(resource: str) -> list[str]:
        found: dict[str, Any] = box.client.get(f"/apis/apps/v1/namespaces/metallb-system/{resource}") or {}
        return [item["metadata"]["name"] for item in found["items"]]

    assert upgraded(deployed.calls).count("metallb") == 1
    assert (names("deployments"), names("daemonsets")) == (["metallb-controller"], ["metallb-speaker"])
