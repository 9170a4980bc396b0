"""What stands above a plan: platform, commit, whether the cluster is the pinned one, what surrounds the run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from platformctl.catalog.desired import Catalog
from platformctl.pipeline import Prepared
from platformctl.report.plan_view import Header, Pinned
from platformctl.tools import git
from platformctl.tools.process import ShRunner, child_environment


def header_of(catalog: Catalog, prepared: Prepared, commit: str | None) -> Header:
    return Header(
        platform=catalog.platform.metadata.name,
        commit=commit,
        pinned=_pinned(prepared),
        on_failure="everything is left in place" if prepared.plan.changes else None,
    )


def _pinned(prepared: Prepared) -> Pinned | None:
    """None where no pin is asked for (on the sandbox, and on an unprotected scope that has none), and where the identity
    may not be read."""
    identity, scope = prepared.plan.identity, prepared.scope
    if identity is None or identity.sandbox or not identity.uid:
        return None
    pin = scope.cluster.identity if scope.cluster else None
    if pin is None:
        return Pinned.NONE if scope.protected else None
    return Pinned.THIS if pin == identity.uid else Pinned.ANOTHER


def commit_of(root: Path, environ: Mapping[str, str]) -> str | None:
    """The commit that the desired state is at; None outside of Git."""
    binary = shutil.which("git", path=environ.get("PATH"))
    if binary is None:
        return None
    found = git.head(ShRunner(), Path(binary), root, child_environment(environ))
    return str(found) if found is not None else None
