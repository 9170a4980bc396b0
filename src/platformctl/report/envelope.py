"""`-o json|yaml`: one versioned envelope for every command, on failure too. Its keys and error codes are stable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from platformctl.errors import CatalogError, PlatformctlError
from platformctl.run.result import RunResult, Status

API_VERSION: Final = "platformctl.dev/v1"


def envelope(
    command: str,
    kind: str,
    data: Mapping[str, Any] | None = None,
    *,
    status: str = "success",
    exit_code: int = 0,
    error: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`status` is success, changes-pending, failed or error; `error` has code, message and hint, or is None."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "command": command,
        "status": status,
        "exitCode": exit_code,
        "error": dict(error) if error is not None else None,
        "data": dict(data or {}),
    }


def failure(command: str, error: PlatformctlError) -> dict[str, Any]:
    """The envelope of a command that ended with an error; `data` is what it had by then."""
    data = dict(error.data)
    if isinstance(error, CatalogError):
        data["problems"] = [
            {"file": each.file, "line": each.line, "column": each.column, "key": each.key, "text": each.text}
            for each in error.problems
        ]
    said = {"code": error.code, "message": error.message, "hint": error.hint}
    return envelope(command, "Error", data, status="error", exit_code=error.exit_code, error=said)


def run_error(result: RunResult, ways: Sequence[str]) -> dict[str, Any]:
    """What is wrong with a run that did not end well, as an error; `ways` are the commands that may help."""
    code = "deploy-failed" if result.status is Status.FAILED else str(result.status)
    return {"code": code, "message": result.sentence, "hint": ways[0] if ways else None}


def run_data(result: RunResult) -> dict[str, Any]:
    """One scope's run as JSON-able data. The plan stands beside it (`plan.data.plan_data`), not in it."""
    return {
        "run": result.run,
        "kind": result.plan.kind,
        "scope": result.plan.scope,
        "status": str(result.status),
        "exitCode": result.exit_code,
        "sentence": result.sentence,
        "seconds": round(result.seconds, 3),
        "phases": [
            {
                "name": each.name,
                "status": str(each.status),
                "detail": each.detail,
                "seconds": round(each.seconds, 3),
            }
            for each in result.phases
        ],
        "steps": [
            {
                "id": str(each.step),
                "release": each.key,
                "what": each.what,
                "status": str(each.status),
                "detail": each.detail,
                "seconds": round(each.seconds, 3),
                "cause": str(each.cause) if each.cause is not None else None,
                "evidence": list(each.evidence),
            }
            for each in result.steps
        ],
        "access": list(result.access),
        "revisions": dict(sorted(result.live.items())),
    }


def written(content: Mapping[str, Any], form: str, dump_yaml: Callable[[Any], str] | None = None) -> str:
    """The text for stdout: `json`, `jsonl` (one line) or `yaml`. Without a dumper YAML is written as JSON, which it includes.

    JSON is ASCII: what a cluster says cannot reach a terminal as anything but text.
    """
    if form == "yaml" and dump_yaml is not None:
        return dump_yaml(dict(content))
    return json.dumps(content, indent=None if form == "jsonl" else 2) + "\n"
