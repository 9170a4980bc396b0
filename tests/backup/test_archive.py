"""Backups on disk: whole or not there, private, and never through a symlink."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from platformctl.backup import folders
from platformctl.backup.archive import ids, read, write
from platformctl.backup.manifest import MANIFEST
from platformctl.backup.models import Archive
from platformctl.errors import LocalError, UsageError
from tests.support.backups import archive, saved

NOBODY = 65534
ONE = archive(saved("web"))
ID = ONE.backup.id


def named(id_: str) -> Archive:
    return Archive(replace(ONE.backup, id=id_), ONE.files)


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose parents everybody may enter, and that belongs to somebody whom permissions bind: root is not."""
    folder = Path(tempfile.mkdtemp(prefix="platformctl-test-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    yield folder
    if os.getuid() == 0:
        os.seteuid(0)
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_what_was_written_is_read_back_equal(tmp_path: Path) -> None:
    root = tmp_path / "backups"
    written = write(root, ONE)
    assert written.path == root / "stg" / ID
    assert read(root, "stg", ID) == Archive(written.backup, ONE.files)
    assert written.sentence.startswith("1 release, ")


def test_sha256sum_agrees_with_the_seal_and_with_the_digests(tmp_path: Path) -> None:
    written = write(tmp_path / "backups", ONE)
    done = subprocess.run(
        ["sha256sum", "-c", f"{MANIFEST}.sha256"], cwd=written.path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.fault(40)
@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o777])
def test_folders_and_files_are_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    root = tmp_path / "backups"
    with umask(mask):
        write(root, ONE)
    modes = {path.stat().st_mode & 0o777 for path in [root, *root.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()} == {0o600}


def test_a_scope_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "backups" / "stg").mkdir(parents=True, mode=0o755)
    write(tmp_path / "backups", ONE)
    assert (tmp_path / "backups" / "stg").stat().st_mode & 0o777 == 0o700


def test_git_looks_away_and_a_gitignore_of_somebody_stays(tmp_path: Path) -> None:
    write(tmp_path / "a", ONE)
    assert (tmp_path / "a" / ".gitignore").read_text() == "*\n"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".gitignore").write_text("/stg\n")
    write(tmp_path / "b", ONE)
    assert (tmp_path / "b" / ".gitignore").read_text() == "/stg\n"
    (tmp_path / "a" / ".gitignore").write_text("")
    write(tmp_path / "a", named("20261123-101503-1a2b"))
    assert (tmp_path / "a" / ".gitignore").read_text() == "*\n"


@pytest.mark.fault(37)
def test_a_file_that_was_cut_off_on_the_disk_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "backups"
    path = write(root, ONE).path
    for file in [each for each in path.rglob("*") if each.is_file() and each.stat().st_size]:
        content = file.read_bytes()
        for end in {0, 1, len(content) // 2, len(content) - 1}:
            os.truncate(file, end)
            with pytest.raises(LocalError, match="damaged") as caught:
                read(root, "stg", ID)
            assert caught.value.exit_code == 12
            file.write_bytes(content)
    assert read(root, "stg", ID)


def test_an_empty_folder_or_a_symlink_inside_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ONE).path
    (path / "more").mkdir()
    with pytest.raises(LocalError, match="more/ does not belong"):
        read(tmp_path, "stg", ID)
    (path / "more").rmdir()
    (path / "README.txt").rename(tmp_path / "elsewhere")
    (path / "README.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError, match="symlink"):
        read(tmp_path, "stg", ID)


def test_a_backup_under_another_name_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ONE).path
    other = "20270101-000000-1a2b"
    path.rename(path.with_name(other))
    with pytest.raises(LocalError, match=f"says that it is {ID} of stg"):
        read(tmp_path, "stg", other)


@pytest.mark.fault(36)
def test_a_folder_that_may_not_be_written_is_refused(place: Path) -> None:
    place.chmod(0o500)
    with pytest.raises(LocalError, match="no permission") as caught:
        write(place / "backups", ONE)
    assert caught.value.exit_code == 12
    assert "--backup-dir" in str(caught.value.hint)
    assert list(place.iterdir()) == []


@pytest.mark.fault(36)
def test_a_scope_folder_that_is_read_only_leaves_nothing_behind(place: Path) -> None:
    root = place / "backups"
    write(root, ONE)
    before = everything(root)
    folder = root / "stg"
    real = folders.write_tree

    def close_the_door(descriptor: int, files: dict[str, bytes]) -> None:
        folder.chmod(0o500)  # from here on nothing may be renamed in it
        real(descriptor, files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "write_tree", close_the_door)
        with pytest.raises(LocalError, match="no permission"):
            write(root, named("20261123-101503-1a2b"))
    folder.chmod(0o700)
    assert [name for name in everything(root) if "partial" not in name] == before
    assert ids(root, "stg") == (ID,)


@pytest.mark.fault(36)
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: NOBODY)
        with pytest.raises(LocalError, match="belongs to another user"):
            write(tmp_path / "backups", ONE)
    assert everything(tmp_path / "backups") == []


@pytest.mark.fault(36)
def test_a_folder_whose_parent_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no such file or folder"):
        write(tmp_path / "not" / "there", ONE)


@pytest.mark.fault(34)
@pytest.mark.parametrize("size_bytes", [0, 1, 10, 300, 1500])
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, size_bytes: int) -> None:
    root = tmp_path / "backups"
    write(root, ONE)
    before = everything(root)
    with largest_file(size_bytes), pytest.raises(LocalError, match="no space left") as caught:
        write(root, named("20261123-101503-1a2b"))
    assert caught.value.exit_code == 12
    assert everything(root) == before
    assert read(root, "stg", ID)


@pytest.mark.fault(39)
@pytest.mark.parametrize("part", ["backups", "backups/stg"])
def test_a_symlink_on_the_way_is_refused_and_not_followed(tmp_path: Path, part: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / part).parent.mkdir(exist_ok=True)
    (tmp_path / part).symlink_to(elsewhere)
    with pytest.raises(LocalError, match="a symlink or a file stands where a folder should be"):
        write(tmp_path / "backups", ONE)
    with pytest.raises(LocalError):
        read(tmp_path / "backups", "stg", ID)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.fault(39)
def test_a_symlink_in_the_place_of_the_backup_or_of_the_gitignore_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "backups"
    (root / "stg").mkdir(parents=True)
    (root / "stg" / ID).symlink_to(tmp_path)
    with pytest.raises(LocalError):
        write(root, ONE)
    (root / "stg" / ID).unlink()
    (root / ".gitignore").unlink()
    (root / ".gitignore").symlink_to(tmp_path / "target")
    with pytest.raises(LocalError):
        write(root, ONE)
    assert not (tmp_path / "target").exists()


@pytest.mark.fault(39)
def test_a_folder_that_is_swapped_for_a_symlink_meanwhile_gets_nothing(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "backups", tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = folders.write_tree
    swapped = []

    def swap(descriptor: int, files: dict[str, bytes]) -> None:
        if not swapped:
            (root / "stg").rename(root / "moved")
            (root / "stg").symlink_to(elsewhere)
            swapped.append(True)
        real(descriptor, files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "write_tree", swap)
        write(root, ONE)
    assert list(elsewhere.iterdir()) == []
    assert (root / "moved" / ID / MANIFEST).is_file()


def test_a_write_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "write_tree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, ONE)
    assert everything(tmp_path) == [".gitignore", "stg"]


def test_what_reads_back_otherwise_is_no_backup(tmp_path: Path) -> None:
    real = folders.write_file

    def lose_a_byte(folder: int, name: str, content: bytes) -> None:
        real(folder, name, content[:-1] if name == "README.txt" else content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "write_file", lose_a_byte)
        with pytest.raises(LocalError, match=r"README\.txt was changed or cut off"):
            write(tmp_path, ONE)
    assert ids(tmp_path, "stg") == ()


def test_the_newest_stay_and_the_others_go(tmp_path: Path) -> None:
    names = [f"2026112{day}-101502-1a2b" for day in range(5)]
    gone = [write(tmp_path, named(name), keep=3).removed for name in names]
    assert gone == [(), (), (), (names[0],), (names[1],)]
    assert ids(tmp_path, "stg") == tuple(names[:1:-1])
    assert everything(tmp_path / "stg")[0] == names[2]


def test_what_is_no_backup_is_neither_listed_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "stg").mkdir()
    (tmp_path / "stg" / "notes").mkdir()
    (tmp_path / "stg" / f".{ID}.1234.partial").mkdir()
    write(tmp_path, ONE, keep=1)
    assert ids(tmp_path, "stg") == (ID,)
    assert (tmp_path / "stg" / "notes").is_dir()


def test_what_a_killed_write_left_goes_after_a_day(tmp_path: Path) -> None:
    stale = tmp_path / "stg" / f".{ID}.1234.partial"
    stale.mkdir(parents=True)
    (stale / "manifest.json").write_text("{")
    os.utime(stale, (0, 0))
    write(tmp_path, ONE)
    assert not stale.exists()


@pytest.mark.fault(39)
def test_a_file_is_never_read_or_written_through_a_symlink_nor_over_another(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    with folders.opened(tmp_path) as folder:
        with pytest.raises(OSError, match="symbolic links"):
            folders.read_file(folder, "link")
        for name in ("target", "link", "dangling"):
            with pytest.raises(FileExistsError):
                folders.write_file(folder, name, b"ours")
    assert (tmp_path / "target").read_text() == "theirs"
    assert not (tmp_path / "made").exists()


def test_the_same_name_twice_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    write(tmp_path, ONE)
    with pytest.raises(LocalError, match="File exists"):
        write(tmp_path, ONE)
    assert read(tmp_path, "stg", ID)


@pytest.mark.parametrize(
    "name", ["../stg", "x", "20261123-101502/..", "", ".20261123-101502-1a2b.ff.partial"]
)
def test_what_cannot_be_the_name_of_a_backup_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, "stg", name)


def test_one_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, ONE)
    with pytest.raises(UsageError) as caught:
        read(tmp_path, "stg", "20261123-101502-ffff")
    assert ID in str(caught.value.hint)
