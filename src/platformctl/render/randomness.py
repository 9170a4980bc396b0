"""Which fields differ between two renders of the same inputs: they mean nothing in a diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from platformctl.render.manifests import Manifests
from platformctl.render.models import KubeObject

_MISSING: Final = object()


def random_fields(one: Manifests, two: Manifests) -> tuple[str, ...]:
    """ "Secret harbor-core: data.secret", sorted: keys joined by dots, list items as [0], as `plan.diff` writes paths.

    What follows from them differs as well and is named too (the checksum of a Secret in a Deployment's annotations). An
    object that has another name every time is named once, with the path metadata.name."""
    first = [*one.objects, *(hook.object for hook in one.hooks)]
    second = {each.id: each for each in (*two.objects, *(hook.object for hook in two.hooks))}
    return tuple(sorted({field for each in first for field in _fields(each, second.get(each.id))}))


def _fields(each: KubeObject, other: KubeObject | None) -> Iterator[str]:
    label = f"{each.id.kind} {each.id.name}"
    if other is None:
        yield f"{label}: metadata.name"
        return
    yield from (f"{label}: {path}" for path in differing(each.body, other.body))


def differing(one: Any, two: Any, path: str = "") -> Iterator[str]:
    """The paths of the leaves that differ."""
    match one, two:
        case Mapping(), Mapping():
            for name in sorted(one.keys() | two.keys()):
                inner = f"{path}.{name}" if path else str(name)
                yield from differing(one.get(name, _MISSING), two.get(name, _MISSING), inner)
        case list(), list() if len(one) == len(two):
            yield from _items(one, two, path)
        case _:
            if one != two:
                yield path


def _items(one: Sequence[Any], two: Sequence[Any], path: str) -> Iterator[str]:
    for number, (left, right) in enumerate(zip(one, two, strict=True)):
        yield from differing(left, right, f"{path}[{number}]")
