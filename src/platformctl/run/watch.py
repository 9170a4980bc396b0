"""Waits until the objects of a release are ready, by watches: nothing is asked twice, nothing sleeps.

One thread per list reads and passes on; the calling thread alone keeps the scene and judges. A doomed object ends the
wait at once, with evidence; everything ready must stay so for the stability window.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from platformctl.catalog.durations import short
from platformctl.errors import ForbiddenError
from platformctl.render.models import KubeObject
from platformctl.run.evidence import gather
from platformctl.run.executor import Performed
from platformctl.run.health import runs_pods
from platformctl.run.result import Status
from platformctl.run.scene import MISSING_S, Judgement, Scene
from platformctl.run.verdict import State
from platformctl.tools.api import Api
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.watching import Watch, WatchEvent

STOP_LATENCY_S: Final = 0.25  # how soon a request to stop is seen
HEAR_OUT_S: Final = 0.1  # how long to wait for the next event, and how often
HEAR_OUT_TIMES: Final = 15
# Custom resources without pods: long enough for their controller to have looked at a change.
SETTLE_S: Final = 1.0
STORAGE_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"

_Told = queue.Queue[tuple[str, WatchEvent | Exception]]


def await_ready(
    api: Api,
    kubectl: Kubectl,
    objects: Sequence[KubeObject],
    *,
    timeout_s: float,
    stable_for_s: float,
    stop: threading.Event,
    progress: Callable[[str], None],
    missing_s: float = MISSING_S,
    clock: Callable[[], float] = time.monotonic,
) -> Performed:
    """OK, FAILED (doomed, with evidence), TIMED_OUT (with evidence) or INTERRUPTED.

    `objects` are those of the release's own manifest; one that is not there for `missing_s` was deleted. The stability
    window comes on top of `timeout_s`. Raises ForbiddenError when something may not be watched, ClusterError for a kind that is not served.
    """
    scene = Scene(
        objects, lambda refresh: api.discovery(refresh=refresh), lambda: _storage_classes(api), missing_s
    )
    if not scene.objects:
        return Performed(Status.OK, "nothing to wait for")
    window_s = _window_s(objects, stable_for_s)
    give_up = clock() + timeout_s
    ready_since: float | None = None
    shown = ""
    with _watching(api, scene) as told:
        wait_s = 0.0
        while not stop.is_set():
            _take(scene, told, wait_s)
            now = clock()
            judgement = scene.judge(now) if scene.complete and not scene.lost else None
            state = judgement.state if judgement else State.PROGRESSING
            text = judgement.text if judgement else _unknown(scene)
            if state is State.READY:
                ready_since = now if ready_since is None else ready_since
                if now - ready_since >= window_s:
                    return Performed(Status.OK, text)
                text += f" · must stay so for {short(window_s)}"
            elif judgement is not None:
                ready_since = None
            if judgement is not None and state is State.DOOMED:
                _hear_out(scene, told, judgement)
                return Performed(Status.FAILED, text, gather(kubectl, scene, judgement.culprits))
            if now >= give_up and ready_since is None:
                evidence = gather(kubectl, scene, judgement.unready if judgement else ())
                return Performed(Status.TIMED_OUT, f"not ready after {short(timeout_s)}: {text}", evidence)
            if text != shown:
                progress(text)
                shown = text
            ends = give_up if ready_since is None else ready_since + window_s
            wait_s = _wait_s(judgement, ends - now)
    return Performed(Status.INTERRUPTED, f"stopped while waiting: {shown}")


def _hear_out(scene: Scene, told: _Told, judgement: Judgement) -> None:
    """Waits a moment for the warnings about the pods that doomed it: whoever writes a status writes the event that
    explains it just after."""
    named = {trouble.pod for _, verdict in judgement.culprits for trouble in verdict.troubles if trouble.pod}
    for _ in range(HEAR_OUT_TIMES):
        warned = {
            event.get("involvedObject", {}).get("name")
            for each, _ in judgement.culprits
            for events in scene.events(each.id.namespace).values()
            for event in events
            if event.get("type") == "Warning"
        }
        if not named or named & warned:
            return
        _take(scene, told, HEAR_OUT_S)


def _wait_s(judgement: Judgement | None, until_end_s: float) -> float:
    """Until something may be different without an event."""
    wake_s = judgement.wake_s if judgement is not None else None
    due_s = until_end_s if wake_s is None else min(wake_s, until_end_s)
    return max(0.0, min(due_s, STOP_LATENCY_S))


def _window_s(objects: Sequence[KubeObject], stable_for_s: float) -> float:
    """How long ready must last: pods may fall back; a claim, an address or a CRD does not."""
    if any(runs_pods(each.body) for each in objects):
        return stable_for_s
    return min(stable_for_s, SETTLE_S)


def _unknown(scene: Scene) -> str:
    return f"the API server does not answer: {scene.lost}" if scene.lost else "looking"


def _take(scene: Scene, told: _Told, wait_s: float) -> None:
    """Waits for the first event, then takes all that are there. Raises what a reader could not get over."""
    try:
        name, event = told.get(timeout=wait_s) if wait_s else told.get_nowait()
        while True:
            if isinstance(event, Exception):
                raise event
            scene.sources[name].take(event)
            name, event = told.get_nowait()
    except queue.Empty:
        return


@contextmanager
def _watching(api: Api, scene: Scene) -> Iterator[_Told]:
    """Readers of all sources of a scene, ended at the end."""
    told: _Told = queue.Queue()
    watches = {name: api.watch(source.path, source.query) for name, source in scene.sources.items()}
    threads = [
        threading.Thread(target=_follow, args=(name, watch, told), name=f"watch {name}", daemon=True)
        for name, watch in watches.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        for watch in watches.values():
            watch.close()
        for thread in threads:
            thread.join(timeout=5.0)


def _follow(name: str, watch: Watch, told: _Told) -> None:
    try:
        for event in watch:
            told.put((name, event))
    except Exception as error:  # noqa: BLE001 - the waiting thread must hear of it, whatever it is
        told.put((name, error))


def _storage_classes(api: Api) -> Sequence[dict[str, Any]] | None:
    try:
        return api.list(STORAGE_CLASSES)
    except ForbiddenError:
        return None
