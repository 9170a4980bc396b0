"""The download cache: charts by the digest of their bytes, so that nothing is downloaded twice.

    archives/<sha256>/<name>-<version>.tgz    the charts; hashed again at every use
    names/<hash of source, name, version>     digest of a chart that no lock pins; a version does not change
    indexes/<hash of address>/                indexes of repositories
    assembled/<digest>/<name>/                charts of the repository, with their dependencies (charts.local)
    locks/                                    one file per thing that is being made

Several processes may use it at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformctl.charts.files import locked, private_folder, write_atomically
from platformctl.charts.lock import LockKey
from platformctl.errors import LocalError


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class ChartCache:
    """`folder` is the user's cache folder for charts; made when it is needed, 0700."""

    folder: Path

    def get(self, digest: str, name: str, version: str) -> Path | None:
        """The chart with these bytes. One that was damaged is forgotten."""
        file = self._archive(digest, name, version)
        try:
            if sha256(file.read_bytes()) == digest:
                return file
            file.unlink(missing_ok=True)
        except OSError:
            pass  # not there, or not readable: the same as not there
        return None

    def put(self, content: bytes, name: str, version: str) -> Path:
        """Stores a chart; its file."""
        file = self._archive(sha256(content), name, version)
        self._write(file, content)
        return file

    def remembered(self, key: LockKey) -> str | None:
        """The digest that an unpinned chart had when it was downloaded."""
        try:
            return self._name(key).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return None

    def remember(self, key: LockKey, digest: str) -> None:
        self._write(self._name(key), digest.encode())

    def index(self, url: str) -> Path:
        """The folder for a repository's index."""
        return private_folder(self.folder / "indexes" / sha256(url.encode())[:16])

    def assembled(self, digest: str) -> Path:
        return private_folder(self.folder / "assembled") / digest

    @contextlib.contextmanager
    def making(self, what: str) -> Iterator[None]:
        """One maker at a time: look into the cache again after having got it."""
        with locked(private_folder(self.folder / "locks") / sha256(what.encode())[:16]):
            yield

    def _archive(self, digest: str, name: str, version: str) -> Path:
        return self.folder / "archives" / digest / f"{name}-{version}.tgz".replace(os.sep, "_")

    def _name(self, key: LockKey) -> Path:
        return self.folder / "names" / sha256("\n".join(key).encode())[:32]

    def _write(self, file: Path, content: bytes) -> None:
        private_folder(file.parent)
        try:
            write_atomically(file, content)
        except OSError as error:
            raise LocalError(f"write {file}: {error.strerror}") from error
