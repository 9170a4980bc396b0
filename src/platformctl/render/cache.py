"""The render cache: what helm printed, by everything that it was made from. Holds Secrets, hence 0700 and 0600.

Never a render that differs from the next one of the same inputs. Deleting it costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformctl.render.models import Inputs

KEPT: Final = 500  # files; a render of all of a platform's charts is some dozen
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class RenderKey:
    """Everything that helm is told. More than the inputs: two releases may have the same."""

    inputs: Inputs
    name: str
    namespace: str
    is_upgrade: bool
    kube_version: str
    api_versions: Sequence[str]
    helm: tuple[int, int, int]

    @property
    def digest(self) -> str:
        text = json.dumps(
            [
                _FORMAT,
                self.inputs.digest,
                self.name,
                self.namespace,
                self.is_upgrade,
                self.kube_version,
                list(self.api_versions),
                list(self.helm),
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RenderCache:
    """`folder` is made when something is put. A cache that cannot be read or written is as good as empty."""

    folder: Path

    def get(self, key: RenderKey) -> str | None:
        try:
            return (self.folder / key.digest).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def put(self, key: RenderKey, text: str) -> None:
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=".making-")  # 0600
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(text)
                Path(name).replace(self.folder / key.digest)
            finally:
                Path(name).unlink(missing_ok=True)
            self._forget_old()

    def _forget_old(self) -> None:
        files = list(self.folder.iterdir())
        if len(files) > KEPT:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in files[: len(files) - KEPT]:
                file.unlink(missing_ok=True)
