"""Where a sandbox lives on disk, and what is written there.

    <base>/                     PLATFORMCTL_SANDBOX_DIR, else $XDG_STATE_HOME/platformctl/sandbox
    └── <name>/                 0700, all files 0600
        ├── kubeconfig          for people, helm and kubectl: user platformctl
        ├── options.json        what was asked for; written once, before the supervisor starts
        ├── supervisor.json     pid and start time; written once, by whoever started it
        ├── state.json          written by the supervisor only
        ├── run/                keys, tokens, certificates, data, kubeconfigs of the components
        └── logs/

Folders are made and removed under a lock on <base>, so that a folder without supervisor.json, seen under that lock,
belongs to a start that died. The lock is on the folder itself: no lock file is left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from platformctl.errors import LocalError
from platformctl.sandbox.processes import ProcessId, is_alive

BASE_VARIABLE: Final = "PLATFORMCTL_SANDBOX_DIR"
SHARED: Final = "shared"  # the one that `sandbox up` leaves running


class Phase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Options:
    """What the supervisor is asked to run. `owner`: the sandbox ends when this process does."""

    assets: Mapping[str, str]
    marker: str
    webhooks: bool = False
    audit_log: str | None = None
    nodes: int = 3
    owner: ProcessId | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How far it is. `reason` says why it failed; `started_at_s` is seconds since the epoch."""

    phase: Phase
    started_at_s: float
    server: str = ""
    reason: str = ""
    processes: Mapping[str, ProcessId] | None = None
    ready_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one sandbox."""

    root: Path

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def supervisor(self) -> ProcessId | None:
        return _process(self._read("supervisor.json"))

    def state(self) -> State | None:
        read = self._read("state.json")
        if read is None:
            return None
        processes = {name: ProcessId(**entry) for name, entry in (read.pop("processes") or {}).items()}
        return State(**{**read, "phase": Phase(read["phase"]), "processes": processes})

    def options(self) -> Options | None:
        read = self._read("options.json")
        return None if read is None else Options(**{**read, "owner": _process(read["owner"])})

    def write(self, value: ProcessId | State | Options) -> None:
        match value:
            case ProcessId():
                name = "supervisor.json"
            case State():
                name = "state.json"
            case Options():
                name = "options.json"
        write_private(self.root / name, json.dumps(asdict(value), indent=1))

    def create(self) -> None:
        for path in (self.root, self.run, self.logs):
            path.mkdir(mode=0o700)

    def remove(self) -> None:
        """Renamed first, so that nobody takes a half removed folder for a sandbox."""
        doomed = self.root.with_name(f".{self.root.name}.{os.getpid()}.removed")
        try:
            self.root.rename(doomed)
        except FileNotFoundError:
            return
        shutil.rmtree(doomed, ignore_errors=True)

    def last_words(self, name: str) -> str:
        """The last lines of a component's log that tell of an error, else just the last ones."""
        try:
            text = (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        lines = text.strip().splitlines()
        telling = [line for line in lines if line[:1] in {"E", "F"} or "rror" in line]
        return " | ".join(line[:300] for line in (telling or lines)[-3:])

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            read = json.loads((self.root / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return read if isinstance(read, dict) else None


def base_folder(environ: Mapping[str, str], base: Path | None = None) -> Path:
    """`base`, else $PLATFORMCTL_SANDBOX_DIR, else the user's state directory. Absolute."""
    if base is not None:
        return base.absolute()
    if named := environ.get(BASE_VARIABLE):
        return Path(named).absolute()
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "platformctl" / "sandbox"


@contextlib.contextmanager
def locked(base: Path) -> Iterator[None]:
    """Alone in `base`, which is made when it does not exist and removed again when it ends up empty."""
    while True:
        try:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # removed by another one between the two
        except OSError as error:
            raise LocalError(f"make the folder of the sandbox {base}: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_still(base, descriptor):
                yield
                with contextlib.suppress(OSError):  # not empty
                    base.rmdir()
                return
        finally:
            os.close(descriptor)


def sweep(base: Path) -> tuple[str, ...]:
    """Removes what dead owners left behind; the names of it. Only under the lock."""
    if not base.is_dir():
        return ()
    dead = [path for path in base.iterdir() if path.is_dir() and not _is_owned(path)]
    for path in dead:
        if path.name.startswith("."):
            shutil.rmtree(path, ignore_errors=True)
        else:
            Folder(path).remove()
    return tuple(sorted(path.name for path in dead))


def remove_if_empty(base: Path) -> None:
    """Unless somebody is at work in it. For the supervisor: `down` waits for its end with the lock in hand."""
    with contextlib.suppress(OSError):
        descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            base.rmdir()
        finally:
            os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by the user only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError as error:
        raise LocalError(f"write {path}: {error.strerror}") from None


def _is_owned(path: Path) -> bool:
    """Whether somebody still looks after it. A failed sandbox keeps its folder, with the reason, until the next start."""
    supervisor = Folder(path).supervisor()
    return supervisor is not None and is_alive(supervisor)


def _is_still(base: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(base.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _process(read: Mapping[str, int] | None) -> ProcessId | None:
    return None if read is None else ProcessId(**read)
