"""The real kubectl, and a small server in the place of an API server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl, find
from platformctl.tools.process import ShRunner, child_environment
from tests.support.apiserver import FakeApiServer, serve


@pytest.fixture(scope="session")
def kubectl_binary() -> Path:
    """PLATFORMCTL_TEST_KUBECTL, else that of KUBEBUILDER_ASSETS, else on PATH. Without it a test fails; it never skips."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    named = os.environ.get("PLATFORMCTL_TEST_KUBECTL") or (f"{assets}/kubectl" if assets else None)
    found = named or shutil.which("kubectl")
    if not found or not Path(found).is_file():
        pytest.fail("these tests need kubectl: name it in PLATFORMCTL_TEST_KUBECTL or KUBEBUILDER_ASSETS")
    return Path(found).resolve()


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
