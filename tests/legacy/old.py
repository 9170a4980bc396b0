"""The old scripts, run in a copy of the repository's files with the recording tools in front of everything on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.legacy.recorded import TOOLS, Call, Recording

REPOSITORY: Final = Path(__file__).parents[2]
SCRIPTS: Final = REPOSITORY / "scripts" / "legacy"


@dataclass(frozen=True, slots=True)
class OldRan:
    """How a script ended, what it said (both streams), and what it called in order."""

    code: int
    said: str
    calls: list[Call]

    @property
    def questions(self) -> list[str]:
        return [call.value("-p") for call in self.calls if call.words[0] == "read"]


@dataclass(frozen=True, slots=True)
class Old:
    """The old scripts below `root`. Calling it runs one to its end."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, script: str, *argv: str, answers: tuple[str, ...] = (), timeout_s: float = 60, **env: str
    ) -> OldRan:
        recording = Recording(self.root / "calls")
        recording.take()
        done = subprocess.run(
            [str(self.root / "scripts" / "legacy" / script), *argv],
            cwd=self.root,
            env={
                "PATH": f"{TOOLS}:/usr/local/bin:/usr/bin:/bin",
                "HOME": str(self.root),
                "LANG": "C.UTF-8",
                "BASH_ENV": str(TOOLS / "record.sh"),
                "RECORDING": str(recording.file),
                "RECORDING_CONTEXT": "home-prod",
                **self.env,
                **env,
            },
            input="".join(f"{answer}\n" for answer in answers),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return OldRan(done.returncode, done.stdout, recording.take())

    def on(self, kubeconfig: Path, tools: Path) -> Old:
        """The same on a real cluster, with the real tools of that folder behind the recording ones."""
        return replace(self, env={**self.env, "KUBECONFIG": str(kubeconfig), "RECORDING_REAL": str(tools)})

    def backups(self) -> list[Path]:
        return sorted((self.root / "backups").glob("*/*"))


def old_scripts(into: Path) -> Old:
    """A copy, because they write into the folder of the repository."""
    for folder in ("helm", "scripts/legacy"):
        shutil.copytree(REPOSITORY / folder, into / folder)
    return Old(into)


def is_executable(file: Path) -> bool:
    return os.access(file, os.X_OK)
