"""A small HTTP server on loopback that answers as it is told, where a real API server cannot be made to misbehave."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str  # with its query
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """`lines` are sent one by one, each as soon as the iterator gives it: a watch."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: Iterator[bytes] | None = None
    raw: bytes | None = None
    cut: bool = False  # close the connection instead of answering


def status(code: int, reason: str, message: str) -> Reply:
    """A refusal as the API server words it."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return Reply(code, body)


@dataclass(slots=True)
class FakeApiServer:
    """Answers come from `answer`; `requests` is what was asked."""

    url: str
    answer: Callable[[Request], Reply] = lambda _: status(404, "NotFound", "nothing here")
    requests: list[Request] = field(default_factory=list)

    def kubeconfig(self) -> str:
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "fake",
                "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                "users": [{"name": "fake", "user": {"token": "planted-token"}}],
                "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
            }
        )

    def says(self, routes: Mapping[str, Any]) -> None:
        """Path (with or without its query) → body or Reply; anything else is not found."""

        def answer(request: Request) -> Reply:
            found = routes.get(request.path, routes.get(request.path.partition("?")[0]))
            if found is None:
                return status(404, "NotFound", "nothing here")
            return found if isinstance(found, Reply) else Reply(200, found)

        self.answer = answer


@contextmanager
def serve() -> Iterator[FakeApiServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._respond()

        def _respond(self) -> None:
            request = Request(self.command, self.path, dict(self.headers))
            fake.requests.append(request)
            reply = fake.answer(request)
            if reply.cut:
                self.close_connection = True
                return
            if reply.lines is not None:
                self._stream(reply.lines)
                return
            body = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
            zipped = "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 10_000
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if zipped:
                body = gzip.compress(body)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, lines: Iterator[bytes]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            for line in lines:
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that goes away in the middle is what some tests are about

    httpd = Server(("127.0.0.1", 0), Handler)
    fake = FakeApiServer(f"http://127.0.0.1:{httpd.server_address[1]}")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
