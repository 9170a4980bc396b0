"""The small HTTP client, against a server that closes idle connections."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from platformctl.errors import UnreachableError
from platformctl.sandbox.client import Client

ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "7"\r\nContent-Length: 8\r\n\r\n{"a": 1}'
)


@pytest.fixture
def closing_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[bytes]]]:
    """Answers one request per connection and closes it without a word, like an idle timeout. No TLS here."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(65536).split(b"\r\n")[0])
                connection.sendall(ANSWER)

    thread = threading.Thread(target=serve)
    thread.start()
    plain = http.client.HTTPConnection
    monkeypatch.setattr(
        "http.client.HTTPSConnection",
        lambda host, port, timeout, context: plain(host, port),
    )
    monkeypatch.setattr("ssl.create_default_context", lambda cadata: None)
    yield f"https://127.0.0.1:{listener.getsockname()[1]}", seen
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_a_connection_that_was_closed_while_idle_is_made_again(
    closing_server: tuple[str, list[bytes]],
) -> None:
    server, seen = closing_server
    client = Client(server, "", "token")
    answers = [client.request("GET", f"/{number}") for number in range(3)]
    client.close()
    assert [(answer.status, answer.body, answer.etag) for answer in answers] == [(200, {"a": 1}, '"7"')] * 3
    assert seen == [b"GET /0 HTTP/1.1", b"GET /1 HTTP/1.1", b"GET /2 HTTP/1.1"]


def test_nobody_there_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = f"https://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setattr("ssl.create_default_context", lambda cadata: None)
    client = Client(server, "", "token")
    with pytest.raises(
        UnreachableError, match=r"GET /x on the sandbox at https://127\.0\.0\.1:\d+: .*refused"
    ):
        client.request("GET", "/x")
