"""Helm's own records: Secrets of type helm.sh/release.v1, one per revision. Read only.

`data.release` is base64(base64(gzip(JSON))); records of very old helms are not compressed. Labels name, version and status
are enough for a history. Source: helm pkg/storage/driver/secrets.go and util.go.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformctl.errors import ClusterError
from platformctl.live.state import (
    LABEL_CHART,
    LABEL_INPUTS,
    LABEL_REVISION,
    LABEL_RUN,
    LiveRelease,
    ReleaseId,
    Revision,
)
from platformctl.tools.api import METADATA, Api

TYPE: Final = "helm.sh/release.v1"
_NAME: Final = re.compile(r"sh\.helm\.release\.v1\.(?P<name>.+)\.v(?P<revision>[1-9][0-9]*)")
_GZIP: Final = b"\x1f\x8b\x08"
LIMIT_BYTES: Final = (
    64 * 1024 * 1024
)  # a record is at most 1 MiB as a Secret; more than this unpacked is not one of helm's


class RecordError(ClusterError):
    """A record that cannot be read. helm skips it silently and shows an older one as current."""

    code = "helm-record"

    def __init__(self, message: str, *, release: ReleaseId | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.release = release


@dataclass(frozen=True, slots=True)
class Record:
    """Which revision a Secret records, by its name and labels."""

    id: ReleaseId
    revision: int
    status: str
    secret: str


def record_of(secret: Mapping[str, Any]) -> Record:
    """From the metadata of a Secret. Raises RecordError when name and labels do not fit together."""
    metadata = secret.get("metadata") or {}
    labels = metadata.get("labels") or {}
    name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", ""))
    match = _NAME.fullmatch(name)
    if match is None:
        raise RecordError(f"read helm's record {namespace}/{name}: its name is not one of helm's")
    wanted = {"owner": "helm", "name": match["name"], "version": match["revision"]}
    wrong = [key for key, value in wanted.items() if labels.get(key) != value]
    if wrong or not labels.get("status"):
        lacking = ", ".join(wrong or ["status"])
        raise RecordError(
            f"read helm's record {namespace}/{name}: its labels ({lacking}) do not fit its name, so helm does not see it",
            release=ReleaseId(namespace, match["name"]),
            hint=f"look at it:  kubectl -n {namespace} get secret {name} --show-labels",
        )
    return Record(ReleaseId(namespace, match["name"]), int(match["revision"]), str(labels["status"]), name)


def histories(records: Iterable[Record]) -> dict[ReleaseId, tuple[Record, ...]]:
    """All revisions of each release, oldest first; of two that claim one revision, the later one in the list."""
    found: dict[ReleaseId, dict[int, Record]] = {}
    for record in records:
        found.setdefault(record.id, {})[record.revision] = record
    return {release: tuple(by[number] for number in sorted(by)) for release, by in found.items()}


def decode(secret: Mapping[str, Any], history: tuple[Record, ...]) -> LiveRelease:
    """The release that a whole Secret records. Raises RecordError."""
    record = record_of(secret)
    where = f"read helm's record {record.id.namespace}/{record.secret}"
    hint = f"see what helm knows:  helm -n {record.id.namespace} history {record.id.name}"
    try:
        body = unpack(str((secret.get("data") or {})["release"]))
        info, chart = body["info"], body["chart"]["metadata"]
        claims = (str(body["namespace"]), str(body["name"]), int(body["version"]))
        status = str(info["status"])
        if claims != (*record.id, record.revision):
            raise RecordError(f"{where}: it holds revision {claims[2]} of {claims[0]}/{claims[1]}", hint=hint)
        labels = (secret.get("metadata") or {}).get("labels") or {}
        ours = labels if labels.get(LABEL_REVISION) == str(record.revision) else {}
        return LiveRelease(
            id=record.id,
            revision=record.revision,
            status=status,
            chart_name=str(chart["name"]),
            chart_version=str(chart["version"]),
            values=body.get("config") or {},
            manifest=str(body.get("manifest") or ""),
            inputs=ours.get(LABEL_INPUTS),
            chart_digest=ours.get(LABEL_CHART),
            run=ours.get(LABEL_RUN),
            updated=str(info.get("last_deployed") or ""),
            description=str(info.get("description") or ""),
            installed=str(info.get("first_deployed") or ""),
            history=(
                *(
                    Revision(each.revision, each.status)
                    for each in history
                    if each.revision != record.revision
                ),
                Revision(record.revision, status),
            ),
        )
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        binascii.Error,
        zlib.error,
        RecursionError,
    ) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise RecordError(f"{where}: it is damaged ({what})", hint=hint) from None


def unpack(text: str) -> dict[str, Any]:
    """What `data.release` of a record holds. Raises ValueError, TypeError, binascii.Error or zlib.error."""
    data = base64.b64decode(base64.b64decode(text, validate=True), validate=True)
    if data.startswith(_GZIP):
        unpacker = zlib.decompressobj(wbits=31)
        data = unpacker.decompress(data, LIMIT_BYTES)
        if not unpacker.eof:
            raise ValueError("it is too large" if unpacker.unconsumed_tail else "its end is missing")
    body = json.loads(data)
    if not isinstance(body, dict):
        raise TypeError("not an object")
    return body


def pack(body: Mapping[str, Any]) -> str:
    """`data.release` of a record that holds this, as helm writes it."""
    data = gzip.compress(json.dumps(body, ensure_ascii=False).encode(), mtime=0)
    return base64.b64encode(base64.b64encode(data)).decode()


def read_release(api: Api, namespace: str, name: str) -> LiveRelease | None:
    """The newest revision of one release, None when there is none. Raises RecordError, and ClusterError of the API."""
    path = f"/api/v1/namespaces/{namespace}/secrets"
    query = {"labelSelector": f"owner=helm,name={name}", "fieldSelector": f"type={TYPE}"}
    history = histories(record_of(secret) for secret in api.list(path, query, accept=METADATA))
    records = history.get(ReleaseId(namespace, name))
    if not records:
        return None
    secret = api.get(f"{path}/{records[-1].secret}")
    if secret is None:  # removed in between, as an uninstall does
        return read_release(api, namespace, name)
    return decode(secret, records)
