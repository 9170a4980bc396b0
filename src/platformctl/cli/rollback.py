"""rollback: back to a revision that is named."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.deploy import Reason, SkipBackup, skips
from platformctl.cli.options import Globals, with_globals


@with_globals
def rollback(
    globals_: Globals,
    scope: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV|libraries]", help="Default: the catalog's defaults.rollback.", show_default=False
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The application or library.", show_default=False)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="REV", help="The revision to go back to.", show_default=False),
    ] = None,
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm",
            metavar="NAME",
            help="Answers the question of a protected environment.",
            show_default=False,
        ),
    ] = None,
    skip_backup: SkipBackup = False,
    reason: Reason = None,
) -> None:
    """Take one release back to an earlier revision, wait until it is ready, and say so."""
    from platformctl.cli.work import rollback as work

    raise typer.Exit(work(globals_, scope, name, to, confirm=confirm, skip_backup=skips(skip_backup, reason)))


def register(app: typer.Typer) -> None:
    app.command("rollback", rich_help_panel="Deploy")(rollback)
