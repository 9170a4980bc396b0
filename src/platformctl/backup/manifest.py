"""The head of a backup as JSON (manifest.json) and back. Pure.

manifest.json lists every other file with its sha256 and size; manifest.json.sha256, in the form of sha256sum, seals it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from platformctl.backup.models import HOLDS, SCHEMA, Archive, Backup, Files, SavedRelease
from platformctl.live.state import ClusterIdentity, ReleaseId, Revision

MANIFEST: Final = "manifest.json"
SEAL: Final = "manifest.json.sha256"
README: Final = "README.txt"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def seal(content: bytes) -> bytes:
    """What `sha256sum manifest.json` says of it."""
    return f"{sha256(content)}  {MANIFEST}\n".encode()


def packed(archive: Archive) -> tuple[Archive, Files]:
    """The archive with the digest of its manifest, and everything that is written: files, README, manifest, seal."""
    files = {README: _readme(archive.backup), **archive.files}
    head = {
        "schema": SCHEMA,
        "holds": HOLDS,
        **_head(archive.backup),
        "files": {path: {"sha256": sha256(files[path]), "size": len(files[path])} for path in sorted(files)},
    }
    content = (json.dumps(head, indent=2) + "\n").encode()
    done = Archive(replace(archive.backup, digest=sha256(content)), files)
    return done, {**files, MANIFEST: content, SEAL: seal(content)}


def _head(backup: Backup) -> dict[str, Any]:
    data = asdict(backup)
    del data["digest"]
    data["cluster"] = data.pop("identity")
    data["releases"] = [
        {
            **asdict(each),
            "id": each.id._asdict(),
            "revisions": [{"number": one.number, "status": one.status} for one in each.revisions],
        }
        for each in backup.releases
    ]
    data["secrets"] = [{"namespace": namespace, "name": name} for namespace, name in backup.secrets]
    return data


def backup_of(head: Mapping[str, Any], digest: str) -> Backup:
    """From a parsed manifest. Raises KeyError, TypeError or ValueError where it is none."""
    cluster = head["cluster"]
    return Backup(
        id=str(head["id"]),
        scope=str(head["scope"]),
        at=str(head["at"]),
        run=str(head["run"]),
        who=str(head["who"]),
        identity=ClusterIdentity(
            context=str(cluster["context"]),
            server=str(cluster["server"]),
            uid=str(cluster["uid"]),
            version=str(cluster["version"]),
            sandbox=bool(cluster["sandbox"]),
        ),
        tools={str(name): str(version) for name, version in head["tools"].items()},
        namespaces={
            str(name): {str(key): str(value) for key, value in labels.items()}
            for name, labels in head["namespaces"].items()
        },
        releases=tuple(_release(each) for each in head["releases"]),
        secrets=tuple((str(each["namespace"]), str(each["name"])) for each in head["secrets"]),
        digest=digest,
    )


def _release(data: Mapping[str, Any]) -> SavedRelease:
    return SavedRelease(
        key=str(data["key"]),
        id=ReleaseId(str(data["id"]["namespace"]), str(data["id"]["name"])),
        chart=str(data["chart"]),
        revision=int(data["revision"]),
        status=str(data["status"]),
        target=int(data["target"]),
        installed=str(data["installed"]),
        manifest=str(data["manifest"]),
        values=str(data["values"]),
        objects=int(data["objects"]),
        revisions=tuple(Revision(int(each["number"]), str(each["status"])) for each in data["revisions"]),
    )


def _readme(backup: Backup) -> bytes:
    lines = [
        f"Backup {backup.id} of {backup.scope}, made by platformctl on {backup.at}.",
        "",
        f"It holds {HOLDS}.",
        "What is in persistent volumes and in databases needs a backup of its own.",
        "",
        "It holds Secrets in clear (base64): Helm's records have them. Keep it as you keep a password.",
        "",
        f"restore it:  platformctl restore {backup.scope} --from {backup.id}",
        f"check it:    sha256sum -c {SEAL}",
        "",
        "releases/NAMESPACE/NAME/values.json     what was given to helm",
        "releases/NAMESPACE/NAME/manifest.yaml   what helm applied",
        "releases/NAMESPACE/NAME/hooks.yaml, notes.txt",
        "releases/NAMESPACE/NAME/records/N.json  helm's own record of revision N, a Secret",
        "releases/NAMESPACE/NAME/objects.json    the live objects that the release owns",
        "releases/NAMESPACE/NAME/left-by-hooks.json  what helm's hooks made and left",
        "secrets/NAMESPACE.json                  Secrets that no release owns, only with --include-secrets",
        "",
    ]
    return "\n".join(lines).encode()
