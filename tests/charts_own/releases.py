"""The releases that the platform makes of its own charts, as PLATFORM.md's table of applications names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

WEB, API, LLM, CACHE = (f"applications/plate-{name}" for name in ("web", "api", "llm", "cache"))
INGRESS = "ingress"
OPENBAO = "shared-configs/openbao-secrets-manager"
ISSUERS = "cluster-services/cert-manager-issuers"
POOL = "cluster-services/metallb-pool"


@dataclass(frozen=True, slots=True)
class Release:
    """One release: its name, chart (below helm/), namespace, values files (in the chart) and parameters."""

    name: str
    chart: str
    namespace: str
    values: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    def options(self) -> Iterator[str]:
        for values in self.values:
            yield from ("--values", f"{self.chart}/{values}")
        for parameter in self.parameters:
            yield from ("--set", parameter)


STAGING = (
    Release("openbao-secrets-manager-stg", OPENBAO, "plate-stg", ("values.yaml", "values-staging.yaml")),
    Release("plate-web-stg", WEB, "plate-stg", ("values-stg.yaml",)),
    Release("plate-api-stg", API, "plate-stg", ("values-stg.yaml",)),
    Release("plate-llm-stg", LLM, "plate-stg", ("values-stg.yaml",)),
    Release("plate-cache-stg", CACHE, "devops-tools", ("values-stg.yaml",)),
    Release("plate-ingress-stg", INGRESS, "plate-stg", ("values-stg.yaml",), ("appName=plate",)),
)
PRODUCTION = (
    Release("openbao-secrets-manager-prod", OPENBAO, "plate-prod", ("values.yaml", "values-production.yaml")),
    Release("plate-web-prod", WEB, "plate-prod", ("values-prod.yaml",)),
    Release("plate-api-prod", API, "plate-prod", ("values-prod.yaml",)),
    Release("plate-cache-prod", CACHE, "devops-tools", ("values-prod.yaml",)),
    Release("plate-ingress-prod", INGRESS, "plate-prod", ("values.yaml",), ("appName=plate",)),
)
LIBRARIES = (
    Release("cert-manager-issuers", ISSUERS, "cert-manager"),
    Release("metallb-pool", POOL, "metallb-system"),
)
RELEASES = STAGING + PRODUCTION + LIBRARIES
CHARTS = (WEB, API, LLM, CACHE, INGRESS, OPENBAO, ISSUERS, POOL)


def release(name: str) -> Release:
    return next(one for one in RELEASES if one.name == name)
