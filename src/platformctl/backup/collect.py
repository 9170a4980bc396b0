"""Reads from a cluster what a backup holds: records, values, manifests, hooks, notes and live objects. Only reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from platformctl.backup.compare import live
from platformctl.backup.models import (
    Archive,
    Backup,
    Named,
    Parse,
    SavedRelease,
    digest_of,
    folder_of,
    left_by_hooks_path,
    objects_path,
    record_path,
    secrets_path,
)
from platformctl.errors import ClusterError, ForbiddenError
from platformctl.live import records
from platformctl.live.state import ClusterIdentity, ReleaseId, Revision
from platformctl.tools.api import Api

REVISIONS: Final = 10  # as many as helm keeps
WORKERS: Final = 8
OWNER: Final = "meta.helm.sh/release-name"
# What hooks start is over when they are; bringing it back would run it again.
_RUNS_ONCE: Final = frozenset({"Job", "Pod"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What to back up: the releases of a scope by key, and its namespaces. `id` is the backup's name, `at` RFC 3339."""

    id: str
    scope: str
    at: str
    run: str
    who: str
    identity: ClusterIdentity
    tools: Mapping[str, str]
    releases: Mapping[str, ReleaseId]
    namespaces: tuple[str, ...]
    include_secrets: bool = False


def collect(wish: Wish, api: Api, parse: Parse) -> Archive:
    """The backup, in memory. A release that has no record is left out.

    Raises ClusterError when something may not be read: half a backup is none.
    """
    files: dict[str, bytes] = {}
    saved: list[SavedRelease] = []
    for key, release in wish.releases.items():
        one = _release(key, release, api, parse, files)
        saved += [one] if one is not None else []
    namespaces = {name: labels for name in wish.namespaces if (labels := _labels(api, name)) is not None}
    secrets: list[tuple[str, str]] = []
    for namespace in namespaces if wish.include_secrets else ():
        found = [each for each in api.list(f"/api/v1/namespaces/{namespace}/secrets") if _is_loose(each)]
        secrets += [(namespace, str(each["metadata"]["name"])) for each in found]
        if found:
            files[secrets_path(namespace)] = _listed([_as_secret(each) for each in found])
    backup = Backup(
        id=wish.id,
        scope=wish.scope,
        at=wish.at,
        run=wish.run,
        who=wish.who,
        identity=wish.identity,
        tools=wish.tools,
        namespaces=namespaces,
        releases=tuple(saved),
        secrets=tuple(secrets),
    )
    return Archive(backup, files)


def _release(
    key: str, release: ReleaseId, api: Api, parse: Parse, files: dict[str, bytes]
) -> SavedRelease | None:
    secrets = _records(api, release)
    if not secrets:
        return None
    bodies = {number: _body(secret, release) for number, secret in secrets.items()}
    newest = max(bodies)
    body = bodies[newest]
    revisions = tuple(Revision(number, str(bodies[number]["info"]["status"])) for number in sorted(bodies))
    target = max((each.number for each in revisions if each.status == "deployed"), default=0)
    good = bodies[target] if target else body
    manifest, hooks = str(body.get("manifest") or ""), _hooks(body)
    objects = _live(release, parse(manifest, release.namespace), api)
    left = _live(
        release, [each for each in parse(hooks, release.namespace) if each.id.kind not in _RUNS_ONCE], api
    )
    folder = folder_of(release)
    files[f"{folder}/values.json"] = _json(body.get("config") or {})
    files[f"{folder}/manifest.yaml"] = manifest.encode()
    files[f"{folder}/hooks.yaml"] = hooks.encode()
    files[f"{folder}/notes.txt"] = str(body["info"].get("notes") or "").encode()
    files[objects_path(release)] = _listed(objects)
    files[left_by_hooks_path(release)] = _listed(left)
    for number, secret in secrets.items():
        files[record_path(release, number)] = _json(_as_secret(secret))
    chart = body["chart"]["metadata"]
    return SavedRelease(
        key=key,
        id=release,
        chart=f"{chart['name']} {chart['version']}",
        revision=newest,
        status=str(body["info"]["status"]),
        target=target,
        installed=str(body["info"].get("first_deployed") or ""),
        manifest=digest_of(str(good.get("manifest") or "")),
        values=digest_of(good.get("config") or {}),
        objects=len(objects) + len(left),
        revisions=revisions,
    )


def _records(api: Api, release: ReleaseId) -> dict[int, dict[str, Any]]:
    """The Secrets of the last revisions, by number."""
    path = f"/api/v1/namespaces/{release.namespace}/secrets"
    query = {"labelSelector": f"owner=helm,name={release.name}", "fieldSelector": f"type={records.TYPE}"}
    found = {records.record_of(secret).revision: secret for secret in api.list(path, query)}
    return {number: found[number] for number in sorted(found)[-REVISIONS:]}


def _body(secret: Mapping[str, Any], release: ReleaseId) -> dict[str, Any]:
    record = records.record_of(secret)
    records.decode(secret, (record,))  # raises for one that helm would not read
    if record.id != release:
        raise ClusterError(f"back up {release}: {record.secret} is a record of {record.id}")
    return records.unpack(str(secret["data"]["release"]))


def _hooks(body: Mapping[str, Any]) -> str:
    hooks = body.get("hooks") or []
    return "".join(f"---\n# Source: {each.get('path', '')}\n{each.get('manifest', '')}\n" for each in hooks)


def _live(release: ReleaseId, wanted: Sequence[Named], api: Api) -> list[dict[str, Any]]:
    """The objects as they are now, without those that are not there; Secrets only when the release owns them."""

    def read(each: Named) -> dict[str, Any] | None:
        name = {"name": each.id.name, **({"namespace": each.id.namespace} if each.id.namespace else {})}
        found = live({"apiVersion": each.api_version, "kind": each.id.kind, "metadata": name}, api)
        owned = found is not None and (each.id.kind != "Secret" or _owner(found) == release.name)
        return found if owned else None

    with ThreadPoolExecutor(WORKERS, thread_name_prefix="backup") as pool:
        return [_plain(found) for found in pool.map(read, wanted) if found is not None]


def _owner(body: Mapping[str, Any]) -> str | None:
    owner = (body["metadata"].get("annotations") or {}).get(OWNER)
    return None if owner is None else str(owner)


def _is_loose(secret: Mapping[str, Any]) -> bool:
    """Nobody would make it again: no release, no helm record, no controller, no token of the cluster's."""
    made = secret.get("type") in (
        records.TYPE,
        "kubernetes.io/service-account-token",
        "bootstrap.kubernetes.io/token",
    )
    return not made and _owner(secret) is None and not secret["metadata"].get("ownerReferences")


def _labels(api: Api, namespace: str) -> dict[str, str] | None:
    """None when there is no such namespace; no labels when it may not be read."""
    try:
        found = api.get(f"/api/v1/namespaces/{namespace}")
    except ForbiddenError:
        return {}
    if found is None:
        return None
    labels = found["metadata"].get("labels") or {}
    return {key: value for key, value in sorted(labels.items()) if key != "kubernetes.io/metadata.name"}


def _as_secret(item: Mapping[str, Any]) -> dict[str, Any]:
    """The items of a list say neither kind nor version."""
    return _plain({"apiVersion": "v1", "kind": "Secret", **item})


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    return {**body, "metadata": metadata}


def _listed(items: Sequence[Mapping[str, Any]]) -> bytes:
    return _json({"apiVersion": "v1", "kind": "List", "items": list(items)})


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
