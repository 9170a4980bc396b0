"""Reads through `kubectl proxy` on a private unix socket.

The proxy does credentials and TLS once and then answers in a fraction of a millisecond; a kubectl per read costs about
40 ms. It listens in a 0700 folder, rejects every method that writes (a bug in a reader cannot change anything), and
dies with us: the kernel ends it when the *thread* that started it ends, so a thread of its own starts it and lives until
`close`.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from platformctl.errors import ToolError
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.process import Process
from platformctl.tools.transport import JSON, Answer, Stream, no_answer

START_LIMIT_S: Final = 10.0
_FOLDER: Final = "platformctl-api-"
_CHUNK_BYTES: Final = 65536
IDLE_KEPT: Final = 8


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over the proxy's socket. The host name is what the proxy expects to be called."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))

    def limit(self, give_up: float) -> None:
        """No read or write from here on waits beyond this moment. Raises TimeoutError when it is over already."""
        left_s = give_up - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.timeout = left_s
        if self.sock is not None:
            self.sock.settimeout(left_s)


class ProxyTransport:
    """`kubectl proxy`, started at the first request. Connections are kept open and used again, by whatever thread."""

    name = "proxy"

    def __init__(self, kubectl: Kubectl, *, start_limit_s: float = START_LIMIT_S) -> None:
        self._kubectl = kubectl
        self._start_limit_s = start_limit_s
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._keeper: threading.Thread | None = None
        self._process: Process | None = None
        self._folder: Path | None = None
        self._idle: list[_UnixConnection] = []

    @property
    def socket_path(self) -> Path:
        if self._folder is None:
            raise ToolError("kubectl proxy: not started")
        return self._folder / "s"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Starts the proxy when it does not answer. Raises ToolError when it does not come up."""
        with self._lock:
            if self._process is not None and self._listens():
                return
            self._end()
            self._closing.clear()
            sweep(Path(tempfile.gettempdir()))
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))  # mode 0700
            log = self._folder / "log"
            argv = [f"--unix-socket={self.socket_path}", "--reject-methods=^(POST|PUT|PATCH|DELETE)$"]
            command = self._kubectl.command("proxy", [*argv, "--append-server-path=true"])
            begun: list[Process | ToolError] = []
            there = threading.Event()

            def keep() -> None:
                try:
                    begun.append(self._kubectl.runner.start(command, log=log))
                except ToolError as error:
                    begun.append(error)
                there.set()
                self._closing.wait()

            self._keeper = threading.Thread(target=keep, name="kubectl proxy keeper", daemon=True)
            self._keeper.start()
            there.wait()
            outcome = begun[0]
            if isinstance(outcome, ToolError):
                self._end()
                raise outcome
            self._process = outcome
            self._await_socket(outcome, log)

    def _await_socket(self, process: Process, log: Path) -> None:
        give_up = time.monotonic() + self._start_limit_s
        while not self._listens():
            if not process.alive() or time.monotonic() > give_up:
                said = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it does not listen"]
                self._end()
                raise ToolError(f"start kubectl proxy: {said[0]}")
            time.sleep(0.005)

    def _listens(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(str(self.socket_path))
            return True
        return False

    def request(self, path: str, *, accept: str, timeout_s: float) -> Answer:
        """Raises OSError or HTTPException when the connection breaks; a proxy that is gone is started again first."""
        give_up = time.monotonic() + timeout_s
        try:
            kept = self._take_idle()
            if kept is not None:
                with suppress(
                    ConnectionError, http.client.HTTPException
                ):  # closed at the other end while it was idle
                    return self._ask(kept, path, accept, give_up)
            self.start()
            return self._ask(_UnixConnection(self.socket_path, timeout_s), path, accept, give_up)
        except TimeoutError:
            return no_answer(timeout_s)

    def _ask(self, connection: _UnixConnection, path: str, accept: str, give_up: float) -> Answer:
        """One request. The connection goes back to the idle ones, or is closed when anything went wrong."""
        try:
            connection.limit(give_up)
            connection.request("GET", path, headers={"Accept": accept, "Accept-Encoding": "gzip"})
            response = connection.getresponse()
            chunks: list[bytes] = []
            while chunk := response.read1(_CHUNK_BYTES):
                chunks.append(chunk)
                connection.limit(give_up)
            response.read()  # read1 leaves the end unread, and the connection would not take another request
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        body = b"".join(chunks)
        if response.headers.get("Content-Encoding") == "gzip":
            body = zlib.decompress(body, wbits=31)
        return _answer(response, body)

    def _take_idle(self) -> _UnixConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: _UnixConnection) -> None:
        with self._lock:
            if (
                len(self._idle) < IDLE_KEPT
                and self._folder is not None
                and connection.path == self._folder / "s"
            ):
                self._idle.append(connection)
                return
        connection.close()

    def stream(self, path: str, *, connect_timeout_s: float, idle_s: float) -> Stream:
        """A connection of its own, which a watch keeps for itself."""
        connection = _UnixConnection(self.socket_path, connect_timeout_s)
        try:
            connection.request("GET", path, headers={"Accept": JSON})
            response = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        if response.status != http.client.OK:
            answer = _answer(response, response.read())
            connection.close()
            return _ProxyStream(answer, connection, response)
        if connection.sock is not None:
            connection.sock.settimeout(idle_s)
        return _ProxyStream(Answer(response.status, b""), connection, response)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        """Ends the proxy and removes its folder. The lock is held."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        process, self._process = self._process, None
        if process is not None:
            process.signal(signal.SIGTERM)
            process.wait()
        self._closing.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


class _ProxyStream:
    def __init__(
        self, answer: Answer, connection: _UnixConnection, response: http.client.HTTPResponse
    ) -> None:
        self._answer = answer
        self._connection = connection
        self._response = response

    @property
    def answer(self) -> Answer:
        return self._answer

    def lines(self) -> Iterator[bytes]:
        try:
            while line := self._response.readline():
                yield line
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            return  # closed here or there, or silent for too long: the reader decides what that means
        finally:
            self._connection.close()

    def close(self) -> None:
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def sweep(parent: Path, prefix: str = _FOLDER) -> None:
    """Removes the folders `<prefix><pid>-…` whose owner is gone: it was killed, and could not clear up (a proxy's, a
    private kubeconfig's). One that a helm still has on its command line stays: it reads its kubeconfig until its end."""
    for folder in parent.glob(f"{prefix}*"):
        owner = folder.name.removeprefix(prefix).partition("-")[0]
        with suppress(OSError):
            ours = owner.isdigit() and folder.stat().st_uid == os.getuid()
            if ours and not _alive(int(owner)) and not _named(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _named(folder: Path) -> bool:
    """Whether a process has the folder on its command line (proc(5); elsewhere than on Linux nobody is asked)."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if os.fsencode(folder) in command.read_bytes():
                return True
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    """The proxy answers 500 in plain text when it cannot reach the server; the API server itself answers in JSON."""
    kind = response.headers.get("Content-Type", "")
    if response.status >= 500 and "json" not in kind:
        return Answer(0, body.strip())
    try:
        after = float(response.headers["Retry-After"])
    except (KeyError, TypeError, ValueError):
        after = None
    return Answer(response.status, body, after)
