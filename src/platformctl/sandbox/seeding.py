"""Secrets with random values, for what a sandbox cannot have: those that the catalog requires.

They are made by the sandbox's own user, so that the audit log does not count them as writes of platformctl, and carry
a label, by which `sandbox status` lists them together with those that played ExternalSecrets made.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from platformctl.sandbox.client import Client
from platformctl.sandbox.stages import SEEDED_LABEL, SEEDED_VALUE


@dataclass(frozen=True, slots=True, order=True)
class SecretWanted:
    """A Secret that must be there. `type` is Kubernetes' own; its mandatory keys are added by themselves."""

    namespace: str
    name: str
    keys: tuple[str, ...] = ()
    type: str = "Opaque"


def seed(admin: Path, wanted: Iterable[SecretWanted]) -> tuple[str, ...]:
    """Makes the Secrets that are not there, and their namespaces; `namespace/name` of those made now.

    `admin` is the kubeconfig of the sandbox's own user. Raises ClusterError when one is refused.
    """
    client = Client.of(admin)
    try:
        return tuple(
            sorted(f"{item.namespace}/{item.name}" for item in sorted(set(wanted)) if _make(client, item))
        )
    finally:
        client.close()


def seeded(client: Client) -> tuple[str, ...]:
    """`namespace/name` of every Secret with random values, sorted."""
    found = client.get(f"/api/v1/secrets?labelSelector={quote(f'{SEEDED_LABEL}={SEEDED_VALUE}')}") or {}
    items = (item["metadata"] for item in found.get("items", []))
    return tuple(sorted(f"{metadata['namespace']}/{metadata['name']}" for metadata in items))


def secret(item: SecretWanted) -> dict[str, Any]:
    """The object, with new random values: 32 characters for each key."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": item.name,
            "namespace": item.namespace,
            "labels": {SEEDED_LABEL: SEEDED_VALUE},
        },
        "type": item.type,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in _values(item).items()},
    }


def _values(item: SecretWanted) -> Mapping[str, str]:
    match item.type:
        case "kubernetes.io/dockerconfigjson":
            mandatory = {".dockerconfigjson": json.dumps({"auths": {}})}
        case "kubernetes.io/tls":
            mandatory = {"tls.crt": _random(), "tls.key": _random()}
        case "kubernetes.io/basic-auth":
            mandatory = {"username": "sandbox", "password": _random()}
        case _:
            mandatory = {}
    return {**{key: _random() for key in item.keys}, **mandatory}


def _random() -> str:
    return secrets.token_urlsafe(24)


def _make(client: Client, item: SecretWanted) -> bool:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": item.namespace}}
    path = f"/api/v1/namespaces/{item.namespace}"
    if client.get(path) is None:
        client.create("/api/v1/namespaces", namespace)
    return client.create(f"{path}/secrets", secret(item))
