"""doctor: what platformctl finds on this machine."""

from __future__ import annotations

import typer

from platformctl.cli.options import Globals, with_globals


@with_globals
def doctor(globals_: Globals) -> None:
    """Tools, versions, cluster and folders, each with its remedy."""
    from platformctl.cli.doctor_work import doctor as work

    raise typer.Exit(work(globals_))


def register(app: typer.Typer) -> None:
    app.command("doctor", rich_help_panel="Tools")(doctor)
