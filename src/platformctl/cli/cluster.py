"""cluster: which cluster a name of the catalog really is."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.options import Globals, with_globals

commands = typer.Typer(help="Which cluster a name of the catalog really is.", no_args_is_help=True)


@commands.command("show")
@with_globals
def show(globals_: Globals) -> None:
    """The clusters of the catalog, and whether they are pinned."""
    from platformctl.cli.cluster_work import show as work

    raise typer.Exit(work(globals_))


@commands.command("pin")
@with_globals
def pin(
    globals_: Globals,
    scope: Annotated[
        str,
        typer.Argument(metavar="ENV|libraries", help="An environment that lives on it.", show_default=False),
    ],
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm",
            metavar="NAME",
            help="Answers the question before a pin is changed.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the identity of the cluster in reach into the catalog: the UID of its namespace kube-system."""
    from platformctl.cli.cluster_work import pin as work

    raise typer.Exit(work(globals_, scope, confirm))


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="cluster", rich_help_panel="Repository")
