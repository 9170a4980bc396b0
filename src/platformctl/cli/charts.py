"""charts: pin them by digest, verify them."""

from __future__ import annotations

import typer

from platformctl.cli.options import Globals, keeps_globals, with_globals

commands = typer.Typer(help="Charts: pinned by version and sha256 in charts.lock.")


@commands.command("pin")
@with_globals
def pin(globals_: Globals) -> None:
    """Download what the catalog names and write the digests into the lock file."""
    from platformctl.cli.charts_work import pin as work

    raise typer.Exit(work(globals_))


@commands.command("verify")
@with_globals
def verify(globals_: Globals) -> None:
    """Check every chart at hand against the lock file."""
    from platformctl.cli.charts_work import verify as work

    raise typer.Exit(work(globals_))


def register(app: typer.Typer) -> None:
    keeps_globals(commands)
    app.add_typer(commands, name="charts", rich_help_panel="Repository")
