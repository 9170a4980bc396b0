"""The scene of a release: what its watches must cover, and what all verdicts together mean."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from platformctl.errors import ForbiddenError
from platformctl.run.evidence import clean
from platformctl.run.scene import Scene
from platformctl.run.verdict import State
from platformctl.run.watch import _hear_out, await_ready
from platformctl.tools.discovery import Discovery, Resource
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.watching import Changed, Deleted, Listed, Lost
from tests.support.stub_api import FORBIDDEN, stub_api
from tests.support.watched import kube_object

KINDS = [
    ("apps", "v1", "deployments", "Deployment"), ("apps", "v1", "statefulsets", "StatefulSet"), ("", "v1", "pods", "Pod"),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"), ("", "v1", "services", "Service"),
    ("batch", "v1", "jobs", "Job"),
]  # fmt: skip
DISCOVERY = Discovery(
    {
        **{
            (f"{group}/{version}" if group else version, kind): Resource(group, version, plural, kind, True)
            for group, version, plural, kind in KINDS
        },
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): Resource(
            "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False
        ),
        ("cert-manager.io/v1", "ClusterIssuer"): Resource(
            "cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", False
        ),
    },
    (),
)


def _body(kind: str, name: str, api_version: str = "apps/v1", **more: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **more}


def _scene(*bodies: dict[str, Any], missing_s: float = 5.0) -> Scene:
    objects = [kube_object(body, "stg") for body in bodies]
    return Scene(objects, lambda _: DISCOVERY, lambda: None, missing_s)


def _live(body: dict[str, Any], **status: Any) -> dict[str, Any]:
    """As a list gives it: without kind and apiVersion."""
    metadata = {
        "name": body["metadata"]["name"],
        "namespace": "stg",
        "uid": body["metadata"]["name"],
        "generation": 1,
    }
    return {"metadata": metadata, "spec": {"replicas": 1}, "status": {"observedGeneration": 1, **status}}


READY = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
STG = "/api/v1/namespaces/stg"
APPS = "/apis/apps/v1/namespaces/stg"


def _told(scene: Scene, **lists: list[dict[str, Any]]) -> Scene:
    """Every list arrives; by the last part of its path, empty where none is given."""
    for name, source in scene.sources.items():
        source.take(Listed(tuple(lists.get(name.rpartition("/")[2], []))))
    return scene


def test_each_kind_and_namespace_is_watched_once_with_what_its_rules_look_at() -> None:
    scene = _scene(
        _body("Deployment", "a"), _body("Deployment", "b"), _body("StatefulSet", "db"),
        _body("ConfigMap", "c", "v1"), _body("ClusterIssuer", "ca", "cert-manager.io/v1"),
    )  # fmt: skip
    assert {name: dict(source.query) for name, source in scene.sources.items()} == {
        f"{APPS}/deployments": {},
        f"{APPS}/statefulsets": {"fieldSelector": "metadata.name=db"},
        f"{APPS}/replicasets": {},
        f"{STG}/pods": {},
        f"{STG}/events": {},
        "/apis/cert-manager.io/v1/clusterissuers": {"fieldSelector": "metadata.name=ca"},
    }


def test_each_definition_is_watched_alone() -> None:
    crds = [_body("CustomResourceDefinition", name, "apiextensions.k8s.io/v1") for name in ("a.x", "b.x")]
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert {name: (source.path, dict(source.query)) for name, source in _scene(*crds).sources.items()} == {
        f"{path}/a.x": (path, {"fieldSelector": "metadata.name=a.x"}),
        f"{path}/b.x": (path, {"fieldSelector": "metadata.name=b.x"}),
    }


def test_bare_pods_beside_a_workload_see_all_pods() -> None:
    scene = _scene(_body("Pod", "p", "v1"), _body("StatefulSet", "db"))
    assert dict(scene.sources[f"{STG}/pods"].query) == {}
    assert dict(_scene(_body("Pod", "p", "v1")).sources[f"{STG}/pods"].query) == {
        "fieldSelector": "metadata.name=p"
    }


def test_nothing_is_judged_before_every_list_has_come() -> None:
    scene = _scene(_body("Deployment", "web"))
    assert not scene.complete
    assert _told(scene).complete


def test_an_item_of_a_list_is_judged_by_its_own_kind() -> None:
    """The API server leaves kind and apiVersion out of list items; without them everything would read as ready."""
    web = _body("Deployment", "web")
    assert _told(_scene(web), deployments=[_live(web)]).judge(0).text == "0/1 ready · 0 of 1 pods made"
    assert _told(_scene(web), deployments=[_live(web, **READY)]).judge(0).state is State.READY


def test_pods_are_counted_over_all_objects() -> None:
    web, claim = _body("Deployment", "web"), _body("PersistentVolumeClaim", "data", "v1")
    bound = {"metadata": {"name": "data", "namespace": "stg"}, "status": {"phase": "Bound"}}
    scene = _told(_scene(web, claim), deployments=[_live(web)], persistentvolumeclaims=[bound])
    assert scene.judge(0).text == "1/2 ready · 0 of 1 pods made"


def test_events_keep_the_scene_up_to_date() -> None:
    web = _body("Deployment", "web")
    scene = _told(_scene(web), deployments=[_live(web)])
    source = scene.sources[f"{APPS}/deployments"]
    source.take(Changed(_live(web, **READY)))
    assert scene.judge(0).state is State.READY
    source.take(Deleted(_live(web)))
    assert scene.judge(1).state is State.PROGRESSING
    source.take(Listed((_live(web, **READY),)))
    assert scene.judge(2).state is State.READY


def test_what_is_not_there_dooms_after_its_time() -> None:
    scene = _told(_scene(_body("Deployment", "web"), missing_s=5))
    first = scene.judge(10)
    assert (first.state, first.wake_s) == (State.PROGRESSING, 5)
    assert scene.judge(14.9).state is State.PROGRESSING
    assert scene.judge(15).state is State.DOOMED


def test_a_trouble_that_clears_begins_anew() -> None:
    scene = _told(_scene(_body("Deployment", "web"), missing_s=5))
    source = scene.sources[f"{APPS}/deployments"]
    scene.judge(0)
    source.take(Listed((_live(_body("Deployment", "web"), **READY),)))
    scene.judge(4)
    source.take(Listed(()))
    assert scene.judge(6).wake_s == 5


def _crashing(restarts: int) -> dict[str, Any]:
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    container = {"name": "c", "ready": False, "restartCount": restarts, "state": state}
    metadata = {"name": "db-0", "namespace": "stg", "uid": "p", "ownerReferences": [{"uid": "db"}]}
    labels = {"controller-revision-hash": "r"}
    return {"metadata": {**metadata, "labels": labels}, "status": {"containerStatuses": [container]}}


@pytest.mark.parametrize(
    ("restarts", "neighbour", "expected"),
    [(3, READY, State.DOOMED), (3, {}, State.PROGRESSING), (6, {}, State.DOOMED)],
)
def test_a_crash_loop_waits_for_neighbours_that_are_on_their_way(
    restarts: int, neighbour: dict[str, int], expected: State
) -> None:
    web, db = _body("Deployment", "web"), _body("StatefulSet", "db")
    scene = _told(
        _scene(web, db),
        deployments=[_live(web, **neighbour)],
        statefulsets=[_live(db, updateRevision="r")],
        pods=[_crashing(restarts)],
    )
    assert scene.judge(0).state is expected


def test_a_lost_server_is_known_as_such_until_the_list_comes_again() -> None:
    scene = _told(_scene(_body("Deployment", "web")))
    source = scene.sources[f"{STG}/pods"]
    source.take(Lost("refused"))
    assert scene.lost == "refused"
    source.take(Listed(()))
    assert scene.lost is None


def test_events_of_an_object_come_in_the_order_of_their_times() -> None:
    def event(name: str, at: str, text: str) -> dict[str, Any]:
        about = {"uid": "p"}
        return {"metadata": {"name": name}, "lastTimestamp": at, "message": text, "involvedObject": about}

    scene = _told(_scene(_body("StatefulSet", "db")))
    source = scene.sources[f"{STG}/events"]
    source.take(
        Listed((event("b", "2026-01-02T00:00:00Z", "second"), event("a", "2026-01-01T00:00:00Z", "first")))
    )
    source.take(Changed(event("a", "2026-01-03T00:00:00Z", "first, again")))
    assert [each["message"] for each in scene.events("stg")["p"]] == ["second", "first, again"]


def test_what_may_not_be_watched_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    api, _ = stub_api({f"{APPS}/deployments": FORBIDDEN})
    monkeypatch.setattr(api, "_discovery", DISCOVERY)
    kubectl: Kubectl = api._kubectl
    with pytest.raises(ForbiddenError, match="may not read"):
        await_ready(
            api,
            kubectl,
            [kube_object(_body("Deployment", "web"), "stg")],
            timeout_s=5,
            stable_for_s=0,
            stop=threading.Event(),
            progress=lambda _: None,
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "�[31mred�[0m"),
        ("over\rwritten", "over�written"),
        ("right\u202eto left", "right�to left"),
        ("two\nlines", "two lines"),
        ("x" * 500, "x" * 399 + "…"),
    ],
)
def test_what_pods_say_cannot_play_with_the_terminal(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_the_event_that_explains_a_doomed_pod_is_heard_before_the_evidence_is_gathered() -> None:
    crashing = {
        "metadata": {"name": "p", "namespace": "stg", "uid": "p"},
        "spec": {"containers": [{"name": "main"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "main",
                    "restartCount": 9,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 1}},
                }
            ],
        },
    }
    scene = _told(_scene(_body("Pod", "p", "v1")), pods=[crashing])
    judgement = scene.judge(0.0)
    assert judgement.state is State.DOOMED
    event = {
        "metadata": {"name": "e", "namespace": "stg", "uid": "e"},
        "type": "Warning",
        "reason": "BackOff",
        "involvedObject": {"kind": "Pod", "name": "p", "uid": "p"},
    }
    told: queue.Queue[Any] = queue.Queue()
    late = threading.Timer(0.2, told.put, [(f"{STG}/events", Changed(event))])
    late.start()
    _hear_out(scene, told, judgement)
    late.join()
    assert [each["reason"] for each in scene.events("stg")["p"]] == ["BackOff"]
