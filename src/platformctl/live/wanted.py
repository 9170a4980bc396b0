"""What a catalog needs to know of a cluster: what to ask for by name where listing everything is not allowed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from platformctl.catalog.desired import Catalog
from platformctl.catalog.models import Requires
from platformctl.live.state import SYSTEM_NAMESPACE


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names that a catalog mentions. Secrets are (namespace, name)."""

    namespaces: frozenset[str] = frozenset()
    secrets: frozenset[tuple[str, str]] = frozenset()
    crds: frozenset[str] = frozenset()
    ingress_classes: frozenset[str] = frozenset()
    storage_classes: frozenset[str] = frozenset()
    argocd_namespace: str = "argocd"


def wanted_of(catalog: Catalog) -> Wanted:
    """Everything that any scope of the catalog may ask about."""
    scopes = tuple(catalog.scopes.values())
    releases = [release for scope in scopes for release in scope.releases]
    unmanaged = [each for scope in scopes for each in scope.unmanaged]
    environments = {scope.namespace.name for scope in scopes if scope.namespace is not None}
    argocd = catalog.platform.argocd
    argocd_namespace = argocd.namespace if argocd else "argocd"
    secrets = {
        (release.namespace.name, secret.name) for release in releases for secret in release.requires.secrets
    }
    # What an unmanaged library requires is looked for where the environments are.
    secrets |= {
        (name, secret.name) for each in unmanaged for secret in each.requires.secrets for name in environments
    }
    required: list[Requires] = [release.requires for release in releases]
    required += [each.requires for each in unmanaged]
    gates = {gate.crd for release in releases for gate in release.gates if gate.crd}
    return Wanted(
        namespaces=frozenset(
            {release.namespace.name for release in releases}
            | environments
            | {SYSTEM_NAMESPACE, argocd_namespace}
        ),
        secrets=frozenset(secrets),
        crds=_names(each.crds for each in required) | gates,
        ingress_classes=_names(each.ingressClasses for each in required),
        storage_classes=_names(each.storageClasses for each in required),
        argocd_namespace=argocd_namespace,
    )


def _names(lists: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(name for names in lists for name in names)
