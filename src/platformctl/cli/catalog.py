"""catalog and schema: the desired state as platformctl reads it."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.options import Globals, keeps_globals, with_globals

commands = typer.Typer(help="The catalog: check it, show it, draw it.")


@commands.command("validate")
@with_globals
def validate(globals_: Globals) -> None:
    """Check the catalog and everything that it names; all errors at once."""
    from platformctl.cli.catalog_work import validate as work

    raise typer.Exit(work(globals_))


@commands.command("show")
@with_globals
def show(
    globals_: Globals,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
) -> None:
    """The releases that the catalog asks for, with everything that was inherited."""
    from platformctl.cli.catalog_work import show as work

    raise typer.Exit(work(globals_, origin))


@commands.command("graph")
@with_globals
def graph(
    globals_: Globals,
    scope: Annotated[
        str | None, typer.Argument(metavar="[ENV|libraries]", help="Default: everything.", show_default=False)
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="text|dot|mermaid", help="How to draw it.")
    ] = "text",
) -> None:
    """What needs what."""
    from platformctl.cli.catalog_work import graph as work

    raise typer.Exit(work(globals_, scope, form))


@with_globals
def schema(globals_: Globals) -> None:
    """The JSON Schema of the catalog, for editors."""
    from platformctl.cli.catalog_work import schema as work

    raise typer.Exit(work(globals_))


def register(app: typer.Typer) -> None:
    keeps_globals(commands)
    app.add_typer(commands, name="catalog", rich_help_panel="Repository")
    app.command("schema", rich_help_panel="Repository")(schema)
