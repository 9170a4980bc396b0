"""plan, diff, status: look, change nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.options import Globals, with_globals

PANEL = "Look"
Scope = Annotated[
    str | None, typer.Argument(metavar="[ENV|libraries]", help="Default: everything.", show_default=False)
]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these.", show_default=False)
]


@with_globals
def plan(globals_: Globals, scope: Scope = None, names: Names = None) -> None:
    """What a deploy would do, and why."""
    from platformctl.cli.plan_work import plan as work

    raise typer.Exit(work(globals_, scope, tuple(names or ()), diff=False))


@with_globals
def diff(globals_: Globals, scope: Scope = None, names: Names = None) -> None:
    """The objects that a deploy would change, line by line; Secrets are masked."""
    from platformctl.cli.plan_work import plan as work

    raise typer.Exit(work(globals_, scope, tuple(names or ()), diff=True))


@with_globals
def status(globals_: Globals, scope: Scope = None) -> None:
    """Releases as they are in the cluster: revision, chart, state, readiness."""
    from platformctl.cli.status import status as work

    raise typer.Exit(work(globals_, scope))


def register(app: typer.Typer) -> None:
    app.command("plan", rich_help_panel=PANEL)(plan)
    app.command("diff", rich_help_panel=PANEL)(diff)
    app.command("status", rich_help_panel=PANEL)(status)
