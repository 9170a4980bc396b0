"""What restoring from a backup really does: Secrets and helm's records put back, then helm rollback, then a comparison."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from platformctl.backup.compare import differences, left_by_hooks, live, saved_objects
from platformctl.backup.models import Archive, record_path, secrets_path
from platformctl.errors import LocalError, StaleError
from platformctl.live import records
from platformctl.live.records import read_release
from platformctl.live.state import LABEL_REVISION, LABEL_RUN, LiveRelease, ReleaseId
from platformctl.plan.steps import RestoreRelease, RestoreSecrets, StepId
from platformctl.run.executor import Performed
from platformctl.run.result import Status
from platformctl.tools.kubectl import WRITE_TIMEOUT_S, failure, manifest
from platformctl.tools.process import Completed

if TYPE_CHECKING:
    from platformctl.run.actions import Tools

HELM_TIMEOUT_S: Final = 300.0  # helm only sends manifests and runs hooks
_GIVEN: Final = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "ownerReferences",
                 "deletionTimestamp", "selfLink")  # fmt: skip
Judge = Callable[[Completed, LiveRelease | None, int, str], Performed]


def secrets(step: RestoreSecrets, what: str, tools: Tools) -> Performed:
    """Creates the Secrets that the plan names; one that came meanwhile is a failure, and nothing is overwritten."""
    archive = _archive(step.digest, tools, what)
    found = json.loads(archive.files[secrets_path(step.namespace)])["items"]
    _create(step.id, what, tools, [each for each in found if each["metadata"]["name"] in step.names])
    return Performed(Status.OK, ", ".join(step.names))


def release(step: RestoreRelease, what: str, tools: Tools, judge: Judge) -> Performed:
    """The records, helm rollback, and the live objects against those of the backup.

    What is not as it was, although helm applied it, was changed by hand or by a controller when the backup was made: it is
    told, not replayed. An object that is gone fails the step.
    """
    archive = _archive(step.digest, tools, what)
    id_ = ReleaseId(step.namespace, step.name)
    _create(step.id, what, tools, [_record(archive, step, number) for number in step.revisions])
    left = [each for each in left_by_hooks(archive, id_) if live(each, tools.api) is None]
    _create(step.id, what, tools, left)
    done = tools.door.write(
        step.id,
        what,
        lambda: tools.helm.rollback(
            step.name,
            step.namespace,
            step.to_revision,
            history_max=step.history_max,
            description=f"platformctl run {tools.run} by {tools.who}: revision {step.to_revision} of backup {step.backup}",
            timeout_s=HELM_TIMEOUT_S,
        ),
    )
    record = read_release(tools.api, *id_)
    performed = judge(done, record, step.new_revision, what)
    if performed.status is not Status.OK:
        return performed
    _own(step, archive, what, tools)
    saved = archive.backup.release(step.key)
    if saved is None or saved.target != saved.revision:
        return performed
    then = saved_objects(archive, id_)
    others = differences(then, tools.api)
    gone = [each for each in others if each.endswith(": is gone")]
    if gone:
        return Performed(Status.FAILED, f"{what}: {'; '.join(gone)}", others)
    same = f"{len(then) - len(others)} of {len(then)} objects as in the backup"
    said = f"{performed.detail}, {same}" + (f"; not: {'; '.join(others)}" if others else "")
    return Performed(Status.OK, said, others)


def _archive(digest: str, tools: Tools, what: str) -> Archive:
    if tools.backup is None:
        raise LocalError(f"{what}: there is no backup at hand")
    if tools.backup.backup.digest != digest:
        raise StaleError(f"{what}: it is not the backup that the plan was made from")
    return tools.backup


def _record(archive: Archive, step: RestoreRelease, number: int) -> dict[str, Any]:
    """The Secret of a revision. One that goes below a live revision is no longer the deployed one."""
    secret: dict[str, Any] = json.loads(
        archive.files[record_path(ReleaseId(step.namespace, step.name), number)]
    )
    labels = secret["metadata"]["labels"]
    if number < step.from_revision and labels["status"] == "deployed":
        body = records.unpack(secret["data"]["release"])
        body["info"]["status"] = labels["status"] = "superseded"
        secret["data"]["release"] = records.pack(body)
    return secret


def _create(step: StepId, what: str, tools: Tools, objects: list[dict[str, Any]]) -> None:
    if not objects:
        return
    text = manifest(*(_anew(each) for each in objects))
    done = tools.door.write(step, what, lambda: tools.kubectl.create(text, namespace=None, dry_run=False))
    if not done.ok:
        raise failure(done, what, tools.kubectl.access)


def _anew(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the cluster gave to the object that it once was."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in _GIVEN}
    return {**body, "metadata": metadata}


def _own(step: RestoreRelease, archive: Archive, what: str, tools: Tools) -> None:
    """Our labels say what a revision was made from, and for which one they were written: helm copied them, so the new
    revision gets its own number, or the next deploy would take it for somebody else's."""
    saved = json.loads(archive.files[record_path(ReleaseId(step.namespace, step.name), step.to_revision)])
    if saved["metadata"]["labels"].get(LABEL_REVISION) != str(step.to_revision):
        return
    secret = f"sh.helm.release.v1.{step.name}.v{step.new_revision}"
    labels = [f"{LABEL_REVISION}={step.new_revision}", f"{LABEL_RUN}={tools.run}"]
    argv = ["--overwrite", f"--namespace={step.namespace}", "--", "secret", secret, *labels]
    done = tools.door.write(
        step.id, what, lambda: tools.kubectl.run("label", argv, timeout_s=WRITE_TIMEOUT_S)
    )
    if not done.ok:
        raise failure(done, what, tools.kubectl.access)
