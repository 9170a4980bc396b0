"""One release back to a revision that is named. Never revision "one before": helm does not know which ones were good."""

from __future__ import annotations

from collections.abc import Sequence

from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.errors import GuardError
from platformctl.live.state import LiveRelease, LiveState
from platformctl.plan.decide import ONCE_GOOD, argocd_owner, current
from platformctl.plan.diff import diff_objects
from platformctl.plan.options import DeployOptions
from platformctl.plan.steps import Action, AwaitReady, Plan, ReleasePlan, RevisionRow, RollbackRelease, StepId
from platformctl.render.models import KubeObject


def revisions_table(record: LiveRelease) -> tuple[RevisionRow, ...]:
    """The revisions of a release, newest first."""
    known = {each.number: each.status for each in record.history} | {record.revision: record.status}
    return tuple(
        RevisionRow(
            number, status, number == record.revision, number != record.revision and status in ONCE_GOOD
        )
        for number, status in sorted(known.items(), reverse=True)
    )


def plan_rollback(
    scope: Scope,
    release: DesiredRelease | None,
    live: LiveState,
    to_revision: int | None,
    *,
    options: DeployOptions | None = None,
    before: Sequence[KubeObject] = (),
    after: Sequence[KubeObject] = (),
) -> Plan:
    """The plan of `rollback SCOPE RELEASE --to REVISION`. `before` and `after` are the two manifests, for the diff.

    Raises GuardError, listing the revisions: without a release or a revision, for one that is not there, never became deployed, or
    is the live one; and for a release that Argo CD would at once deploy again.
    """
    options = options or DeployOptions()
    if release is None:
        raise GuardError(
            _without_name(scope, live), hint=f"platformctl rollback {scope.name} NAME --to REVISION"
        )
    record = _record(release, live)
    _refuse_argocd(release, live)
    rows = revisions_table(record)
    target = next((row for row in rows if row.number == to_revision), None)
    if target is None or not target.possible:
        raise GuardError(
            f"roll back {release.name}: {_why_not(to_revision, target, rows)}", hint=_hint(release, rows)
        )
    step = RollbackRelease(
        id=StepId(f"rollback:{release.key}"),
        key=release.key,
        name=release.name,
        namespace=release.namespace.name,
        from_revision=record.revision,
        to_revision=target.number,
        timeout_s=options.timeout_s or release.timeout_s,
        history_max=options.history_max,
    )
    ready = AwaitReady(
        id=StepId(f"ready:{release.key}"),
        key=release.key,
        name=release.name,
        namespace=release.namespace.name,
        timeout_s=step.timeout_s,
        stable_for_s=options.stable_for_s,
        needs=(step.id,),
    )
    row = ReleasePlan(
        key=release.key,
        name=release.name,
        namespace=release.namespace.name,
        action=Action.ROLLBACK,
        chart=record.chart_version,
        revision=record.revision,
        reasons=(f"back to revision {target.number}, which becomes revision {record.revision + 1}",),
        wave=0,
        diff=diff_objects(before, after) if before or after else (),
    )
    return Plan(
        kind="rollback",
        scope=scope.name,
        protected=scope.protected,
        identity=live.identity,
        releases=(row,),
        steps=(step, ready),
    )


def _record(release: DesiredRelease, live: LiveState) -> LiveRelease:
    why = live.release_unknown(release.namespace.name, release.name)
    if why is not None:
        raise GuardError(f"roll back {release.name}: its record may not be read: {why}")
    record = current(release, live)
    if record is None:
        raise GuardError(
            f"roll back {release.name}: it is not deployed in namespace {release.namespace.name}",
            hint=f"see what is:  platformctl status {release.scope}",
        )
    if record.status == "uninstalling":
        raise GuardError(f"roll back {release.name}: it is being uninstalled")
    return record


def _refuse_argocd(release: DesiredRelease, live: LiveState) -> None:
    owner = argocd_owner(release, live)
    if owner is not None and owner.auto_sync:
        raise GuardError(
            f"roll back {release.name}: Argo CD Application {owner.name} would undo it at once",
            hint="go back in Git (git revert); Argo CD follows",
        )


def _without_name(scope: Scope, live: LiveState) -> str:
    """What there is to choose from, one release per line."""
    records = [(each, current(each, live)) for each in scope.releases]
    lines = [
        f"  {each.key}: {_listed(revisions_table(record))}" for each, record in records if record is not None
    ]
    lines = lines or ["  nothing of it is deployed"]
    return "\n".join([f"roll back {scope.name}: say which release, and to which revision:", *lines])


def _listed(rows: Sequence[RevisionRow]) -> str:
    return ", ".join(f"{row.number} {row.status}{' (live)' if row.current else ''}" for row in rows)


def _why_not(wanted: int | None, target: RevisionRow | None, rows: Sequence[RevisionRow]) -> str:
    if wanted is None:
        problem = "say to which revision"
    elif target is None:
        problem = f"there is no revision {wanted}"
    elif target.current:
        problem = f"revision {wanted} is the live one"
    else:
        problem = f"revision {wanted} is {target.status} and was never deployed"
    return f"{problem}; its revisions: {_listed(rows)}"


def _hint(release: DesiredRelease, rows: Sequence[RevisionRow]) -> str:
    good = [row.number for row in rows if row.possible]
    if not good:
        return f"none of them can be gone back to; deploy again:  platformctl deploy {release.scope} {release.key}"
    return f"platformctl rollback {release.scope} {release.key} --to {good[0]}"
