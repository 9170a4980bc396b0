"""The straight line: desired state, live state, render, plan — and, when it is wanted, run.

look()       reads the cluster once
prepare()    renders what has to be rendered and plans one scope; changes nothing
carry_out()  runs what was prepared, and returns what came of it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from platformctl.__about__ import __version__
from platformctl.backup import archive as backups
from platformctl.backup.collect import Wish
from platformctl.backup.collect import collect as collect_backup
from platformctl.backup.compare import compare
from platformctl.backup.models import Archive, Comparison
from platformctl.catalog import durations
from platformctl.catalog.desired import Catalog, Scope
from platformctl.catalog.models import LIBRARIES
from platformctl.charts.store import ChartStore
from platformctl.errors import ClusterError
from platformctl.live.collect import collect, wanted_of
from platformctl.live.state import OFFLINE, LiveState, ReleaseId
from platformctl.plan.deploy import coming_from, plan_deploy
from platformctl.plan.options import DeployOptions
from platformctl.plan.requirements import Coming
from platformctl.plan.restore import plan_restore
from platformctl.plan.rollback import plan_rollback
from platformctl.plan.steps import Plan
from platformctl.render.manifests import parse_manifests, parse_objects
from platformctl.render.models import KubeObject, Rendered
from platformctl.render.render import Apis, brought_by, render_scope
from platformctl.run import preflight
from platformctl.run.actions import Tools
from platformctl.run.door import Door
from platformctl.run.events import Notice, Sink
from platformctl.run.phases import Run
from platformctl.run.phases import carry_out as run_phases
from platformctl.run.result import RunResult
from platformctl.run.stop import Stop
from platformctl.session import Session


@dataclass(frozen=True, slots=True)
class Line:
    """What the whole line works with: collaborators, desired state, where charts come from, and where backups go."""

    session: Session
    catalog: Catalog
    charts: ChartStore
    backups: Path


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for one scope. `every_object` renders unchanged releases as well; `library_apis` is what libraries
    bring that an earlier transaction of the same command deploys."""

    scope: Scope
    options: DeployOptions
    every_object: bool = False
    library_apis: Apis = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with everything that it was made from. `replan` makes it again from another look at the cluster; `backup` is
    what a restore restores."""

    request: Request
    live: LiveState
    rendered: Rendered
    plan: Plan
    replan: Callable[[LiveState], Plan]
    backup: Archive | None = None

    @property
    def scope(self) -> Scope:
        return self.request.scope


def look(line: Line) -> LiveState:
    """One snapshot of the cluster, as far as the catalog is concerned; OFFLINE without one."""
    if line.session.cluster is None:
        return OFFLINE
    return collect(line.session.cluster.api, wanted_of(line.catalog), is_sandbox=line.session.is_sandbox)


def prepare(line: Line, request: Request, live: LiveState) -> Prepared:
    """Renders what has to be rendered and plans one scope."""
    session, catalog = line.session, line.catalog
    rendered = render_scope(
        request.scope,
        line.charts,
        session.helm,
        live,
        every_object=request.every_object or live.offline,
        keys=request.options.targets,
        library_apis=request.library_apis,
        cache=session.cache / "renders",
        workers=session.parallel,
    )

    def replan(now: LiveState) -> Plan:
        return plan_deploy(
            request.scope, now, rendered, request.options, parse=parse_objects, libraries=catalog.libraries
        )

    return Prepared(request, live, rendered, replan(live), replan)


def prepare_all(line: Line, requests: Sequence[Request], live: LiveState) -> list[Prepared]:
    """Plans scope after scope from one look at the cluster: what the libraries' plan brings counts as coming for the
    environments after it."""
    prepared: list[Prepared] = []
    coming, library_apis = Coming(), dict[str, frozenset[str]]()
    for request in requests:
        options = replace(request.options, coming=coming)
        one = prepare(line, replace(request, options=options, library_apis=library_apis), live)
        prepared.append(one)
        if one.scope.name == LIBRARIES:
            coming, library_apis = coming_from(one.plan, one.rendered), brought_by(one.scope, one.rendered)
    return prepared


def prepare_again(line: Line, request: Request) -> Prepared:
    """The same request from a new look, when what it waited for has been done."""
    now = replace(request, options=replace(request.options, coming=Coming()), library_apis={})
    return prepare(line, now, look(line))


def prepare_rollback(line: Line, request: Request, key: str | None, revision: int | None) -> Prepared:
    """A plan that takes one release back. Raises GuardError, with the revisions, when no release, or no revision of it
    that is good, is named."""
    release = request.scope.release(key) if key is not None else None
    live = look(line)

    def replan(now: LiveState) -> Plan:
        return plan_rollback(request.scope, release, now, revision, options=request.options)

    return Prepared(request, live, {}, replan(live), replan)


def prepare_restore(line: Line, request: Request, archive: Archive) -> Prepared:
    """A plan that brings back what a backup holds. Raises GuardError for the backup of another cluster."""
    live = look(line)

    def replan(now: LiveState) -> Plan:
        # What another cluster has is none of this backup's business: it is compared only where the plan may go on.
        api = line.session.cluster.api if line.session.cluster else None
        same = now.identity is not None and now.identity.uid == archive.backup.identity.uid
        compared = compare(archive, api) if api is not None and same else Comparison()
        return plan_restore(request.scope, archive.backup, now, compared, request.options)

    return Prepared(request, live, {}, replan(live), replan, archive)


def take_backup(
    line: Line, scope: Scope, live: LiveState, *, run_id: str, who: str, include_secrets: bool = False
) -> Archive:
    """Everything of a scope that a backup holds, in memory. Only reads."""
    session = line.session
    if session.cluster is None or live.identity is None:
        raise ClusterError(f"back up {scope.name}: no cluster in reach", hint="platformctl doctor")
    versions = {"helm": session.helm.version, "kubectl": session.cluster.kubectl.version}
    wish = Wish(
        id=run_id,
        scope=scope.name,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        run=run_id,
        who=who,
        identity=live.identity,
        tools={"platformctl": __version__, **{n: ".".join(map(str, v)) for n, v in versions.items()}},
        releases=releases_of(scope, line.catalog, live),
        namespaces=tuple(sorted({release.namespace.name for release in scope.releases})),
        include_secrets=include_secrets,
    )
    return collect_backup(wish, session.cluster.api, _parse_with_hooks)


def releases_of(scope: Scope, catalog: Catalog, live: LiveState) -> dict[str, ReleaseId]:
    """Those of the catalog by key, and by name those that we made in its namespaces and that the catalog no longer has."""
    found = {each.key: ReleaseId(each.namespace.name, each.name) for each in scope.releases}
    known = {
        ReleaseId(each.namespace.name, each.name)
        for other in catalog.scopes.values()
        for each in other.releases
    }
    own = {scope.namespace.name} if scope.namespace else {id_.namespace for id_ in found.values()}
    orphans = sorted(
        record.id
        for record in live.releases.values()
        if record.run is not None and record.id.namespace in own and record.id not in known
    )
    return {**found, **{id_.name: id_ for id_ in orphans if id_.name not in found}}


def _parse_with_hooks(text: str, namespace: str) -> tuple[KubeObject, ...]:
    parsed = parse_manifests(text, namespace)
    return (*parsed.objects, *(hook.object for hook in parsed.hooks))


def _backup_phase(line: Line, scope: Scope, run_id: str, who: str) -> Callable[[LiveState], str]:
    def act(live: LiveState) -> str:
        taken = take_backup(line, scope, live, run_id=run_id, who=who)
        if not taken.backup.releases:
            return ""  # a first deploy: there is nothing that could be lost
        return backups.write(line.backups, taken).sentence

    return act


def ask_server(line: Line, prepared: Sequence[Prepared]) -> preflight.Said | None:
    """What the API server says to a dry run of everything that would change; None without a cluster."""
    cluster = line.session.cluster
    if cluster is None:
        return None
    said = [
        preflight.ask_server(
            one.plan, one.rendered, one.live, kubectl=cluster.kubectl, parallel=line.session.parallel
        )
        for one in prepared
    ]
    return preflight.together(said)


def carry_out(
    line: Line,
    prepared: Prepared,
    *,
    run_id: str,
    who: str,
    confirm: Callable[[], None],
    emit: Sink,
    stop: Stop,
    skip_backup: str | None = None,
) -> RunResult:
    """Runs a plan through all phases. Errors before the first write are raised; later ones are in the result.

    A protected scope is backed up before the first write, unless `skip_backup` says why not.
    """
    session = line.session
    if session.cluster is None:
        raise ClusterError(f"change {prepared.scope.name}: no cluster in reach", hint="platformctl doctor")
    tools = Tools(
        run=run_id,
        who=who,
        helm=session.helm,
        kubectl=session.cluster.kubectl,
        api=session.cluster.api,
        door=Door(open=True),
        stop=stop,
        sandbox=prepared.live.identity is not None and prepared.live.identity.sandbox,
        root=line.catalog.root,
        parse=parse_objects,
        backup=prepared.backup,
    )
    wanted = prepared.plan.protected and bool(prepared.plan.changes)
    if wanted and skip_backup:
        emit(Notice("warning", f"no backup of {prepared.scope.name} is made: {skip_backup}"))
    run = Run(
        id=run_id,
        plan=prepared.plan,
        rendered=prepared.rendered,
        live=prepared.live,
        tools=tools,
        parallel=session.parallel,
        stable_for_s=durations.seconds(line.catalog.platform.defaults.stableFor),
        confirm=confirm,
        look=lambda: look(line),
        replan=prepared.replan,
        emit=emit,
        stop=stop,
        backup=_backup_phase(line, prepared.scope, run_id, who) if wanted and not skip_backup else None,
    )
    return run_phases(run)
