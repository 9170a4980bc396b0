"""Secrets as helm writes them, for tests of what reads them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any


def helm_secret(
    name: str = "web",
    revision: int = 1,
    status: str = "deployed",
    *,
    namespace: str = "stg",
    labels: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    packed: str | None = None,
) -> dict[str, Any]:
    """`body` changes what the record says; `packed` replaces it as a whole, as it stands in the Secret."""
    record = {
        "name": name,
        "namespace": namespace,
        "version": revision,
        "info": {
            "status": status,
            "last_deployed": "2026-11-20T09:17:00Z",
            "description": "Upgrade complete",
        },
        "chart": {"metadata": {"name": "plate-web", "version": "0.3.0"}},
        "config": {"image": {"tag": "1.27"}},
        "manifest": "---\nkind: ConfigMap\n",
        **(body or {}),
    }
    return {
        "metadata": {
            "name": f"sh.helm.release.v1.{name}.v{revision}",
            "namespace": namespace,
            "labels": {
                "owner": "helm",
                "name": name,
                "version": str(revision),
                "status": status,
                **(labels or {}),
            },
        },
        "type": "helm.sh/release.v1",
        "data": {"release": packed if packed is not None else pack(json.dumps(record).encode())},
    }


def pack(data: bytes) -> str:
    return base64.b64encode(base64.b64encode(gzip.compress(data, mtime=0))).decode()
