"""What `platformctl --dry-run` says: per scope what would happen, by name, and one sentence at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from platformctl.catalog.desired import Catalog
from platformctl.catalog.models import LIBRARIES
from platformctl.plan.steps import Action, Plan, ReleasePlan
from platformctl.report.plan_view import STYLE, obstacle_lines
from platformctl.report.text import counted, labelled, one_line, piece, table, wrapped

WOULD: Final = {
    Action.INSTALL: "would install",
    Action.UPGRADE: "would upgrade",
    Action.ROLLBACK: "would roll back",
    Action.RESTORE: "would be restored",
    Action.UNINSTALL: "would uninstall",
    Action.PENDING_UPGRADE: "upgrade pending",
    Action.HELD_BACK: "held back",
    Action.DELIVERED: "delivered by Argo CD",
    Action.CHECK: "only checked",
    Action.UNCHANGED: "unchanged",
    Action.NOT_RENDERED: "not rendered (chart not at hand)",
    Action.UNKNOWN: "unknown (record may not be read)",
}
NBSP: Final = "\u00a0"  # keeps a name and its version on one line of a terminal
NOT_VALIDATED: Final = (Action.NOT_RENDERED, Action.UNKNOWN)


def dry_run_lines(catalog: Catalog, cluster: str, plans: Sequence[Plan], *, width: int | None) -> list[Text]:
    """The whole answer. `cluster` is the sentence about it: `none in reach, rendered offline`, or its name."""
    head = [
        (piece("catalog", "bold"), catalog_sentence(catalog)),
        (piece("cluster", "bold"), one_line(cluster)),
    ]
    joint = " " if width is None else NBSP
    rows = [row for plan in plans for row in _scope_rows(plan, joint)]
    obstacles = [each for plan in plans for each in obstacle_lines(plan, width=width, count=False)]
    return [
        *labelled(head, width=width, indent=0),
        *table(rows, width=width, indent=0),
        *obstacles,
        *wrapped(piece(sentence(plans), "bold"), width),
    ]


def catalog_sentence(catalog: Catalog) -> str:
    """`environments/platform.yaml: 8 libraries, 6 applications, 2 environments`."""
    file = (
        catalog.file.relative_to(catalog.root) if catalog.file.is_relative_to(catalog.root) else catalog.file
    )
    platform = catalog.platform
    counts = (
        counted(len(platform.libraries), "library", "libraries"),
        counted(len(platform.applications), "application"),
        counted(len(platform.environments), "environment"),
    )
    return f"{file}: {', '.join(counts)}"


def sentence(plans: Sequence[Plan]) -> str:
    """The end of a dry run. It says `ok` only when a deploy could start."""
    rows = [row for plan in plans for row in plan.releases]
    blockers = sum(len(plan.blockers) for plan in plans)
    lacking = sum(row.action is Action.NOT_RENDERED for row in rows)
    good = sum(row.action not in NOT_VALIDATED for row in rows)
    parts = [f"{counted(good, 'release')} {'renders and validates' if good == 1 else 'render and validate'}"]
    if lacking and not good:
        parts = []
    if lacking:
        parts.append(f"{lacking} not rendered (chart not at hand)")
    if blockers:
        stop = "one thing would stop" if blockers == 1 else f"{blockers} things would stop"
        return f"{', '.join(parts)}, {stop} a deploy; nothing was changed"
    return f"ok: {', '.join(parts)}; nothing was changed"


def _scope_rows(plan: Plan, joint: str) -> list[list[Text]]:
    found: list[list[Text]] = []
    for action, words in WOULD.items():
        rows = [row for row in plan.releases if row.action is action]
        names = [_named(row, joint, with_chart=plan.scope == LIBRARIES) for row in rows]
        if names:
            scope = piece("" if found else plan.scope, "bold")
            found.append([scope, piece(words, STYLE[action]), piece(", ".join(names))])
    return found or [[piece(plan.scope, "bold"), piece("nothing in the catalog", "dim"), Text()]]


def _named(row: ReleasePlan, joint: str, *, with_chart: bool) -> str:
    if "→" in row.chart:
        return f"{row.name} ({row.chart})"
    return f"{row.name}{joint}{row.chart}" if row.chart and with_chart else row.name
