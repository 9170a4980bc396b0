from __future__ import annotations

import json

import yaml

from platformctl.errors import CatalogError, GuardError, Problem
from platformctl.report.envelope import envelope, failure, run_data, written
from tests.report.examples import failed_run

KEYS = {"apiVersion", "kind", "command", "status", "exitCode", "error", "data"}


def test_the_keys_of_the_envelope_are_a_contract() -> None:
    assert envelope("plan prod", "Plan", {"a": 1}, status="changes-pending", exit_code=2) == {
        "apiVersion": "platformctl.dev/v1",
        "kind": "Plan",
        "command": "plan prod",
        "status": "changes-pending",
        "exitCode": 2,
        "error": None,
        "data": {"a": 1},
    }


def test_a_failure_has_the_same_keys_with_a_stable_code() -> None:
    found = failure("prod", GuardError("refused: not pinned", hint="platformctl cluster pin prod"))

    assert found.keys() == KEYS
    assert (found["status"], found["exitCode"]) == ("error", 7)
    assert found["error"] == {
        "code": "refused",
        "message": "refused: not pinned",
        "hint": "platformctl cluster pin prod",
    }


def test_problems_of_a_catalog_come_one_by_one() -> None:
    found = failure(
        "catalog validate", CatalogError([Problem("platform.yaml", 41, 7, "applications.web", "unknown key")])
    )

    assert found["data"] == {
        "problems": [
            {
                "file": "platform.yaml",
                "line": 41,
                "column": 7,
                "key": "applications.web",
                "text": "unknown key",
            }
        ]
    }


def test_the_data_of_a_run() -> None:
    data = run_data(failed_run())

    assert json.loads(json.dumps(data)) == data
    assert {
        key: data[key] for key in ("run", "kind", "scope", "status", "exitCode", "seconds", "revisions")
    } == {
        "run": "20261123-101502",
        "kind": "deploy",
        "scope": "prod",
        "status": "failed",
        "exitCode": 5,
        "seconds": 21.4,
        "revisions": {"plate-api": 13, "plate-web": 10},
    }
    assert data["steps"][3] == {
        "id": "apply:plate-ingress",
        "release": "plate-ingress",
        "what": "upgrade plate-ingress-prod",
        "status": "aborted",
        "detail": "not begun: wait until plate-web-prod is ready failed",
        "seconds": 0.0,
        "cause": "ready:plate-web",
        "evidence": [],
    }


def test_json_is_ascii_whatever_a_cluster_says() -> None:
    text = written(envelope("status", "Status", {"said": "\x1b[2J\u202e한"}), "json")

    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["data"]["said"] == "\x1b[2J\u202e한"


def test_every_form_says_the_same() -> None:
    content = envelope("status", "Status", {"releases": [{"name": "web"}]})

    assert json.loads(written(content, "json")) == content
    assert json.loads(written(content, "jsonl")) == content
    assert written(content, "jsonl").count("\n") == 1
    assert yaml.safe_load(written(content, "yaml")) == content
    assert written(content, "yaml", yaml.safe_dump) == yaml.safe_dump(content)
