"""The real helm for the stand-in charts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from platformctl.tools.helm import Helm, find
from platformctl.tools.process import ShRunner, child_environment


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The real helm, with a home of its own."""
    binary = os.environ.get("PLATFORMCTL_TEST_HELM") or shutil.which("helm")
    if not binary:
        pytest.fail("these tests need helm: name it in PLATFORMCTL_TEST_HELM or put it on PATH")
    home = tmp_path_factory.mktemp("helm-home")
    own = {f"HELM_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    return find(ShRunner(), Path(binary).resolve(), child_environment(os.environ, own))
