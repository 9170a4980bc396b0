"""sandbox: the built-in throwaway control plane."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.options import Globals, keeps_globals, with_globals

commands = typer.Typer(help="The built-in throwaway control plane: a real Kubernetes API, played pods.")


@commands.command("build")
@with_globals
def build(
    globals_: Globals, helm3: Annotated[bool, typer.Option("--helm3", help="Also build Helm 3.")] = False
) -> None:
    """Build helm, kubectl and the control plane from their Go modules, once; later runs find them."""
    from platformctl.cli.sandbox_work import build as work

    raise typer.Exit(work(globals_, helm3))


@commands.command("up")
@with_globals
def up(
    globals_: Globals,
    webhooks: Annotated[
        bool, typer.Option("--webhooks", help="Leave admission webhooks on; played pods do not answer them.")
    ] = False,
    audit_log: Annotated[
        str | None,
        typer.Option(
            "--audit-log", metavar="FILE", help="Write every change to this file.", show_default=False
        ),
    ] = None,
) -> None:
    """Start it and leave it running; a second `up` finds the first."""
    from platformctl.cli.sandbox_work import up as work

    raise typer.Exit(work(globals_, webhooks, audit_log))


@commands.command("down")
@with_globals
def down(globals_: Globals) -> None:
    """End it and remove everything of it."""
    from platformctl.cli.sandbox_work import down as work

    raise typer.Exit(work(globals_))


@commands.command("status")
@with_globals
def status(globals_: Globals) -> None:
    """What runs, since when, and what is played rather than real."""
    from platformctl.cli.sandbox_work import status as work

    raise typer.Exit(work(globals_))


@commands.command("env")
@with_globals
def env(globals_: Globals) -> None:
    """Shell lines that point kubectl and helm at it:  eval "$(platformctl sandbox env)"."""
    from platformctl.cli.sandbox_work import env as work

    raise typer.Exit(work(globals_))


def register(app: typer.Typer) -> None:
    keeps_globals(commands)
    app.add_typer(commands, name="sandbox", rich_help_panel="Tools")
