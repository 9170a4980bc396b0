"""Users, tokens, keys and kubeconfigs of a sandbox.

One user and token per component and one for platformctl, so that the audit log says who wrote. All are in
system:masters: a sandbox checks no permissions of ours, and RBAC's own roles then need not exist before we start.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import Final

from platformctl.errors import ClusterError

CONTEXT: Final = "platformctl-sandbox"
PLATFORMCTL: Final = "platformctl"
SUPERVISOR: Final = "sandbox:supervisor"
CONTROLLER_MANAGER: Final = "system:kube-controller-manager"
SCHEDULER: Final = "system:kube-scheduler"
KWOK: Final = "sandbox:kwok"
USERS: Final = (PLATFORMCTL, SUPERVISOR, CONTROLLER_MANAGER, SCHEDULER, KWOK)

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"


def new_tokens() -> dict[str, str]:
    return {user: secrets.token_hex(24) for user in USERS}


def tokens_csv(tokens: dict[str, str]) -> str:
    """The file of --token-auth-file: token,user,uid,"groups"."""
    return "".join(f'{token},{user},{user},"system:masters"\n' for user, token in tokens.items())


def service_account_key() -> str:
    """A new P-256 private key as PEM, for service account tokens.

    SEC 1 (RFC 5915) lets the public key be left out, and Go works it out from the scalar: so no library for
    cryptography is needed to make one. The order of the curve begins with 32 one bits, hence the rare second try.
    """
    scalar = secrets.token_bytes(32)
    while scalar[:4] in {b"\xff" * 4, bytes(4)}:
        scalar = secrets.token_bytes(32)
    p256 = bytes.fromhex("a00a06082a8648ce3d030107")  # [0] OID 1.2.840.10045.3.1.7
    der = b"\x30\x31\x02\x01\x01\x04\x20" + scalar + p256
    return f"-----BEGIN EC PRIVATE KEY-----\n{base64.encodebytes(der).decode()}-----END EC PRIVATE KEY-----\n"


def authority(certificates: str) -> str:
    """The CA out of the apiserver.crt that kube-apiserver makes for itself: its own certificate, then that of the CA."""
    parts = certificates.split(_BEGIN)
    if len(parts) < 2:
        raise ClusterError("start the sandbox: kube-apiserver wrote no certificate")
    return _BEGIN + parts[-1]


def kubeconfig(server: str, ca: str, user: str, token: str) -> str:
    """A kubeconfig with one context, as JSON, which is YAML too."""
    data = base64.b64encode(ca.encode()).decode()
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": data}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
        "current-context": CONTEXT,
    }
    return json.dumps(value, indent=2) + "\n"
