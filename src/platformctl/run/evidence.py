"""What a human wants to see of something that failed: states, events, the last words of a log. Read before anything is
undone; lines are cleaned of control characters, since pods choose what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from platformctl.render.models import KubeObject
from platformctl.run.pods import describe, is_ready
from platformctl.run.scene import PODS, Finding, Scene
from platformctl.run.verdict import Body, Verdict, name_of, owned_by, short, status, uid_of
from platformctl.tools.kubectl import Kubectl, complaint

LOG_LINES: Final = 40
PODS_SHOWN: Final = 3
EVENTS_SHOWN: Final = 5
LINE_LENGTH: Final = 400
# Control characters, escape sequences' first byte among them, and those that change the direction of text.
_UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def gather(kubectl: Kubectl, scene: Scene, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Lines about each object that is not ready. Never raises: what cannot be had is said."""
    return tuple(line for each, verdict in findings for line in _about(kubectl, scene, each, verdict))


def _about(kubectl: Kubectl, scene: Scene, each: KubeObject, verdict: Verdict) -> Iterator[str]:
    namespace = each.id.namespace
    yield clean(f"{each.id}: {verdict.detail or verdict.state}")
    body = scene.live(each)
    if body is None:
        return
    events = scene.events(namespace)
    yield from _events(events.get(uid_of(body), ()))
    named = [trouble.pod for trouble in verdict.troubles if trouble.pod]
    pods = [pod for pod in _pods_of(scene, namespace, body) if not is_ready(pod)]
    pods.sort(key=lambda pod: (name_of(pod) not in named, name_of(pod)))
    for pod in pods[:PODS_SHOWN]:
        if uid_of(pod) != uid_of(body):
            yield clean(describe(pod, ()))
            yield from _events(events.get(uid_of(pod), ()))
    culprit = next((trouble for trouble in verdict.troubles if trouble.pod), None)
    if culprit is not None:
        yield from log_tail(kubectl, namespace, culprit.pod, culprit.container)
    elif pods:
        yield from log_tail(kubectl, namespace, name_of(pods[0]), _first_unready(pods[0]))


def _first_unready(pod: Body) -> str:
    """The container to ask for its log; none while no container has run."""
    containers = status(pod).get("containerStatuses") or []
    started = [
        each for each in containers if not each.get("ready") and "waiting" not in (each.get("state") or {})
    ]
    return str(started[0].get("name", "")) if started else ""


def log_tail(kubectl: Kubectl, namespace: str, pod: str, container: str) -> Iterator[str]:
    """The last lines of a container: of the one that runs, else of the one before."""
    if not container:
        return
    for previous in (False, True):
        done = kubectl.logs(pod, namespace=namespace, container=container, tail=LOG_LINES, previous=previous)
        lines = done.text.strip().splitlines()
        if done.ok and lines:
            yield f"log of container {container} of pod {pod}, the last {len(lines)} lines:"
            yield from (f"  {clean(line)}" for line in lines)
            return
    yield clean(
        f"no log of container {container} of pod {pod}: {'it is empty' if done.ok else short(complaint(done))}"
    )


def _pods_of(scene: Scene, namespace: str, body: Body) -> list[Body]:
    """Pods of a workload, also through its ReplicaSets; a pod itself."""
    related = scene.related(namespace)
    uids = {uid_of(body)} | {uid_of(each) for each in related.replica_sets if owned_by(each, [uid_of(body)])}
    found = scene.sources.get(PODS.format(namespace))
    return [
        pod for pod in (found.items.values() if found else ()) if owned_by(pod, uids) or uid_of(pod) in uids
    ]


def _events(events: Sequence[Body]) -> Iterator[str]:
    for event in events[-EVENTS_SHOWN:]:
        subject = event.get("involvedObject") or {}
        count = int(event.get("count") or 1)
        times = f" ({count} times)" if count > 1 else ""
        yield clean(
            f"  event {event.get('type')} {event.get('reason')} on {str(subject.get('kind', '')).lower()} "
            f"{subject.get('name')}{times}: {event.get('message')}"
        )


def clean(text: str) -> str:
    """One line that is safe to print."""
    line = _UNSAFE.sub("�", " ".join(text.split("\n")).rstrip())
    return line if len(line) <= LINE_LENGTH else line[: LINE_LENGTH - 1] + "…"
