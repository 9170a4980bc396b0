"""How a read reaches the API server, as a protocol, and the slow way: `kubectl get --raw` for each read.

`tools.proxy` has the quick way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from platformctl.tools.kubectl import Kubectl, complaint

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` 0 means that no API server answered, and `body` says why."""

    status: int
    body: bytes = field(repr=False)
    retry_after_s: float | None = None
    timed_out: bool = False


class Stream(Protocol):
    """A watch that is open: one JSON document per line."""

    @property
    def answer(self) -> Answer:
        """Status 200, or the refusal."""
        ...

    def lines(self) -> Iterator[bytes]:
        """Until the server ends it, `close` is called, or nothing came for the idle limit."""
        ...

    def close(self) -> None:
        """From any thread; a reader that waits for the next line comes back at once."""
        ...


class Transport(Protocol):
    name: str

    def request(self, path: str, *, accept: str, timeout_s: float) -> Answer: ...

    def stream(self, path: str, *, connect_timeout_s: float, idle_s: float) -> Stream | None:
        """None when this transport cannot watch."""
        ...

    def close(self) -> None: ...


class RawTransport:
    """`kubectl get --raw` for each read. It cannot ask for a short form of things, nor watch."""

    name = "raw"

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def request(self, path: str, *, accept: str, timeout_s: float) -> Answer:  # noqa: ARG002 - kubectl asks for JSON
        done = self._kubectl.get_raw(path, timeout_s=timeout_s)
        if done.ok:
            return Answer(200, done.stdout)
        if done.timed_out:
            return no_answer(timeout_s)
        text = complaint(done)
        statuses = {
            "(NotFound)": 404, "(Forbidden)": 403, "(Unauthorized)": 401, "(Expired)": 410, "(Gone)": 410,
            "(TooManyRequests)": 429, "(ServiceUnavailable)": 503, "(Timeout)": 504, "(InternalError)": 500,
            "(BadRequest)": 400, "the server could not find the requested resource": 404,
        }  # fmt: skip
        status = next((code for mark, code in statuses.items() if mark in text), 0)
        return Answer(status, text.encode())

    def stream(self, path: str, *, connect_timeout_s: float, idle_s: float) -> Stream | None:  # noqa: ARG002
        return None

    def close(self) -> None:
        return None


def no_answer(timeout_s: float) -> Answer:
    return Answer(0, f"no answer within {timeout_s:g} s".encode(), timed_out=True)
