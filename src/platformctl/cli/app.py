"""The command tree. Modules of the commands import only typer at the top: `--help` must stay fast."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from platformctl.cli import backup, catalog, charts, cluster, deploy, doctor, inspect, rollback, sandbox
from platformctl.cli.options import Globals, with_globals

EXIT_CODES: Final = (
    (0, "done, or nothing to do"),
    (1, "unexpected error (a bug; says where the log is)"),
    (2, "changes pending (plan and diff with --detailed-exitcode only)"),
    (3, "deploy failed, rolled back and verified"),
    (4, "deploy failed and rollback failed or partial: a human is needed"),
    (5, "failed or not verified, left in place"),
    (6, "catalog, chart, render, schema or policy error: nothing touched"),
    (7, "refused by a guard: wrong or unpinned cluster, protected, not ours"),
    (8, "locked by someone else"),
    (9, "plan or journal stale, or tampered with"),
    (10, "drift found"),
    (11, "cluster, helm or kubectl missing, unreachable or not permitted"),
    (12, "local file, disk or backup problem: nothing touched"),
    (13, "not confirmed"),
    (64, "usage error"),
    (70, "timed out, may still converge"),
    (130, "interrupted (143: terminated)"),
)

app = typer.Typer(
    name="platformctl",
    help="Takes a Git repository's desired state to a Kubernetes cluster, safely, through helm and kubectl.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes:\n\n" + "\n\n".join(f"{code:>3}  {meaning}" for code, meaning in EXIT_CODES),
)


def _root(
    globals_: Globals,
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="The version.")] = False,
) -> None:
    ctx.obj = globals_
    if ctx.invoked_subcommand is not None:
        return
    if version:
        from platformctl.__about__ import __version__

        typer.echo(f"platformctl {__version__}")
    elif globals_.dry_run:
        from platformctl.cli.plan_work import dry_run_everything

        raise typer.Exit(dry_run_everything(globals_))
    else:
        typer.echo(ctx.get_help())


app.callback(invoke_without_command=True)(with_globals(_root))
deploy.register(app)
inspect.register(app)
rollback.register(app)
backup.register(app)
catalog.register(app)
charts.register(app)
cluster.register(app)
sandbox.register(app)
doctor.register(app)
