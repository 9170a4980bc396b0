"""backup and restore: configuration, not volumes or databases."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.deploy import Confirm, Reason, SkipBackup, skips
from platformctl.cli.options import Globals, with_globals

PANEL = "Deploy"
Scope = Annotated[str, typer.Argument(metavar="ENV|libraries", help="What.", show_default=False)]


@with_globals
def backup(
    globals_: Globals,
    scope: Scope,
    include_secrets: Annotated[
        bool, typer.Option("--include-secrets", help="Also the live Secrets that no release owns.")
    ] = False,
    encrypt_with: Annotated[
        str | None,
        typer.Option(
            "--encrypt-with",
            metavar="CMD",
            help="Pipes it through this command and keeps only what comes out.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        int, typer.Option("--keep", metavar="N", min=1, help="How many of its backups stay.")
    ] = 20,
) -> None:
    """Keep the releases of an environment as files: configuration only, no volumes, no databases."""
    from platformctl.cli.backup_work import backup as work

    raise typer.Exit(
        work(globals_, scope, include_secrets=include_secrets, encrypt_with=encrypt_with, keep=keep)
    )


@with_globals
def restore(
    globals_: Globals,
    scope: Scope,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="ID", help="The backup.", show_default=False)
    ] = None,
    decrypt_with: Annotated[
        str | None,
        typer.Option(
            "--decrypt-with",
            metavar="CMD",
            help="The command that turns an encrypted one back.",
            show_default=False,
        ),
    ] = None,
    confirm: Confirm = None,
    skip_backup: SkipBackup = False,
    reason: Reason = None,
) -> None:
    """Bring releases back as they are in a backup: configuration only, no volumes, no databases."""
    from platformctl.cli.backup_work import restore as work

    raise typer.Exit(
        work(
            globals_,
            scope,
            from_,
            decrypt_with=decrypt_with,
            confirm=confirm,
            skip_backup=skips(skip_backup, reason),
        )
    )


def register(app: typer.Typer) -> None:
    app.command("backup", rich_help_panel=PANEL)(backup)
    app.command("restore", rich_help_panel=PANEL)(restore)
