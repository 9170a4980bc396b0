"""Folders and files of ours, private and never through a symlink.

Everything below the backups folder is reached step by step with open folders (dir_fd, O_NOFOLLOW), so that nobody can
swap a part of the path in between. Folders are 0700 and files 0600 whatever the umask. Every OSError becomes a LocalError.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from platformctl.errors import LocalError

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_REASONS: Final = {
    **dict.fromkeys((errno.ELOOP, errno.ENOTDIR), "a symlink or a file stands where a folder should be"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "no permission"),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "no space left"),
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "no such file or folder",
}


@contextmanager
def local(what: str, *, hint: str | None = None) -> Iterator[None]:
    """Whatever the system says becomes a LocalError that says what was being done."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        raise LocalError(f"{what}: {reason}", hint=hint) from None


@contextmanager
def opened(root: Path, *names: str, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder root/names…; with `make` what is missing is made. `root` itself and all below must be real
    folders of this user; what is above `root` is the user's business. Raises OSError, and LocalError for another's folder.
    """
    with (
        _folder(str(root.parent), None, follow=True) as parent,
        _step(parent, root.name, make) as folder,
        _below(folder, names, make) as last,
    ):
        yield last


@contextmanager
def _below(folder: int, names: tuple[str, ...], make: bool) -> Iterator[int]:
    if not names:
        yield folder
        return
    with _step(folder, names[0], make) as inner:
        if make:
            os.fchmod(inner, 0o700)
        with _below(inner, names[1:], make) as last:
            yield last


@contextmanager
def _step(parent: int, name: str, make: bool) -> Iterator[int]:
    if make:
        with suppress(FileExistsError):
            make_folder(parent, name)
            os.fsync(parent)
    with _folder(name, parent) as folder:
        owner = os.fstat(folder).st_uid
        if owner != os.geteuid():
            raise LocalError(f"use folder {name}: it belongs to another user (uid {owner})")
        yield folder


@contextmanager
def _folder(name: str, parent: int | None, *, follow: bool = False) -> Iterator[int]:
    descriptor = os.open(name, _FOLDER & ~os.O_NOFOLLOW if follow else _FOLDER, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def make_folder(parent: int, name: str) -> None:
    os.mkdir(name, 0o700, dir_fd=parent)
    with _folder(name, parent) as made:
        os.fchmod(made, 0o700)  # an umask of 0777 leaves nothing of the mode


def write_file(folder: int, name: str, content: bytes) -> None:
    """A new file, 0600, on the disk when this returns. Raises OSError; FileExistsError also for a symlink."""
    descriptor = os.open(name, _NEW, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        os.fchmod(file.fileno(), 0o600)
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) or 0 :]
        os.fsync(file.fileno())


def write_tree(folder: int, files: Mapping[str, bytes]) -> None:
    """Files by path, folders made as needed, all of it on the disk when this returns."""
    inner: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        first, _, rest = path.partition("/")
        if rest:
            inner.setdefault(first, {})[rest] = content
        else:
            write_file(folder, first, content)
    for name, below in inner.items():
        make_folder(folder, name)
        with _folder(name, folder) as made:
            write_tree(made, below)
    os.fsync(folder)


def read_file(folder: int, name: str) -> bytes:
    """A regular file. Raises OSError; LocalError for anything else that bears the name."""
    with os.fdopen(os.open(name, _OLD, dir_fd=folder), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise LocalError(f"read {name}: not a regular file")
        return file.read()


def read_tree(folder: int, name: str, prefix: str = "") -> dict[str, bytes]:
    """All files below a folder by path. An empty folder is listed with a slash, so that it is not overlooked."""
    found: dict[str, bytes] = {}
    with _folder(name, folder) as inner:
        entries = sorted(entry.name for entry in os.scandir(inner))
        for entry in entries:
            mode = os.stat(entry, dir_fd=inner, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                found |= read_tree(inner, entry, f"{prefix}{entry}/")
            elif stat.S_ISREG(mode):
                found[prefix + entry] = read_file(inner, entry)
            else:
                raise LocalError(f"read {prefix}{entry}: a symlink or something else that is no file")
    return found or {prefix: b""}


def put(folder: int, name: str, content: Mapping[str, bytes] | bytes, partial: str) -> None:
    """A file or a tree under its final name, or nothing at all: written as `partial`, then renamed."""
    if name in os.listdir(folder):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    try:
        if isinstance(content, bytes):
            write_file(folder, partial, content)
        else:
            make_folder(folder, partial)
            with _folder(partial, folder) as made:
                write_tree(made, content)
        os.rename(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except BaseException:
        remove(folder, partial)
        raise


def remove(folder: int, name: str) -> None:
    """A file or a tree; a symlink goes and not what it points at. Nothing happens when it cannot be removed."""
    with suppress(OSError):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            shutil.rmtree(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
