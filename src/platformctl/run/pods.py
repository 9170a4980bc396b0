"""Pods: which are ready, which are on their way, and which reasons mean that they will not get there. Pure.

The table of reasons. A grace is how long a reason must last, because it may clear: a Secret that an operator is about to
make, an image that is being pushed, an autoscaler that brings a node.

    InvalidImageName, ErrImageNeverPull                    at once
    ErrImagePull, ImagePullBackOff   not found             10 s
                                     no access             30 s
                                     anything else         90 s   (registry away, time-out, too many requests)
    CreateContainerConfigError                             10 s   (a Secret or ConfigMap, or a key of one, is missing)
    CreateContainerError, RunContainerError, …HookError    10 s
    CrashLoopBackOff                 from 3 restarts       at once when nothing else of the release is on its way,
                                     from 6 restarts       at once
    OOMKilled                        from 2 restarts       at once
    Unschedulable                                          60 s   (never while an autoscaler brings a node)
    everything else                                        slow, not doomed

Pods of a Job may crash: its backoffLimit decides. Reasons: kubelet pkg/kubelet/images/types.go and container/sync_result.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from platformctl.run.verdict import (
    Body,
    Related,
    Trouble,
    condition,
    is_true,
    meta,
    name_of,
    short,
    spec,
    status,
    uid_of,
)

CRASHES: Final = 3
MANY_CRASHES: Final = 6
MEMORY_KILLS: Final = 2
UNSCHEDULABLE_S: Final = 60.0
_START_S: Final = 10.0
_NEVER_PULLS: Final = ("InvalidImageName", "ErrImageNeverPull")
_PULLS: Final = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_STARTS: Final = {
    "CreateContainerConfigError": "cannot start",
    "CreateContainerError": "cannot be created",
    "RunContainerError": "cannot run",
    "PostStartHookError": "fails in its postStart hook",
    "PreCreateHookError": "cannot be created",
    "PreStartHookError": "cannot start",
}
_NO_ACCESS: Final = ("unauthorized", "denied", "authentication", "no basic auth", "forbidden", "credentials")
_NOT_THERE: Final = ("manifest unknown", "name unknown", "not found", "invalid reference", "does not exist")


def is_ready(pod: Body) -> bool:
    return is_true(pod, "Ready") and not meta(pod).get("deletionTimestamp")


def is_over(pod: Body) -> bool:
    """Ended or ending: its controller makes another where one is due."""
    return bool(meta(pod).get("deletionTimestamp")) or status(pod).get("phase") in ("Failed", "Succeeded")


def all_troubles(pods: Sequence[Body], related: Related, *, in_job: bool = False) -> tuple[Trouble, ...]:
    """Of every pod that is neither ready nor over."""
    return tuple(
        trouble
        for pod in pods
        if not is_ready(pod) and not is_over(pod)
        for trouble in troubles(pod, related.events.get(uid_of(pod), ()), in_job=in_job)
    )


def troubles(pod: Body, events: Sequence[Body], *, in_job: bool = False) -> Iterator[Trouble]:
    """What keeps this pod from becoming ready, as far as it dooms it when it lasts."""
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        if not any(event.get("reason") == "TriggeredScaleUp" for event in events):
            text = f"pod {name_of(pod)} cannot be scheduled: {short(str(scheduled.get('message', '')))}"
            yield Trouble(f"{uid_of(pod)}/unschedulable", text, UNSCHEDULABLE_S, pod=name_of(pod))
        return
    for container, role in _containers(pod):
        if not container.get("ready"):
            yield from _container_troubles(pod, container, role, events, in_job=in_job)


def _container_troubles(
    pod: Body, container: Body, role: str, events: Sequence[Body], *, in_job: bool
) -> Iterator[Trouble]:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    restarts = int(container.get("restartCount") or 0)
    name = str(container.get("name", ""))
    who = f"{role} {name} of pod {name_of(pod)}"

    def trouble(group: str, text: str, grace_s: float = 0.0, *, soft: bool = False) -> Trouble:
        return Trouble(f"{uid_of(pod)}/{name}/{group}", text, grace_s, soft, name_of(pod), name)

    if reason in _NEVER_PULLS:
        yield trouble("image", f"{who} cannot pull {container.get('image')}: {reason}{_because(message)}")
    elif reason in _PULLS:
        cause = _pull_failure(message, events)
        yield trouble(
            "image",
            f"{who} cannot pull {container.get('image')} ({_said(cause) or reason})",
            _pull_grace_s(cause),
        )
    elif reason in _STARTS:
        yield trouble("start", f"{who} {_STARTS[reason]}: {short(message) or reason}", _START_S)
    elif not in_job:
        last = _last_end(container)
        if last.get("reason") == "OOMKilled" and restarts >= MEMORY_KILLS:
            yield trouble("memory", f"{who} is killed for its memory (OOMKilled), {_times(restarts)}")
        elif reason == "CrashLoopBackOff" and restarts >= CRASHES:
            text = f"{who} crashes (CrashLoopBackOff): exit code {last.get('exitCode', 'unknown')}{_because(_end_note(last))}, {_times(restarts)}"
            yield trouble("crash", text, soft=restarts < MANY_CRASHES)


def describe(pod: Body, events: Sequence[Body]) -> str:
    """Where a pod is that is not ready, in a few words: "pod web-6f9c ContainerCreating"."""
    who = f"pod {name_of(pod)}"
    if meta(pod).get("deletionTimestamp"):
        return f"{who} is ending"
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        return f"{who} is not scheduled: {short(str(scheduled.get('message') or scheduled.get('reason', '')), 120)}"
    for container, role in _containers(pod):
        state = container.get("state") or {}
        waiting, ended, running = (
            state.get("waiting") or {},
            state.get("terminated") or {},
            state.get("running"),
        )
        if container.get("ready") or (role == "init container" and ended.get("exitCode") == 0):
            continue
        if waiting.get("reason"):
            return f"{who} {waiting['reason']}{_warned(events)}"
        if ended:
            return f"{who}: {role} {container.get('name')} ended with exit code {ended.get('exitCode')}"
        if running is not None:
            what = "runs" if role == "init container" else "runs, not ready"
            return f"{who}: {role} {container.get('name')} {what}{_warned(events)}"
    return f"{who} {status(pod).get('phase') or 'Pending'}{_warned(events)}"


def _containers(pod: Body) -> Iterator[tuple[Body, str]]:
    for container in status(pod).get("initContainerStatuses") or []:
        yield container, "init container"
    for container in status(pod).get("containerStatuses") or []:
        yield container, "container"


def consumers(pods: Sequence[Body], claim: str) -> list[Body]:
    """The pods that mount a PersistentVolumeClaim."""
    return [
        pod
        for pod in pods
        if not is_over(pod)
        and any(
            (volume.get("persistentVolumeClaim") or {}).get("claimName") == claim
            for volume in spec(pod).get("volumes") or []
        )
    ]


def _last_end(container: Body) -> Body:
    for state in (container.get("state") or {}, container.get("lastState") or {}):
        if state.get("terminated"):
            return dict(state["terminated"])
    return {}


def _end_note(last: Body) -> str:
    """The container's own last words (terminationMessagePath), else the reason when it says more than "Error"."""
    reason = str(last.get("reason") or "")
    return str(last.get("message") or "").strip() or ("" if reason == "Error" else reason)


def _pull_failure(message: str, events: Sequence[Body]) -> str:
    """Why the pull fails. A back-off says only that there is one; the event before it says why."""
    failed = [str(event.get("message", "")) for event in events if event.get("reason") == "Failed"]
    pulls = [text for text in failed if "pull" in text.lower() and "BackOff" not in text]
    return message if _said(message) or not pulls else pulls[-1]


def _pull_grace_s(cause: str) -> float:
    text = cause.lower()
    if any(mark in text for mark in _NO_ACCESS):
        return 30.0
    return 10.0 if any(mark in text for mark in _NOT_THERE) else 90.0


def _said(cause: str) -> str:
    """The point of a pull failure, out of a long message: "manifest unknown"."""
    text = cause.lower()
    for mark in (*_NO_ACCESS, *_NOT_THERE):
        if mark in text:
            return "no access" if mark in _NO_ACCESS else mark
    _, found, rest = cause.partition(": ")
    return short(rest, 160) if found else ""


def _warned(events: Sequence[Body]) -> str:
    """The last warning, in brackets."""
    warnings = [event for event in events if event.get("type") == "Warning"]
    return f" ({short(str(warnings[-1].get('message', '')), 120)})" if warnings else ""


def _because(text: str) -> str:
    return f" ({short(text, 120)})" if text else ""


def _times(restarts: int) -> str:
    return f"{restarts} restart{'s' if restarts != 1 else ''}"
