"""Back to what a backup holds: what is put back, what is left alone, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from platformctl.backup.models import Comparison, SavedRelease
from platformctl.errors import GuardError
from platformctl.live.state import LiveNamespace, LiveRelease, LiveState, Revision
from platformctl.plan.data import digest, plan_data
from platformctl.plan.options import DeployOptions
from platformctl.plan.restore import plan_restore
from platformctl.plan.steps import Action, EnsureNamespace, Plan, RestoreRelease, RestoreSecrets
from tests.support.backups import INSTALLED, archive, saved, secret
from tests.support.builders import CLUSTER, application, desired, scope

MANIFEST = "---\nkind: ConfigMap\n"
WEB, API = saved("web"), saved("api")
STG = scope(desired("api"), desired("web", needs=["api"]))
HERE = {"plate-stg": LiveNamespace("plate-stg", "Active", {})}


def live_web(revision: int = 2, status: str = "deployed", **other: Any) -> LiveRelease:
    history = other.pop("history", [(1, "superseded"), (revision, status)])
    fields: dict[str, Any] = {"values": {}, "manifest": MANIFEST, "installed": INSTALLED, **other}
    return LiveRelease(
        id=WEB.id,
        revision=revision,
        status=status,
        chart_name="plate-web",
        chart_version="0.3.0",
        history=tuple(Revision(*each) for each in history),
        **fields,
    )


def look(*releases: LiveRelease, **other: Any) -> LiveState:
    state = LiveState(identity=CLUSTER, releases={each.id: each for each in releases}, namespaces=HERE)
    return replace(state, **other)


def restored(
    live: LiveState, *releases: SavedRelease, differences: Mapping[Any, tuple[str, ...]] | None = None
) -> Plan:
    return plan_restore(STG, archive(*(releases or (WEB,))).backup, live, Comparison(differences or {}))


def release_step(plan: Plan) -> RestoreRelease:
    [found] = [step for step in plan.steps if isinstance(step, RestoreRelease)]
    return found


def test_what_is_gone_comes_back_with_all_its_records_in_order_of_needs() -> None:
    plan = plan_restore(
        STG,
        archive(WEB, API, namespaces={"plate-stg": {"tier": "a"}}, secrets=[secret("loose")]).backup,
        look(namespaces={}),
        Comparison({}, frozenset({("plate-stg", "loose")})),
    )
    assert [(row.name, row.action) for row in plan.releases] == [
        ("api-stg", Action.RESTORE),
        ("web-stg", Action.RESTORE),
    ]
    assert [f"{step.id} < {', '.join(step.needs)}" for step in plan.steps] == [
        "namespace:plate-stg < ",
        "secrets:plate-stg < namespace:plate-stg",
        "restore:api < namespace:plate-stg, secrets:plate-stg",
        "ready:api < restore:api",
        "restore:web < namespace:plate-stg, secrets:plate-stg, ready:api",
        "ready:web < restore:web",
    ]
    namespace, secrets, web = plan.steps[0], plan.steps[1], plan.steps[4]
    assert isinstance(namespace, EnsureNamespace)
    assert namespace.namespace.labels == {"tier": "a"}
    assert isinstance(secrets, RestoreSecrets)
    assert secrets.names == ("loose",)
    assert isinstance(web, RestoreRelease)
    assert (web.from_revision, web.to_revision, web.revisions, web.new_revision) == (0, 2, (1, 2), 3)
    assert any("no volumes, no databases" in text for text in plan.warnings)


def test_what_is_as_it_was_stays_untouched() -> None:
    plan = restored(look(live_web()))
    assert (plan.steps, [row.action for row in plan.releases]) == ((), [Action.UNCHANGED])


def test_a_second_restore_finds_nothing_to_do() -> None:
    assert restored(look(live_web(3, history=[(1, "superseded"), (2, "superseded"), (3, "deployed")]))).empty


@pytest.mark.parametrize(
    "live",
    [
        live_web(3, manifest="---\nkind: Secret\n"),
        live_web(3, values={"a": 1}),
        live_web(3, "failed"),
        live_web(3, "uninstalled"),
    ],
    ids=["another manifest", "other values", "failed", "uninstalled"],
)
def test_what_changed_since_goes_back_by_its_own_history(live: LiveRelease) -> None:
    live = replace(live, history=(Revision(2, "superseded"), Revision(3, live.status)))
    step = release_step(restored(look(live)))
    assert (step.from_revision, step.to_revision, step.revisions, step.new_revision) == (3, 2, (), 4)


def test_a_revision_that_helm_has_pruned_is_put_back_alone() -> None:
    live = live_web(9, values={"a": 1}, history=[(8, "superseded"), (9, "deployed")])
    step = release_step(restored(look(live)))
    assert (step.revisions, step.new_revision) == ((2,), 10)


def test_an_object_that_differs_is_a_reason_and_is_named() -> None:
    plan = restored(look(live_web()), differences={WEB.id: ("ConfigMap web: is gone",)})
    assert plan.releases[0].reasons == ("ConfigMap web: is gone; back to revision 2 of the backup",)
    assert release_step(plan).revisions == ()


def test_the_newest_good_revision_is_the_target_when_the_last_one_failed() -> None:
    broken = saved("web", revisions={4: "deployed", 5: "failed"})
    step = release_step(restored(look(), broken))
    assert (step.to_revision, step.revisions, step.new_revision) == (4, (4, 5), 6)


def test_one_that_was_never_good_is_left_alone() -> None:
    plan = restored(look(), saved("web", revisions={1: "failed"}))
    assert plan.empty
    assert "never deployed" in plan.releases[0].reasons[0]


@pytest.mark.fault(37)
@pytest.mark.parametrize("uid", ["another", ""])
def test_the_backup_of_another_cluster_is_refused(uid: str) -> None:
    with pytest.raises(GuardError) as caught:
        restored(look(identity=replace(CLUSTER, uid=uid)))
    assert caught.value.exit_code == 7
    with pytest.raises(GuardError):
        restored(LiveState(identity=None))


def test_the_backup_of_another_scope_is_refused() -> None:
    with pytest.raises(GuardError, match="a backup of prod"):
        plan_restore(STG, archive(scope="prod").backup, look(), Comparison())


def test_a_release_that_was_installed_anew_or_is_pending_stands_in_the_way() -> None:
    anew = restored(look(live_web(1, installed="2026-11-22T00:00:00Z")))
    assert "installed anew" in anew.blockers[0]
    assert "helm -n plate-stg uninstall web-stg" in anew.blockers[0]
    assert "pending-upgrade" in restored(look(live_web(3, "pending-upgrade"))).blockers[0]
    assert anew.empty


def test_what_may_not_be_read_or_is_being_deleted_stands_in_the_way() -> None:
    unknown = restored(look(unknown={"releases in namespace plate-stg": "forbidden"}))
    assert "may not be read" in unknown.blockers[0]
    leaving = {"plate-stg": LiveNamespace("plate-stg", "Terminating", {})}
    assert "is being deleted" in restored(look(namespaces=leaving)).blockers[0]


def test_what_argo_cd_delivers_is_left_to_it() -> None:
    plan = restored(look(applications=(application("web-stg"),)))
    assert (plan.empty, plan.releases[0].action) == (True, Action.DELIVERED)


def test_what_came_after_the_backup_is_told_and_left_alone() -> None:
    plan = plan_restore(STG, archive(API).backup, look(live_web()), Comparison())
    assert [row.key for row in plan.releases] == ["api"]
    assert "not in the backup, left as they are: web-stg" in plan.warnings


def test_a_release_that_the_catalog_no_longer_has_comes_last() -> None:
    plan = restored(look(), saved("old"), WEB)
    assert [row.key for row in plan.releases] == ["web", "old"]


def test_the_plan_as_data_holds_no_value_of_a_secret_and_its_digest_is_that_of_the_backup() -> None:
    one = archive(WEB, secrets=[secret("loose")])
    missing = Comparison({}, frozenset({("plate-stg", "loose")}))
    plan = plan_restore(STG, one.backup, look(), missing, DeployOptions())
    assert "c2VjcmV0" not in str(plan_data(plan))
    other = plan_restore(STG, replace(one.backup, digest="f" * 64), look(), missing, DeployOptions())
    assert digest(plan) != digest(other)
