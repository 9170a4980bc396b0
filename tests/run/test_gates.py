"""Gates over addresses, against a real server on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from platformctl.catalog.models import HttpGate
from platformctl.run.executor import Performed
from platformctl.run.gates import answers, is_loopback
from platformctl.run.result import Status
from tests.support.apiserver import FakeApiServer, Reply, serve


@pytest.fixture
def server() -> Iterator[FakeApiServer]:
    with serve() as running:
        yield running


def _ask(
    url: str, *, expect: int = 200, within: str = "2s", sandbox: bool = False
) -> tuple[Performed, list[str]]:
    said: list[str] = []
    gate = HttpGate(url=url, expect=expect, within=within)
    return answers(gate, threading.Event(), said.append, sandbox=sandbox), said


def test_the_expected_answer_passes(server: FakeApiServer) -> None:
    server.says({"/health": {}})
    done, said = _ask(f"{server.url}/health")
    assert (done, said) == (Performed(Status.OK, f"GET {server.url}/health answers 200"), [])


def test_an_answer_that_comes_later_passes_then(server: FakeApiServer) -> None:
    replies = iter([Reply(503), Reply(503), Reply(200)])
    server.answer = lambda _: next(replies)
    done, said = _ask(f"{server.url}/", within="10s")
    assert done.status is Status.OK
    assert said == [f"GET {server.url}/ answers 503, not 200"]


def test_another_answer_fails_with_it(server: FakeApiServer) -> None:
    server.answer = lambda _: Reply(502)
    done, _ = _ask(f"{server.url}/", within="500ms")
    assert done == Performed(Status.FAILED, f"not passed within 0.5s: GET {server.url}/ answers 502, not 200")


def test_no_answer_fails_with_the_reason() -> None:
    done, _ = _ask("http://127.0.0.1:1/", within="300ms")
    assert done.status is Status.FAILED
    assert "Connection refused" in done.detail


def test_an_answer_that_is_no_http_is_a_reason_to_ask_again_and_no_bug() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def talk() -> None:
            for _ in range(2):  # at once, and again at the end
                with suppress(TimeoutError), listener.accept()[0] as peer:
                    peer.recv(1024)
                    peer.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        talking = threading.Thread(target=talk)
        talking.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        done, _ = _ask(url, within="500ms")
        talking.join()
    assert done.status is Status.FAILED
    assert f"GET {url}: SSH-2.0-OpenSSH_9.6" in done.detail


def test_an_error_status_may_be_what_is_expected(server: FakeApiServer) -> None:
    server.answer = lambda _: Reply(401)
    assert _ask(f"{server.url}/", expect=401)[0].status is Status.OK


def test_a_redirect_is_followed_unless_it_is_what_is_expected(server: FakeApiServer) -> None:
    server.says({"/": Reply(302, headers={"Location": "/login"}), "/login": {}})
    assert _ask(f"{server.url}/")[0].status is Status.OK
    assert _ask(f"{server.url}/", expect=302)[0].status is Status.OK


def test_a_proxy_of_the_environment_is_passed_by_on_loopback(
    server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server.says({"/": {}})
    assert _ask(f"{server.url}/")[0].status is Status.OK


def test_on_the_sandbox_only_loopback_is_asked(server: FakeApiServer) -> None:
    server.says({"/": {}})
    assert _ask(f"{server.url}/", sandbox=True)[0].status is Status.OK
    done, said = _ask("https://cocdev.co.kr/api/health", sandbox=True)
    assert (done, said) == (
        Performed(Status.SKIPPED, "not checked (pods are played): GET https://cocdev.co.kr/api/health"),
        [],
    )


def test_a_request_to_stop_is_followed(server: FakeApiServer) -> None:
    server.answer = lambda _: Reply(502)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    done = answers(HttpGate(url=f"{server.url}/"), stop, lambda _: None, sandbox=False)
    assert done.status is Status.INTERRUPTED
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.96.3.4", True), ("::1", True), ("localhost", True), ("10.0.0.1", False),
     ("127.0.0.1.example.com", False), ("", False)],
)  # fmt: skip
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
