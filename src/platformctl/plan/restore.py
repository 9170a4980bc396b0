"""A scope back to what a backup holds. It holds configuration, not volumes or databases.

Each release goes back by helm: its records are put back where they are missing, then helm rolls back to the newest one that
was deployed. (An upgrade from the recorded chart would not do: helm's records hold no subcharts, and a chart with random
values would give others.) What is there and as it was stays untouched; what came after the backup is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from platformctl.backup.models import HOLDS, Backup, Comparison, SavedRelease, digest_of
from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.catalog.models import Namespace
from platformctl.errors import GuardError
from platformctl.live.state import LiveRelease, LiveState
from platformctl.plan.decide import GONE, argocd_owner
from platformctl.plan.options import DeployOptions
from platformctl.plan.steps import (
    Action,
    AwaitReady,
    EnsureNamespace,
    PassGate,
    Plan,
    ReleasePlan,
    RestoreRelease,
    RestoreSecrets,
    Step,
    StepId,
)

SHOWN: Final = 3
DEFAULT_TIMEOUT_S: Final = 600.0  # for a release that the catalog no longer has


def plan_restore(
    scope: Scope, backup: Backup, live: LiveState, compared: Comparison, options: DeployOptions | None = None
) -> Plan:
    """The plan of `restore SCOPE --from ID`. Raises GuardError for the backup of another cluster or scope."""
    options = options or DeployOptions()
    _refuse_other(scope, backup, live)
    namespaces = _namespaces(backup, live)
    secrets = _secrets(backup, compared, namespaces)
    desired = {release.key: release for release in scope.releases}
    ordered = _in_order(scope, backup)
    steps: list[Step] = [*namespaces.values(), *secrets.values()]
    rows: list[ReleasePlan] = []
    blockers = [
        f"namespace {name} is being deleted; wait until it is gone"
        for name in backup.namespaces
        if name in live.namespaces and live.namespaces[name].phase == "Terminating"
    ]
    last: dict[str, tuple[StepId, ...]] = {}
    for saved in ordered:
        wanted = desired.get(saved.key)
        needs = [*wanted.needs] if wanted else []
        after = tuple(dict.fromkeys(step for need in needs for step in last.get(need, ())))
        action, reason, stuck = _decide(saved, wanted, live, compared)
        blockers += [f"{saved.id.name}: {stuck}"] if stuck else []
        record = live.releases.get(saved.id)
        if action is Action.RESTORE and not stuck:
            space = [
                each[saved.id.namespace].id for each in (namespaces, secrets) if saved.id.namespace in each
            ]
            made = _steps(saved, wanted, record, backup, needs=(*space, *after), options=options)
            steps += made
            after = (made[-1].id,)
        last[saved.key] = after
        rows.append(
            ReleasePlan(
                key=saved.key,
                name=saved.id.name,
                namespace=saved.id.namespace,
                action=action,
                chart=saved.chart.rpartition(" ")[2],
                revision=there.revision if (there := _there(record)) else 0,
                reasons=(reason,),
                wave=0,
                needs=tuple(needs),
            )
        )
    return Plan(
        kind="restore",
        scope=scope.name,
        protected=scope.protected,
        identity=live.identity,
        releases=tuple(rows),
        steps=tuple(steps),
        blockers=tuple(blockers),
        warnings=(f"backup {backup.id} holds {HOLDS}", *_left_alone(scope, backup, live)),
        labels={"backup": backup.id, "digest": backup.digest},
    )


def _refuse_other(scope: Scope, backup: Backup, live: LiveState) -> None:
    if backup.scope != scope.name:
        raise GuardError(f"restore {scope.name}: {backup.id} is a backup of {backup.scope}")
    identity = live.identity
    if identity is None or not identity.uid:
        why = live.unknown.get("identity", "no cluster in reach")
        raise GuardError(f"restore {scope.name}: which cluster this is cannot be told: {why}")
    if identity.uid != backup.identity.uid:
        raise GuardError(
            f"restore {scope.name}: backup {backup.id} is of another cluster ({backup.identity.server}, uid "
            f"{backup.identity.uid}) than context {identity.context} ({identity.server}, uid {identity.uid})",
            hint="choose the right one with  --context NAME",
        )


def _in_order(scope: Scope, backup: Backup) -> list[SavedRelease]:
    """As the catalog orders them; those that it no longer has come last."""
    place = {release.key: at for at, release in enumerate(scope.releases)}
    return sorted(backup.releases, key=lambda saved: (place.get(saved.key, len(place)), saved.key))


def _there(record: LiveRelease | None) -> LiveRelease | None:
    return None if record is None or record.status in GONE else record


def _decide(
    saved: SavedRelease, wanted: DesiredRelease | None, live: LiveState, compared: Comparison
) -> tuple[Action, str, str | None]:
    """What becomes of it, why, and what stands in the way."""
    name, namespace = saved.id.name, saved.id.namespace
    owner = argocd_owner(wanted, live) if wanted else None
    if owner is not None and owner.auto_sync:
        return Action.DELIVERED, f"Argo CD Application {owner.name} delivers it", None
    if why := live.release_unknown(namespace, name):
        return Action.UNKNOWN, "its record may not be read", f"its record may not be read: {why}"
    if not saved.target:
        return Action.UNCHANGED, "it was never deployed when the backup was made", None
    record = live.releases.get(saved.id)
    back = f"revision {saved.target} of the backup"
    if record is None:
        return Action.RESTORE, f"it is gone; back to {back}", None
    if stuck := _stuck(saved, record):
        return Action.RESTORE, back, stuck
    return _against(saved, record, compared.differences.get(saved.id, ()), back)


def _stuck(saved: SavedRelease, record: LiveRelease) -> str | None:
    if record.pending:
        return f"helm is at work on it, or was killed: {record.status}"
    if record.installed == saved.installed:
        return None
    advice = f"helm -n {saved.id.namespace} uninstall {saved.id.name}"
    return f"it was installed anew since the backup and has another history: {advice}  and restore again (volumes stay)"


def _against(
    saved: SavedRelease, record: LiveRelease, differs: Sequence[str], back: str
) -> tuple[Action, str, str | None]:
    """A release that is there, with the history of the backup."""
    same = (digest_of(record.manifest), digest_of(record.values)) == (saved.manifest, saved.values)
    if not record.deployed or not same:
        return Action.RESTORE, f"it is {record.status} at revision {record.revision}; back to {back}", None
    if not differs:
        return Action.UNCHANGED, "as in the backup", None
    more = f" and {len(differs) - SHOWN} more" if len(differs) > SHOWN else ""
    return Action.RESTORE, f"{'; '.join(differs[:SHOWN])}{more}; back to {back}", None


def _steps(
    saved: SavedRelease,
    wanted: DesiredRelease | None,
    record: LiveRelease | None,
    backup: Backup,
    *,
    needs: tuple[StepId, ...],
    options: DeployOptions,
) -> list[Step]:
    timeout_s = options.timeout_s or (wanted.timeout_s if wanted else DEFAULT_TIMEOUT_S)
    restore = RestoreRelease(
        id=StepId(f"restore:{saved.key}"),
        key=saved.key,
        name=saved.id.name,
        namespace=saved.id.namespace,
        from_revision=record.revision if record else 0,
        to_revision=saved.target,
        revisions=_missing(saved, record),
        backup=backup.id,
        digest=backup.digest,
        timeout_s=timeout_s,
        history_max=options.history_max,
        needs=needs,
    )
    ready = AwaitReady(
        id=StepId(f"ready:{saved.key}"),
        key=saved.key,
        name=saved.id.name,
        namespace=saved.id.namespace,
        timeout_s=timeout_s,
        stable_for_s=options.stable_for_s,
        needs=(restore.id,),
    )
    made: list[Step] = [restore, ready]
    for number, gate in enumerate(wanted.gates if wanted else (), start=1):
        id_ = StepId(f"gate:{saved.key}:{number}")
        made.append(PassGate(id_, saved.key, saved.id.name, saved.id.namespace, gate, needs=(made[-1].id,)))
    return made


def _missing(saved: SavedRelease, record: LiveRelease | None) -> tuple[int, ...]:
    """The records to put back: all where nothing is left, else the target alone when helm has pruned it, and what is newer
    than the live one."""
    if record is None:
        return tuple(each.number for each in saved.revisions)
    there = {each.number for each in record.history} | {record.revision}
    wanted = {saved.target} | {each.number for each in saved.revisions if each.number > record.revision}
    return tuple(sorted(wanted - there))


def _namespaces(backup: Backup, live: LiveState) -> dict[str, EnsureNamespace]:
    """Those that are missing, or lack a label that they had."""
    found = {}
    for name, labels in sorted(backup.namespaces.items()):
        there = live.namespaces.get(name)
        unknown = live.unknown.get("namespaces") or live.unknown.get(f"namespace {name}")
        if there is None and unknown:
            continue
        if there is None or any(there.labels.get(key) != value for key, value in labels.items()):
            found[name] = EnsureNamespace(
                StepId(f"namespace:{name}"),
                Namespace(name=name, labels=dict(labels)),
                exists=there is not None,
            )
    return found


def _secrets(
    backup: Backup, compared: Comparison, namespaces: Mapping[str, EnsureNamespace]
) -> dict[str, RestoreSecrets]:
    """By namespace, only those that are not there: one that is may be newer."""
    found: dict[str, RestoreSecrets] = {}
    for namespace in sorted({namespace for namespace, _ in compared.missing_secrets}):
        names = sorted(name for place, name in compared.missing_secrets if place == namespace)
        found[namespace] = RestoreSecrets(
            id=StepId(f"secrets:{namespace}"),
            namespace=namespace,
            names=tuple(names),
            backup=backup.id,
            digest=backup.digest,
            needs=(namespaces[namespace].id,) if namespace in namespaces else (),
        )
    return found


def _left_alone(scope: Scope, backup: Backup, live: LiveState) -> Sequence[str]:
    """Releases of the scope that came after the backup."""
    saved = {release.id for release in backup.releases}
    came = [
        release.name
        for release in scope.releases
        if (record := _there(live.release(release.namespace.name, release.name))) and record.id not in saved
    ]
    return [f"not in the backup, left as they are: {', '.join(came)}"] if came else []
