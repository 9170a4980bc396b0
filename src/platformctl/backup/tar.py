"""The files of a backup as one tar, in memory, for a command that encrypts it. The same files give the same bytes."""

from __future__ import annotations

import io
import tarfile

from platformctl.backup.models import Files
from platformctl.errors import LocalError


def packed(files: Files) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), 0o600
            tar.addfile(entry, io.BytesIO(files[path]))
    return out.getvalue()


def unpacked(content: bytes, where: str) -> dict[str, bytes]:
    """The regular files of a tar; nothing is written. Raises LocalError for what is none."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isreg() else None
                if file is None or entry.name in found:
                    raise LocalError(f"read {where}: {entry.name} is no file, or there twice")
                found[entry.name] = file.read()
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise LocalError(
            f"read {where}: what came out is no archive ({error})", hint="is it the right command?"
        ) from None
    return found
