"""The real helm for the stand-in charts."""

from __future__ import annotations

import os

import pytest

from platformctl.tools.helm import Helm, find
from platformctl.tools.process import ShRunner, child_environment
from tests.support.tools import tool


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The real helm, with a home of its own."""
    home = tmp_path_factory.mktemp("helm-home")
    own = {f"HELM_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    return find(ShRunner(), tool("helm"), child_environment(os.environ, own))
