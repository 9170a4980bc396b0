"""A small client for the sandbox's own API server: JSON over one kept connection, always on loopback.

The product reads and writes clusters through kubectl and helm; this is only for what makes and watches a sandbox,
where starting a process for each request would cost more than all of the start.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from platformctl.errors import ClusterError, UnreachableError

_TIMEOUT_S: Final = 10.0


# How a kept connection that the server has closed shows itself; TLS without a goodbye is an SSLEOFError.
_CLOSED: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and parsed body; `body` is empty where the answer was not a JSON object."""

    status: int
    body: dict[str, Any]
    etag: str = ""

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def message(self) -> str:
        return str(self.body.get("message") or f"status {self.status}")


class Client:
    """Not for several threads at once."""

    def __init__(self, server: str, ca: str, token: str) -> None:
        self.server = server
        host, _, port = server.removeprefix("https://").rpartition(":")
        context = ssl.create_default_context(cadata=ca)
        self._connection = http.client.HTTPSConnection(host, int(port), timeout=_TIMEOUT_S, context=context)
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "platformctl-sandbox"}

    @classmethod
    def of(cls, kubeconfig: Path) -> Client:
        """From a kubeconfig that credentials.kubeconfig() wrote."""
        read = json.loads(kubeconfig.read_text(encoding="utf-8"))
        cluster = read["clusters"][0]["cluster"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return cls(cluster["server"], ca, read["users"][0]["user"]["token"])

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Any status is an answer. Raises UnreachableError when there is none."""
        data = None if body is None else json.dumps(body).encode()
        sent = {**self._headers, "Content-Type": "application/json", **(headers or {})}
        kept = self._connection.sock is not None
        try:
            try:
                response, text = self._send(method, path, data, sent)
            except _CLOSED:
                self.close()
                if not kept:  # else the server had closed it, idle, before it saw this request
                    raise
                response, text = self._send(method, path, data, sent)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnreachableError(f"{method} {path} on the sandbox at {self.server}: {error}") from None
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        return Answer(
            response.status, parsed if isinstance(parsed, dict) else {}, response.headers.get("ETag") or ""
        )

    def get(self, path: str) -> dict[str, Any] | None:
        """None when it does not exist. Raises ClusterError for any other refusal."""
        answer = self.request("GET", path)
        if answer.status == 404:
            return None
        if not answer.ok:
            raise ClusterError(f"read {path} on the sandbox: {answer.message}")
        return answer.body

    def create(self, path: str, body: Mapping[str, Any]) -> bool:
        """False when it is there already. Raises ClusterError when refused."""
        answer = self.request("POST", path, body)
        if answer.status == 409:
            return False
        if not answer.ok:
            name = body.get("metadata", {}).get("name", "")
            raise ClusterError(f"create {body.get('kind')} {name} on the sandbox: {answer.message}")
        return True

    def _send(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, path, data, headers)
        response = self._connection.getresponse()
        return response, response.read()

    def close(self) -> None:
        self._connection.close()
