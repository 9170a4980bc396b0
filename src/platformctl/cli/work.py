"""Deploy and rollback: parse → pipeline → render its value → exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from platformctl.catalog.desired import Catalog, Scope
from platformctl.catalog.models import LIBRARIES
from platformctl.catalog.select import find_scope, select
from platformctl.cli import confirm as question
from platformctl.cli.desk import Desk, at_desk
from platformctl.cli.options import Globals
from platformctl.errors import PlatformctlError, PreflightError, UsageError
from platformctl.pipeline import (
    Line,
    Prepared,
    Request,
    ask_server,
    carry_out,
    look,
    prepare_again,
    prepare_all,
    prepare_rollback,
)
from platformctl.plan.options import DeployOptions
from platformctl.run import guards, preflight
from platformctl.run.result import RunResult


@dataclass(frozen=True, slots=True)
class Asked:
    """One scope as it was named on the command line; `else_target` where the catalog has no `target`."""

    target: str
    names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    with_needs: bool = False
    upgrade_existing: bool = True
    else_target: str | None = None

    def scope_of(self, catalog: Catalog) -> Scope:
        """Raises UsageError for a name that the catalog does not have."""
        known = {name for scope in catalog.scopes.values() for name in (scope.name, *scope.aliases)}
        other = self.else_target if self.target not in known else None
        return find_scope(catalog, other or self.target)


def deploy(
    globals_: Globals, asked: Sequence[Asked], *, confirm: str | None, skip_backup: str | None = None
) -> int:
    """One confirmation, then one transaction after the other; a later one is planned again when its turn comes."""
    with at_desk(globals_, "deploy") as desk:
        catalog = desk.catalog()
        requests = [request_of(desk, catalog, one) for one in asked]
        if not desk.dry_run:
            for request in requests:
                if request.scope.protected and request.scope.name != LIBRARIES:
                    question.require_answerable(request.scope.name, confirm, able_to_ask=desk.able_to_ask)
        line = line_of(desk, catalog, requests, offline_is_fine=desk.dry_run)
        prepared = prepare_all(line, requests, look(line))
        if desk.dry_run:
            return dry_run(desk, line, prepared)
        desk.screen.plans(catalog, prepared)
        if all(one.plan.empty and not one.plan.blockers for one in prepared):
            return desk.screen.nothing_to_do(prepared)
        refuse(desk, line, prepared)
        answer = question_of(catalog, prepared)
        if answer is not None:  # before a run begins that could only end with 13
            scope = LIBRARIES if answer not in catalog.scopes else None
            question.require_answerable(answer, confirm, able_to_ask=desk.able_to_ask, scope=scope)
        return carry_out_all(desk, line, prepared, ask_name(desk, answer, confirm), skip_backup=skip_backup)


def deploy_all(
    globals_: Globals,
    environment: str | None,
    *,
    confirm: str | None,
    skip_libraries: bool,
    libraries_only: bool,
    upgrade_libraries: bool,
    skip_backup: str | None = None,
) -> int:
    """The libraries that are missing (and with upgrade_libraries those that would change), then one environment."""
    if environment is None and not libraries_only:
        with at_desk(globals_, "all") as desk:
            environment = desk.catalog().platform.defaults.all
        if environment is None:
            raise UsageError(
                "all: which environment? The catalog has no defaults.all", hint="platformctl all ENV"
            )
    if libraries_only and environment is not None:
        with at_desk(globals_, "all") as desk:
            find_scope(desk.catalog(), environment)  # a typo is one, whatever is left out
    asked = [] if skip_libraries else [Asked(LIBRARIES, upgrade_existing=upgrade_libraries)]
    asked += [] if libraries_only or environment is None else [Asked(environment)]
    return deploy(globals_, asked, confirm=confirm, skip_backup=skip_backup)


def rollback(
    globals_: Globals,
    target: str | None,
    name: str | None,
    to: str | None,
    *,
    confirm: str | None,
    skip_backup: str | None = None,
) -> int:
    """One release to one revision that is named; without one: refused, with the list of what there is."""
    with at_desk(globals_, "rollback") as desk:
        catalog = desk.catalog()
        target = target or catalog.platform.defaults.rollback
        if target is None:
            raise UsageError(
                "rollback: which environment? The catalog has no defaults.rollback",
                hint="platformctl rollback ENV NAME --to REV",
            )
        scope = find_scope(catalog, target)
        targets = select(scope, (name,)).targets if name else None
        revision = revision_number(to)
        if targets is None and revision is not None:
            raise UsageError(
                f"rollback {scope.name}: which release?",
                hint=f"platformctl rollback {scope.name} NAME --to REV",
            )
        what = f"Roll back {name} in {scope.name} to revision {revision}?"
        if revision is not None and not desk.dry_run and scope.name != LIBRARIES:
            if scope.protected:
                question.require_answerable(scope.name, confirm, able_to_ask=desk.able_to_ask)
            else:
                question.require_yes(what, desk.globals.yes, able_to_ask=desk.able_to_ask)
        request = request_of(desk, catalog, Asked(target))
        line = line_of(desk, catalog, [request], offline_is_fine=False)
        prepared = prepare_rollback(line, request, targets[0] if targets else None, revision)
        if desk.dry_run:
            return dry_run(desk, line, [prepared])
        desk.screen.plans(catalog, [prepared])
        refuse(desk, line, [prepared])
        answer = question_of(catalog, [prepared])
        if answer is not None:
            return carry_out_all(
                desk, line, [prepared], ask_name(desk, answer, confirm), skip_backup=skip_backup
            )

        def ask() -> None:
            question.yes_or_no(
                what, desk.globals.yes, able_to_ask=desk.able_to_ask, ask=question.ask_on_terminal
            )

        return carry_out_all(desk, line, [prepared], ask, skip_backup=skip_backup)


def revision_number(text: str | None) -> int | None:
    """A revision as helm counts them, from 1. Raises UsageError."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < 1:
        raise UsageError(
            f"--to {text[:40]!r}: a revision is a whole number from 1",
            hint="platformctl status ENV  lists the releases",
        )
    return int(text)


def request_of(desk: Desk, catalog: Catalog, asked: Asked, *, look_only: bool = False) -> Request:
    """The request for names on the command line. Raises UsageError for names that the catalog does not have."""
    scope = asked.scope_of(catalog)
    selection = select(scope, asked.names, exclude=asked.exclude, with_needs=asked.with_needs)
    defaults = catalog.platform.defaults
    options = DeployOptions(
        targets=None if selection.targets is None else frozenset(selection.targets),
        excluded=frozenset(selection.excluded),
        with_needs=asked.with_needs,
        upgrade_existing=asked.upgrade_existing,
        allow_not_rendered=(desk.dry_run or look_only) and not desk.globals.strict,
        leave_out_not_rendered=desk.globals.chart_mirror_match == "nearest",
        history_max=defaults.historyMax,
        timeout_s=desk.timeout_s,
    )
    return Request(scope, options)


def line_of(desk: Desk, catalog: Catalog, requests: Sequence[Request], *, offline_is_fine: bool) -> Line:
    session = desk.session(catalog, [request.scope for request in requests], offline_is_fine=offline_is_fine)
    return Line(session, catalog, desk.charts(catalog, session), desk.backups(catalog))


def refuse(desk: Desk, line: Line, prepared: Sequence[Prepared]) -> None:
    """Guards first (7), then whatever the plans already know to stand in the way (6)."""
    for one in prepared:
        guards.check_cluster(one.scope, one.plan, line.catalog.file)
    _stop(desk, prepared, ())


def dry_run(desk: Desk, line: Line, prepared: Sequence[Prepared]) -> int:
    """Shows the plans and asks the server about every object that would change; writes nothing."""
    said = ask_server(line, prepared)
    obstacle = _obstacle(desk, prepared, said.findings if said else ())
    desk.screen.dry_run(line.catalog, prepared, said, obstacle)
    if obstacle is not None:
        raise obstacle
    changes = any(one.plan.changes for one in prepared)
    return 2 if changes and desk.globals.detailed_exitcode else 0


def _obstacle(desk: Desk, prepared: Sequence[Prepared], findings: Sequence[str]) -> PreflightError | None:
    """What `_stop` would raise."""
    try:
        _stop(desk, prepared, findings)
    except PreflightError as error:
        return error
    return None


def _stop(desk: Desk, prepared: Sequence[Prepared], findings: Sequence[str]) -> None:
    """Raises PreflightError for findings and blockers. People have just read the blockers under their plan."""
    blockers = [blocker for one in prepared for blocker in one.plan.blockers]
    names = ", ".join(one.scope.name for one in prepared)
    if desk.screen.for_people:
        preflight.refuse(names, findings, shown=blockers)
    else:
        preflight.refuse(names, [*blockers, *findings])


def question_of(catalog: Catalog, prepared: Sequence[Prepared]) -> str | None:
    """What has to be typed: the protected environment's name, else the cluster's when a library that is there changes.

    The environment's also when only libraries change on the way to it: it is what was named, and there is one question."""
    for one in prepared:
        if one.scope.protected and one.scope.name != LIBRARIES:
            return one.scope.name
    for one in prepared:
        changes_present = any(row.revision > 0 for row in one.plan.changes)
        if one.scope.protected and one.scope.name == LIBRARIES and changes_present:
            return one.scope.cluster_name or catalog.platform.metadata.name
    return None


def ask_name(desk: Desk, name: str | None, given: str | None) -> Callable[[], None]:
    def ask() -> None:
        if name is not None:
            question.typed_name(name, given, able_to_ask=desk.able_to_ask, ask=question.ask_on_terminal)

    return ask


def carry_out_all(
    desk: Desk,
    line: Line,
    prepared: Sequence[Prepared],
    ask: Callable[[], None],
    *,
    skip_backup: str | None = None,
) -> int:
    """Transactions in order, the first one behind the question; the first that fails ends it."""
    results: list[RunResult] = []
    left = list(prepared)
    try:
        with desk.deadline():
            while left and all(result.status.good for result in results):
                now = left[0] if not results else prepare_again(line, left[0].request)
                if results:
                    refuse(desk, line, [now])
                if not now.plan.empty:
                    results.append(_carry_out(desk, line, now, ask if not results else None, skip_backup))
                left.pop(0)
    except PlatformctlError as error:
        if results:  # what was done before must be told, whatever stopped the rest
            desk.screen.results(results, left, error)
        raise
    return desk.screen.results(results, left)


def _carry_out(
    desk: Desk, line: Line, one: Prepared, ask: Callable[[], None] | None, skip_backup: str | None
) -> RunResult:
    def confirmed() -> None:
        if ask is not None:
            ask()
        desk.armed.writing = True  # from here on a signal only sets flags

    with desk.run_shown(line.session.runs) as (run_id, emit):
        return carry_out(
            line,
            one,
            run_id=run_id,
            who=desk.who,
            confirm=confirmed,
            emit=emit,
            stop=desk.stop,
            skip_backup=skip_backup,
        )
