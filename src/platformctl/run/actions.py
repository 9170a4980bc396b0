"""One function per kind of step: what is really done. Every write goes through the door, and is read back after."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from platformctl.backup.models import Archive
from platformctl.catalog.models import Wait
from platformctl.errors import ClusterError
from platformctl.live.records import read_release
from platformctl.live.state import LABEL_CHART, LABEL_INPUTS, LABEL_REVISION, LABEL_RUN, LiveRelease
from platformctl.plan.steps import (
    ApplyRelease,
    AwaitReady,
    EnsureNamespace,
    PassGate,
    RestoreRelease,
    RestoreSecrets,
    RollbackRelease,
    Step,
)
from platformctl.render.models import KubeObject
from platformctl.run import restore
from platformctl.run.door import Door
from platformctl.run.executor import Performed, Progress, StepText
from platformctl.run.gates import pass_gate
from platformctl.run.result import Status
from platformctl.run.stop import Stop
from platformctl.run.watch import await_ready
from platformctl.tools.api import Api
from platformctl.tools.helm import Helm, HelmRelease
from platformctl.tools.kubectl import Kubectl, failure, manifest
from platformctl.tools.process import Completed, Process

HELM_APPLY_TIMEOUT_S = 300.0  # helm only sends manifests and runs hooks; hooks are why it is minutes


@dataclass(frozen=True, slots=True)
class Tools:
    """What the actions work with. `who` goes into helm's description of a revision; `root` is the repository, where the
    files of gates are; `parse` reads a recorded manifest (text, namespace); `backup` is what a restore restores."""

    run: str
    who: str
    helm: Helm
    kubectl: Kubectl
    api: Api
    door: Door
    stop: Stop
    sandbox: bool
    root: Path
    parse: Callable[[str, str], Sequence[KubeObject]]
    clock: Callable[[], float] = time.monotonic
    backup: Archive | None = None


def describe(step: Step) -> StepText:  # noqa: PLR0911 - one for each kind
    """What the step does, in the words that announce it."""
    match step:
        case EnsureNamespace():
            verb = "label" if step.exists else "create"
            return StepText("", f"{verb} namespace {step.namespace.name}")
        case ApplyRelease():
            verb = "upgrade" if step.from_revision else "install"
            return StepText(step.release.key, f"{verb} {step.release.name}")
        case AwaitReady():
            stays = step.stable_for_s > 0
            return StepText(
                step.key,
                f"watch {step.name} stay ready" if stays else f"wait until {step.name} is ready",
                step.timeout_s,
            )
        case PassGate():
            return StepText(step.key, f"gate of {step.name}: {step.gate}")
        case RollbackRelease():
            return StepText(step.key, f"roll back {step.name} to revision {step.to_revision}")
        case RestoreSecrets():
            count = f"{len(step.names)} Secret{'s' if len(step.names) != 1 else ''}"
            return StepText("", f"restore {count} in namespace {step.namespace}")
        case RestoreRelease():
            return StepText(step.key, f"restore {step.name} as it is in backup {step.backup}")
        case _:
            assert_never(step)


def perform(step: Step, tools: Tools, progress: Progress) -> Performed:  # noqa: PLR0911 - one for each kind
    """Does one step. Raises PlatformctlError when it cannot be done."""
    match step:
        case EnsureNamespace():
            return _ensure_namespace(step, tools)
        case ApplyRelease():
            return _apply(step, tools)
        case AwaitReady():
            return _await(step, tools, progress)
        case PassGate():
            return _gate(step, tools, progress)
        case RollbackRelease():
            return _rollback(step, tools)
        case RestoreSecrets():
            return restore.secrets(step, describe(step).what, tools)
        case RestoreRelease():
            return restore.release(step, describe(step).what, tools, _from_record)
        case _:
            assert_never(step)


def _ensure_namespace(step: EnsureNamespace, tools: Tools) -> Performed:
    name, labels = step.namespace.name, dict(step.namespace.labels)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    what = describe(step).what
    done = tools.door.write(
        step.id,
        what,
        lambda: tools.kubectl.apply(manifest(body), namespace=None, dry_run=False, force_conflicts=True),
    )
    if not done.ok:
        raise failure(done, what, tools.kubectl.access)
    return Performed(Status.OK)


def _apply(step: ApplyRelease, tools: Tools) -> Performed:
    """helm upgrade --install, and then the record: exit code 0 is not proof (helm swallows a failed record write)."""
    release, wanted = step.release, step.from_revision + 1
    labels = {
        LABEL_RUN: tools.run,
        LABEL_REVISION: str(wanted),
        LABEL_INPUTS: step.inputs,
        LABEL_CHART: step.chart.digest[:32],
    }
    ask = HelmRelease(
        release.name, release.namespace.name, step.chart.path, release.values, release.parameters
    )

    helm = _Interruptible(tools.stop)

    def act() -> Completed:
        with helm as started:
            return tools.helm.upgrade(
                ask,
                labels=labels,
                description=f"platformctl run {tools.run} by {tools.who}",
                history_max=step.history_max,
                wait_timeout_s=release.timeout_s if release.wait is Wait.HELM else None,
                timeout_s=release.timeout_s if release.wait is Wait.HELM else HELM_APPLY_TIMEOUT_S,
                started=started,
            )

    what = describe(step).what
    done = tools.door.write(step.id, what, act)
    record = read_release(tools.api, release.namespace.name, release.name)
    outcome = _from_record(done, record, wanted, what)
    # A helm that was stopped has not failed by itself.
    return replace(outcome, status=Status.INTERRUPTED) if helm.interrupted and not done.ok else outcome


def _rollback(step: RollbackRelease, tools: Tools) -> Performed:
    """helm rollback to the revision that the plan names. Never interrupted: it has no signal handler of its own."""
    what = describe(step).what
    done = tools.door.write(
        step.id,
        what,
        lambda: tools.helm.rollback(
            step.name,
            step.namespace,
            step.to_revision,
            history_max=step.history_max,
            description=f"platformctl run {tools.run} by {tools.who}: back to revision {step.to_revision}",
            timeout_s=HELM_APPLY_TIMEOUT_S,
        ),
    )
    record = read_release(tools.api, step.namespace, step.name)
    return _from_record(done, record, step.from_revision + 1, what)


def _from_record(done: Completed, record: LiveRelease | None, wanted: int, what: str) -> Performed:
    """What helm's own record says, which counts more than the exit code."""
    if record is None:
        reason = (
            done.last_error()
            if not done.ok
            else "helm reported success, but there is no record of the release"
        )
        return Performed(Status.FAILED, f"{what}: {reason}")
    state = f"its record says {record.status} at revision {record.revision}"
    if done.timed_out:
        return Performed(Status.TIMED_OUT, f"{what}: helm did not end in time; {state}")
    if not done.ok:
        return Performed(Status.FAILED, f"{what}: {done.last_error()} ({state})")
    if not record.deployed or record.revision != wanted:
        return Performed(
            Status.FAILED, f"{what}: helm reported success, but {state}, not deployed at {wanted}"
        )
    return Performed(Status.OK, f"revision {record.revision}")


def _await(step: AwaitReady, tools: Tools, progress: Progress) -> Performed:
    record = read_release(tools.api, step.namespace, step.name)
    if record is None:
        raise ClusterError(
            f"wait until {step.name} is ready: there is no such release in namespace {step.namespace}"
        )
    return await_ready(
        tools.api,
        tools.kubectl,
        tools.parse(record.manifest, step.namespace),
        timeout_s=step.timeout_s,
        stable_for_s=step.stable_for_s,
        stop=tools.stop.asked,
        progress=progress,
    )


def _gate(step: PassGate, tools: Tools, progress: Progress) -> Performed:
    return pass_gate(step, tools, progress)


class _Interruptible:
    """While helm runs, the stop may end it; not before and not after."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._process: Process | None = None
        self.interrupted = False

    def __enter__(self) -> Callable[[Process], None]:
        return self._started

    def _started(self, process: Process) -> None:
        self._process = process
        self._stop.watch(process)

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.interrupted = self._stop.unwatch(self._process)
