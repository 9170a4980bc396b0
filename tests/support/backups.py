"""Backups with sensible rest, for tests of what writes, checks and restores them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from platformctl.backup.manifest import packed
from platformctl.backup.models import (
    Archive,
    Backup,
    SavedRelease,
    digest_of,
    folder_of,
    left_by_hooks_path,
    objects_path,
    record_path,
    secrets_path,
)
from platformctl.live.state import ClusterIdentity, ReleaseId, Revision
from tests.support.builders import CLUSTER
from tests.support.helm_records import helm_secret

INSTALLED = "2026-11-20T09:17:00Z"


def saved(
    key: str = "web",
    *,
    revisions: Mapping[int, str] | None = None,
    scope: str = "stg",
    namespace: str = "plate-stg",
    manifest: str = "---\nkind: ConfigMap\n",
    values: Mapping[str, Any] | None = None,
    installed: str = INSTALLED,
) -> SavedRelease:
    """A release as it stands in the head of a backup. `revisions`: number → status, the newest last."""
    revisions = {1: "superseded", 2: "deployed"} if revisions is None else revisions
    newest = max(revisions)
    return SavedRelease(
        key=key,
        id=ReleaseId(namespace, f"{key}-{scope}"),
        chart=f"plate-{key} 0.3.0",
        revision=newest,
        status=revisions[newest],
        target=max((number for number, status in revisions.items() if status == "deployed"), default=0),
        installed=installed,
        manifest=digest_of(manifest),
        values=digest_of(values or {}),
        objects=0,
        revisions=tuple(Revision(number, status) for number, status in sorted(revisions.items())),
    )


def archive(
    *releases: SavedRelease,
    id_: str = "20261123-101502-1a2b",
    scope: str = "stg",
    identity: ClusterIdentity = CLUSTER,
    namespaces: Mapping[str, Mapping[str, str]] | None = None,
    objects: Mapping[ReleaseId, Sequence[Mapping[str, Any]]] | None = None,
    hooks: Mapping[ReleaseId, Sequence[Mapping[str, Any]]] | None = None,
    secrets: Sequence[Mapping[str, Any]] = (),
) -> Archive:
    """A backup that was written, as it comes out of the reader."""
    releases = releases or (saved(),)
    files: dict[str, bytes] = {}
    for release in releases:
        files[f"{folder_of(release.id)}/values.json"] = b"{}\n"
        files[f"{folder_of(release.id)}/hooks.yaml"] = b""
        files[objects_path(release.id)] = _list((objects or {}).get(release.id, ()))
        files[left_by_hooks_path(release.id)] = _list((hooks or {}).get(release.id, ()))
        for each in release.revisions:
            record = helm_secret(
                release.id.name,
                each.number,
                each.status,
                namespace=release.id.namespace,
                labels={"platformctl.dev/revision": str(each.number)},
            )
            record["metadata"] |= {"uid": "old", "resourceVersion": "7"}
            files[record_path(release.id, each.number)] = json.dumps(
                {"apiVersion": "v1", "kind": "Secret", **record}
            ).encode()
    for namespace in sorted({each["metadata"]["namespace"] for each in secrets}):
        files[secrets_path(namespace)] = _list(
            [each for each in secrets if each["metadata"]["namespace"] == namespace]
        )
    head = Backup(
        id=id_,
        scope=scope,
        at="2026-11-23T10:15:02+00:00",
        run=id_,
        who="me@here",
        identity=identity,
        tools={"helm": "4.3.1"},
        namespaces=namespaces if namespaces is not None else {"plate-stg": {}},
        releases=tuple(releases),
        secrets=tuple((each["metadata"]["namespace"], each["metadata"]["name"]) for each in secrets),
    )
    return packed(Archive(head, files))[0]


def secret(name: str, namespace: str = "plate-stg") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "uid": "old"},
        "data": {"key": "c2VjcmV0"},
    }


def _list(items: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}).encode()
