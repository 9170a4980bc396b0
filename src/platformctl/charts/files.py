"""Private files and folders: written beside their place and renamed into it, so that nobody reads half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platformctl.errors import LocalError


def private_folder(folder: Path) -> Path:
    """Makes the folder and the parents that it lacks (0700, whatever the umask). Raises LocalError."""
    lacking = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        for each in reversed(lacking):
            each.mkdir(
                mode=0o700, exist_ok=True
            )  # Path.mkdir(parents=True) would give the mode to the last one only
    except OSError as error:
        raise LocalError(f"make folder {folder}: {error.strerror}") from error
    return folder


def write_atomically(file: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Whoever reads `file` sees the old content or the new one, also when several write at once. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Holds an exclusive lock, among threads and processes of this machine; ends with the process that held it."""
    try:
        stream = file.open("ab")  # every open() is a holder of its own, so threads exclude each other as well
    except OSError as error:
        raise LocalError(f"open {file}: {error.strerror}") from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
