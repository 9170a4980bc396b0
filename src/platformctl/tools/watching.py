"""A watch that does not end: list, then what changes, and again after every interruption, until it is closed.

An expired version (410) is answered by listing again, an ended stream by going on from the last version, a server that
is away by `Lost` and patience. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from platformctl.errors import ToolError, UnreachableError
from platformctl.tools.transport import Stream

RELIST_S: Final = 2.0  # where the transport cannot watch, or nothing is served yet
_BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Listed:
    """Everything that is there now; replaces what was known before."""

    items: tuple[dict[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """New, or different."""

    item: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deleted:
    item: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """The server does not answer; `Listed` comes when it does again."""

    reason: str


WatchEvent = Listed | Changed | Deleted | Lost


class _Listing(Protocol):
    @property
    def items(self) -> tuple[dict[str, Any], ...]: ...
    @property
    def resource_version(self) -> str: ...


class Watch:
    """Iterate in one thread, close from any."""

    def __init__(
        self, list_all: Callable[[], _Listing | None], stream: Callable[[str], Stream | None]
    ) -> None:
        self._list_all = list_all
        self._stream = stream
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: Stream | None = None

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            if self._open is not None:
                self._open.close()

    def __iter__(self) -> Iterator[WatchEvent]:
        """Raises ForbiddenError and ClusterError of the list; an unreachable server is an event, not an error."""
        failures = 0
        while not self._closed.is_set():
            try:
                listing = self._list_all()
            except UnreachableError as error:
                yield Lost(error.message)
                failures = self._back_off(failures)
                continue
            if listing is None:
                yield Listed(())
                self._closed.wait(RELIST_S)
                continue
            yield Listed(listing.items)
            began = time.monotonic()
            yield from self._changes(listing.resource_version)
            failures = 0 if time.monotonic() - began > 1.0 else self._back_off(failures)

    def _changes(self, version: str) -> Iterator[WatchEvent]:
        """From `version` on; ends when the list has to be read again."""
        while not self._closed.is_set():
            stream = self._begin(version)
            if stream is None:
                return
            began = time.monotonic()
            for line in stream.lines():
                try:
                    event = json.loads(line)
                except ValueError:
                    break  # torn: the connection ended in the middle of it
                if event.get("type") not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
                    return  # ERROR: the version is too old, or the server cannot go on
                version = event["object"]["metadata"].get("resourceVersion", version)
                match event["type"]:
                    case "ADDED" | "MODIFIED":
                        yield Changed(event["object"])
                    case "DELETED":
                        yield Deleted(event["object"])
                    case _:
                        pass  # BOOKMARK: the version is all that it brings
            with self._lock:
                self._open = None
            if time.monotonic() - began < 1.0:
                return  # ended at once: something is wrong, list again

    def _begin(self, version: str) -> Stream | None:
        """An open stream; None when the list has to be read again, at once or after a pause."""
        try:
            stream = self._stream(version)
        except (OSError, http.client.HTTPException, ToolError):  # ToolError: the proxy is being started again
            return None
        if stream is None:
            self._closed.wait(RELIST_S)
            return None
        if stream.answer.status != http.client.OK:
            return None  # its connection is closed already
        with self._lock:
            self._open = stream
            if self._closed.is_set():
                stream.close()  # reading it ends at once, and gives the connection up
        return stream

    def _back_off(self, failures: int) -> int:
        self._closed.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
        return failures + 1
