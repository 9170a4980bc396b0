"""Holds the import table of the design: imports point to earlier stages only, one library has one home."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.import_table import BEYOND, MAY_IMPORT, modules_imported, violations

PACKAGE = Path(__file__).parent.parent / "src" / "platformctl"


def _modules() -> dict[str, Path]:
    """Dotted name without the leading `platformctl.` → file; a package goes by the name of its folder."""
    named = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return named


MODULES = _modules()


def test_every_module_imports_only_what_the_table_grants() -> None:
    found = [
        f"{file.relative_to(PACKAGE.parent.parent)}:{text}"
        for module, file in MODULES.items()
        for text in violations(module, file.read_text(), MODULES.keys())
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_table_names_every_package_that_there_is() -> None:
    there = {module.partition(".")[0] for module in MODULES} - {""}
    assert there <= MAY_IMPORT.keys()


def test_what_goes_beyond_the_table_is_still_needed() -> None:
    imported = {
        (module.partition(".")[0], target)
        for module, file in MODULES.items()
        for target in modules_imported(file.read_text(), MODULES.keys())
    }
    assert {(package, target) for package, targets in BEYOND.items() for target in targets} <= imported


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        pytest.param("errors", "from platformctl.tools import process", ["1: imports tools.process: errors may not"]),
        pytest.param("catalog.load", "import platformctl.tools.git", ["1: imports tools.git: catalog may not"]),
        pytest.param(
            "catalog.load",
            "from .models import Platform",
            ["1: imports by a relative name: written in full, a reader and this table see where it points"],
        ),
        pytest.param("live.collect", "from platformctl.catalog import models", []),
        pytest.param("live.collect", "from platformctl.catalog import load", ["1: imports catalog.load: live may not"]),
        pytest.param("live.collect", "from platformctl import plan", ["1: imports plan: live may not"]),
        pytest.param(
            "plan.deploy",
            "def build():\n    from platformctl.tools.helm import Helm",
            ["2: imports tools.helm: plan may not"],
        ),
        pytest.param(
            "plan.deploy",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from platformctl.run.events import Sink",
            ["3: imports run.events: plan may not"],
        ),
        pytest.param("run.actions", "from platformctl.catalog.load import load", ["1: imports catalog.load: run may not"]),
        pytest.param("argocd.render", "import platformctl.tools.git", ["1: imports tools.git: argocd may not"]),
        pytest.param("argocd.actions", "import platformctl.tools.git", []),
        pytest.param("report.plain", "from platformctl.plan.steps import Plan", []),
        pytest.param("report.plain", "from platformctl.plan.deploy import x", ["1: imports plan.deploy: report may not"]),
        pytest.param("pipeline", "import platformctl.cli.main", ["1: imports cli.main: pipeline may not"]),
        pytest.param("novelty.thing", "import platformctl.errors", ["1: novelty does not stand in the import table"]),
    ],
)  # fmt: skip
def test_an_import_of_a_later_stage_is_found(module: str, source: str, expected: list[str]) -> None:
    known = MODULES.keys() | {
        "catalog",
        "catalog.load",
        "catalog.models",
        "plan",
        "tools",
        "tools.git",
        "tools.process",
    }
    assert violations(module, source, known) == expected


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        pytest.param("report.board", "from rich.live import Live", []),
        pytest.param("pipeline", "import rich", ["1: imports rich: its home is report, cli"]),
        pytest.param("run.actions", "import typer", ["1: imports typer: its home is cli"]),
        pytest.param(
            "charts.lock",
            "import yaml.nodes",
            [
                "1: imports yaml.nodes: its home is catalog.yaml, catalog.guard, catalog.scalars, catalog.positions"
            ],
        ),
        pytest.param("tools.helm", "import sh", ["1: imports sh: its home is tools.process"]),
        pytest.param(
            "live.state", "from pydantic import BaseModel", ["1: imports pydantic: its home is catalog"]
        ),
        pytest.param("live.collect", "import requests", ["1: imports requests: a library without a home"]),
    ],
)
def test_a_library_away_from_its_home_is_found(module: str, source: str, expected: list[str]) -> None:
    assert violations(module, source, set()) == expected


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        pytest.param("tools.git", "import subprocess", ["1: imports subprocess: only tools.process starts processes"]),
        pytest.param("sandbox.up", "import os\nos.execv('x', [])", ["2: uses os.execv: only tools.process starts processes"]),
        pytest.param("sandbox.up", "from os import fork", ["1: takes fork out of os"]),
        pytest.param("sandbox.up", "import os\nos.kill(1, 9)", []),
        pytest.param("run.health", "print('ready')", ["1: prints"]),
        pytest.param("run.health", "import sys\nsys.stderr.write('x')", ["2: uses sys.stderr"]),
        pytest.param("run.health", "from sys import stdout", ["1: takes stdout out of sys"]),
        pytest.param("report.plain", "print('ready')", []),
        pytest.param("run.phases", "import sys\nsys.exit(3)", ["2: exits"]),
        pytest.param("run.phases", "raise SystemExit(3)", ["1: exits"]),
        pytest.param("tools.git", "__import__('rich')", ["1: imports by name, which this table cannot read"]),
        pytest.param("plan.deploy", "import time", ["1: imports time: plan is pure"]),
        pytest.param("plan.deploy", "when = datetime.now()", ["1: calls now(): plan is pure"]),
        pytest.param("plan.deploy", "text = path.read_text()", ["1: calls read_text(): plan is pure"]),
        pytest.param("plan.deploy", "text = open('x')", ["1: calls open(): plan is pure"]),
    ],
)  # fmt: skip
def test_a_process_an_exit_a_print_and_an_impure_plan_are_found(
    module: str, source: str, expected: list[str]
) -> None:
    assert violations(module, source, set()) == expected
