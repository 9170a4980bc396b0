"""A plan as data: what `-o json` shows, a saved plan holds, and a digest is taken of. Versioned, without local paths."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, assert_never

from platformctl.plan.steps import (
    ApplyRelease,
    AwaitReady,
    EnsureNamespace,
    ObjectDiff,
    PassGate,
    Plan,
    ReleasePlan,
    RestoreRelease,
    RestoreSecrets,
    RollbackRelease,
    Step,
)

PLAN_VERSION: Final = "platformctl.dev/plan.v1"


def plan_data(plan: Plan, *, lines: bool = True) -> dict[str, Any]:
    """The plan as JSON-able data; without the lines of the diffs when `lines` is false."""
    return {
        "version": PLAN_VERSION,
        "kind": plan.kind,
        "scope": plan.scope,
        "protected": plan.protected,
        "cluster": _cluster(plan),
        "releases": [release_data(row, lines=lines) for row in plan.releases],
        "steps": [step_data(step) for step in plan.steps],
        "blockers": list(plan.blockers),
        "warnings": list(plan.warnings),
        "labels": dict(sorted(plan.labels.items())),
    }


def digest(plan: Plan) -> str:
    """sha256 over what the plan does, to which cluster. Equal for equal plans, on every machine.

    The name and address of the cluster are left out: its UID says which one it is. So are the lines of the diffs: what
    random fields a chart has differs at every render, and the digests of the inputs stand in the steps.
    """
    data = plan_data(plan, lines=False)
    data["cluster"] = plan.identity.uid if plan.identity is not None else None
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def release_data(row: ReleasePlan, *, lines: bool = True) -> dict[str, Any]:
    """One row of the table."""
    return {
        "key": row.key,
        "name": row.name,
        "namespace": row.namespace,
        "action": str(row.action),
        "chart": row.chart,
        "revision": row.revision,
        "reasons": list(row.reasons),
        "wave": row.wave,
        "needs": list(row.needs),
        "objects": [_object(each, lines=lines) for each in row.diff],
        "random": list(row.random),
        "notes": list(row.notes),
    }


def step_data(step: Step) -> dict[str, Any]:
    """One step, with the kind of it; durations in seconds."""
    common: dict[str, Any] = {"id": str(step.id), "needs": [str(need) for need in step.needs]}
    match step:
        case EnsureNamespace():
            own = {
                "kind": "namespace",
                "namespace": step.namespace.name,
                "labels": dict(sorted(step.namespace.labels.items())),
                "exists": step.exists,
            }
        case ApplyRelease():
            own = {
                "kind": "apply",
                "key": step.release.key,
                "name": step.release.name,
                "namespace": step.release.namespace.name,
                "chart": {
                    "name": step.chart.name,
                    "version": step.chart.version,
                    "digest": step.chart.digest,
                    "pinned": step.chart.pinned,
                },
                "inputs": step.inputs,
                "fromRevision": step.from_revision,
                "historyMax": step.history_max,
                "timeoutSeconds": step.release.timeout_s,
                "wait": str(step.release.wait),
            }
        case AwaitReady():
            own = {
                "kind": "ready",
                "key": step.key,
                "name": step.name,
                "namespace": step.namespace,
                "timeoutSeconds": step.timeout_s,
                "stableForSeconds": step.stable_for_s,
            }
        case PassGate():
            own = {
                "kind": "gate",
                "key": step.key,
                "name": step.name,
                "namespace": step.namespace,
                "gate": step.gate.model_dump(mode="json", exclude_none=True),
            }
        case RollbackRelease():
            own = {
                "kind": "rollback",
                "key": step.key,
                "name": step.name,
                "namespace": step.namespace,
                "fromRevision": step.from_revision,
                "toRevision": step.to_revision,
                "timeoutSeconds": step.timeout_s,
                "historyMax": step.history_max,
            }
        case RestoreSecrets():
            own = {
                "kind": "restore-secrets",
                "namespace": step.namespace,
                "names": list(step.names),
                "backup": step.backup,
                "digest": step.digest,
            }
        case RestoreRelease():
            own = {
                "kind": "restore",
                "key": step.key,
                "name": step.name,
                "namespace": step.namespace,
                "fromRevision": step.from_revision,
                "toRevision": step.to_revision,
                "revisions": list(step.revisions),
                "backup": step.backup,
                "digest": step.digest,
                "timeoutSeconds": step.timeout_s,
                "historyMax": step.history_max,
            }
        case _:
            assert_never(step)
    return common | own


def _object(each: ObjectDiff, *, lines: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "group": each.id.group,
        "kind": each.id.kind,
        "namespace": each.id.namespace,
        "name": each.id.name,
        "change": str(each.change),
        "random": each.random,
    }
    return {**data, "diff": list(each.lines)} if lines else data


def _cluster(plan: Plan) -> dict[str, Any] | None:
    if plan.identity is None:
        return None
    return {
        "context": plan.identity.context,
        "server": plan.identity.server,
        "uid": plan.identity.uid,
        "version": plan.identity.version,
        "sandbox": plan.identity.sandbox,
    }
