"""What changes in the objects of a release: recorded manifest against rendered one, object by object.

Semantic: order of keys, null, and empty lists where Kubernetes takes them for absent make no difference. The payload of
a Secret never reaches a line: a value that differs reads `*** (before)` and `*** (after)`. A hash would let anybody who
reads a CI log try words against it. Hooks, and with them tests, are not part of a manifest and so of no diff.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from platformctl.plan.manifest_lines import manifest_lines
from platformctl.plan.steps import Change, ObjectDiff
from platformctl.render.models import KubeObject, ObjectId

CONTEXT_LINES: Final = 3
HIDDEN: Final = "***"
# Empty means absent for these; for others it means something (`emptyDir: {}`, `podSelector: {}`).
_EMPTY_IS_ABSENT: Final = frozenset(
    {
        "annotations", "labels", "resources", "nodeSelector", "affinity", "tolerations", "env", "envFrom", "volumes",
        "volumeMounts", "imagePullSecrets", "securityContext", "args", "command", "initContainers", "data", "stringData",
        "binaryData", "topologySpreadConstraints", "finalizers",
    }
)  # fmt: skip
_MISSING: Final = object()


def diff_objects(
    before: Iterable[KubeObject], after: Iterable[KubeObject], random: Collection[str] = ()
) -> tuple[ObjectDiff, ...]:
    """The objects that differ, in order of their ids. `random` as in RenderedRelease: "Kind name: path"."""
    old = {each.id: _normal(each) for each in before}
    new = {each.id: _normal(each) for each in after}
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, becomes = old.get(key), new.get(key)
        if was == becomes:
            continue
        if was is not None and becomes is not None:
            change, noise = Change.CHANGED, _only_random(key, was, becomes, random)
        else:
            change = Change.ADDED if was is None else Change.REMOVED
            noise = _random_name(key, random)
        found.append(ObjectDiff(id=key, change=change, lines=tuple(_lines(key, was, becomes)), random=noise))
    return tuple(found)


def meaningful(diff: Iterable[ObjectDiff]) -> tuple[ObjectDiff, ...]:
    """Without the objects that differ at every render."""
    return tuple(each for each in diff if not each.random)


def _lines(key: ObjectId, was: Mapping[str, Any] | None, becomes: Mapping[str, Any] | None) -> Iterator[str]:
    if key.kind == "Secret" and not key.group:
        was, becomes = _masked(was, becomes, "before"), _masked(becomes, was, "after")
    unified = difflib.unified_diff(
        manifest_lines(was or {}), manifest_lines(becomes or {}), lineterm="", n=CONTEXT_LINES
    )
    # The first two lines name files; the object's id says it better.
    return (line for number, line in enumerate(unified) if number > 1)


def _normal(each: KubeObject) -> dict[str, Any]:
    """The body without what has no meaning. The namespace stands in the id, whether the manifest names it or not."""
    body: dict[str, Any] = _pruned(each.body)
    metadata = dict(body.get("metadata") or {})
    metadata.pop("namespace", None)
    body["metadata"] = metadata
    body.setdefault("apiVersion", each.api_version)
    if each.id.kind == "Secret" and not each.id.group:
        return _secret(body)
    return body


def _pruned(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            kept = {str(name): _pruned(item, str(name)) for name, item in value.items() if item is not None}
            return {
                name: item
                for name, item in kept.items()
                if not (name in _EMPTY_IS_ABSENT and isinstance(item, dict | list) and not item)
            }
        case list():
            return [_pruned(item, key) for item in value]
        case _:
            return value


def _secret(body: dict[str, Any]) -> dict[str, Any]:
    """`stringData` is another spelling of `data` and wins over it; both become one mapping of plain values."""
    plain = {name: _decoded(value) for name, value in (body.pop("data", None) or {}).items()}
    plain |= {name: str(value).encode() for name, value in (body.pop("stringData", None) or {}).items()}
    return {**body, "data": plain} if plain else body


def _decoded(value: Any) -> bytes:
    text = str(value).encode()
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return text


def _masked(
    body: Mapping[str, Any] | None, other: Mapping[str, Any] | None, side: str
) -> dict[str, Any] | None:
    if body is None or "data" not in body:
        return dict(body) if body is not None else None
    theirs = (other or {}).get("data", {})
    return {
        **body,
        "data": {
            name: HIDDEN if theirs.get(name, value) == value else f"{HIDDEN} ({side})"
            for name, value in body["data"].items()
        },
    }


def _only_random(
    key: ObjectId, was: Mapping[str, Any], becomes: Mapping[str, Any], random: Collection[str]
) -> bool:
    """Whether everything that differs is known to differ at every render."""
    prefix = f"{key.kind} {key.name}: "
    known = {
        _as_data(each.removeprefix(prefix), key.kind == "Secret")
        for each in random
        if each.startswith(prefix)
    }
    return bool(known) and all(path in known for path in _differing(was, becomes))


def _random_name(key: ObjectId, random: Collection[str]) -> bool:
    """Whether this object has another name at every render, or the recorded one had: all but the last part is the same."""
    named = [each.removesuffix(": metadata.name") for each in random if each.endswith(": metadata.name")]
    stem = f"{key.kind} {key.name}".rpartition("-")[0]
    return f"{key.kind} {key.name}" in named or (
        bool(stem) and stem in {each.rpartition("-")[0] for each in named}
    )


def _as_data(path: str, secret: bool) -> str:
    return f"data.{path.removeprefix('stringData.')}" if secret and path.startswith("stringData.") else path


def _differing(was: Any, becomes: Any, path: str = "") -> Iterator[str]:
    """The paths of the leaves that differ: keys joined by dots, list items as [0]."""
    match was, becomes:
        case dict(), dict():
            for name in sorted(was.keys() | becomes.keys()):
                inner = f"{path}.{name}" if path else name
                yield from _differing(was.get(name, _MISSING), becomes.get(name, _MISSING), inner)
        case list(), list() if len(was) == len(becomes):
            for number, (one, two) in enumerate(zip(was, becomes, strict=True)):
                yield from _differing(one, two, f"{path}[{number}]")
        case _:
            if was != becomes:
                yield path
