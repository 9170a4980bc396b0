"""The real tools, for tests that drive them. A test that needs one fails when it is not there: nothing is skipped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from platformctl.tools.helm import Helm, find
from platformctl.tools.process import ShRunner, child_environment


def tool(name: str) -> Path:
    """Where a tool is: its own variable (PLATFORMCTL_TEST_HELM), KUBEBUILDER_ASSETS, then PATH."""
    named = os.environ.get(f"PLATFORMCTL_TEST_{name.upper().replace('-', '_')}")
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    found = named or (assets and shutil.which(name, path=assets)) or shutil.which(name)
    if not found:
        pytest.fail(
            f"no {name}: run  scripts/test , or put it into KUBEBUILDER_ASSETS or on PATH", pytrace=False
        )
    return Path(found)


@pytest.fixture(scope="session")
def helm_binary() -> Path:
    return tool("helm")


@pytest.fixture(scope="session")
def helm_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which helm finds nothing of the user's."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def helm(helm_binary: Path, helm_home: Path) -> Helm:
    """The real helm, through the product's own runner."""
    env = child_environment({"PATH": os.environ["PATH"], "HOME": str(helm_home)})
    return find(ShRunner(), helm_binary, env)
