"""What a sandbox keeps on disk, and what is swept."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from platformctl.errors import LocalError
from platformctl.sandbox.folder import (
    Folder,
    Options,
    Phase,
    State,
    base_folder,
    locked,
    remove_if_empty,
    sweep,
)
from platformctl.sandbox.processes import ProcessId, identify


def owned(path: Path, by: ProcessId | None) -> Folder:
    folder = Folder(path)
    folder.create()
    if by is not None:
        folder.write(by)
    return folder


def ourselves() -> ProcessId:
    identity = identify(os.getpid())
    assert identity is not None
    return identity


def test_the_place_is_the_argument_then_the_variable_then_the_state_directory() -> None:
    environ = {"PLATFORMCTL_SANDBOX_DIR": "/b", "XDG_STATE_HOME": "/c", "HOME": "/d"}
    found = [
        base_folder(environ, Path("/a")),
        base_folder(environ),
        base_folder({"XDG_STATE_HOME": "/c", "HOME": "/d"}),
        base_folder({"HOME": "/d"}),
    ]
    assert found == [
        Path("/a"),
        Path("/b"),
        Path("/c/platformctl/sandbox"),
        Path("/d/.local/state/platformctl/sandbox"),
    ]


def test_everything_is_private_and_reads_back_as_written(tmp_path: Path) -> None:
    folder = owned(tmp_path / "one", ourselves())
    options = Options({"etcd": "/x/etcd"}, "token", webhooks=True, audit_log="/y", owner=ourselves())
    state = State(Phase.READY, 12.5, server="https://127.0.0.1:1", processes={"etcd": ourselves()})
    folder.write(options)
    folder.write(state)
    assert (folder.supervisor(), folder.options(), folder.state()) == (ourselves(), options, state)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder.root, *folder.root.iterdir()]}
    assert modes == {
        "one": 0o700,
        "run": 0o700,
        "logs": 0o700,
        "supervisor.json": 0o600,
        "options.json": 0o600,
        "state.json": 0o600,
    }


def test_a_folder_that_is_not_there_or_half_written_says_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "none")
    assert (folder.supervisor(), folder.options(), folder.state()) == (None, None, None)
    folder.create()
    (folder.root / "state.json").write_text('{"phase": "rea')
    assert folder.state() is None


def test_folders_of_dead_owners_are_swept_and_no_others(tmp_path: Path) -> None:
    owned(tmp_path / "alive", ourselves())
    owned(tmp_path / "reused-pid", ProcessId(os.getpid(), 1))
    owned(tmp_path / "never-started", None)
    (tmp_path / ".half.1.removed").mkdir()
    assert sweep(tmp_path) == (".half.1.removed", "never-started", "reused-pid")
    assert [path.name for path in tmp_path.iterdir()] == ["alive"]


def test_the_lock_lets_one_in_and_leaves_nothing_behind(tmp_path: Path) -> None:
    base, order = tmp_path / "a" / "base", list[str]()

    def second() -> None:
        with locked(base):
            order.append("second")

    with locked(base):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert not base.exists()


def test_an_empty_base_in_use_is_not_removed_under_its_user(tmp_path: Path) -> None:
    base = tmp_path / "base"
    with locked(base):
        remove_if_empty(base)
        assert base.is_dir()


def test_a_base_that_cannot_be_made_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(LocalError, match=r"make the folder of the sandbox .*/file/base: Not a directory"),
        locked(tmp_path / "file" / "base"),
    ):
        pass
