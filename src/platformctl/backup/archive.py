"""Backups on disk: BACKUPS/SCOPE/ID/, written as a whole or not at all, read back before anybody relies on them.

Beside folders there may be `ID.tar.encrypted`: what a command of the user's made of the same files. A `.gitignore` keeps all
of it out of Git. Names that begin with a dot are unfinished or on their way out, and no backups.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformctl.backup import folders, tar
from platformctl.backup.manifest import packed
from platformctl.backup.models import Archive, Backup, Files
from platformctl.backup.verify import verified
from platformctl.errors import LocalError, UsageError

ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}(?:-[0-9a-z]{1,16})?")
ENCRYPTED: Final = ".tar.encrypted"
KEEP: Final = 20
GIVEN_UP_S: Final = 24 * 3600.0
_IGNORE: Final = ".gitignore"
_ROOM: Final = "make room or give another folder:  --backup-dir DIR"


@dataclass(frozen=True, slots=True)
class Written:
    """A backup that is on the disk and was read back. `removed` are older ones that went for it."""

    backup: Backup
    path: Path
    size_bytes: int
    files: int
    removed: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """`5 releases, 212 kB, read back: backups/prod/20261123-101502`."""
        count = len(self.backup.releases)
        size = (
            f"{self.size_bytes / 1000:.0f} kB" if self.size_bytes < 1e6 else f"{self.size_bytes / 1e6:.1f} MB"
        )
        return f"{count} release{'s' if count != 1 else ''}, {size}, read back: {self.path}"


def write(
    root: Path, archive: Archive, *, keep: int = KEEP, encrypt: Callable[[bytes], bytes] | None = None
) -> Written:
    """Writes a backup under root/SCOPE, reads it back, and removes all but the newest `keep` of the scope.

    With `encrypt` only what that makes of a tar of it is written. Raises LocalError; then nothing new is left behind.
    """
    archive, files = packed(archive)
    backup = archive.backup
    name = backup.id + (ENCRYPTED if encrypt else "")
    content = encrypt(tar.packed(files)) if encrypt else files
    path = root / backup.scope / name
    with (
        folders.local(f"write the backup {path}", hint=_ROOM),
        folders.opened(root, make=True) as top,
        folders.opened(root, backup.scope, make=True) as folder,
    ):
        _ignore(top)
        folders.put(folder, name, content, f".{name}.{secrets.token_hex(4)}.partial")
        try:
            _read_back(folder, name, content, path)
        except (OSError, LocalError):
            folders.remove(folder, name)
            raise
        removed = _thin_out(folder, keep, spare=name)
    size = len(content) if isinstance(content, bytes) else sum(len(each) for each in content.values())
    return Written(backup, path, size, len(files), removed)


def _read_back(folder: int, name: str, content: Files | bytes, path: Path) -> None:
    """What is on the disk is what was meant, and a backup. Raises LocalError."""
    again: Files | bytes
    if isinstance(content, bytes):
        again = folders.read_file(folder, name)
    else:
        again = folders.read_tree(folder, name)
        verified(again, f"the backup {path} back")
    if again != content:
        raise LocalError(f"read the backup {path} back: it is not what was written", hint=_ROOM)


def read(root: Path, scope: str, id_: str, *, decrypt: Callable[[bytes], bytes] | None = None) -> Archive:
    """A backup, checked as a whole. Raises UsageError for one that is not there, LocalError for one that is damaged."""
    if not ID.fullmatch(id_):
        raise UsageError(f'"{id_[:60]!s}" is no backup: they are called like 20261123-101502-1a2b')
    there = ids(root, scope)
    name = id_ + (ENCRYPTED if decrypt else "")
    path = root / scope / name
    if name not in there:
        raise _not_there(root, scope, id_, there)
    with folders.local(f"read the backup {path}"), folders.opened(root, scope) as folder:
        files = (
            tar.unpacked(decrypt(folders.read_file(folder, name)), str(path))
            if decrypt
            else folders.read_tree(folder, name)
        )
    archive = verified(files, f"the backup {path}")
    if (archive.backup.id, archive.backup.scope) != (id_, scope):
        raise LocalError(
            f"read the backup {path}: its manifest says that it is {archive.backup.id} of {archive.backup.scope}",
            hint="put it back under its own name",
        )
    return archive


def ids(root: Path, scope: str) -> tuple[str, ...]:
    """The names of a scope's backups, newest first; none when there is no folder. Raises LocalError."""
    with folders.local(f"list the backups in {root / scope}"):
        try:
            with folders.opened(root, scope) as folder:
                return _names(folder)
        except FileNotFoundError:
            return ()


def _names(folder: int) -> tuple[str, ...]:
    names = [name for name in os.listdir(folder) if ID.fullmatch(name.removesuffix(ENCRYPTED))]
    return tuple(sorted(names, reverse=True))


def _thin_out(folder: int, keep: int, *, spare: str) -> tuple[str, ...]:
    """Removes the oldest, and whatever a removal or a write left that was killed. What cannot be removed stays."""
    for name in os.listdir(folder):
        if name.startswith(".") and (name.endswith(".gone") or _is_given_up(folder, name)):
            folders.remove(folder, name)
    old = [name for name in _names(folder)[max(keep, 1) :] if name != spare]
    for name in old:
        gone = f".{name}.{secrets.token_hex(4)}.gone"
        with suppress(OSError):
            os.rename(
                name, gone, src_dir_fd=folder, dst_dir_fd=folder
            )  # so that half of one never looks whole
        folders.remove(folder, gone)
    return tuple(name for name in old if name not in os.listdir(folder))


def _is_given_up(folder: int, name: str) -> bool:
    """A write that nobody can still be at."""
    with suppress(OSError):
        age_s = time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
        return name.endswith(".partial") and age_s > GIVEN_UP_S
    return False


def _ignore(top: int) -> None:
    """Git looks away. A .gitignore that somebody wrote stays as it is, unless it lets everything in."""
    with suppress(FileNotFoundError):
        if folders.read_file(top, _IGNORE).strip():
            return
        os.unlink(_IGNORE, dir_fd=top)  # empty: a write that was cut off
    folders.put(top, _IGNORE, b"*\n", f".gitignore.{secrets.token_hex(4)}.partial")


def _not_there(root: Path, scope: str, id_: str, there: tuple[str, ...]) -> UsageError:
    if id_ + ENCRYPTED in there:
        return UsageError(f"the backup {id_} of {scope} is encrypted", hint="--decrypt-with COMMAND")
    if id_ in there:
        return UsageError(f"the backup {id_} of {scope} is not encrypted", hint="leave --decrypt-with out")
    hint = f"there are {', '.join(there[:SHOWN])}" if there else f"make one:  platformctl backup {scope}"
    return UsageError(f"there is no backup {id_} in {root / scope}", hint=hint)


SHOWN: Final = 5
