"""Where people reach what was deployed: hosts of Ingresses and addresses of LoadBalancer Services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from platformctl.errors import ClusterError
from platformctl.live.state import ReleaseId
from platformctl.live.workloads import owner
from platformctl.plan.steps import Plan
from platformctl.tools.api import Api


def addresses(plan: Plan, api: Api) -> tuple[str, ...]:
    """`https://cocdev.co.kr (plate-ingress-prod)` and `plate-api-prod: 192.168.0.20:80`, in order of the namespaces.

    What may not be read is left out: this is a convenience at the end of a run, never a reason to fail it.
    """
    ours = {ReleaseId(row.namespace, row.name) for row in plan.releases}
    found: list[str] = []
    for namespace in sorted({row.namespace for row in plan.releases}):
        try:
            ingresses = api.list(f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses")
            services = api.list(f"/api/v1/namespaces/{namespace}/services")
        except ClusterError:
            continue
        for kind, items in ((_hosts, ingresses), (_balanced, services)):
            for item in items:
                release = owner(item)
                if release in ours:
                    found += kind(item, release.name)
    return tuple(dict.fromkeys(found))


def _hosts(ingress: Mapping[str, Any], release: str) -> Iterator[str]:
    spec = ingress["spec"]
    secured = {host for entry in spec.get("tls") or [] for host in entry.get("hosts") or []}
    for rule in spec.get("rules") or []:
        if host := rule.get("host"):
            yield f"{'https' if host in secured else 'http'}://{host} ({release})"


def _balanced(service: Mapping[str, Any], release: str) -> Iterator[str]:
    if service["spec"].get("type") != "LoadBalancer":
        return
    ports = ",".join(str(port["port"]) for port in service["spec"].get("ports") or [])
    for entry in service.get("status", {}).get("loadBalancer", {}).get("ingress") or []:
        yield f"{release}: {entry.get('ip') or entry.get('hostname')}:{ports}"
