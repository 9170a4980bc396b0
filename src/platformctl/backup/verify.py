"""Is a backup whole? Every digest, no file missing and none too many, a schema that is known. Pure.

A backup that was cut off, at whatever byte of whatever file, or changed by a bit, is refused with LocalError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from platformctl.backup.manifest import MANIFEST, SEAL, backup_of, seal, sha256
from platformctl.backup.models import SCHEMA, Archive, Files
from platformctl.errors import LocalError

SHOWN: Final = 5


def verified(files: Files, where: str) -> Archive:
    """The archive that these files are. `where` is for the message. Raises LocalError with everything that is wrong."""
    manifest = files.get(MANIFEST)
    if manifest is None:
        raise _damaged(where, [f"{MANIFEST} is missing"])
    if files.get(SEAL) != seal(manifest):
        raise _damaged(where, [f"{MANIFEST} is not what {SEAL} says"])
    head = _parsed(manifest, where)
    listed = head.get("files")
    if not isinstance(listed, Mapping):
        raise _damaged(where, [f"{MANIFEST} lists no files"])
    rest = {path: content for path, content in files.items() if path not in (MANIFEST, SEAL)}
    problems = [f"{path} is missing" for path in sorted(listed.keys() - rest.keys())]
    problems += [f"{path} does not belong to it" for path in sorted(rest.keys() - listed.keys())]
    problems += [
        f"{path} was changed or cut off"
        for path in sorted(rest.keys() & listed.keys())
        if listed[path] != {"sha256": sha256(rest[path]), "size": len(rest[path])}
    ]
    if problems:
        raise _damaged(where, problems)
    try:
        return Archive(backup_of(head, sha256(manifest)), rest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(where, [f"{MANIFEST}: {error!r}"]) from None


def _parsed(manifest: bytes, where: str) -> Mapping[str, Any]:
    try:
        head: Mapping[str, Any] = json.loads(manifest)
        schema = head["schema"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(where, [f"{MANIFEST} is not one"]) from None
    if schema != SCHEMA:
        raise LocalError(
            f"read {where}: its schema {schema} is not known here ({SCHEMA} is)",
            hint="use the version of platformctl that made it",
        )
    return head


def _damaged(where: str, problems: list[str]) -> LocalError:
    more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return LocalError(
        f"read {where}: it is damaged: {'; '.join(problems[:SHOWN])}{more}",
        hint="take another one; nothing of this one is used",
    )
