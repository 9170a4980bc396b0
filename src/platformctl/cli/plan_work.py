"""The work behind `platformctl plan`, `diff` and the bare `--dry-run`: look at everything, change nothing."""

from __future__ import annotations

from platformctl.cli.desk import at_desk
from platformctl.cli.options import Globals
from platformctl.cli.work import Asked, dry_run, line_of, request_of
from platformctl.pipeline import look, prepare_all


def dry_run_everything(globals_: Globals) -> int:
    """`platformctl --dry-run`: libraries and every environment, nothing changed."""
    with at_desk(globals_, "dry-run") as desk:
        catalog = desk.catalog()
        requests = [
            request_of(desk, catalog, Asked(name)) for name, scope in catalog.scopes.items() if scope.releases
        ]
        line = line_of(desk, catalog, requests, offline_is_fine=True)
        return dry_run(desk, line, prepare_all(line, requests, look(line)))


def plan(globals_: Globals, target: str | None, names: tuple[str, ...], *, diff: bool) -> int:
    """What a deploy would do; with `diff` the objects line by line. 2 when changes are pending and that was asked for."""
    with at_desk(globals_, "diff" if diff else "plan") as desk:
        catalog = desk.catalog()
        scopes = (
            [name for name, scope in catalog.scopes.items() if scope.releases] if target is None else [target]
        )
        requests = [request_of(desk, catalog, Asked(name, names), look_only=True) for name in scopes]
        line = line_of(desk, catalog, requests, offline_is_fine=True)
        prepared = prepare_all(line, requests, look(line))
        desk.screen.plan_result(catalog, prepared, diff=diff)
        changes = any(one.plan.changes for one in prepared)
        return 2 if changes and desk.globals.detailed_exitcode else 0
