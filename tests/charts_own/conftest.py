"""The real helm over a copy of the platform's own charts; nothing is written into the repository."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.tools import tool

from .rendering import REPOSITORY, Helm


@pytest.fixture(scope="session")
def helm_binary() -> Path:
    return tool("helm")


@pytest.fixture(scope="session")
def helm(helm_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """helm in a copy of helm/, where `dependency build` has made every charts/ folder from the committed lock."""
    root = tmp_path_factory.mktemp("own-charts")
    charts = root / "helm"
    shutil.copytree(REPOSITORY / "helm", charts, ignore=shutil.ignore_patterns("charts"))
    helm = Helm(helm_binary, charts, root / "home")
    for lock in sorted(charts.rglob("Chart.lock")):
        done = helm.run("dependency", "build", str(lock.parent))
        assert done.returncode == 0, f"helm dependency build {lock.parent}: {done.stderr}"
    return helm
