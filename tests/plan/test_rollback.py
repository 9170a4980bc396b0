from __future__ import annotations

from dataclasses import replace

import pytest

from platformctl.errors import GuardError
from platformctl.live.state import LiveState
from platformctl.plan.options import DeployOptions
from platformctl.plan.rollback import plan_rollback, revisions_table
from platformctl.plan.steps import (
    Action,
    AwaitReady,
    Plan,
    ReleasePlan,
    RevisionRow,
    RollbackRelease,
    StepId,
)
from tests.support.builders import (
    CLUSTER,
    application,
    desired,
    kube_object,
    live_release,
    live_state,
    scope,
)

WEB = desired("web", timeout_s=300.0)
HISTORY = [(9, "superseded"), (10, "failed"), (11, "superseded"), (12, "pending-upgrade")]
LIVE = live_state(live_release(revision=13, chart=("web", "0.3.1"), history=HISTORY))


def back(to: int | None, live: LiveState = LIVE, **options: float) -> Plan:
    return plan_rollback(scope(WEB), WEB, live, to, options=DeployOptions(**options))  # type: ignore[arg-type]


def test_a_rollback_is_a_plan_like_any_other() -> None:
    assert back(9, history_max=7, stable_for_s=4.0) == Plan(
        kind="rollback",
        scope="stg",
        protected=False,
        identity=CLUSTER,
        releases=(
            ReleasePlan(
                key="web",
                name="web-stg",
                namespace="plate-stg",
                action=Action.ROLLBACK,
                chart="0.3.1",
                revision=13,
                reasons=("back to revision 9, which becomes revision 14",),
                wave=0,
            ),
        ),
        steps=(
            RollbackRelease(StepId("rollback:web"), "web", "web-stg", "plate-stg", 13, 9, 300.0, 7),
            AwaitReady(
                StepId("ready:web"),
                "web",
                "web-stg",
                "plate-stg",
                300.0,
                4.0,
                needs=(StepId("rollback:web"),),
            ),
        ),
    )


def test_the_revisions_say_which_ones_can_be_gone_back_to() -> None:
    record = LIVE.release("plate-stg", "web-stg")
    assert record is not None
    assert revisions_table(record) == (
        RevisionRow(13, "deployed", current=True, possible=False),
        RevisionRow(12, "pending-upgrade", current=False, possible=False),
        RevisionRow(11, "superseded", current=False, possible=True),
        RevisionRow(10, "failed", current=False, possible=False),
        RevisionRow(9, "superseded", current=False, possible=True),
    )


@pytest.mark.parametrize(
    ("to", "problem"),
    [
        (None, "say to which revision"),
        (8, "there is no revision 8"),
        (0, "there is no revision 0"),
        (13, "revision 13 is the live one"),
        (10, "revision 10 is failed and was never deployed"),
        (12, "revision 12 is pending-upgrade and was never deployed"),
    ],
)
def test_any_other_revision_is_refused_with_the_list(to: int | None, problem: str) -> None:
    with pytest.raises(GuardError) as caught:
        back(to)

    assert caught.value.message == (
        f"roll back web-stg: {problem}; its revisions: "
        "13 deployed (live), 12 pending-upgrade, 11 superseded, 10 failed, 9 superseded"
    )
    assert caught.value.hint == "platformctl rollback stg web --to 11"
    assert caught.value.exit_code == 7


def test_the_way_out_of_a_pending_release_is_a_rollback() -> None:
    stuck = live_state(live_release(revision=13, status="pending-upgrade", history=[(12, "superseded")]))

    assert back(12, stuck).changes[0].action is Action.ROLLBACK


@pytest.mark.parametrize(
    ("live", "problem"),
    [
        (live_state(), "it is not deployed in namespace plate-stg"),
        (
            live_state(live_release(status="uninstalled", revision=3)),
            "it is not deployed in namespace plate-stg",
        ),
        (live_state(live_release(status="uninstalling", revision=3)), "it is being uninstalled"),
        (live_state(unknown={"releases": "forbidden"}), "its record may not be read: forbidden"),
        (replace(LIVE, applications=(application(),)), "Argo CD Application web-stg would undo it at once"),
    ],
)
def test_there_must_be_something_to_roll_back(live: LiveState, problem: str) -> None:
    with pytest.raises(GuardError, match=r"^roll back web-stg: ") as caught:
        back(9, live)

    assert caught.value.message.endswith(problem)


def test_the_first_revision_that_is_the_only_one_has_no_way_back() -> None:
    with pytest.raises(GuardError) as caught:
        back(1, live_state(live_release(revision=1)))

    assert caught.value.hint == "none of them can be gone back to; deploy again:  platformctl deploy stg web"


def test_the_diff_goes_from_the_live_manifest_to_the_old_one() -> None:
    plan = plan_rollback(
        scope(WEB),
        WEB,
        LIVE,
        9,
        before=[kube_object(data={"a": "new"})],
        after=[kube_object(data={"a": "old"})],
    )

    assert plan.releases[0].diff[0].lines[-2:] == ("-  a: new", "+  a: old")


def test_without_a_name_all_revisions_of_the_scope_are_listed() -> None:
    with pytest.raises(GuardError) as caught:
        plan_rollback(scope(WEB, desired("api")), None, LIVE, None)

    assert caught.value.message == (
        "roll back stg: say which release, and to which revision:\n"
        "  web: 13 deployed (live), 12 pending-upgrade, 11 superseded, 10 failed, 9 superseded"
    )
    assert caught.value.hint == "platformctl rollback stg NAME --to REVISION"
