"""The real helm, and what it renders of the platform's own charts."""

from __future__ import annotations

import functools
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .releases import Release

REPOSITORY = Path(__file__).parents[2]

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Helm:
    """Runs one helm binary in a home of its own, on a tree of charts whose dependencies are assembled."""

    binary: Path
    charts: Path
    home: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "HELM_CACHE_HOME": str(self.home / "cache"),
            "HELM_CONFIG_HOME": str(self.home / "config"),
            "HELM_DATA_HOME": str(self.home / "data"),
        }
        argv = [str(self.binary), *arguments]
        return subprocess.run(
            argv, cwd=self.charts, env=environ, capture_output=True, text=True, timeout=60, check=False
        )


def template(helm: Helm, one: Release, *more: str) -> str:
    """The manifest that helm renders for a release, as text."""
    done = helm.run("template", one.name, one.chart, "--namespace", one.namespace, *one.options(), *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


_once = functools.cache(template)


def objects(helm: Helm, one: Release, *more: str) -> list[Object]:
    """The objects of a release, in helm's order."""
    return [found for found in yaml.safe_load_all(_once(helm, one, *more)) if found is not None]


def of_kind(found: list[Object], kind: str) -> list[Object]:
    return [one for one in found if one["kind"] == kind]


def only(found: list[Object], kind: str) -> Object:
    """The one object of a kind."""
    (one,) = of_kind(found, kind)
    return one


def containers(found: list[Object]) -> list[Object]:
    """Every container of every Deployment."""
    return [
        each for one in of_kind(found, "Deployment") for each in one["spec"]["template"]["spec"]["containers"]
    ]
