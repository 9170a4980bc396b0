"""What the cluster says, as one frozen snapshot. Pure values; `live.collect` fills them.

What may not be read is *unknown*, never *absent*: every question is answered with the thing, with None for "not
there", or it is listed in `LiveState.unknown` with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

# Labels that platformctl gives to a helm release (`--labels`). helm copies them into every later revision, also into
# those that somebody else makes: they count only together with the revision that they were written for.
LABEL_RUN: Final = "platformctl.dev/run"
LABEL_REVISION: Final = "platformctl.dev/revision"
LABEL_INPUTS: Final = "platformctl.dev/inputs"
LABEL_CHART: Final = "platformctl.dev/chart"
SYSTEM_NAMESPACE: Final = "platformctl-system"


class ReleaseId(NamedTuple):
    """A Helm release in a cluster."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ClusterIdentity:
    """Which cluster this is: the UID of namespace kube-system, whatever the context is called."""

    context: str
    server: str
    uid: str
    version: str  # v1.37.2
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a release's history; statuses are Helm's own strings."""

    number: int
    status: str


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """The newest revision of a release, decoded from Helm's own record.

    `manifest` is the text without hooks; `hooks` are (kind/name, manifest text). `values` are those that were given by
    the user (helm get values). `inputs`, `chart_digest` and `run` come from our labels and are None unless this very
    revision was made by platformctl. `history` is complete, oldest first.
    """

    id: ReleaseId
    revision: int
    status: str
    chart_name: str
    chart_version: str
    values: Mapping[str, Any] = field(repr=False)
    manifest: str = field(repr=False)
    inputs: str | None = None
    chart_digest: str | None = None
    run: str | None = None
    updated: str = ""  # RFC 3339
    description: str = ""
    installed: str = ""  # RFC 3339, when helm first installed it; the same for all its revisions
    history: tuple[Revision, ...] = ()

    @property
    def deployed(self) -> bool:
        return self.status == "deployed"

    @property
    def pending(self) -> bool:
        return self.status.startswith("pending-") or self.status == "uninstalling"


@dataclass(frozen=True, slots=True)
class LiveNamespace:
    name: str
    phase: str  # Active, Terminating
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ArgoApplicationState:
    """An Argo CD Application as it is in the cluster, as far as ownership needs it."""

    namespace: str
    name: str
    destination_namespace: str
    path: str | None
    auto_sync: bool
    sync_status: str  # Synced, OutOfSync, Unknown
    health: str
    revision: str | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What a run left behind: release id → revision, and whether it was verified. Written."""

    run: str
    scope: str
    at: str
    who: str
    verified: bool
    revisions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LiveState:
    """One consistent look at a cluster. `identity` is None when there is no cluster in reach (offline).

    `releases` holds every Helm release that could be listed. `secret_keys` has the keys of the Secrets that the catalog
    requires (never their values), None for one that does not exist. `api_versions` are `group/version` and
    `group/version/Kind`, as helm wants them. `owners` maps an Application's destination to Argo CD. `unknown` maps what
    could not be read ("releases in namespace harbor", "crds") to why. `unready` maps releases to the workload of theirs that
    is not complete right now ("Deployment web: 1 of 3 available").
    """

    identity: ClusterIdentity | None
    releases: Mapping[ReleaseId, LiveRelease] = field(default_factory=dict)
    namespaces: Mapping[str, LiveNamespace] = field(default_factory=dict)
    crds: Mapping[str, bool] = field(default_factory=dict)  # name → established
    api_versions: tuple[str, ...] = ()
    ingress_classes: frozenset[str] = frozenset()
    storage_classes: frozenset[str] = frozenset()
    secret_keys: Mapping[tuple[str, str], frozenset[str] | None] = field(default_factory=dict)
    applications: tuple[ArgoApplicationState, ...] = ()
    unready: Mapping[ReleaseId, str] = field(default_factory=dict)
    ledger: tuple[LedgerEntry, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def offline(self) -> bool:
        return self.identity is None

    def release(self, namespace: str, name: str) -> LiveRelease | None:
        return self.releases.get(ReleaseId(namespace, name))

    def releases_unknown(self, namespace: str) -> str | None:
        """Why the releases of this namespace could not be listed; None when they could."""
        return self.unknown.get("releases") or self.unknown.get(f"releases in namespace {namespace}")

    def release_unknown(self, namespace: str, name: str) -> str | None:
        """Why it is not known whether this release is there: not listed, or its record is damaged."""
        return self.releases_unknown(namespace) or self.unknown.get(f"release {namespace}/{name}")


OFFLINE: Final = LiveState(identity=None)
