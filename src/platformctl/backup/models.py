"""What a backup is, as frozen values. It holds configuration, not volumes or databases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from platformctl.live.state import ClusterIdentity, ReleaseId, Revision

SCHEMA: Final = "platformctl.dev/backup.v1"
HOLDS: Final = "configuration only: Helm releases and the objects that they own; no volumes, no databases"
Files = Mapping[str, bytes]  # path inside the backup, with / → content


class _Id(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


class Named(Protocol):
    """An object of a manifest, as far as finding the live one needs it."""

    @property
    def id(self) -> _Id: ...
    @property
    def api_version(self) -> str: ...


Parse = Callable[[str, str], Sequence[Named]]  # text of a manifest, namespace → its objects, hooks included


@dataclass(frozen=True, slots=True)
class SavedRelease:
    """One release in a backup.

    `revision` and `status` are those of its newest record; `target` is the newest revision that was deployed, to which a
    restore goes (0: there was none), and `manifest` and `values` are sha256 over what that one recorded. `installed` is
    when helm first installed it: two releases of one name whose histories have nothing to do with each other differ in it.
    `revisions` are the records that the backup holds, oldest first.
    """

    key: str
    id: ReleaseId
    chart: str
    revision: int
    status: str
    target: int
    installed: str
    manifest: str
    values: str
    objects: int
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """The head of a backup: whose, when, of which cluster, and what is in it. `namespaces` maps names to their labels;
    `secrets` are those that no release owns, (namespace, name), present only when they were asked for; `digest` is
    the sha256 of its manifest.json, "" before it is written."""

    id: str
    scope: str
    at: str  # RFC 3339
    run: str
    who: str
    identity: ClusterIdentity
    tools: Mapping[str, str]
    namespaces: Mapping[str, Mapping[str, str]]
    releases: tuple[SavedRelease, ...]
    secrets: tuple[tuple[str, str], ...] = ()
    digest: str = ""

    def release(self, key: str) -> SavedRelease | None:
        return next((release for release in self.releases if release.key == key), None)


@dataclass(frozen=True, slots=True)
class Archive:
    """A whole backup in memory; `files` leaves out the manifest that lists them."""

    backup: Backup
    files: Files = field(repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A backup against the live cluster: what differs of each release (`Deployment web: spec.replicas`, `ConfigMap x: is
    gone`), and which of its Secrets are not there."""

    differences: Mapping[ReleaseId, tuple[str, ...]] = field(default_factory=dict)
    missing_secrets: frozenset[tuple[str, str]] = frozenset()


Object = Mapping[str, Any]


def folder_of(release: ReleaseId) -> str:
    """Where the files of a release are inside a backup."""
    return f"releases/{release.namespace}/{release.name}"


def record_path(release: ReleaseId, revision: int) -> str:
    return f"{folder_of(release)}/records/{revision}.json"


def objects_path(release: ReleaseId) -> str:
    return f"{folder_of(release)}/objects.json"


def left_by_hooks_path(release: ReleaseId) -> str:
    """Live objects that hooks made and left: helm makes them at an install, and not at a rollback."""
    return f"{folder_of(release)}/left-by-hooks.json"


def secrets_path(namespace: str) -> str:
    return f"secrets/{namespace}.json"


def digest_of(value: str | Mapping[str, Any]) -> str:
    """sha256 of a manifest, or of values whatever the order of their keys."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
