"""The real kubectl, and a small server in the place of an API server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl, find
from platformctl.tools.process import ShRunner, child_environment
from tests.support.apiserver import FakeApiServer, serve
from tests.support.tools import tool


@pytest.fixture(scope="session")
def kubectl_binary() -> Path:
    return tool("kubectl").resolve()


@pytest.fixture(scope="session")
def kubectl(kubectl_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Without a cluster and without a home that could name one."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path_factory.mktemp("home"))}
    return find(ShRunner(), kubectl_binary, child_environment(environ))


@pytest.fixture
def server() -> Iterator[FakeApiServer]:
    with serve() as running:
        yield running


@pytest.fixture
def aimed(kubectl: Kubectl, server: FakeApiServer, tmp_path: Path) -> Kubectl:
    """kubectl, aimed at the small server."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(server.kubeconfig())
    return kubectl.on(ClusterAccess(kubeconfig, "fake", server.url))
