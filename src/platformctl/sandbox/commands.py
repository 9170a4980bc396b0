"""The command line of each component. Pure: the same setup gives the same lines.

What listens, listens on 127.0.0.1 or, etcd, on unix sockets in the private folder: etcd asks nobody for a password, so
on a port it would give every Secret to every user of the machine. Socket names are relative to the working folder
(run/), because a unix socket's path may not be longer than 107 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformctl.sandbox.toolbox import Assets

# The API server itself calls Services (webhooks, aggregated APIs): on loopback such a call is refused at once.
SERVICE_RANGE: Final = "127.96.0.0/16"
# Endpoints may not be loopback addresses. This range is for benchmarks (RFC 2544): no machine of anybody has it.
POD_RANGE: Final = "198.18.0.0/16"
WEBHOOK_PLUGINS: Final = "MutatingAdmissionWebhook,ValidatingAdmissionWebhook"
AUDIT_POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "None", "verbs": ["get", "list", "watch"]}, {"level": "Metadata"}],
}


@dataclass(frozen=True, slots=True)
class Setup:
    """All that the command lines depend on. `run` is the working folder of every component."""

    assets: Assets
    run: Path
    api_port: int
    kubelet_port: int
    webhooks: bool = False
    audit_log: Path | None = None

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.api_port}"


def etcd(setup: Setup) -> tuple[str, ...]:
    client, peer = "unix://etcd-client:0", "unix://etcd-peer:0"
    return (
        str(setup.assets.etcd),
        "--data-dir=etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    )


def kube_apiserver(setup: Setup) -> tuple[str, ...]:
    audit = (f"--audit-policy-file={setup.run / 'audit-policy.json'}", f"--audit-log-path={setup.audit_log}")
    return (
        str(setup.assets.kube_apiserver),
        "--etcd-servers=unix://etcd-client:0",
        "--bind-address=127.0.0.1",
        f"--secure-port={setup.api_port}",
        "--cert-dir=certs",
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--kubelet-preferred-address-types=InternalIP",  # else the names of played nodes are asked of DNS
        "--authorization-mode=RBAC",
        "--token-auth-file=tokens.csv",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=sa.key",
        "--service-account-signing-key-file=sa.key",
        "--allow-privileged",
        "--profiling=false",
        *(() if setup.webhooks else (f"--disable-admission-plugins={WEBHOOK_PLUGINS}",)),
        *(() if setup.audit_log is None else audit),
    )


def kube_controller_manager(setup: Setup) -> tuple[str, ...]:
    return (
        str(setup.assets.kube_controller_manager),
        "--kubeconfig=controller-manager.kubeconfig",
        "--service-account-private-key-file=sa.key",
        "--root-ca-file=ca.crt",
        "--leader-elect=false",
        "--secure-port=0",
    )


def kube_scheduler(setup: Setup) -> tuple[str, ...]:
    return (
        str(setup.assets.kube_scheduler),
        "--kubeconfig=scheduler.kubeconfig",
        "--leader-elect=false",
        "--secure-port=0",
    )


def kwok(setup: Setup, stages: Sequence[Path]) -> tuple[str, ...]:
    """Plays nodes, pods, claims and addresses, and serves the logs of played containers like a kubelet."""
    return (
        str(setup.assets.kwok),
        "--kubeconfig=kwok.kubeconfig",
        "--manage-all-nodes",
        "--node-lease-duration-seconds=40",
        "--node-ip=127.0.0.1",
        f"--node-port={setup.kubelet_port}",
        f"--server-address=127.0.0.1:{setup.kubelet_port}",
        f"--cidr={POD_RANGE}",
        *(f"--config={path}" for path in stages),
    )


def kwok_for_custom_resources(setup: Setup, stages: Path) -> tuple[str, ...]:
    """Another kwok, because it ends when a kind does not exist (yet). It has no node, hence no pod, of its own."""
    return (
        str(setup.assets.kwok),
        "--kubeconfig=kwok.kubeconfig",
        "--manage-single-node=none",
        f"--config={stages}",
    )
