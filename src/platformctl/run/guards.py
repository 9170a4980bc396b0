"""Refusals that no option talks away: the wrong cluster."""

from __future__ import annotations

from pathlib import Path

from platformctl.catalog.desired import Scope
from platformctl.catalog.models import LIBRARIES
from platformctl.errors import GuardError
from platformctl.plan.steps import Plan


def check_cluster(scope: Scope, plan: Plan, catalog_file: Path) -> None:
    """A pinned identity must be this cluster's; a protected environment's must be pinned. The sandbox is exempt.

    Raises GuardError. A context's name proves nothing: the UID of namespace kube-system does.
    """
    identity = plan.identity
    if identity is None or identity.sandbox or plan.empty:
        return
    pinned = scope.cluster.identity if scope.cluster else None
    if not identity.uid and (pinned is not None or scope.protected):
        raise GuardError(
            f"change {scope.name}: which cluster {identity.context} leads to is not known: namespace kube-system may not be read",
            hint="kubectl auth can-i get namespace/kube-system   must say yes",
        )
    if pinned is not None and pinned != identity.uid:
        raise GuardError(
            f"change {scope.name}: context {identity.context} leads to another cluster "
            f"({identity.server}, uid {identity.uid}) than the catalog pins for {scope.cluster_name} (uid {pinned})",
            hint="choose the right one with  --context NAME",
        )
    if pinned is None and scope.protected:
        raise GuardError(
            f"change {scope.name}: it is protected, and its cluster is not pinned",
            hint=f"when {identity.server} is the right one:  {_pin(scope, identity.uid, catalog_file.name)}",
        )


def _pin(scope: Scope, uid: str, catalog: str) -> str:
    """What to do. A pin counts for a scope only when the scope names its cluster; the libraries have that of all
    environments."""
    if scope.cluster_name is not None:
        return f"platformctl cluster pin {scope.name}"
    who = "each environment" if scope.name == LIBRARIES else f"environments.{scope.name}"
    return f"write  clusters: {{main: {{identity: {uid}}}}}  and, for {who},  cluster: main  into {catalog}"
