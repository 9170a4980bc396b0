"""Waiting for a release on a real control plane with played pods: what becomes ready, what does not, and how soon."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest

from platformctl.errors import ClusterError
from platformctl.run.executor import Performed
from platformctl.run.result import Status
from platformctl.sandbox.api import Sandbox
from platformctl.sandbox.folder import Folder
from platformctl.tools.api import Api
from platformctl.tools.kubectl import Kubectl
from tests.support.sandbox import Cluster, eventually
from tests.support.watched import Waiting, pod_template, workload

pytestmark = pytest.mark.e2e


@pytest.fixture
def release(sandbox_api: Api, sandbox_kubectl: Kubectl, namespace: str) -> Waiting:
    return Waiting(sandbox_api, sandbox_kubectl, namespace)


def _claim(name: str, storage_class: str | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    if storage_class:
        spec["storageClassName"] = storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def _config(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def test_a_healthy_release_is_ready_soon_and_says_how_it_gets_there(release: Waiting) -> None:
    web = workload("Deployment", "web", pod_template(), replicas=3)
    db = workload("StatefulSet", "db", pod_template(), replicas=2, serviceName="db")
    agent = workload("DaemonSet", "agent", pod_template())
    once = workload("Job", "once", pod_template(restartPolicy="Never"))
    done = release.deploy(web, db, agent, once, _config("settings"))
    assert done == Performed(Status.OK, "9/9 ready")  # 3 + 2 + a daemon on each of 3 nodes + the job
    assert len(release.said) == len(set(release.said)), "progress is told only when it changes"
    assert any("/9 ready · " in said for said in release.said)


def test_ready_is_noticed_within_a_second(release: Waiting, cluster: Cluster) -> None:
    web = workload("Deployment", "web", pod_template("ready-after", "2s"), replicas=1)
    release.apply(web)
    seen: list[float] = []

    def look() -> None:
        path = f"/apis/apps/v1/namespaces/{release.namespace}/deployments/web"
        eventually(lambda: ((cluster.get(path) or {}).get("status") or {}).get("availableReplicas"))
        seen.append(time.monotonic())

    observer = threading.Thread(target=look)
    observer.start()
    done = release.wait(web)
    finished = time.monotonic()
    observer.join()
    assert done == Performed(Status.OK, "1/1 ready")
    assert finished - seen[0] < 1.0


def test_an_unchanged_release_is_ready_at_once(release: Waiting) -> None:
    web = workload("Deployment", "web", pod_template(), replicas=2)
    release.deploy(web)
    began = time.monotonic()
    assert release.wait(web) == Performed(Status.OK, "2/2 ready")
    assert time.monotonic() - began < 1.0


def test_nothing_to_wait_for(release: Waiting) -> None:
    assert release.deploy(_config("settings")) == Performed(Status.OK, "nothing to wait for")


def test_a_crash_loop_fails_in_seconds_with_the_reason_and_evidence(release: Waiting) -> None:
    began = time.monotonic()
    done = release.deploy(workload("Deployment", "web", pod_template("crash-loop"), replicas=2), timeout_s=60)
    assert time.monotonic() - began < 10
    assert done.status is Status.FAILED
    assert done.detail.startswith("container main of pod web-")
    assert done.detail.endswith(" crashes (CrashLoopBackOff): exit code 1, 4 restarts")
    text = "\n".join(done.evidence)
    assert done.evidence[0] == f"Deployment.apps {release.namespace}/web: {done.detail}"
    assert "CrashLoopBackOff" in text
    assert "event Warning BackOff on pod web-" in text
    assert "log of container main of pod web-" in text


def test_a_neighbour_that_is_on_its_way_is_waited_for_before_a_crash_loop_counts(release: Waiting) -> None:
    db = workload("StatefulSet", "db", pod_template("ready-after", "4s"), serviceName="db")
    web = workload("Deployment", "web", pod_template("crash-loop"), replicas=1)
    began = time.monotonic()
    done = release.deploy(db, web, timeout_s=60)
    assert done.status is Status.FAILED
    assert 3.5 < time.monotonic() - began < 12


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        ("oom", " is killed for its memory (OOMKilled), 4 restarts"),
        ("image-missing", " cannot pull nginx:1.27 (manifest unknown)"),
        ("config-error", ' cannot start: secret "played" not found'),
    ],
)
def test_a_pod_that_cannot_run_is_named_with_its_reason(release: Waiting, play: str, expected: str) -> None:
    began = time.monotonic()
    done = release.deploy(workload("Deployment", "web", pod_template(play), replicas=1), timeout_s=60)
    assert (done.status, done.detail.endswith(expected)) == (Status.FAILED, True), done.detail
    assert time.monotonic() - began < 16


@pytest.mark.parametrize("play", ["image-clears", "restart-once", "init-slow"])
def test_trouble_that_clears_is_no_failure(release: Waiting, play: str) -> None:
    init = [{"name": "prepare", "image": "busybox"}]
    template = pod_template(play, "3s", initContainers=init)
    done = release.deploy(workload("Deployment", "web", template, replicas=1))
    assert done == Performed(Status.OK, "1/1 ready")


def test_one_that_never_becomes_ready_times_out_with_what_it_waits_for(release: Waiting) -> None:
    done = release.deploy(workload("Deployment", "web", pod_template("never-ready"), replicas=1), timeout_s=4)
    assert done.status is Status.TIMED_OUT
    assert done.detail.startswith("not ready after 4.0s: 0/1 ready · pod web-")
    assert "runs, not ready" in done.detail
    assert "Readiness probe failed" in "\n".join(done.evidence)


def test_ready_and_bad_within_the_stability_window_is_not_ready(release: Waiting) -> None:
    web = workload("Deployment", "web", pod_template("ready-then-bad", "3s"), replicas=1)
    done = release.deploy(web, timeout_s=30, stable_for_s=6)
    assert done.status is Status.FAILED
    assert " crashes (CrashLoopBackOff): exit code 1" in done.detail
    assert "1/1 ready · must stay so for 6.0s" in release.said


def test_the_stability_window_is_waited_out(release: Waiting) -> None:
    web = workload("Deployment", "web", pod_template(), replicas=1)
    release.deploy(web)
    began = time.monotonic()
    assert release.wait(web, timeout_s=1, stable_for_s=2).status is Status.OK
    assert 2.0 <= time.monotonic() - began < 3.5


def test_the_upgrade_of_a_healthy_release_waits_for_the_new_pods(release: Waiting) -> None:
    release.deploy(workload("Deployment", "web", pod_template(), replicas=2))
    done = release.deploy(workload("Deployment", "web", pod_template("crash-loop"), replicas=2), timeout_s=30)
    assert done.status is Status.FAILED
    mended = workload("Deployment", "web", pod_template("ready-after", "1s"), replicas=2)
    assert release.deploy(mended) == Performed(Status.OK, "2/2 ready")


def test_a_broken_stateful_set_that_an_upgrade_cannot_mend_says_what_to_do(release: Waiting) -> None:
    """Kubernetes does not replace a broken pod of an older revision of a StatefulSet; waiting is in vain."""
    broken = workload("StatefulSet", "db", pod_template("crash-loop"), serviceName="db")
    assert release.deploy(broken).status is Status.FAILED
    began = time.monotonic()
    done = release.deploy(workload("StatefulSet", "db", pod_template(), serviceName="db"), timeout_s=30)
    assert done.status is Status.FAILED
    assert done.detail.endswith("is not replaced while it is broken: kubectl delete pod db-0")
    assert time.monotonic() - began < 8


def test_claims_bind_or_wait_for_their_first_consumer(release: Waiting) -> None:
    done = release.deploy(_claim("data"), _claim("later", "openebs-hostpath"))
    assert done == Performed(Status.OK, "2/2 ready")
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "later"}}
    used = workload("Deployment", "web", pod_template(volumes=[volume]), replicas=1)
    assert release.deploy(used, _claim("later", "openebs-hostpath")) == Performed(Status.OK, "2/2 ready")


def test_a_load_balancer_gets_its_address(release: Waiting) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}},
    }
    assert release.deploy(service) == Performed(Status.OK, "1/1 ready")


def test_a_quota_that_allows_no_pods_is_named(release: Waiting) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}},
    }
    release.apply(quota)
    eventually(
        lambda: release.api.get(f"/api/v1/namespaces/{release.namespace}/resourcequotas/none", {}) or None
    )
    time.sleep(0.5)
    done = release.deploy(workload("Deployment", "web", pod_template(), replicas=1), timeout_s=40)
    assert done.status is Status.FAILED
    assert done.detail.startswith("deployment web: its quota does not allow its pods: ")
    assert "exceeded quota: none" in done.detail


def test_a_job_that_fails_is_told_as_such(release: Waiting) -> None:
    job = workload("Job", "migrate", pod_template("fail-job", restartPolicy="Never"), backoffLimit=0)
    done = release.deploy(job)
    assert (done.status, done.detail.split(":")[0]) == (Status.FAILED, "job migrate failed")


def test_a_finished_job_that_was_removed_is_done(release: Waiting) -> None:
    job = workload("Job", "once", pod_template(restartPolicy="Never"), ttlSecondsAfterFinished=0)
    release.apply(job)
    eventually(lambda: release.api.get(f"/apis/batch/v1/namespaces/{release.namespace}/jobs/once") is None)
    assert release.wait(job) == Performed(Status.OK, "1/1 ready")


def test_an_object_that_somebody_deleted_is_missed(release: Waiting) -> None:
    began = time.monotonic()
    done = release.wait(workload("Deployment", "web", pod_template()))
    assert done == Performed(
        Status.FAILED,
        f"Deployment.apps {release.namespace}/web is not in the cluster; somebody has deleted it",
        done.evidence,
    )
    assert 5 <= time.monotonic() - began < 7


def test_a_kind_that_is_not_served_is_an_error(release: Waiting) -> None:
    thing = {"apiVersion": "nowhere.example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}
    with pytest.raises(ClusterError, match=r"does not serve Thing of nowhere\.example\.com/v1"):
        release.wait(thing)


def test_a_definition_is_waited_for_and_its_resources_too(release: Waiting) -> None:
    group = f"{release.namespace}.example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    release.api.discovery(refresh=True)
    assert release.deploy(crd) == Performed(Status.OK, "1/1 ready")
    thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "t"}}
    eventually(lambda: release.api.get(f"/apis/{group}/v1"))
    assert release.deploy(thing) == Performed(Status.OK, "1/1 ready")
    unready = {
        **thing,
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Why", "message": "so"}]},
    }
    done = release.deploy(unready, timeout_s=1)
    assert done.detail == "not ready after 1.0s: 0/1 ready · Thing t is not ready: Why: so"


def test_a_request_to_stop_is_followed_at_once(release: Waiting) -> None:
    web = workload("Deployment", "web", pod_template("never-ready"), replicas=1)
    release.apply(web)
    threading.Timer(1.0, release.stop.set).start()
    began = time.monotonic()
    done = release.wait(web, timeout_s=60)
    assert done.status is Status.INTERRUPTED
    assert time.monotonic() - began < 3


def test_nothing_is_left_running(release: Waiting) -> None:
    release.deploy(workload("Deployment", "web", pod_template(), replicas=1))
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("watch ")] == []


@pytest.mark.fault(16)
def test_a_frozen_api_server_is_ridden_out(release: Waiting, sandbox: Sandbox) -> None:
    web = workload("Deployment", "web", pod_template("ready-after", "3s"), replicas=1)
    release.apply(web)
    state = Folder(sandbox.folder).state()
    assert state
    assert state.processes
    pid = state.processes["kube-apiserver"].pid
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(4.0, os.kill, (pid, signal.SIGCONT)).start()
    assert release.wait(web, timeout_s=40) == Performed(Status.OK, "1/1 ready")
