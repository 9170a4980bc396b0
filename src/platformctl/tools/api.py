"""Read-only access to a Kubernetes API: get, list, watch and discovery, with deadlines, retries and typed errors.

Not found is None. What goes wrong is UnreachableError (no answer), ForbiddenError (an answer, and it is no) or
ClusterError. Only reads are retried, and only for what passes by itself: 429, 500, 503, 504 and broken connections.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from platformctl.errors import ClusterError, ForbiddenError, ToolError, UnreachableError
from platformctl.tools import discovery
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.discovery import AGGREGATED, Discovery
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.proxy import ProxyTransport
from platformctl.tools.transport import JSON, Answer, RawTransport, Transport
from platformctl.tools.watching import Watch

CONNECT_TIMEOUT_S: Final = 5.0
TIMEOUT_S: Final = 30.0
# Waits of 0.1, 0.2, 0.4 … 2 s between attempts: under a second for the first contact, about 10 s once it has answered
# (an API server that restarts).
FIRST_ATTEMPTS: Final = 4
ATTEMPTS: Final = 9
CHUNK: Final = 500
METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listing:
    """All items of a list, and the version to watch from."""

    items: tuple[dict[str, Any], ...] = field(repr=False)
    resource_version: str


class Api:
    """One cluster. Starts its transport at the first request; close it when the work is done. Threads may share it."""

    def __init__(
        self,
        kubectl: Kubectl,
        *,
        transport: Transport | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        timeout_s: float = TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if kubectl.access is None:
            raise ToolError("read a cluster: no cluster was chosen")
        self.access: ClusterAccess = kubectl.access
        self.note: str | None = None  # why the slow transport is in use
        self._kubectl = kubectl
        self._transport = transport
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._lock = threading.Lock()
        self._answered = False
        self._discovery: Discovery | None = None

    @property
    def server(self) -> str:
        return self.access.server or f"of context {self.access.context}"

    @property
    def transport(self) -> Transport:
        """The proxy when it starts, else one kubectl for each read."""
        with self._lock:
            if self._transport is None:
                proxy = ProxyTransport(self._kubectl)
                try:
                    proxy.start()
                    self._transport = proxy
                except (ToolError, OSError) as error:
                    self.note = f"reading is slow: {error}"
                    self._transport = RawTransport(self._kubectl)
            return self._transport

    def get(
        self, path: str, query: Query | None = None, *, accept: str = JSON, timeout_s: float | None = None
    ) -> dict[str, Any] | None:
        """One document, None when it does not exist."""
        answer = self._fetch(path, query, accept, timeout_s)
        if answer.status == 404:
            return None
        parsed = json.loads(answer.body)
        if not isinstance(parsed, dict):
            raise ClusterError(f"read {path} from the API server {self.server}: not an object")
        return parsed

    def list_all(
        self, path: str, query: Query | None = None, *, accept: str = JSON, chunk: int = CHUNK
    ) -> Listing | None:
        """Everything under a path, fetched in chunks; None when the server does not serve it.

        A list that changes so quickly that its continuation expires (410) is read again in one piece.
        """
        items: list[dict[str, Any]] = []
        asked = {**(query or {}), "limit": str(chunk)}
        while True:
            try:
                page = self.get(path, asked, accept=accept)
            except _ExpiredError:
                items, asked = [], dict(query or {})
                continue
            if page is None:
                return None
            items += page.get("items") or []
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return Listing(tuple(items), str(metadata.get("resourceVersion", "")))
            asked = {**asked, "continue": metadata["continue"]}

    def list(
        self, path: str, query: Query | None = None, *, accept: str = JSON
    ) -> tuple[dict[str, Any], ...]:
        """The items of `list_all`; none when the server does not serve it."""
        listing = self.list_all(path, query, accept=accept)
        return listing.items if listing else ()

    def watch(self, path: str, query: Query | None = None) -> Watch:
        """Everything under a path and then what changes, until it is closed: see `tools.watching`."""
        return Watch(
            lambda: self.list_all(path, query),
            lambda version: self.transport.stream(
                with_query(path, {**(query or {}), **watch_query(version)}),
                connect_timeout_s=self._timeout_s,
                idle_s=WATCH_IDLE_S,
            ),
        )

    def discovery(self, *, refresh: bool = False) -> Discovery:
        """What the server serves; remembered until `refresh`."""
        if self._discovery is None or refresh:
            core = self.get("/api", accept=AGGREGATED) or {}
            groups = self.get("/apis", accept=AGGREGATED) or {}
            if discovery.is_aggregated(core) and discovery.is_aggregated(groups):
                self._discovery = discovery.from_aggregated(core, groups)
            else:
                paths = list(discovery.group_versions(core, groups))
                self._discovery = discovery.from_lists({path: self._part(path) for path in paths})
        return self._discovery

    def _part(self, path: str) -> dict[str, Any] | None:
        try:
            return self.get(path)
        except ClusterError:  # an aggregated API whose server is down must not hide all others
            return None

    def close(self) -> None:
        with self._lock:
            if self._transport is not None:
                self._transport.close()
                self._transport = None

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fetch(self, path: str, query: Query | None, accept: str, timeout_s: float | None) -> Answer:
        """200 or 404; everything else is raised."""
        limit_s = timeout_s or (self._timeout_s if self._answered else self._connect_timeout_s)
        full = with_query(path, query)
        retrying = Retrying(
            retry=retry_if_result(_passes),
            stop=stop_after_attempt(ATTEMPTS if self._answered else FIRST_ATTEMPTS),
            wait=_wait,
            sleep=self._sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        answer: Answer = retrying(self._request, full, accept, limit_s)
        if answer.status:
            self._answered = True
        if answer.status in (200, 404):
            return answer
        raise self._error(path, answer)

    def _request(self, path: str, accept: str, timeout_s: float) -> Answer:
        try:
            return self.transport.request(path, accept=accept, timeout_s=timeout_s)
        except (OSError, ToolError, http.client.HTTPException) as error:
            return Answer(0, str(error).encode())

    def _error(self, path: str, answer: Answer) -> ClusterError:
        said = _said(answer.body)
        match answer.status:
            case 0:
                return UnreachableError(
                    f"reach the API server {self.server} (context {self.access.context}): {said}",
                    hint="is the cluster up? another one:  --context NAME;  a throwaway one:  --sandbox",
                )
            case 401:
                return ClusterError(
                    f"read {path}: the API server {self.server} does not accept the credentials of context "
                    f"{self.access.context}: {said}",
                    hint="log in again, then repeat the command",
                )
            case 403:
                return ForbiddenError(f"read {path}: {said}", hint="ask for the permission to read it")
            case 410:
                return _ExpiredError(f"read {path}: {said}")
            case status:
                return ClusterError(f"read {path} from the API server {self.server}: {status} {said}")


WATCH_IDLE_S: Final = 120.0  # bookmarks come about every minute; silence for longer means a dead connection


def watch_query(version: str) -> dict[str, str]:
    return {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": "290"}


def with_query(path: str, query: Query | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


class _ExpiredError(ClusterError):
    """410: what the request builds on is too old."""


def _passes(answer: Answer) -> bool:
    """May be different in a moment. A time-out is not tried again: it has used up the caller's time already."""
    return answer.status in (429, 500, 503, 504) or (answer.status == 0 and not answer.timed_out)


_exponential: Final = wait_exponential(multiplier=0.1, max=2.0)


def _wait(state: RetryCallState) -> float:
    """The server's own wish (Retry-After) when it is longer, within reason."""
    answer = state.outcome.result() if state.outcome else None
    wished = answer.retry_after_s if isinstance(answer, Answer) and answer.retry_after_s else 0.0
    return max(_exponential(state), min(wished, 5.0))


def _said(body: bytes) -> str:
    """The message of a Status object, else the text itself."""
    try:
        parsed = json.loads(body)
        return str(parsed["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()[:500] or "no reason was given"
