"""Fixtures: the old scripts with recording tools, and a control plane on which first they and then we deploy.

The steps on the control plane are a chain, each once per module: old → dry_run → declined → deployed → staging.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli, bare_cli, mirror, offline_cli, own_sandbox
from tests.legacy.both import Box, NewRan, OldEnd, new_on, old_on, open_box
from tests.legacy.old import Old, old_scripts

__all__ = [
    "bare_cli",
    "mirror",
    "offline_cli",
    "own_sandbox",
]  # fixtures of the end-to-end tests, used here too


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """The old scripts on a recorded cluster that has nothing yet."""
    return old_scripts(tmp_path / "repository")


@pytest.fixture(scope="module")
def box(own_sandbox: tuple[Cli, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with open_box(*own_sandbox, tmp_path_factory.mktemp("box")) as opened:
        yield opened


@pytest.fixture(scope="module")
def old_end(box: Box, tmp_path_factory: pytest.TempPathFactory) -> OldEnd:
    """deploy-stg.sh and deploy-prod.sh on the empty sandbox; what they made is gone again."""
    return old_on(box, tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="module")
def dry_run(box: Box, old_end: OldEnd) -> NewRan:
    """`platformctl --dry-run`: everything, with nothing of it there."""
    return new_on(box, "--dry-run")


@pytest.fixture(scope="module")
def declined(box: Box, dry_run: NewRan) -> NewRan:
    """`platformctl all prod`, and no at the question."""
    return new_on(box, "all", "prod", answer="no")


@pytest.fixture(scope="module")
def deployed(box: Box, declined: NewRan) -> NewRan:
    """`platformctl all prod`, answered as it asks for."""
    return new_on(box, "all", "prod", answer="prod")


@pytest.fixture(scope="module")
def staging(box: Box, deployed: NewRan) -> NewRan:
    """`platformctl deploy stg plate-web --with-needs`."""
    return new_on(box, "deploy", "stg", "plate-web", "--with-needs")
