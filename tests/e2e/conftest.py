"""The command line as a user runs it: a process of its own, an empty home, the stand-in charts, a real control plane."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from platformctl.sandbox.api import Assets
from tests.charts.package import build_mirror
from tests.support.sandbox import writes

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.out)

    def ok(self) -> Ran:
        assert self.code == 0, f"exit {self.code}\n{self.out}\n{self.err}"
        return self


@dataclass(frozen=True, slots=True)
class Cli:
    """platformctl with an environment and a working folder. Calling it runs one command to its end."""

    cwd: Path
    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *argv: str, stdin: str = "", timeout_s: float = 240, **env: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "platformctl", *argv],
            cwd=self.cwd,
            env={**self.env, **env},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def having(self, **env: str) -> Cli:
        return replace(self, env={**self.env, **env})

    def at(self, cwd: Path) -> Cli:
        return replace(self, cwd=cwd)


@dataclass(frozen=True, slots=True)
class HelmLog:
    """Every call of helm, recorded by a wrapper in front of the real one."""

    file: Path

    def verbs(self) -> list[str]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [line.split()[0] for line in lines if line]

    def clear(self) -> None:
        self.file.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in upstream charts as a folder of .tgz files."""
    return build_mirror(tmp_path_factory.mktemp("mirror"))


@pytest.fixture(scope="session")
def bare_cli(tmp_path_factory: pytest.TempPathFactory, sandbox_assets: Assets) -> Cli:
    """Without mirror, cluster or kubeconfig; helm and kubectl are the real ones, on PATH."""
    home = tmp_path_factory.mktemp("home")
    env = {
        "PATH": f"{sandbox_assets.helm.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY / "src"),
        "PYTHONWARNINGS": "error,ignore::DeprecationWarning",
        "KUBEBUILDER_ASSETS": str(sandbox_assets.helm.parent),
        "PLATFORMCTL_SANDBOX_DIR": str(home / "sandboxes"),
        "PLATFORMCTL_BACKUP_DIR": str(home / "backups"),
    }
    return Cli(REPOSITORY, env)


@pytest.fixture(scope="session")
def offline_cli(bare_cli: Cli, mirror: Path) -> Cli:
    """With the mirror, without any cluster."""
    return bare_cli.having(PLATFORMCTL_CHART_MIRROR=str(mirror))


@pytest.fixture(scope="module")
def own_sandbox(offline_cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cli, Path]]:
    """A sandbox of this module, started and ended by the command line, and its audit log."""
    folder = tmp_path_factory.mktemp("own")
    cli = offline_cli.having(PLATFORMCTL_SANDBOX_DIR=str(folder / "sandboxes"), PLATFORMCTL_SANDBOX="true")
    audit = folder / "audit.jsonl"
    cli("sandbox", "up", "--audit-log", str(audit)).ok()
    yield cli, audit
    cli("sandbox", "down").ok()


@pytest.fixture
def helm_log(tmp_path: Path, sandbox_assets: Assets) -> HelmLog:
    """A helm that notes its argv and then is the real one; hand it on as PLATFORMCTL_HELM=<file>.parent / "helm"."""
    log = tmp_path / "helm.log"
    wrapper = tmp_path / "helm"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {sandbox_assets.helm} "$@"\n')
    wrapper.chmod(0o755)
    return HelmLog(log)


@pytest.fixture
def repository_copy(tmp_path: Path) -> Path:
    """The platform's own files, to be changed by a test."""
    copy = tmp_path / "repository"
    for folder in ("environments", "helm"):
        shutil.copytree(REPOSITORY / folder, copy / folder)
    (copy / ".git").mkdir()  # marks the root; not a repository
    return copy


def written_by_us(audit: Path) -> list[str]:
    """What the user platformctl changed, as the API server saw it."""
    return writes(audit) if audit.exists() else []
