"""A chart repository and an OCI registry on 127.0.0.1. Each counts what it was asked for, and with which login."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.charts_stage.builders import sha256

USER, PASSWORD = "robot", "s3cr3t-of-the-registry"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Served:
    """A server that runs. `asked` are the paths of the requests that were answered with 200 to GET, in order."""

    url: str
    asked: list[str] = field(default_factory=list)
    refused: int = 0


Answer = Callable[[str], tuple[str, bytes] | None]  # path → content type and body; None: 404


@contextmanager
def serving(answer: Answer, *, login: bool = False, tls: Path | None = None) -> Iterator[Served]:
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.respond(body_too=True)

        def do_HEAD(self) -> None:
            self.respond(body_too=False)

        def respond(self, *, body_too: bool) -> None:
            if login and self.headers.get("Authorization") != expected:
                served.refused += 1
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="charts"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            found = answer(self.path)
            kind, body = found or ("text/plain", b"not here")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", f"sha256:{sha256(body)}")
            self.end_headers()
            if found and body_too:
                served.asked.append(self.path)
            if body_too:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that does not trust us hangs up
    scheme = "https" if tls else "http"
    served = Served(f"{scheme}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def repository(charts: Mapping[tuple[str, str], bytes], *, with_digest: bool = True) -> Answer:
    """A chart repository: index.yaml and the archives, which it names relative to itself."""
    entries: dict[str, list[dict[str, object]]] = {}
    for (name, version), content in charts.items():
        row: dict[str, object] = {
            "apiVersion": "v2",
            "name": name,
            "version": version,
            "urls": [f"{name}-{version}.tgz"],
        }
        entries.setdefault(name, []).append(row | ({"digest": sha256(content)} if with_digest else {}))
    index = json.dumps({"apiVersion": "v1", "entries": entries}).encode()
    bodies = {
        f"/{name}-{version}.tgz": ("application/gzip", content) for (name, version), content in charts.items()
    }
    return {"/index.yaml": ("text/yaml", index), **bodies}.get


def registry(charts: Mapping[tuple[str, str], bytes], folder: str = "charts") -> Answer:
    """An OCI registry that can only be pulled from: `oci://127.0.0.1:PORT/charts`."""
    bodies: dict[str, tuple[str, bytes]] = {"/v2/": ("application/json", b"{}")}
    for (name, version), content in charts.items():
        config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        layers = [_described("application/vnd.cncf.helm.chart.content.v1.tar+gzip", content)]
        described = _described("application/vnd.cncf.helm.config.v1+json", config)
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": described, "layers": layers}
        ).encode()
        base = f"/v2/{folder}/{name}"
        for reference in (version, f"sha256:{sha256(manifest)}"):
            bodies[f"{base}/manifests/{reference}"] = (MANIFEST_TYPE, manifest)
        for blob in (config, content):
            bodies[f"{base}/blobs/sha256:{sha256(blob)}"] = ("application/octet-stream", blob)
    return bodies.get


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {
        "mediaType": kind,
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "size": len(content),
    }
