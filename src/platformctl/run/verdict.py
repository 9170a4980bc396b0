"""What the readiness rules say, and what they look at. Pure values, shared by the rules of `health` and `pods`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Body = Mapping[str, Any]  # an object as the API server gives it


class State(StrEnum):
    READY = "ready"
    PROGRESSING = "progressing"
    DOOMED = "doomed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that dooms an object when it lasts for `grace_s`. `key` is the same for as long as it lasts.

    A `soft` one dooms only when nothing else of the release is still on its way: a container that crashes because
    the database beside it is not up yet recovers by itself.
    """

    key: str
    text: str
    grace_s: float = 0.0
    soft: bool = False
    pod: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ready` of `of` count pods, or the object itself. `troubles` are those seen, the one that dooms first."""

    state: State
    detail: str = ""
    ready: int = 0
    of: int = 1
    troubles: tuple[Trouble, ...] = ()

    @property
    def soft(self) -> bool:
        """Doomed, unless something else may still change it."""
        return self.state is State.DOOMED and bool(self.troubles) and self.troubles[0].soft


@dataclass(frozen=True, slots=True)
class Related:
    """What is around an object: pods, ReplicaSets and PersistentVolumeClaims of its namespace, events by the uid of what
    they are about (oldest first), StorageClasses (None: may not be read), and since when each trouble lasts.

    Times are seconds of one monotonic clock, never those that nodes or servers wrote down: clocks differ.
    """

    pods: Sequence[Body] = ()
    replica_sets: Sequence[Body] = ()
    events: Mapping[str, Sequence[Body]] = field(default_factory=dict)
    storage_classes: Sequence[Body] | None = None
    since: Mapping[str, float] = field(default_factory=dict)

    def lasts_s(self, trouble: Trouble, now: float) -> float:
        return now - self.since.get(trouble.key, now)


def ready(detail: str = "", *, count: int = 1) -> Verdict:
    return Verdict(State.READY, detail, count, count)


def progressing(
    detail: str, *, ready_count: int = 0, of: int = 1, troubles: Iterable[Trouble] = ()
) -> Verdict:
    return Verdict(State.PROGRESSING, detail, ready_count, of, tuple(troubles))


def doomed(detail: str) -> Verdict:
    return Verdict(State.DOOMED, detail)


def judged(
    detail: str,
    troubles: Sequence[Trouble],
    related: Related,
    now: float,
    *,
    ready_count: int = 0,
    of: int = 1,
) -> Verdict:
    """Doomed by a trouble that has lasted long enough (a hard one before a soft one), else on its way."""
    lasting = [each for each in troubles if related.lasts_s(each, now) >= each.grace_s]
    if not lasting:
        shown = troubles[0].text if troubles else detail
        return progressing(shown, ready_count=ready_count, of=of, troubles=troubles)
    worst = min(lasting, key=lambda each: each.soft)
    rest = tuple(each for each in troubles if each is not worst)
    return Verdict(State.DOOMED, worst.text, ready_count, of, (worst, *rest))


def meta(body: Body) -> Body:
    return body.get("metadata") or {}


def spec(body: Body) -> Body:
    return body.get("spec") or {}


def status(body: Body) -> Body:
    return body.get("status") or {}


def name_of(body: Body) -> str:
    return str(meta(body).get("name", ""))


def uid_of(body: Body) -> str:
    return str(meta(body).get("uid", ""))


def condition(body: Body, kind: str) -> Body | None:
    """The condition of this type, or None."""
    found = (each for each in status(body).get("conditions") or [] if each.get("type") == kind)
    return next(found, None)


def is_true(body: Body, kind: str) -> bool:
    return (condition(body, kind) or {}).get("status") == "True"


def why(entry: Body | None) -> str:
    """`Reason: message` of a condition or an event, on one line."""
    entry = entry or {}
    text = ": ".join(str(entry[key]) for key in ("reason", "message") if entry.get(key))
    return short(text)


def short(text: str, limit: int = 240) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def owned_by(body: Body, uids: Iterable[str]) -> bool:
    owners = {str(owner.get("uid")) for owner in meta(body).get("ownerReferences") or []}
    return not owners.isdisjoint(uids)


def observed(body: Body, entry: Body | None = None) -> bool:
    """Whether the status, and this condition of it, are about this generation. A controller that keeps no count of it
    is believed."""
    counts = [each.get("observedGeneration") for each in (status(body), entry or {})]
    return all(int(count) >= int(meta(body).get("generation") or 0) for count in counts if count is not None)
