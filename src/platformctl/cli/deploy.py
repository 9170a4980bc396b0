"""libraries, stg, prod, all, and deploy: one code path behind five names."""

from __future__ import annotations

from typing import Annotated

import typer

from platformctl.cli.options import Globals, with_globals

PANEL = "Deploy"
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Only these; default: all.", show_default=False),
]
Confirm = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        metavar="NAME",
        help="Answers the question of a protected environment.",
        show_default=False,
    ),
]
WithNeeds = Annotated[bool, typer.Option("--with-needs", help="Also change what the named ones need.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="NAME", help="Leave this one out.", show_default=False),
]
SkipLibraries = Annotated[bool, typer.Option("--skip-libraries", help="Only the environment.")]
LibrariesOnly = Annotated[bool, typer.Option("--libraries-only", help="Only the libraries.")]
UpgradeLibraries = Annotated[
    bool, typer.Option("--upgrade-libraries", help="Also upgrade libraries that are already there.")
]

SkipBackup = Annotated[
    bool,
    typer.Option(
        "--skip-backup", help="No backup before a protected environment is changed; needs --reason."
    ),
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, for the record.", show_default=False)
]


def skips(skip_backup: bool, reason: str | None) -> str | None:
    """Why no backup is made; None when one is. Raises BadParameter without a reason."""
    if skip_backup and not (reason and reason.strip()):
        raise typer.BadParameter("--skip-backup needs --reason TEXT")
    return reason if skip_backup else None


@with_globals
def libraries(
    globals_: Globals,
    names: Names = None,
    confirm: Confirm = None,
    with_needs: WithNeeds = False,
    exclude: Exclude = None,
    skip_backup: SkipBackup = False,
    reason: Reason = None,
) -> None:
    """Cluster services and development tools, in order of their needs, with gates."""
    _scope(globals_, "libraries", names, confirm, with_needs, exclude, skips(skip_backup, reason))


def _environment(name: str, doc: str, synonym: str | None = None) -> object:
    """The command of an environment. A synonym is taken by its own name first: a catalog may have just that one."""

    @with_globals
    def command(
        globals_: Globals,
        names: Names = None,
        confirm: Confirm = None,
        with_needs: WithNeeds = False,
        exclude: Exclude = None,
        skip_backup: SkipBackup = False,
        reason: Reason = None,
    ) -> None:
        _scope(
            globals_,
            synonym or name,
            names,
            confirm,
            with_needs,
            exclude,
            skips(skip_backup, reason),
            else_target=name,
        )

    command.__doc__ = doc
    return command


@with_globals
def all_(
    globals_: Globals,
    environment: Annotated[
        str | None,
        typer.Argument(metavar="[ENV]", help="Default: the catalog's defaults.all.", show_default=False),
    ] = None,
    confirm: Confirm = None,
    skip_libraries: SkipLibraries = False,
    libraries_only: LibrariesOnly = False,
    upgrade_libraries: UpgradeLibraries = False,
    skip_backup: SkipBackup = False,
    reason: Reason = None,
) -> None:
    """The libraries that are missing, then one environment."""
    skip = skips(skip_backup, reason)
    _all(globals_, environment, confirm, skip_libraries, libraries_only, upgrade_libraries, skip)


@with_globals
def deploy(
    globals_: Globals,
    target: Annotated[
        str, typer.Argument(metavar="libraries|ENV|all", help="What to deploy.", show_default=False)
    ],
    names: Names = None,
    confirm: Confirm = None,
    with_needs: WithNeeds = False,
    exclude: Exclude = None,
    skip_libraries: SkipLibraries = False,
    libraries_only: LibrariesOnly = False,
    upgrade_libraries: UpgradeLibraries = False,
    skip_backup: SkipBackup = False,
    reason: Reason = None,
) -> None:
    """Deploy any environment of the catalog, the libraries, or both."""
    if target == "all":
        if names and len(names) > 1:
            raise typer.BadParameter("deploy all takes one environment")
        environment = names[0] if names else None
        skip = skips(skip_backup, reason)
        _all(globals_, environment, confirm, skip_libraries, libraries_only, upgrade_libraries, skip)
        return
    if skip_libraries or libraries_only or upgrade_libraries:
        raise typer.BadParameter(
            "--skip-libraries, --libraries-only and --upgrade-libraries belong to: deploy all"
        )
    _scope(globals_, target, names, confirm, with_needs, exclude, skips(skip_backup, reason))


def _scope(
    globals_: Globals,
    target: str,
    names: list[str] | None,
    confirm: str | None,
    with_needs: bool,
    exclude: list[str] | None,
    skip_backup: str | None,
    *,
    else_target: str | None = None,
) -> None:
    from platformctl.cli.work import Asked, deploy

    asked = Asked(
        target=target,
        names=tuple(names or ()),
        exclude=tuple(exclude or ()),
        with_needs=with_needs,
        else_target=else_target,
    )
    raise typer.Exit(deploy(globals_, [asked], confirm=confirm, skip_backup=skip_backup))


def _all(
    globals_: Globals,
    environment: str | None,
    confirm: str | None,
    skip: bool,
    only: bool,
    upgrade: bool,
    skip_backup: str | None,
) -> None:
    from platformctl.cli.work import deploy_all

    if skip and only:
        raise typer.BadParameter("--skip-libraries and --libraries-only leave nothing to do")
    raise typer.Exit(
        deploy_all(
            globals_,
            environment,
            confirm=confirm,
            skip_libraries=skip,
            libraries_only=only,
            upgrade_libraries=upgrade,
            skip_backup=skip_backup,
        )
    )


def register(app: typer.Typer) -> None:
    app.command("libraries", rich_help_panel=PANEL)(libraries)
    for name, doc, synonyms in (
        ("stg", "Deploy staging.", ("staging", "stage")),
        ("prod", "Deploy production: confirmation, preflight, deploy, health, summary.", ("production",)),
    ):
        app.command(name, rich_help_panel=PANEL)(_environment(name, doc))  # type: ignore[type-var]
        for synonym in synonyms:
            app.command(synonym, hidden=True)(_environment(name, doc, synonym))  # type: ignore[type-var]
    app.command("all", rich_help_panel=PANEL)(all_)
    app.command("deploy", rich_help_panel=PANEL)(deploy)
