"""Fixtures: the product's own kubectl and Api, aimed at the sandbox of the session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from platformctl.sandbox.api import Sandbox
from platformctl.tools.api import Api
from platformctl.tools.kubeconfig import find_sources, freeze
from platformctl.tools.kubectl import Kubectl, find
from platformctl.tools.process import ShRunner, child_environment


@pytest.fixture(scope="session")
def sandbox_kubectl(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """By a private copy of the sandbox's kubeconfig, without a home that could name another cluster."""
    env = child_environment({"PATH": os.environ["PATH"], "HOME": str(tmp_path_factory.mktemp("home"))})
    found = find(ShRunner(), sandbox.assets.kubectl, env)
    sources = find_sources(sandbox.kubeconfig, {})
    return found.on(freeze(found, sources, sandbox.context, tmp_path_factory.mktemp("private")))


@pytest.fixture(scope="session")
def sandbox_api(sandbox_kubectl: Kubectl) -> Iterator[Api]:
    with Api(sandbox_kubectl) as opened:
        yield opened
