"""What becomes of one release, and why: its own record against what it renders to. Needs are not looked at here."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from platformctl.catalog.desired import DesiredRelease
from platformctl.live.state import ArgoApplicationState, LiveRelease, LiveState
from platformctl.plan.diff import diff_objects, meaningful
from platformctl.plan.reasons import chart_move, reasons_to_change
from platformctl.plan.steps import SAME_INPUTS, Action, ObjectDiff
from platformctl.render.models import KubeObject, NotRendered, RenderedRelease

# Text of a recorded manifest and the release's namespace → its objects. Pure, and handed in: `render` owns the reader.
Parse = Callable[[str, str], Sequence[KubeObject]]
GONE = frozenset({"uninstalled"})
ONCE_GOOD = frozenset({"deployed", "superseded"})


@dataclass(frozen=True, slots=True)
class Decision:
    """A release's action without its needs. `stuck` says why nothing may be done to it and what helps."""

    action: Action
    reasons: tuple[str, ...]
    chart: str
    live: LiveRelease | None
    diff: tuple[ObjectDiff, ...] = ()
    notes: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    stuck: str | None = None
    owner: ArgoApplicationState | None = None

    @property
    def deployed(self) -> bool:
        """Whether something that needs it may build on it as it is now."""
        return self.owner is not None or (self.live is not None and self.live.deployed)


def decide(
    desired: DesiredRelease,
    live: LiveState,
    rendered: RenderedRelease | NotRendered | None,
    parse: Parse,
    *,
    siblings: Collection[str] = (),
) -> Decision:
    """See `Action` for the possible answers; needs, selection and held back come later.

    `siblings` are the names of the scope's other releases.
    """
    record = current(desired, live)
    chart = _chart(desired, record, rendered)
    owner = argocd_owner(desired, live, siblings)
    if owner is not None and owner.auto_sync:
        return Decision(Action.DELIVERED, (_delivery(owner),), chart, record, owner=owner)
    why = live.release_unknown(desired.namespace.name, desired.name)
    if why is not None:
        return Decision(Action.UNKNOWN, (f"its record may not be read: {why}",), chart, None)
    stuck = _stuck(desired, record) if record is not None and record.pending else None
    if rendered is None or isinstance(rendered, NotRendered):
        reason = rendered.reason if rendered is not None else "it was not asked for"
        return Decision(Action.NOT_RENDERED, (reason,), chart, record, stuck=stuck)
    action, reasons, diff = _against_record(desired, live, record, rendered, parse)
    return Decision(
        action, reasons, chart, record, diff=diff, notes=_notes(owner, rendered), random=rendered.random, stuck=stuck
    )  # fmt: skip


def current(desired: DesiredRelease, live: LiveState) -> LiveRelease | None:
    """The release's newest record; None when there is none, or only that of an uninstalled one."""
    record = live.release(desired.namespace.name, desired.name)
    return None if record is None or record.status in GONE else record


def argocd_owner(
    desired: DesiredRelease, live: LiveState, siblings: Collection[str] = ()
) -> ArgoApplicationState | None:
    """The Application with the release's name, else one that puts the same folder into the same namespace.

    One that bears a sibling's name is the sibling's: two releases may share a chart.
    """
    folder = desired.chart.path.strip("/") if desired.chart.path else None
    namesakes = [each for each in live.applications if each.name == desired.name]
    same = [
        each
        for each in live.applications
        if folder
        and (each.path or "").strip("/") == folder
        and each.destination_namespace == desired.namespace.name
        and each.name not in siblings
    ]
    return min(namesakes or same, key=lambda each: (each.namespace, each.name), default=None)


def once_good(record: LiveRelease) -> tuple[int, ...]:
    """Revisions before the newest one that were deployed once, newest first."""
    return tuple(
        sorted(
            (
                each.number
                for each in record.history
                if each.status in ONCE_GOOD and each.number != record.revision
            ),
            reverse=True,
        )
    )


def _against_record(
    desired: DesiredRelease,
    live: LiveState,
    record: LiveRelease | None,
    rendered: RenderedRelease,
    parse: Parse,
) -> tuple[Action, tuple[str, ...], tuple[ObjectDiff, ...]]:
    objects = rendered.objects or ()
    if record is None:
        reason = "no cluster to compare with" if live.offline else "not deployed yet"
        return Action.INSTALL, (reason,), diff_objects((), objects)
    if record.deployed and record.inputs == rendered.inputs.digest:
        return Action.UNCHANGED, (SAME_INPUTS,), ()
    diff: tuple[ObjectDiff, ...] = ()
    if rendered.objects is not None:
        recorded = parse(record.manifest, desired.namespace.name)
        diff = diff_objects(recorded, objects, rendered.random)
    if record.deployed and record.inputs is None and rendered.objects is not None and not meaningful(diff):
        return Action.UNCHANGED, (f"{_origin(record)}; its manifest is the rendered one",), ()
    return Action.UPGRADE, (*_state(record), *reasons_to_change(record, rendered)), diff


def _state(record: LiveRelease) -> tuple[str, ...]:
    """What about the record itself asks for an upgrade."""
    if record.pending:
        return (f"{record.status} at revision {record.revision}",)
    if record.status == "failed":
        return ("last upgrade failed" if once_good(record) else "never installed successfully",)
    if not record.deployed:
        return (f"its newest revision is {record.status}",)
    return () if record.inputs is not None else (_origin(record),)


def _origin(record: LiveRelease) -> str:
    """Who made a revision whose inputs are not known: a rollback of ours, which has the labels of the revision that it went
    back to and names that one in its description, or somebody else."""
    back = re.fullmatch(r"platformctl run .*: (back to revision \d+)", record.description)
    return back[1] if back else "made outside platformctl"


def _stuck(desired: DesiredRelease, record: LiveRelease) -> str:
    found = f"{desired.name} is {record.status} at revision {record.revision}"
    if record.status == "uninstalling":
        return f"{found}: wait until it is gone, or end it:  helm uninstall {desired.name} -n {desired.namespace.name}"
    good = once_good(record)
    way_out = (
        f"platformctl rollback {desired.scope} {desired.key} --to {good[0]}"
        if good
        else f"helm uninstall {desired.name} -n {desired.namespace.name}"
    )
    return f"{found}: a helm is still at work, or was killed at it; wait, or if none is at work:  {way_out}"


def _chart(
    desired: DesiredRelease, record: LiveRelease | None, rendered: RenderedRelease | NotRendered | None
) -> str:
    if isinstance(rendered, RenderedRelease):
        return chart_move(record, rendered)
    return desired.chart.version or (record.chart_version if record is not None else "")


def _notes(owner: ArgoApplicationState | None, rendered: RenderedRelease) -> tuple[str, ...]:
    chart = rendered.chart
    return (
        *((f"Argo CD Application {owner.name} exists; its auto-sync is off",) if owner is not None else ()),
        *((f"chart {chart.name} {chart.version}: {chart.note}",) if chart.note else ()),
        *(() if chart.pinned else (f"chart {chart.name} {chart.version} is not pinned",)),
    )


def _delivery(owner: ArgoApplicationState) -> str:
    at = f" at {owner.revision[:7]}" if owner.revision else ""
    return f"Argo CD Application {owner.name}: {owner.sync_status}, {owner.health}{at}"
