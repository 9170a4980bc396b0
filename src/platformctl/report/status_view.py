"""How the releases of a scope are in the cluster, from one look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.live.state import LiveState
from platformctl.report.text import labelled, one_line, piece, table, wrapped

WIDE = 110  # a narrower terminal gets fewer columns
GOOD = frozenset({"deployed", "ready"})


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One release. `status` is Helm's own word, or what there is instead of a record; `ready` the health verdict."""

    key: str
    name: str
    namespace: str
    status: str
    revision: int
    chart: str
    updated: str
    ready: str


def status_rows(
    scope: Scope, live: LiveState, verdicts: Mapping[str, str] | None = None
) -> tuple[StatusRow, ...]:
    """In the order of the scope. `verdicts` are by key."""
    return tuple(_row(release, live, (verdicts or {}).get(release.key, "")) for release in scope.releases)


def status_data(scope: Scope, live: LiveState, verdicts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The same as JSON-able data."""
    return {
        "scope": scope.name,
        "cluster": live.identity.uid if live.identity is not None else None,
        "releases": [
            {
                "key": row.key,
                "name": row.name,
                "namespace": row.namespace,
                "status": row.status,
                "revision": row.revision,
                "chart": row.chart,
                "updated": row.updated,
                "ready": row.ready,
            }
            for row in status_rows(scope, live, verdicts)
        ],
        "unknown": dict(sorted(live.unknown.items())),
    }


def status_lines(
    scope: Scope, live: LiveState, verdicts: Mapping[str, str] | None = None, *, width: int | None
) -> list[Text]:
    """One row per release, and what could not be read."""
    rows = status_rows(scope, live, verdicts)
    wide = width is None or width >= WIDE
    titles = ["RELEASE", "STATUS", "REV", "CHART", *(["UPDATED", "NAMESPACE"] if wide else []), "READY"]
    body = [
        [
            piece(row.name),
            piece(one_line(row.status), _style(row.status)),
            piece(str(row.revision) if row.revision else "–"),
            piece(one_line(row.chart.removeprefix(f"{row.key} ")) or "–"),
            *([piece(row.updated[:16].replace("T", " ") or "–"), piece(row.namespace)] if wide else []),
            piece(one_line(row.ready), _style(row.ready.partition(" ")[0].removesuffix(":"))),
        ]
        for row in rows
    ]
    cluster = (
        f"cluster {live.identity.context} {live.identity.version}" if live.identity else "no cluster in reach"
    )
    found = wrapped(
        Text.assemble("  ", piece(scope.name, "bold"), piece(f"  {one_line(cluster)}"), end=""), width, hang=2
    )
    found += [
        Text(),
        *(
            table([[piece(each, "dim") for each in titles], *body], width=width)
            if rows
            else [piece("  no releases in the catalog")]
        ),
    ]
    unknown = [
        (piece(f"may not be read: {one_line(what)}", "yellow"), one_line(why))
        for what, why in sorted(live.unknown.items())
    ]
    return [*found, *([Text(), *labelled(unknown, width=width)] if unknown else [])]


def _row(release: DesiredRelease, live: LiveState, ready: str) -> StatusRow:
    namespace = release.namespace.name
    record = live.release(namespace, release.name)
    if record is not None:
        chart = f"{record.chart_name} {record.chart_version}"
        return StatusRow(
            release.key, release.name, namespace, record.status, record.revision, chart, record.updated, ready
        )
    argo = next((each for each in live.applications if each.name == release.name), None)
    if argo is not None:
        status = "by Argo CD"
        ready = ready or f"{argo.sync_status}, {argo.health}"
    elif live.offline or live.release_unknown(namespace, release.name) is not None:
        status = "unknown"
    else:
        status = "not deployed"
    return StatusRow(release.key, release.name, namespace, status, 0, "", "", ready)


def _style(word: str) -> str:
    if word in GOOD:
        return "green"
    if word in ("failed", "doomed", "unknown") or word.startswith(("pending-", "uninstall")):
        return "red"
    return "yellow" if word in ("not deployed", "progressing") else ""
