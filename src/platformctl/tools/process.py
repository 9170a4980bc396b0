"""The one place that starts processes, and the one place that uses `sh`.

Facts about sh 2.4 that shape it (measured): `_timeout` kills one pid only, so the deadline is ours and goes to
the whole process group; an exception in an output callback is lost, so output goes to plain writers; children
would see a terminal unless `_tty_out=False`; stdin must be given or a child that reads hangs.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

import sh

from platformctl.errors import ToolError

logging.getLogger("sh").setLevel(logging.WARNING)  # its INFO lines carry the argv

TERMINATE_GRACE_S: Final = 10.0

# What a child may know of our environment. HELM_*, KUBECTL_* and KUBERC are left out on purpose:
# HELM_KUBEAPISERVER beats even an explicit context.
ALLOWED_ENVIRONMENT: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "TZ",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_RUNTIME_DIR",
    "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
    "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "DIGITALOCEAN_ACCESS_TOKEN",
)  # fmt: skip


def child_environment(environ: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: the allow-list out of `environ`, then the fixed settings, then `extra`."""
    kept = {name: environ[name] for name in ALLOWED_ENVIRONMENT if name in environ}
    fixed = {"KUBECTL_KUBERC": "false", "KUBERC": "off", "NO_COLOR": "1", "HELM_NO_PLUGINS": "1"}
    return {"LANG": "C.UTF-8", **kept, **fixed, **(extra or {})}


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. `argv[0]` is an absolute path; `timeout_s` None means no deadline of ours.

    `outlives_us` is for a child that must come to its own end when we are gone: it writes into a file, since a pipe that
    nobody reads would kill it at its next word (SIGPIPE), as a helm that passes on a warning of the API server.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes = field(default=b"", repr=False)
    cwd: Path | None = None
    timeout_s: float | None = None
    outlives_us: bool = False


@dataclass(frozen=True, slots=True)
class Completed:
    """What came back. `exit_code` is negative for a signal; `timed_out` says that our deadline ended it."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: bytes = field(repr=False)
    stderr: str = field(repr=False)
    duration_s: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.timed_out

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", errors="replace")

    def last_error(self) -> str:
        """The last `Error:` block of stderr, as helm and kubectl write it, else the last lines of it."""
        lines = [line for line in self.stderr.strip().splitlines() if not line.startswith("level=")]
        starts = [at for at, line in enumerate(lines) if line.lower().startswith(("error:", "error from"))]
        block = lines[starts[-1] :] if starts else lines[-5:]
        return (
            "\n".join(block).removeprefix("Error: ").removeprefix("error: ").strip()
            or f"exit code {self.exit_code}"
        )


class Process(Protocol):
    """A child that runs."""

    @property
    def pid(self) -> int: ...
    def alive(self) -> bool: ...
    def signal(self, number: signal.Signals) -> None:
        """To the whole process group; nothing happens when it has ended."""
        ...

    def wait(self) -> int:
        """Blocks until it has ended; its exit code, negative for a signal."""
        ...


class Runner(Protocol):
    """Starts processes. The product has one (`ShRunner`); tests have a scripted one."""

    def run(self, command: Command, *, started: Callable[[Process], None] | None = None) -> Completed:
        """Runs to the end. `started` gets the handle as soon as there is one, to signal it from elsewhere.

        Raises ToolError when the program cannot be started. Any exit code is an answer, not an exception.
        """
        ...

    def start(self, command: Command, *, log: Path, dies_with_us: bool = True) -> Process:
        """Starts a server whose stdout and stderr go to `log`. With `dies_with_us` the kernel ends it when the
        thread that started it ends (PR_SET_PDEATHSIG; Linux only, elsewhere the caller must end it)."""
        ...


def _die_with_parent() -> None:  # runs in the child, between fork and exec
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG of <linux/prctl.h>


class _ShProcess:
    """A `sh` child with its own process group. The lock keeps a signal away from a reused pid."""

    def __init__(self, running: Any) -> None:
        self._running = running
        self._ended = threading.Event()
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        return int(self._running.pid)

    def alive(self) -> bool:
        with self._lock:
            return not self._ended.is_set() and bool(self._running.is_alive())

    def signal(self, number: signal.Signals) -> None:
        with self._lock:
            if not self._ended.is_set():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, number)

    def wait(self) -> int:
        try:
            self._running.wait()
            code = 0
        except sh.ErrorReturnCode as error:
            code = int(error.exit_code)
        self._ended.set()
        return code

    def kill_after(self, timeout_s: float, on_timeout: Callable[[], None]) -> None:
        """Waits beside the child: SIGTERM at the deadline, SIGKILL after the grace."""
        if self._ended.wait(timeout_s):
            return
        on_timeout()
        self.signal(signal.SIGTERM)
        if not self._ended.wait(TERMINATE_GRACE_S):
            self.signal(signal.SIGKILL)


class ShRunner:
    """The product's Runner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[_ShProcess] = set()
        self._ended = False

    def end(self) -> None:
        """Ends all that `run` waits for, in whatever thread, and lets nothing more begin: for a command that is being
        given up before it wrote anything. What `start` made goes on."""
        with self._lock:
            self._ended = True
            running = tuple(self._running)
        for process in running:
            process.signal(signal.SIGTERM)

    def run(self, command: Command, *, started: Callable[[Process], None] | None = None) -> Completed:
        with _place(command) as out, _place(command) as err:
            return self._run(command, out, err, started)

    def _run(
        self, command: Command, out: BinaryIO, err: BinaryIO, started: Callable[[Process], None] | None
    ) -> Completed:
        began = time.monotonic()
        with self._lock:  # no child may begin beside `end`
            if self._ended:
                raise ToolError(f"start {command.argv[0]}: the command is being given up")
            process = _launch(command, out=out, err=err)
            self._running.add(process)
        if started is not None:
            started(process)
        timed_out = threading.Event()
        if command.timeout_s is not None:
            watcher = threading.Thread(
                target=process.kill_after,
                args=(command.timeout_s, timed_out.set),
                daemon=True,
                name="deadline",
            )
            watcher.start()
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return Completed(
            argv=command.argv,
            exit_code=code,
            stdout=_written(out),
            stderr=_written(err).decode("utf-8", errors="replace"),
            duration_s=time.monotonic() - began,
            timed_out=timed_out.is_set(),
        )

    def start(self, command: Command, *, log: Path, dies_with_us: bool = True) -> Process:
        with log.open("ab", buffering=0) as sink:  # the child keeps its own copy of the descriptor
            return _launch(command, out=sink, err=sink, preexec=_die_with_parent if dies_with_us else None)


def _place(command: Command) -> BinaryIO:
    """Where the output goes."""
    return cast(BinaryIO, tempfile.TemporaryFile(buffering=0)) if command.outlives_us else io.BytesIO()


def _written(place: BinaryIO) -> bytes:
    place.seek(0)
    return place.read()


def _launch(command: Command, *, out: Any, err: Any, preexec: Callable[[], None] | None = None) -> _ShProcess:
    program, *arguments = command.argv
    options: dict[str, Any] = {
        "_bg": True,
        "_bg_exc": False,
        "_new_group": True,
        "_tty_out": False,
        "_in": command.stdin,
        "_in_bufsize": 65536,
        "_out": out,
        "_err": err,
        "_env": dict(command.env),
        "_cwd": str(command.cwd) if command.cwd else None,
        "_preexec_fn": preexec,
        "_truncate_exc": False,
    }
    if isinstance(out, io.BytesIO):  # sh refuses a buffer size where the child writes into a file itself
        options |= {"_out_bufsize": 65536, "_err_bufsize": 65536}
    try:
        return _ShProcess(sh.Command(program)(*arguments, **options))
    except sh.CommandNotFound:
        raise ToolError(f"start {program}: no such program") from None
    except (sh.ForkException, OSError) as error:
        # sh hands on the whole traceback of its child as text
        reason = re.search(r"\[Errno \d+\] ([^:\n]+)", str(error))
        raise ToolError(f"start {program}: {reason[1] if reason else error}") from None
