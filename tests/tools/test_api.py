"""Reads through the real `kubectl proxy`, from a server that misbehaves on demand."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from platformctl.errors import ClusterError, ForbiddenError, ToolError, UnreachableError
from platformctl.tools.api import ATTEMPTS, FIRST_ATTEMPTS, METADATA, Api
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.proxy import ProxyTransport
from platformctl.tools.transport import RawTransport
from platformctl.tools.watching import Changed, Deleted, Listed, Lost, WatchEvent
from tests.support.apiserver import FakeApiServer, Reply, Request, status


def _pods(*names: str, version: str = "7", more: str = "") -> dict[str, Any]:
    items = [{"metadata": {"name": name, "resourceVersion": version}} for name in names]
    return {"kind": "PodList", "items": items, "metadata": {"resourceVersion": version, "continue": more}}


def _event(kind: str, name: str, version: str) -> bytes:
    return (
        json.dumps(
            {"type": kind, "object": {"metadata": {"name": name, "resourceVersion": version}}}
        ).encode()
        + b"\n"
    )


def _nothing(held: threading.Event) -> Iterator[bytes]:
    """A stream that stays open and silent."""
    held.wait(20)
    yield from ()


def _names(event: WatchEvent) -> object:
    match event:
        case Listed(items):
            return "listed", [item["metadata"]["name"] for item in items]
        case Changed(item) | Deleted(item):
            return type(event).__name__.lower(), item["metadata"]["name"]
        case Lost():
            return "lost"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def api(aimed: Kubectl, slept: list[float]) -> Iterator[Api]:
    with Api(aimed, sleep=slept.append) as opened:
        yield opened


@pytest.fixture
def raw(aimed: Kubectl, slept: list[float]) -> Iterator[Api]:
    with Api(aimed, transport=RawTransport(aimed), sleep=slept.append) as opened:
        yield opened


def test_a_read_goes_through_the_proxy(api: Api, server: FakeApiServer) -> None:
    server.says({"/version": {"gitVersion": "v1.37.2"}})
    assert api.get("/version") == {"gitVersion": "v1.37.2"}
    assert (api.transport.name, api.note) == ("proxy", None)
    assert [request.path for request in server.requests] == ["/version"]


def test_each_read_is_one_request_over_the_connection_that_is_open(api: Api, server: FakeApiServer) -> None:
    server.says({"/version": {"a": 1}, "/long": {"a": "b" * 100_000}})
    for _ in range(5):
        api.get("/version")
        api.get("/long")
    assert isinstance(api.transport, ProxyTransport)
    assert (len(server.requests), len(api.transport._idle)) == (10, 1)


def test_what_does_not_exist_is_none(api: Api, raw: Api) -> None:
    assert (api.get("/nothing"), api.list_all("/nothing"), api.list("/nothing")) == (None, None, ())
    assert raw.get("/nothing") is None


def test_the_proxy_serves_on_a_socket_that_only_we_can_reach(api: Api, server: FakeApiServer) -> None:
    server.says({"/version": {}})
    api.get("/version")
    assert isinstance(api.transport, ProxyTransport)
    folder = api.transport.socket_path.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    listening = Path(f"/proc/{api.transport.pid}/net/tcp").read_text()
    ours = {
        str(entry.readlink())
        for entry in Path(f"/proc/{api.transport.pid}/fd").iterdir()
        if entry.is_symlink()
    }
    inodes = {line.split()[9] for line in listening.splitlines()[1:] if line.split()[3] == "0A"}
    assert not {inode for inode in inodes if f"socket:[{inode}]" in ours}, "the proxy listens on TCP"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_proxy_refuses_to_write(api: Api, server: FakeApiServer, method: str) -> None:
    server.says({"/version": {}})
    api.get("/version")
    transport = api.transport
    assert isinstance(transport, ProxyTransport)
    before = len(server.requests)
    connection = transport._take_idle()
    assert connection
    connection.request(method, "/api/v1/namespaces/x/pods/y", body=b"{}")
    assert connection.getresponse().status == 403
    connection.close()
    assert len(server.requests) == before


def test_closing_leaves_neither_process_nor_folder(aimed: Kubectl, server: FakeApiServer) -> None:
    server.says({"/version": {}})
    api = Api(aimed)
    api.get("/version")
    transport = api.transport
    assert isinstance(transport, ProxyTransport)
    pid, folder = transport.pid, transport.socket_path.parent
    api.close()
    assert not Path(f"/proc/{pid}").exists()
    assert not folder.exists()
    assert not [thread for thread in threading.enumerate() if "keeper" in thread.name]


def test_the_proxy_outlives_the_thread_of_the_first_read(api: Api, server: FakeApiServer) -> None:
    """The kernel's parent-death signal comes when the *thread* that started a process ends."""
    server.says({"/version": {"a": 1}})
    thread = threading.Thread(target=api.get, args=("/version",))
    thread.start()
    thread.join()
    assert isinstance(api.transport, ProxyTransport)
    pid = api.transport.pid
    time.sleep(0.2)
    assert api.get("/version") == {"a": 1}
    assert api.transport.pid == pid


def test_a_proxy_that_died_is_started_again(api: Api, server: FakeApiServer) -> None:
    server.says({"/version": {"a": 1}})
    api.get("/version")
    assert isinstance(api.transport, ProxyTransport)
    pid = api.transport.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert api.get("/version") == {"a": 1}
    assert api.transport.pid != pid


def test_a_kill_of_ours_takes_the_proxy_along(aimed: Kubectl, server: FakeApiServer) -> None:
    """kill -9 leaves no time for a farewell: the kernel ends the proxy, and the next start removes its folder."""
    assert aimed.access
    program = f"""
import os, sys, time
from pathlib import Path
from platformctl.tools.api import Api
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.process import ShRunner
kubectl = Kubectl(ShRunner(), Path({str(aimed.binary)!r}), (1, 37, 0), {dict(aimed.env)!r},
                  ClusterAccess(Path({str(aimed.access.kubeconfig)!r}), "fake"))
transport = Api(kubectl).transport
print(transport.pid, transport.socket_path.parent, flush=True)
time.sleep(60)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    pid, folder = child.stdout.readline().split()
    child.kill()
    child.wait()
    child.stdout.close()
    give_up = time.monotonic() + 5
    while (
        Path(f"/proc/{pid}/cmdline").exists()
        and Path(f"/proc/{pid}/cmdline").read_bytes()
        and time.monotonic() < give_up
    ):
        time.sleep(0.01)
    assert not (Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes())
    assert Path(folder).exists()
    with Api(aimed) as api:
        assert api.transport.name == "proxy"
        assert not Path(folder).exists()


def test_long_lists_come_in_chunks_and_compressed(api: Api, server: FakeApiServer) -> None:
    server.says(
        {
            "/api/v1/pods?limit=500": _pods("a" * 20_000, more="next"),
            "/api/v1/pods?limit=500&continue=next": _pods("b"),
        }
    )
    listing = api.list_all("/api/v1/pods")
    assert listing
    assert ([item["metadata"]["name"] for item in listing.items], listing.resource_version) == (
        ["a" * 20_000, "b"],
        "7",
    )
    assert all("gzip" in request.headers["Accept-Encoding"] for request in server.requests)


def test_a_list_whose_continuation_expired_is_read_again_in_one_piece(
    api: Api, server: FakeApiServer
) -> None:
    server.says(
        {
            "/api/v1/pods?limit=500": _pods("a", more="old"),
            "/api/v1/pods?limit=500&continue=old": status(410, "Expired", "too old"),
            "/api/v1/pods": _pods("a", "b"),
        }
    )
    assert [item["metadata"]["name"] for item in api.list("/api/v1/pods")] == ["a", "b"]


def test_the_short_form_is_asked_for(api: Api, server: FakeApiServer) -> None:
    server.says({"/api/v1/pods": _pods("a")})
    api.list("/api/v1/pods", accept=METADATA)
    assert server.requests[0].headers["Accept"] == METADATA


@pytest.mark.parametrize("code", [429, 500, 503, 504])
def test_what_passes_by_itself_is_tried_again(
    api: Api, server: FakeApiServer, slept: list[float], code: int
) -> None:
    replies = iter([status(code, "x", "wait"), status(code, "x", "wait"), Reply(200, {"a": 1})])
    server.answer = lambda _: next(replies)
    assert api.get("/version") == {"a": 1}
    assert slept == [0.1, 0.2]


def test_a_connection_that_breaks_is_tried_again(api: Api, server: FakeApiServer, slept: list[float]) -> None:
    replies = iter([Reply(cut=True), Reply(cut=True), Reply(200, {"a": 1})])
    server.answer = lambda _: next(replies)
    assert api.get("/version") == {"a": 1}
    assert slept  # Go's own client may have taken one of the two upon itself


def test_the_servers_wish_to_wait_is_honoured_within_reason(
    api: Api, server: FakeApiServer, slept: list[float]
) -> None:
    busy = status(429, "TooManyRequests", "busy")
    replies = iter(
        [Reply(429, busy.body, {"Retry-After": wish}) for wish in ("3", "3600")] + [Reply(200, {})]
    )
    server.answer = lambda _: next(replies)
    api.get("/version")
    assert slept == [3.0, 5.0]


def test_retries_end(api: Api, server: FakeApiServer, slept: list[float]) -> None:
    server.says({"/version": {}})
    api.get("/version")
    server.says({"/version": status(500, "InternalError", "etcdserver: request timed out")})
    with pytest.raises(ClusterError, match=r"^read /version .*: 500 etcdserver: request timed out$"):
        api.get("/version")
    assert len(slept) == ATTEMPTS - 1
    assert 8 < sum(slept) < 15


@pytest.mark.parametrize("code", [400, 409, 422])
def test_what_stays_wrong_is_not_tried_again(
    api: Api, server: FakeApiServer, slept: list[float], code: int
) -> None:
    server.says({"/version": status(code, "x", "no")})
    with pytest.raises(ClusterError, match=f"{code} no$"):
        api.get("/version")
    assert slept == []


@pytest.mark.parametrize("transport", ["api", "raw"])
def test_forbidden_says_what_and_why(
    transport: str, server: FakeApiServer, request: pytest.FixtureRequest
) -> None:
    reader: Api = request.getfixturevalue(transport)
    server.says({"/api/v1/secrets": status(403, "Forbidden", 'secrets is forbidden: User "ci" cannot list')})
    with pytest.raises(
        ForbiddenError, match=r'read /api/v1/secrets: .*secrets is forbidden: User "ci" cannot list'
    ):
        reader.get("/api/v1/secrets")


def test_expired_credentials_are_named_as_such(api: Api, raw: Api, server: FakeApiServer) -> None:
    server.says({"/version": status(401, "Unauthorized", "Unauthorized")})
    for reader in (api, raw):
        with pytest.raises(ClusterError, match="does not accept the credentials of context fake") as caught:
            reader.get("/version")
        assert not isinstance(
            caught.value, ForbiddenError
        )  # which would read as: everything else may be readable


@pytest.mark.parametrize("transport", ["proxy", "raw"])
def test_a_dead_server_is_unreachable_at_once_and_named(
    kubectl: Kubectl, tmp_path: Path, transport: str
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(FakeApiServer("http://127.0.0.1:1").kubeconfig())
    aimed = kubectl.on(ClusterAccess(kubeconfig, "fake", "http://127.0.0.1:1"))
    began = time.monotonic()
    with (
        Api(aimed, transport=RawTransport(aimed) if transport == "raw" else None) as api,
        pytest.raises(UnreachableError) as caught,
    ):
        api.get("/version")
    assert caught.value.message.startswith("reach the API server http://127.0.0.1:1 (context fake): ")
    assert "refused" in caught.value.message
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("transport", ["proxy", "raw"])
def test_a_silent_server_is_unreachable_within_the_limit(
    aimed: Kubectl, server: FakeApiServer, transport: str
) -> None:
    gone = threading.Event()

    def silence(_: Request) -> Reply:
        gone.wait(20)
        return Reply(cut=True)

    server.answer = silence
    began = time.monotonic()
    with (
        Api(
            aimed, connect_timeout_s=0.5, transport=RawTransport(aimed) if transport == "raw" else None
        ) as api,
        pytest.raises(UnreachableError, match=r"no answer within 0\.5 s"),
    ):
        api.get("/version")
    gone.set()
    assert time.monotonic() - began < 3


def test_an_answer_that_trickles_ends_at_the_deadline(api: Api, server: FakeApiServer) -> None:
    def trickle() -> Iterator[bytes]:
        for _ in range(100):
            yield b" "
            time.sleep(0.05)

    server.answer = lambda _: Reply(lines=trickle())
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="no answer within"):
        api.get("/version", timeout_s=0.4)
    assert time.monotonic() - began < 2


def test_the_first_contact_is_given_up_sooner_than_a_server_that_has_answered(
    api: Api, server: FakeApiServer, slept: list[float]
) -> None:
    server.answer = lambda _: Reply(cut=True)
    with pytest.raises(UnreachableError):
        api.get("/version")
    assert len(slept) == FIRST_ATTEMPTS - 1


def test_without_a_proxy_reading_goes_on_slowly_and_says_so(
    aimed: Kubectl, server: FakeApiServer, tmp_path: Path
) -> None:
    lame = tmp_path / "kubectl"
    lame.write_text(
        f'#!/bin/sh\ncase "$1" in proxy) echo "no sockets here" >&2; exit 1;; esac\nexec {aimed.binary} "$@"\n'
    )
    lame.chmod(0o700)
    server.says({"/version": {"a": 1}})
    crippled = Kubectl(aimed.runner, lame, aimed.version, aimed.env, aimed.access)
    with Api(crippled) as api:
        assert api.get("/version") == {"a": 1}
        assert (api.transport.name, api.note) == (
            "raw",
            "reading is slow: start kubectl proxy: no sockets here",
        )


def test_many_threads_share_one_proxy(api: Api, server: FakeApiServer) -> None:
    server.answer = lambda request: Reply(200, {"path": request.path})
    wrong: list[object] = []

    def read(at: int) -> None:
        for turn in range(20):
            path = f"/{at}/{turn}"
            if api.get(path) != {"path": path}:
                wrong.append(path)

    threads = [threading.Thread(target=read, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_cluster_chosen_is_an_error(kubectl: Kubectl) -> None:
    with pytest.raises(ToolError, match="no cluster was chosen"):
        Api(kubectl)


def test_a_watch_lists_and_then_tells_what_changes(api: Api, server: FakeApiServer) -> None:
    held = threading.Event()

    def lines() -> Iterator[bytes]:
        yield _event("ADDED", "b", "8")
        yield _event("BOOKMARK", "", "9")
        yield _event("MODIFIED", "a", "10")
        yield _event("DELETED", "b", "11")
        held.wait(10)

    server.answer = lambda request: (
        Reply(lines=lines()) if "watch=1" in request.path else Reply(200, _pods("a"))
    )
    watch = api.watch("/api/v1/pods")
    seen = [_names(event) for event in itertools.islice(iter(watch), 4)]
    watch.close()
    held.set()
    assert seen == [("listed", ["a"]), ("changed", "b"), ("changed", "a"), ("deleted", "b")]
    assert "resourceVersion=7&" in server.requests[-1].path


def test_a_watch_that_ended_goes_on_from_the_last_version(api: Api, server: FakeApiServer) -> None:
    streams = iter([[_event("ADDED", "b", "8"), _event("BOOKMARK", "", "42")], [_event("ADDED", "c", "43")]])

    def lines() -> Iterator[bytes]:
        yield from next(streams, [])
        time.sleep(1.1)

    server.answer = lambda request: (
        Reply(lines=lines()) if "watch=1" in request.path else Reply(200, _pods("a"))
    )
    watch = api.watch("/api/v1/pods")
    seen = [_names(event) for event in itertools.islice(iter(watch), 3)]
    watch.close()
    assert seen == [("listed", ["a"]), ("changed", "b"), ("changed", "c")]
    assert [request.path for request in server.requests if "watch" in request.path][1].count(
        "resourceVersion=42&"
    ) == 1


@pytest.mark.parametrize("how", ["event", "answer"])
def test_an_expired_watch_lists_again(api: Api, server: FakeApiServer, how: str) -> None:
    lists = iter([_pods("a"), _pods("a", "b", version="50")])
    gone = status(410, "Expired", "too old resource version")
    held = threading.Event()

    def answer(request: Request) -> Reply:
        if "watch=1" not in request.path:
            return Reply(200, next(lists))
        if "resourceVersion=50&" in request.path:
            return Reply(lines=_nothing(held))
        if how == "answer":
            return gone
        return Reply(lines=iter([json.dumps({"type": "ERROR", "object": gone.body}).encode() + b"\n"]))

    server.answer = answer
    watch = api.watch("/api/v1/pods")
    seen = [_names(event) for event in itertools.islice(iter(watch), 2)]
    watch.close()
    held.set()
    assert seen == [("listed", ["a"]), ("listed", ["a", "b"])]


def test_a_server_that_goes_away_is_waited_for(api: Api, server: FakeApiServer) -> None:
    server.says({"/api/v1/pods?limit=500": _pods("a"), "/api/v1/pods": Reply(cut=True)})
    watch = api.watch("/api/v1/pods")
    events = iter(watch)
    seen = [_names(next(events))]
    server.answer = lambda _: Reply(cut=True)
    seen.append(_names(next(events)))
    server.says({"/api/v1/pods": _pods("b")})
    seen.append(_names(next(events)))
    watch.close()
    assert seen == [("listed", ["a"]), "lost", ("listed", ["b"])]


def test_a_watch_that_may_not_be_read_is_an_error(api: Api, server: FakeApiServer) -> None:
    server.says({"/api/v1/pods": status(403, "Forbidden", "cannot list pods")})
    with pytest.raises(ForbiddenError, match="cannot list pods"):
        next(iter(api.watch("/api/v1/pods")))


def test_closing_a_watch_wakes_its_reader_at_once(api: Api, server: FakeApiServer) -> None:
    held = threading.Event()
    server.answer = lambda request: (
        Reply(lines=_nothing(held)) if "watch=1" in request.path else Reply(200, _pods())
    )
    watch = api.watch("/api/v1/pods")
    reader = threading.Thread(target=lambda: list(watch))
    reader.start()
    time.sleep(0.5)
    began = time.monotonic()
    watch.close()
    reader.join(5)
    held.set()
    assert not reader.is_alive()
    assert time.monotonic() - began < 0.5


def test_without_a_proxy_a_watch_lists_again_and_again(raw: Api, server: FakeApiServer) -> None:
    lists = iter([_pods("a"), _pods("b")])
    server.answer = lambda _: Reply(200, next(lists))
    watch = raw.watch("/api/v1/pods")
    seen = [_names(event) for event in itertools.islice(iter(watch), 2)]
    watch.close()
    assert seen == [("listed", ["a"]), ("listed", ["b"])]
