"""Readiness of what makes pods. Pure. The counts are those of `kubectl rollout status`; the rest finds dead ends early.

Source: k8s.io/kubectl pkg/polymorphichelpers/rollout_status.go, and the workload controllers of Kubernetes 1.37.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from platformctl.run.pods import all_troubles, describe, is_over, is_ready
from platformctl.run.verdict import (
    Body,
    Related,
    Trouble,
    Verdict,
    condition,
    doomed,
    is_true,
    judged,
    meta,
    name_of,
    owned_by,
    progressing,
    ready,
    short,
    spec,
    status,
    uid_of,
    why,
)

CREATE_S: Final = 10.0  # pods that may not be created; a ServiceAccount may come a moment later
QUOTA_S: Final = 60.0  # a quota may be freed by the pods that are being replaced
_REVISION: Final = "deployment.kubernetes.io/revision"
_HASH: Final = "controller-revision-hash"


def deployment(body: Body, related: Related, now: float) -> Verdict:
    """All replicas updated and available, and none of the version before left."""
    wanted, state = _replicas(body), status(body)
    if not _observed(body):
        return progressing("the change is not observed yet", of=wanted)
    updated, available, total = (
        _count(body, key) for key in ("updatedReplicas", "availableReplicas", "replicas")
    )
    if updated >= wanted and total <= updated and available >= wanted:
        return ready("scaled to 0" if wanted == 0 else "", count=wanted)
    if spec(body).get("paused"):
        return doomed(
            f"deployment {name_of(body)} is paused: kubectl rollout resume deployment {name_of(body)}"
        )
    sets = [each for each in related.replica_sets if owned_by(each, [uid_of(body)])]
    revision = _annotation(body, _REVISION)
    newest = [uid_of(each) for each in sets if _annotation(each, _REVISION) == revision]
    pods = [pod for pod in related.pods if owned_by(pod, newest)]
    older = [pod for pod in related.pods if owned_by(pod, map(uid_of, sets)) and pod not in pods]
    late = condition(body, "Progressing") or {}
    troubles = list(all_troubles(pods, related))
    failure = condition(body, "ReplicaFailure") or {}
    if failure.get("status") == "True":
        troubles.append(_cannot_create(body, str(failure.get("message", "")), older))
    if late.get("status") == "False" and late.get("reason") == "ProgressDeadlineExceeded":
        worst = describe_first(pods, related)
        text = f"deployment {name_of(body)} has not progressed for {spec(body).get('progressDeadlineSeconds', 600)} s"
        troubles.append(Trouble(f"{uid_of(body)}/late", f"{text}{f': {worst}' if worst else ''}"))
    count = sum(is_ready(pod) for pod in pods) if pods else min(updated, available)
    if updated >= wanted and available >= wanted:
        return judged(
            f"{total - updated} pods of the version before are ending",
            troubles,
            related,
            now,
            ready_count=wanted,
            of=wanted,
        )
    detail = (
        describe_first(pods, related) or f"{int(state.get('updatedReplicas') or 0)} of {wanted} pods made"
    )
    return judged(detail, troubles, related, now, ready_count=min(count, wanted), of=wanted)


def stateful_set(body: Body, related: Related, now: float) -> Verdict:
    """Every pod ready and, unless updates wait for a deletion or a partition, of the newest revision."""
    wanted, state = _replicas(body), status(body)
    if not _observed(body):
        return progressing("the change is not observed yet", of=wanted)
    strategy = spec(body).get("updateStrategy") or {}
    on_delete = strategy.get("type") == "OnDelete"
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    due = 0 if on_delete else max(wanted - partition, 0)  # pods that must be of the newest revision
    available = _count(body, "availableReplicas" if "availableReplicas" in state else "readyReplicas")
    if available >= wanted and _count(body, "updatedReplicas") >= due and _count(body, "replicas") <= wanted:
        return ready("scaled to 0" if wanted == 0 else "", count=wanted)
    pods = [pod for pod in related.pods if owned_by(pod, [uid_of(body)])]
    newest = [
        pod for pod in pods if (meta(pod).get("labels") or {}).get(_HASH) == state.get("updateRevision")
    ]
    troubles = list(all_troubles(newest, related))
    if spec(body).get("podManagementPolicy", "OrderedReady") == "OrderedReady" and not on_delete:
        older = [pod for pod in pods if pod not in newest]
        troubles += [_stuck(each) for each in all_troubles(older, related)]
    troubles += _create_events(body, related, len(pods), wanted)
    count = sum(is_ready(pod) for pod in (pods if on_delete or partition else newest))
    detail = describe_first(pods, related) or f"{len(newest)} of {wanted} pods made"
    return judged(detail, troubles, related, now, ready_count=min(count, wanted), of=wanted)


def daemon_set(body: Body, related: Related, now: float) -> Verdict:
    """A pod of the newest template available on every node that should have one."""
    wanted = _count(body, "desiredNumberScheduled")
    if not _observed(body):
        return progressing("the change is not observed yet", of=wanted or 1)
    on_delete = (spec(body).get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = wanted if on_delete else _count(body, "updatedNumberScheduled")
    available = _count(body, "numberAvailable")
    if updated >= wanted and available >= wanted:
        return ready("no node asks for it" if wanted == 0 else "", count=wanted)
    pods = [pod for pod in related.pods if owned_by(pod, [uid_of(body)])]
    template = _annotation(body, "deprecated.daemonset.template.generation")
    newest = [
        pod
        for pod in pods
        if on_delete or (meta(pod).get("labels") or {}).get("pod-template-generation") == template
    ]
    troubles = [*all_troubles(newest, related), *_create_events(body, related, len(pods), wanted)]
    detail = describe_first(newest, related) or f"{updated} of {wanted} pods made"
    return judged(
        detail, troubles, related, now, ready_count=min(sum(map(is_ready, newest)), wanted), of=wanted
    )


def replica_set(body: Body, related: Related, now: float) -> Verdict:
    """Also a ReplicationController."""
    wanted = _replicas(body)
    if not _observed(body):
        return progressing("the change is not observed yet", of=wanted)
    if _count(body, "availableReplicas") >= wanted and _count(body, "replicas") <= wanted:
        return ready("scaled to 0" if wanted == 0 else "", count=wanted)
    pods = [pod for pod in related.pods if owned_by(pod, [uid_of(body)])]
    troubles = list(all_troubles(pods, related))
    failure = condition(body, "ReplicaFailure") or {}
    if failure.get("status") == "True":
        troubles.append(_cannot_create(body, str(failure.get("message", "")), []))
    detail = describe_first(pods, related) or f"{_count(body, 'replicas')} of {wanted} pods made"
    return judged(
        detail, troubles, related, now, ready_count=min(sum(map(is_ready, pods)), wanted), of=wanted
    )


def job(body: Body, related: Related, now: float) -> Verdict:
    """Complete. Its pods may crash until backoffLimit; one that cannot even start will not run."""
    who = f"job {name_of(body)}"
    if is_true(body, "Complete") or is_true(body, "SuccessCriteriaMet"):
        return ready("completed")
    for kind in ("Failed", "FailureTarget"):
        if is_true(body, kind):
            return doomed(f"{who} failed: {why(condition(body, kind))}")
    if spec(body).get("suspend"):
        return ready("suspended")
    pods = [pod for pod in related.pods if owned_by(pod, [uid_of(body)])]
    troubles = [*all_troubles(pods, related, in_job=True), *_create_events(body, related, len(pods), 1)]
    failed = _count(body, "failed")
    again = f", {failed} failed" if failed else ""
    return judged(f"{who} is running{again}", troubles, related, now)


def describe_first(pods: Sequence[Body], related: Related) -> str:
    """Where the first pod is that is not ready; nothing when all are."""
    waiting = [pod for pod in pods if not is_ready(pod)]
    first = min(waiting, key=lambda pod: (is_over(pod), name_of(pod)), default=None)
    return describe(first, related.events.get(uid_of(first), ())) if first is not None else ""


def _create_events(body: Body, related: Related, there: int, wanted: int) -> list[Trouble]:
    """Controllers without a condition for it say by events that they may not create pods."""
    failed = [
        event for event in related.events.get(uid_of(body), ()) if event.get("reason") == "FailedCreate"
    ]
    return [_cannot_create(body, str(failed[-1].get("message", "")), [])] if failed and there < wanted else []


def _cannot_create(body: Body, message: str, older: Sequence[Body]) -> Trouble:
    quota = "exceeded quota" in message
    kind = str(body.get("kind", "")).lower()
    what = "its quota does not allow its pods" if quota else "its pods may not be created"
    return Trouble(
        key=f"{uid_of(body)}/create",
        text=f"{kind} {name_of(body)}: {what}: {short(message)}",
        grace_s=QUOTA_S if quota and older else CREATE_S,
    )


def _stuck(trouble: Trouble) -> Trouble:
    """A StatefulSet does not replace a broken pod of the revision before (its documentation: forced rollback)."""
    note = f"; it is of the revision before and is not replaced while it is broken: kubectl delete pod {trouble.pod}"
    return replace(trouble, text=trouble.text + note)


def _observed(body: Body) -> bool:
    """These controllers always say which generation their counts are about, once they have looked."""
    return _count(body, "observedGeneration") >= int(meta(body).get("generation") or 1)


def _replicas(body: Body) -> int:
    found = spec(body).get("replicas")
    return 1 if found is None else int(found)


def _count(body: Body, key: str) -> int:
    return int(status(body).get(key) or 0)


def _annotation(body: Body, key: str) -> str | None:
    found = (meta(body).get("annotations") or {}).get(key)
    return None if found is None else str(found)
