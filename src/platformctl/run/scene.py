"""What watches tell about a release: its objects and what is around them, kept up to date and judged as a whole.

Touched by one thread only. Reading is somebody else's business: events come in, verdicts come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from platformctl.errors import ClusterError
from platformctl.render.models import KubeObject, ObjectId
from platformctl.run.health import assess, needs_watching
from platformctl.run.verdict import Body, Related, State, Trouble, Verdict, judged, meta, name_of, ready, spec
from platformctl.tools.discovery import Discovery, Resource
from platformctl.tools.watching import Changed, Deleted, Listed, Lost, WatchEvent

MISSING_S: Final = 5.0  # helm has applied it: what is not there was deleted by somebody else
EVENTS_KEPT: Final = 10
PODS: Final = "/api/v1/namespaces/{}/pods"
REPLICA_SETS: Final = "/apis/apps/v1/namespaces/{}/replicasets"
EVENTS: Final = "/api/v1/namespaces/{}/events"
_MAKES_PODS: Final = frozenset(
    {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"}
)
_NEEDS_PODS: Final = _MAKES_PODS | {"PersistentVolumeClaim"}
_NEEDS_EVENTS: Final = _NEEDS_PODS | {"Pod", "Service"}


@dataclass(slots=True)
class Source:
    """One list to watch, with what it held last. `names` None keeps everything."""

    path: str
    names: set[str] | None = None
    items: dict[str, Body] = field(default_factory=dict)
    listed: bool = False
    lost: str | None = None

    @property
    def query(self) -> Mapping[str, str]:
        if self.names is None or len(self.names) != 1:
            return {}
        return {"fieldSelector": f"metadata.name={next(iter(self.names))}"}

    def take(self, event: WatchEvent) -> None:
        match event:
            case Lost(reason):
                self.lost = reason
            case Listed(items):
                self.items = {_key(item): item for item in sorted(items, key=_age) if self._keeps(item)}
                self.listed, self.lost = True, None
            case Changed(item) if self._keeps(item):
                self.items.pop(_key(item), None)  # so that the newest stands last
                self.items[_key(item)] = item
            case Deleted(item):
                self.items.pop(_key(item), None)
            case _:
                pass

    def _keeps(self, item: Body) -> bool:
        return self.names is None or name_of(item) in self.names


Finding = tuple[KubeObject, Verdict]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All objects together. `culprits` are the verdicts that doom the release; `wake_s` is how long it may stay like
    this before the same facts mean something else."""

    state: State
    text: str
    culprits: tuple[Finding, ...] = ()
    unready: tuple[Finding, ...] = ()
    wake_s: float | None = None


class Scene:
    """The objects of a release that can be unready, and the lists that must be watched for them."""

    def __init__(
        self,
        objects: Iterable[KubeObject],
        discover: Callable[[bool], Discovery],
        storage_classes: Callable[[], Sequence[Body] | None],
        missing_s: float = MISSING_S,
    ) -> None:
        """`discover(refresh)` says what is served. An object that is not there for `missing_s` dooms the release.

        Raises ClusterError for a kind that is not served.
        """
        self._missing_s = missing_s
        self.objects = tuple(each for each in objects if needs_watching(each.body))
        self._of: dict[ObjectId, tuple[str, str]] = {}  # object → its source, and its key in there
        self._since: dict[str, float] = {}
        paths: dict[str, str] = {}
        names: dict[str, set[str] | None] = {}
        for each in self.objects:
            resource = _resource(each, discover)
            namespace = each.id.namespace if resource.namespaced else ""
            path = resource.path(namespace or None)
            # Definitions are large, and a cluster has many: one watch for each that is ours.
            source = f"{path}/{each.id.name}" if each.id.kind == "CustomResourceDefinition" else path
            paths[source] = path
            known = names.setdefault(source, set())
            if known is not None:
                known.add(each.id.name)
            for everything in _around(each.id, namespace):
                paths[everything], names[everything] = everything, None
            self._of[each.id] = (source, f"{namespace}/{each.id.name}")
        self.sources = {source: Source(paths[source], names[source]) for source in paths}
        claims = any(each.id.kind == "PersistentVolumeClaim" for each in self.objects)
        self._classes = storage_classes() if claims else None

    @property
    def lost(self) -> str | None:
        """Why something is not known at the moment; None when everything is."""
        return next((source.lost for source in self.sources.values() if source.lost), None)

    @property
    def complete(self) -> bool:
        """Every list has come at least once."""
        return all(source.listed for source in self.sources.values())

    def live(self, each: KubeObject) -> Body | None:
        """The object as it is in the cluster. The items of a list say neither kind nor apiVersion; ours are added."""
        source, key = self._of[each.id]
        found = self.sources[source].items.get(key)
        return None if found is None else {**found, "apiVersion": each.api_version, "kind": each.id.kind}

    def related(self, namespace: str) -> Related:
        return Related(
            pods=self._items(PODS.format(namespace)),
            replica_sets=self._items(REPLICA_SETS.format(namespace)),
            events=self.events(namespace),
            storage_classes=self._classes,
            since=self._since,
        )

    def events(self, namespace: str) -> dict[str, list[Body]]:
        """By the uid of what they are about, oldest first."""
        found: dict[str, list[Body]] = {}
        for event in self._items(EVENTS.format(namespace)):
            uid = str((event.get("involvedObject") or {}).get("uid", ""))
            found.setdefault(uid, []).append(event)
        return {uid: events[-EVENTS_KEPT:] for uid, events in found.items()}

    def _items(self, path: str) -> Sequence[Body]:
        source = self.sources.get(path)
        return tuple(source.items.values()) if source else ()

    def judge(self, now: float) -> Judgement:
        """What the release has come to. Remembers since when each trouble lasts."""
        around = {
            namespace: self.related(namespace) for namespace in {each.id.namespace for each in self.objects}
        }
        verdicts = [(each, self._verdict(each, around[each.id.namespace], now)) for each in self.objects]
        troubles = {trouble.key: trouble for _, verdict in verdicts for trouble in verdict.troubles}
        self._since = {key: self._since.get(key, now) for key in troubles}
        left = [self._since[key] + trouble.grace_s - now for key, trouble in troubles.items()]
        wake_s = min((each for each in left if each > 0), default=None)
        unready = tuple((each, verdict) for each, verdict in verdicts if verdict.state is not State.READY)
        on_its_way = any(verdict.state is State.PROGRESSING for _, verdict in unready)
        culprits = tuple(
            (each, verdict)
            for each, verdict in unready
            if verdict.state is State.DOOMED and not (verdict.soft and on_its_way)
        )
        count = f"{sum(v.ready for _, v in verdicts)}/{sum(v.of for _, v in verdicts)} ready"
        if culprits:
            return Judgement(State.DOOMED, culprits[0][1].detail, culprits, unready)
        if unready:
            first = min(unready, key=lambda each: not each[1].troubles)[1]
            text = f"{count} · {first.detail}" if first.detail else count
            return Judgement(State.PROGRESSING, text, unready=unready, wake_s=wake_s)
        return Judgement(State.READY, count)

    def _verdict(self, each: KubeObject, related: Related, now: float) -> Verdict:
        body = self.live(each)
        if body is not None:
            return assess(body, related, now)
        if each.id.kind == "Job" and "ttlSecondsAfterFinished" in spec(each.body):
            return ready("finished and removed")
        text = f"{each.id} is not in the cluster; somebody has deleted it"
        return judged(text, [Trouble(f"missing/{each.id}", text, self._missing_s)], related, now)


def _resource(each: KubeObject, discover: Callable[[bool], Discovery]) -> Resource:
    kind = each.id.kind
    found = discover(False).resource(each.api_version, kind) or discover(True).resource(
        each.api_version, kind
    )
    if found is None:
        raise ClusterError(
            f"watch {each.id}: the API server does not serve {kind} of {each.api_version}",
            hint=f"is its CRD there?  kubectl api-resources --api-group={each.id.group}",
        )
    return found


def _around(id_: ObjectId, namespace: str) -> Iterable[str]:
    """The lists that the rules of this kind look at besides the object itself."""
    if id_.group not in ("", "apps", "batch"):
        return
    if id_.kind in _NEEDS_PODS:
        yield PODS.format(namespace)
    if id_.kind == "Deployment":
        yield REPLICA_SETS.format(namespace)
    if id_.kind in _NEEDS_EVENTS:
        yield EVENTS.format(namespace)


def _key(item: Body) -> str:
    return f"{meta(item).get('namespace', '')}/{name_of(item)}"


def _age(item: Body) -> str:
    """For events: when it was seen last."""
    return str(
        item.get("lastTimestamp") or item.get("eventTime") or meta(item).get("creationTimestamp") or ""
    )
