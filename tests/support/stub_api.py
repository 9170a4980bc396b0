"""An Api over answers in memory, for what depends on what a cluster says and not on how it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from platformctl.tools.api import Api
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.process import ShRunner
from platformctl.tools.transport import Answer

FORBIDDEN = "forbidden"


class StubTransport:
    """Path without its query → document, list of items, FORBIDDEN, or a list of such answers used up one by one."""

    name = "stub"

    def __init__(self, routes: Mapping[str, Any]) -> None:
        self.routes = dict(routes)
        self.asked: list[str] = []

    def request(self, path: str, *, accept: str, timeout_s: float) -> Answer:
        self.asked.append(path)
        found = self.routes.get(path, self.routes.get(path.partition("?")[0]))
        if isinstance(found, Iterator):
            found = next(found)
        if found is None:
            return Answer(404, b"{}")
        if found == FORBIDDEN:
            return Answer(403, json.dumps({"message": f"may not read {path.partition('?')[0]}"}).encode())
        if isinstance(found, list):
            found = {"items": found, "metadata": {"resourceVersion": "1"}}
        return Answer(200, json.dumps(found).encode())

    def stream(self, path: str, *, connect_timeout_s: float, idle_s: float) -> None:
        return None

    def close(self) -> None:
        return None


def stub_api(routes: Mapping[str, Any]) -> tuple[Api, StubTransport]:
    transport = StubTransport(routes)
    access = ClusterAccess(Path("/nowhere/kubeconfig"), "home", "https://127.0.0.1:6443")
    kubectl = Kubectl(ShRunner(), Path("/nowhere/kubectl"), (1, 37, 0), {}, access)
    return Api(kubectl, transport=transport, sleep=lambda _: None), transport
