"""The real tools, for tests that drive them. A test that needs one fails when it is not there: nothing is skipped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from platformctl.sandbox.api import find_assets
from platformctl.tools.helm import Helm, find
from platformctl.tools.process import ShRunner, child_environment


def tool(name: str) -> Path:
    """Where helm or kubectl is: its own variable (PLATFORMCTL_TEST_HELM), the tool box (KUBEBUILDER_ASSETS or what we
    built), then PATH."""
    named = os.environ.get(f"PLATFORMCTL_TEST_{name.upper()}")
    box = find_assets(os.environ)
    found = named or (box and getattr(box, name)) or shutil.which(name)
    if not found:
        pytest.fail(
            f"no {name}: run  scripts/test , or  platformctl sandbox build , or put it on PATH", pytrace=False
        )
    return Path(found).resolve()


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
