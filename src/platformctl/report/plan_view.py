"""The plan for people: what it is aimed at, one row per release with the reason, what stands in the way.

`diff` shows the objects line by line. All functions return lines; who prints them is no concern of theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from rich.text import Text

from platformctl.live.state import ClusterIdentity
from platformctl.plan.steps import (
    SAME_INPUTS,
    Action,
    Change,
    ObjectDiff,
    Plan,
    ReleasePlan,
    RevisionRow,
)
from platformctl.report.text import counted, labelled, line, one_line, piece, table, wrapped

STYLE: Final = {
    Action.INSTALL: "green",
    Action.UPGRADE: "yellow",
    Action.ROLLBACK: "yellow",
    Action.RESTORE: "yellow",
    Action.UNINSTALL: "red",
    Action.UNKNOWN: "red",
    Action.NOT_RENDERED: "magenta",
    Action.PENDING_UPGRADE: "cyan",
    Action.HELD_BACK: "cyan",
    Action.DELIVERED: "blue",
    Action.CHECK: "dim",
    Action.UNCHANGED: "dim",
}
COUNTED: Final = {
    Action.INSTALL: "to install",
    Action.UPGRADE: "to upgrade",
    Action.ROLLBACK: "to roll back",
    Action.RESTORE: "to restore",
    Action.UNINSTALL: "to uninstall",
    Action.PENDING_UPGRADE: "with an upgrade pending",
    Action.HELD_BACK: "held back",
    Action.DELIVERED: "delivered by Argo CD",
    Action.CHECK: "only checked",
    Action.UNCHANGED: "unchanged",
    Action.NOT_RENDERED: "not rendered",
    Action.UNKNOWN: "unknown",
}
KINDS_SHOWN: Final = 4
CHANGE_STYLE: Final = {Change.ADDED: "green", Change.CHANGED: "yellow", Change.REMOVED: "red"}
CHANGE_SIGN: Final = {Change.ADDED: "+", Change.CHANGED: "~", Change.REMOVED: "-"}


class Pinned(Enum):
    """How a cluster stands to the identity that the catalog pins."""

    THIS = "this"
    ANOTHER = "another"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Header:
    """What a plan does not say itself. `pinned` is None where it does not matter.

    `commit` reads `4be1f02 "plate-web: nginx 1.27" on main`; `before` and `on_failure` say what surrounds the run.
    """

    platform: str
    commit: str | None = None
    pinned: Pinned | None = None
    before: str | None = None
    on_failure: str | None = None


def plan_lines(plan: Plan, header: Header, *, width: int | None) -> list[Text]:
    """The whole screen: header, table, notes, summary, what stands in the way."""
    found = [*header_lines(plan, header, width=width), Text()]
    if plan.releases:
        found += [*table_lines(plan, width=width), Text()]
    found += summary_lines(plan, width=width)
    around = [("before", header.before), ("on failure", header.on_failure)]
    if plan.changes:
        found += labelled([(piece(name, "dim"), text) for name, text in around if text], width=width)
    obstacles = obstacle_lines(plan, width=width)
    return [*found, *([Text(), *obstacles] if obstacles else [])]


def header_lines(plan: Plan, header: Header, *, width: int | None) -> list[Text]:
    """Where the plan is aimed at: platform, scope, cluster, commit, who delivers."""
    arrow = line(
        piece(header.platform, "bold"),
        " → ",
        piece(plan.scope, "bold red" if plan.protected else "bold"),
        indent=2,
    )
    rows = [(piece("cluster", "dim"), _cluster(plan.identity, header.pinned, short=width is not None))]
    if header.commit:
        rows.append((piece("commit", "dim"), piece(one_line(header.commit))))
    rows.append((piece("delivery", "dim"), piece(_delivery(plan))))
    return [arrow, *labelled(rows, width=width)]


def table_lines(plan: Plan, *, width: int | None) -> list[Text]:
    """One row per release, in the order of waves; what a row adds (a chart that is not pinned) stands below."""
    titles = [piece(title, "dim") for title in ("RELEASE", "ACTION", "CHART", "REV", "WHY")]
    rows = [
        [
            piece(row.name, "" if row.action.writes else STYLE[row.action]),
            piece(row.action.value, STYLE[row.action]),
            piece(row.chart or "–"),
            piece(_revision(row)),
            piece(why(row)),
        ]
        for row in plan.releases
    ]
    notes = [
        (piece(row.name, "dim"), piece(one_line(note), "dim")) for row in plan.releases for note in row.notes
    ]
    return [*table([titles, *rows], width=width), *labelled(notes, width=width, indent=4)]


def why(row: ReleasePlan) -> str:
    """The reasons on one line; a dash where there is nothing to tell."""
    # The versions stand in the column beside it.
    reasons = ["chart" if reason == f"chart {row.chart}" else one_line(reason) for reason in row.reasons]
    reasons = [] if row.reasons == (SAME_INPUTS,) else reasons
    return "; ".join(reasons) or "–"


def summary_lines(plan: Plan, *, width: int | None, shown: bool = False) -> list[Text]:
    """What it comes to, counted, and how to see the objects, unless they are `shown`."""
    counts = Counter(row.action for row in plan.releases)
    parts = [", ".join(f"{counts[action]} {word}" for action, word in COUNTED.items() if counts[action])]
    parts = parts if plan.releases else ["no releases"]
    objects = [each for row in plan.changes for each in row.diff if not each.random]
    if objects:
        parts.append(f"{_changes(objects)} ({_kinds(objects)})")
        if plan.kind == "deploy" and not shown:
            parts.append(f"platformctl diff {plan.scope} shows them")
    if plan.empty and plan.identity is not None and not plan.blockers:
        parts.append("nothing to do")
    return wrapped(line(" · ".join(parts), indent=2), width, hang=2)


def obstacle_lines(plan: Plan, *, width: int | None, count: bool = True) -> list[Text]:
    """Blockers, then warnings, each with what to do about it; then, with `count`, that they are in the way."""
    rows = [(piece("✗", "red"), text) for text in plan.blockers]
    rows += [(piece("!", "yellow"), text) for text in plan.warnings]
    found = [each for sign, text in rows for each in wrapped(line(sign, " ", text, indent=2), width, hang=4)]
    if plan.blockers and count:
        stands = "one thing stands" if len(plan.blockers) == 1 else f"{len(plan.blockers)} things stand"
        found.append(line(f"{stands} in the way; nothing was changed.", indent=2))
    return found


def diff_lines(plan: Plan, *, width: int | None) -> list[Text]:
    """Every object that would change, as a unified diff of its YAML. Lines are never wrapped: they are to be read exact."""
    found: list[Text] = []
    for row in plan.releases:
        if row.diff:
            title = line(piece(row.name, "bold"), f"  {row.action.value}, {why(row)}")
            found += [*wrapped(title, width, hang=4), *_objects(row), Text()]
    if not found:
        return [line(f"{plan.scope}: no object changes")]
    return [*found, *summary_lines(plan, width=width, shown=True)]


def revisions_lines(rows: Sequence[RevisionRow], *, width: int | None) -> list[Text]:
    """The revisions of a release, newest first, and which of them can be gone back to."""
    titles = [piece(title, "dim") for title in ("REVISION", "STATUS", "")]
    body = [
        [
            str(row.number),
            row.status,
            "live" if row.current else "can be gone back to" if row.possible else "",
        ]
        for row in rows
    ]
    return table([titles, *body], width=width)


def _objects(row: ReleasePlan) -> list[Text]:
    found: list[Text] = []
    for each in row.diff:
        head = piece(f"{CHANGE_SIGN[each.change]} {each.id}", CHANGE_STYLE[each.change])
        if each.random:
            found.append(line(head, piece("  (random at every render; means nothing)", "dim"), indent=2))
            continue
        found.append(line(head, indent=2))
        found += [line(piece(text, _diff_style(text)), indent=4) for text in each.lines]
    return found


def _diff_style(text: str) -> str:
    return {"+": "green", "-": "red", "@": "cyan"}.get(text[:1], "")


def _changes(objects: Sequence[ObjectDiff]) -> str:
    """`4 objects change`, `131 new objects`, `4 objects change, 2 new, 1 removed`."""
    counts = Counter(each.change for each in objects)
    if counts[Change.ADDED] == len(objects):
        return counted(len(objects), "new object")
    changing = "object changes" if len(objects) == 1 else "objects change"
    others = [
        f"{counts[kind]} {word}"
        for kind, word in ((Change.ADDED, "new"), (Change.REMOVED, "removed"))
        if counts[kind]
    ]
    return ", ".join([f"{len(objects)} {changing}", *others])


def _kinds(objects: Sequence[ObjectDiff]) -> str:
    counts = Counter(each.id.kind for each in objects)
    ranked = sorted(counts, key=lambda kind: (-counts[kind], kind))
    shown = [f"{counts[kind]} {kind}" for kind in ranked[:KINDS_SHOWN]]
    rest = sum(counts[kind] for kind in ranked[KINDS_SHOWN:])
    return ", ".join([*shown, *([f"{rest} of other kinds"] if rest else [])])


def _revision(row: ReleasePlan) -> str:
    if row.action.writes:
        return f"{row.revision}→{row.revision + 1}" if row.revision else "new"
    return str(row.revision) if row.revision else "–"


def _cluster(identity: ClusterIdentity | None, pinned: Pinned | None, *, short: bool) -> Text:
    if identity is None:
        return piece("none in reach: rendered offline")
    uid = identity.uid or "may not be read"
    uid = f"{identity.uid[:4]}…{identity.uid[-4:]}" if short and len(identity.uid) > 9 else uid
    if identity.sandbox:
        pin = piece(", sandbox: REHEARSAL", "bold cyan")
    elif pinned is None:
        pin = piece("")
    else:
        pin = {
            Pinned.THIS: piece(", pinned ✓", "green"),
            Pinned.ANOTHER: piece(", the catalog pins another ✗", "bold red"),
            Pinned.NONE: piece(", not pinned", "yellow"),
        }[pinned]
    return line(
        one_line(identity.context), "  ", one_line(identity.version), f"  (uid {one_line(uid)}", pin, ")"
    )


def _delivery(plan: Plan) -> str:
    owned = sum(row.action is Action.DELIVERED for row in plan.releases)
    if not owned:
        return "by helm (Argo CD owns none)"
    return f"Argo CD delivers {owned} of {counted(len(plan.releases), 'release')}, helm the rest"
