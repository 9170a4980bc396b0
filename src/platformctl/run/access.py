"""Where people reach what was deployed: hosts of Ingresses and addresses of LoadBalancer Services."""

from __future__ import annotations

from typing import Any

from platformctl.errors import ClusterError
from platformctl.plan.steps import Plan
from platformctl.tools.api import Api


def addresses(plan: Plan, api: Api) -> tuple[str, ...]:
    """`https://cocdev.co.kr (plate-ingress-prod)` and `plate-api-prod: 192.168.0.20:80`, in order of the namespaces.

    What may not be read is left out: this is a convenience at the end of a run, never a reason to fail it.
    """
    names = {row.name for row in plan.releases}
    found: list[str] = []
    for namespace in sorted({row.namespace for row in plan.releases}):
        try:
            ingresses = api.list(f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses")
            services = api.list(f"/api/v1/namespaces/{namespace}/services")
        except ClusterError:
            continue
        for item in ingresses:
            if _owner(item) in names:
                tls = {host for entry in item["spec"].get("tls") or [] for host in entry.get("hosts") or []}
                hosts = [rule["host"] for rule in item["spec"].get("rules") or [] if rule.get("host")]
                found += [f"{'https' if host in tls else 'http'}://{host} ({_owner(item)})" for host in hosts]
        for item in services:
            if item["spec"].get("type") == "LoadBalancer" and _owner(item) in names:
                entries = item.get("status", {}).get("loadBalancer", {}).get("ingress") or []
                ports = [str(port["port"]) for port in item["spec"].get("ports") or []]
                found += [
                    f"{_owner(item)}: {entry.get('ip') or entry.get('hostname')}:{','.join(ports)}"
                    for entry in entries
                ]
    return tuple(dict.fromkeys(found))


def _owner(item: dict[str, Any]) -> str:
    """The Helm release that made an object, as helm notes it."""
    return str(item["metadata"].get("annotations", {}).get("meta.helm.sh/release-name", ""))
