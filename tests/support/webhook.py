"""A real admission webhook on loopback, with a certificate of its own, that says yes or no as it is told."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.certificates import Certificates


@dataclass(slots=True)
class Webhook:
    """`denies` is the reason to refuse with; None accepts. `asked` counts."""

    url: str
    ca: str  # base64 of the PEM
    denies: str | None = None
    asked: int = 0

    def configuration(self, name: str, group: str, plural: str, namespace: str) -> dict[str, Any]:
        """Registers it for creations in one namespace."""
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [
                {
                    "name": "gate.example.com",
                    "clientConfig": {"url": self.url, "caBundle": self.ca},
                    "rules": [
                        {
                            "apiGroups": [group],
                            "apiVersions": ["*"],
                            "operations": ["CREATE"],
                            "resources": [plural],
                        }
                    ],
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "failurePolicy": "Fail",
                    "timeoutSeconds": 2,
                }
            ],
        }


@contextmanager
def webhook(certificates: Certificates) -> Iterator[Webhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked += 1
            response: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": told.denies is None}
            if told.denies is not None:
                response["status"] = {"message": told.denies}
            body = json.dumps(
                {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
            )
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    told = Webhook(
        f"https://127.0.0.1:{server.server_address[1]}/validate",
        base64.b64encode(certificates.ca.read_bytes()).decode(),
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
