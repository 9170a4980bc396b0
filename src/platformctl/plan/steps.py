"""The plan: what will happen to every release, and the steps that make it happen. Frozen values, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from platformctl.catalog.desired import DesiredRelease
from platformctl.catalog.models import Gate, Namespace
from platformctl.live.state import ClusterIdentity
from platformctl.render.models import ChartAt, ObjectId

StepId = NewType("StepId", str)  # "apply:plate-web", unique in a plan


SAME_INPUTS: Final = "made from the same chart and values"  # why most releases are unchanged


class Action(StrEnum):
    """What becomes of a release."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    UNCHANGED = "unchanged"
    CHECK = "check"  # needed by a named target: must be there and healthy, is not changed
    HELD_BACK = "held-back"
    DELIVERED = "delivered-by-argocd"
    NOT_RENDERED = "not-rendered"
    UNKNOWN = "unknown"  # its record may not be read
    PENDING_UPGRADE = "upgrade-pending"  # would change, is not asked to (libraries within `all`)
    ROLLBACK = "rollback"
    RESTORE = "restore"  # as it is in a backup
    UNINSTALL = "uninstall"

    @property
    def writes(self) -> bool:
        return self in (Action.INSTALL, Action.UPGRADE, Action.ROLLBACK, Action.RESTORE, Action.UNINSTALL)


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """One object that differs. `lines` is a unified diff of its YAML, Secrets masked; `random` marks fields that differ at
    every render and mean nothing."""

    id: ObjectId
    change: Change
    lines: tuple[str, ...] = field(repr=False)
    random: bool = False


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """One row of the plan table. `revision` is the live one (0: none); `chart` reads "0.3.0 → 0.3.1" when it moves."""

    key: str
    name: str
    namespace: str
    action: Action
    chart: str
    revision: int
    reasons: tuple[str, ...]
    wave: int
    needs: tuple[str, ...] = ()
    diff: tuple[ObjectDiff, ...] = ()
    random: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One line of the list of revisions. `possible`: `--to` takes it."""

    number: int
    status: str
    current: bool
    possible: bool


@dataclass(frozen=True, slots=True)
class EnsureNamespace:
    """Make a namespace, or give it the labels that it lacks."""

    id: StepId
    namespace: Namespace
    exists: bool
    needs: tuple[StepId, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyRelease:
    """helm upgrade --install, without waiting (unless the catalog says `wait: helm`)."""

    id: StepId
    release: DesiredRelease
    chart: ChartAt
    inputs: str  # digest that becomes a label
    from_revision: int
    history_max: int
    needs: tuple[StepId, ...] = ()


@dataclass(frozen=True, slots=True)
class AwaitReady:
    """Wait until the workloads of the release's own manifest are ready, and stay so for `stable_for_s`."""

    id: StepId
    key: str
    name: str
    namespace: str
    timeout_s: float
    stable_for_s: float
    needs: tuple[StepId, ...] = ()


@dataclass(frozen=True, slots=True)
class PassGate:
    """A check after a release; what needs the release waits for it."""

    id: StepId
    key: str
    name: str
    namespace: str
    gate: Gate
    needs: tuple[StepId, ...] = ()


@dataclass(frozen=True, slots=True)
class RollbackRelease:
    """helm rollback to a revision that is named, never to "one before"."""

    id: StepId
    key: str
    name: str
    namespace: str
    from_revision: int
    to_revision: int
    timeout_s: float
    history_max: int
    needs: tuple[StepId, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreSecrets:
    """Make Secrets that no release owns again, out of a backup. Their values stand in the backup alone."""

    id: StepId
    namespace: str
    names: tuple[str, ...]
    backup: str
    digest: str
    needs: tuple[StepId, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreRelease:
    """Put back the records `revisions` of a release out of a backup, then helm rollback to `to_revision` of them.

    `from_revision` is the live one (0: none). `backup` is the backup's id, `digest` what it must be.
    """

    id: StepId
    key: str
    name: str
    namespace: str
    from_revision: int
    to_revision: int
    revisions: tuple[int, ...]
    backup: str
    digest: str
    timeout_s: float
    history_max: int
    needs: tuple[StepId, ...] = ()

    @property
    def new_revision(self) -> int:
        """What helm will call the result."""
        return max(self.from_revision, self.to_revision, *self.revisions, 0) + 1


Step = (
    EnsureNamespace | ApplyRelease | AwaitReady | PassGate | RollbackRelease | RestoreSecrets | RestoreRelease
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will happen to one scope, decided before anything does. Equal inputs give an equal plan.

    `steps` are in an order in which they could run one by one; `needs` of each step say what it really waits for.
    `blockers` are findings that make running it pointless (unknown records, pending releases, required things missing).
    """

    kind: str  # deploy, rollback, restore
    scope: str
    protected: bool
    identity: ClusterIdentity | None
    releases: tuple[ReleasePlan, ...]
    steps: tuple[Step, ...]
    blockers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[ReleasePlan, ...]:
        return tuple(release for release in self.releases if release.action.writes)

    @property
    def not_rendered(self) -> tuple[ReleasePlan, ...]:
        """Releases whose chart is not at hand."""
        return tuple(release for release in self.releases if release.action is Action.NOT_RENDERED)

    @property
    def empty(self) -> bool:
        return not self.steps

    def row(self, key: str) -> ReleasePlan:
        return next(release for release in self.releases if release.key == key)
