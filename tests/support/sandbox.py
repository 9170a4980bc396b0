"""Fixtures: a real control plane, started once per session (per worker with xdist), ended with it, even when killed.

    def test_something(sandbox: Sandbox) -> None: ...     # kubeconfig, context, assets.helm, assets.kubectl, audit_log

Binaries come from KUBEBUILDER_ASSETS, else our cache, else a build of some minutes. Tests share one cluster: use a
namespace of your own (fixture `namespace`).
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from platformctl.sandbox import api
from platformctl.sandbox.api import Assets, Sandbox, SandboxOptions
from platformctl.sandbox.client import Answer, Client
from platformctl.tools.process import ShRunner

T = TypeVar("T")
_POLL_S: Final = 0.05
MUTATING: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@pytest.fixture(scope="session")
def sandbox_assets() -> Assets:
    """The real binaries, built when they are missing."""
    return api.ensure_assets(ShRunner(), os.environ, print)


@pytest.fixture(scope="session")
def sandbox(sandbox_assets: Assets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running control plane with an audit log, of this session alone."""
    folder = tmp_path_factory.mktemp("sandbox")
    options = SandboxOptions(audit_log=folder / "audit.jsonl")
    with api.started(ShRunner(), os.environ, options=options, base=folder / "base") as running:
        yield running


@pytest.fixture(scope="session")
def cluster(sandbox: Sandbox) -> Iterator[Cluster]:
    """Its API, as the user platformctl."""
    client = Client.of(sandbox.kubeconfig)
    yield Cluster(client)
    client.close()


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A new namespace; its service account is there, so that pods are accepted."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster.create(
        "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )
    eventually(lambda: cluster.get(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    return name


@dataclass(frozen=True, slots=True)
class Cluster:
    """Reads and writes for arranging and asserting, without a process for each."""

    client: Client

    def get(self, path: str) -> dict[str, Any] | None:
        return self.client.get(path)

    def items(self, path: str) -> list[dict[str, Any]]:
        return list((self.get(path) or {}).get("items", []))

    def create(self, path: str, value: dict[str, Any]) -> None:
        assert self.client.create(path, value), f"{path} {value['metadata']['name']} exists"

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        return self.client.request(method, path, body)


def eventually(condition: Callable[[], T | None], timeout_s: float = 20.0) -> T:
    """The first true value of `condition`, asked again and again; fails when there is none in time."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline_s, f"still {value!r} after {timeout_s} s"
        time.sleep(_POLL_S)


def writes(audit_log: Path, user: str = "platformctl") -> list[str]:
    """`verb path` of what this user changed, or tried to: without dry runs and reviews of its own rights."""
    found = []
    for line in audit_log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        reviews = entry.get("objectRef", {}).get("resource", "").startswith("selfsubject")
        counts = entry["verb"] in MUTATING and not reviews and "dryRun=All" not in entry["requestURI"]
        if counts and entry["user"]["username"] == user:
            found.append(f"{entry['verb']} {entry['requestURI'].partition('?')[0]}")
    return found
