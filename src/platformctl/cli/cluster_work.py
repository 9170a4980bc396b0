"""The work behind `platformctl cluster …`."""

from __future__ import annotations

import os
from pathlib import Path

from platformctl.catalog import yaml
from platformctl.catalog.edit import with_scalar
from platformctl.catalog.select import find_scope
from platformctl.cli import confirm as question
from platformctl.cli.desk import at_desk
from platformctl.cli.options import Globals
from platformctl.errors import ClusterError, GuardError, LocalError, UsageError
from platformctl.live.collect import identity_of
from platformctl.report.console import width_of, write
from platformctl.report.text import piece, table


def show(globals_: Globals) -> int:
    """Names, contexts and pins, from the catalog alone."""
    with at_desk(globals_, "cluster show") as desk:
        catalog = desk.catalog()
        rows = [
            {
                "name": name,
                "context": cluster.context,
                "identity": cluster.identity,
                "scopes": [scope.name for scope in catalog.scopes.values() if scope.cluster_name == name],
            }
            for name, cluster in catalog.platform.clusters.items()
        ]
        if not desk.screen.for_people:
            desk.screen.data("Clusters", {"clusters": rows}, changes=False)
            return 0
        titles = [piece(title, "dim") for title in ("CLUSTER", "CONTEXT", "IDENTITY", "SCOPES")]
        body = [
            [
                str(row["name"]),
                str(row["context"] or "–"),
                str(row["identity"] or "not pinned"),
                ", ".join(row["scopes"] or []),
            ]
            for row in rows
        ]
        write(desk.screen.out, table([titles, *body], width=width_of(desk.screen.out), indent=0))
        return 0


def pin(globals_: Globals, target: str, confirm: str | None) -> int:
    """Writes clusters.NAME.identity. A pin that is there and differs is changed only by its name, typed."""
    with at_desk(globals_, "cluster pin") as desk:
        catalog = desk.catalog()
        scope = find_scope(catalog, target)
        name = scope.cluster_name
        if name is None:
            raise UsageError(
                f"pin {scope.name}: the catalog names no cluster for it", hint="add it under clusters"
            )
        session = desk.session(catalog, [scope], offline_is_fine=False)
        if session.cluster is None:
            raise ClusterError(f"pin {name}: no cluster in reach", hint="platformctl doctor")
        identity = identity_of(session.cluster.api, is_sandbox=session.is_sandbox)
        if identity.sandbox:
            raise GuardError(
                f"pin {name}: a sandbox is never pinned", hint="choose a cluster with  --context NAME"
            )
        uid = identity.uid
        if not uid:
            raise ClusterError(f"pin {name}: namespace kube-system has no UID that may be read")
        known = scope.cluster.identity if scope.cluster else None
        where = f"{identity.context} at {identity.server}"
        if known == uid:
            write(desk.screen.out, [piece(f"{name} is pinned to {uid} already ({where})")])
            return 0
        if known is not None:
            write(desk.screen.err, [piece(f"{name} is pinned to {known}; {where} is {uid}")])
            question.typed_name(name, confirm, able_to_ask=desk.able_to_ask, ask=question.ask_on_terminal)
        if not desk.dry_run:
            _write(catalog.file, catalog.root, name, uid)
        write(
            desk.screen.out,
            [
                piece(
                    f"{name} is {'not ' if desk.dry_run else ''}pinned to {uid} ({where}); commit {catalog.file.name}"
                )
            ],
        )
        return 0


def _write(file: Path, root: Path, name: str, uid: str) -> None:
    """Replaces the file as a whole, so that it is never half written."""
    shown = str(file.relative_to(root)) if file.is_relative_to(root) else file.name
    text = with_scalar(yaml.read(file, shown), ("clusters", name, "identity"), uid)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise LocalError(f"write {shown}: {error.strerror}") from None
