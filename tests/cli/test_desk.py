"""What a command has on its desk, and what it leaves behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from platformctl.cli.desk import at_desk
from platformctl.cli.options import Globals


def test_the_private_folder_goes_with_the_command_and_that_of_a_killed_one_with_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, alive = tmp_path / "platformctl-run-999999999-x", tmp_path / f"platformctl-run-{os.getppid()}-x"
    for folder in (killed, alive):
        folder.mkdir()
        (folder / "kubeconfig").write_text("token")
    with at_desk(Globals(), "status") as desk:
        private = desk.reach().folder
        assert (private.stat().st_mode & 0o777, killed.exists()) == (0o700, False)
    assert sorted(tmp_path.iterdir()) == [alive]
