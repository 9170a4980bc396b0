"""The deploy plan: for every selected release what becomes of it and why, and the steps that make it so.

Pure: the same scope, live state, renders and options give the same plan, whatever the order of their mappings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.errors import UsageError, suggestion
from platformctl.live.state import LiveState
from platformctl.plan.checks import check_deploy
from platformctl.plan.decide import ONCE_GOOD, Decision, Parse, decide
from platformctl.plan.deploy_steps import deploy_steps
from platformctl.plan.graph import closure, waves
from platformctl.plan.options import DeployOptions
from platformctl.plan.requirements import Coming, brought_by
from platformctl.plan.steps import Action, Plan, ReleasePlan
from platformctl.render.models import Rendered, RenderedRelease

__all__ = ["DeployOptions", "coming_from", "plan_deploy"]


def plan_deploy(
    scope: Scope,
    live: LiveState,
    rendered: Rendered,
    options: DeployOptions,
    *,
    parse: Parse,
    libraries: Scope | None = None,
) -> Plan:
    """The plan of one scope. `parse` reads recorded manifests; `libraries` is the scope that an environment builds on.

    Raises UsageError for a target that the scope does not have, DesiredStateError for a cycle.
    """
    if options.timeout_s is not None:
        scope = _with_timeout(scope, options.timeout_s)
    graph = {release.key: release.needs for release in scope.releases}
    targets, checked = _selected(scope, options, graph)
    chosen = {key: graph[key] for key in targets | checked}
    wave = waves(chosen)
    releases = {release.key: release for release in scope.releases}
    names = [release.name for release in scope.releases]
    decisions = {key: decide(releases[key], live, rendered.get(key), parse, siblings=names) for key in wave}
    actions = {key: _action(decisions[key], options, target=key in targets) for key in wave}
    found = check_deploy(
        scope,
        live,
        rendered,
        options,
        libraries=libraries,
        decisions=decisions,
        actions=actions,
        graph=chosen,
    )
    return Plan(
        kind="deploy",
        scope=scope.name,
        protected=scope.protected,
        identity=live.identity,
        releases=tuple(
            _row(releases[key], live, decisions[key], actions[key], wave=number)
            for key, number in wave.items()
        ),
        steps=deploy_steps(
            scope,
            live,
            rendered,
            order=tuple(wave),
            actions=actions,
            to_check=found.to_await,
            history_max=options.history_max,
            stable_for_s=options.stable_for_s,
        ),
        blockers=found.blockers,
        warnings=found.warnings,
    )


def coming_from(plan: Plan, rendered: Rendered) -> Coming:
    """What a plan brings to the one after it: its written releases, and what their objects make. In a dry run also the
    releases whose chart is not at hand, which would be written."""
    unseen = [row.key for row in plan.not_rendered]
    written = [*(row.key for row in plan.changes), *unseen]
    renders = [each for key in written if isinstance(each := rendered.get(key), RenderedRelease)]
    return replace(brought_by(renders), libraries=frozenset(written), unseen=bool(unseen))


def _with_timeout(scope: Scope, timeout_s: float) -> Scope:
    return replace(scope, releases=tuple(replace(each, timeout_s=timeout_s) for each in scope.releases))


def _selected(
    scope: Scope, options: DeployOptions, graph: Mapping[str, Iterable[str]]
) -> tuple[frozenset[str], frozenset[str]]:
    """The keys that may change, and those that are only checked because a target needs them."""
    keys = frozenset(graph)
    targets = keys if options.targets is None else options.targets
    for name in sorted((targets | options.excluded) - keys):
        raise UsageError(
            f"plan {scope.name}: there is no release {name}{suggestion(name, sorted(keys))}",
            hint=f"what there is:  platformctl plan {scope.name}",
        )
    needs = {key: tuple(value) for key, value in graph.items()}
    if options.with_needs:
        targets |= closure(targets, needs)
    targets -= options.excluded
    return targets, closure(targets, needs) - targets


def _action(decision: Decision, options: DeployOptions, *, target: bool) -> Action:
    action = decision.action
    if not target:
        return action if action in (Action.DELIVERED, Action.UNKNOWN) else Action.CHECK
    if action is Action.UPGRADE and not options.upgrade_existing and _was_there(decision):
        return Action.PENDING_UPGRADE
    return action


def _was_there(decision: Decision) -> bool:
    """A first install that failed never was: it counts as missing."""
    record = decision.live
    return record is not None and (
        record.deployed or any(each.status in ONCE_GOOD for each in record.history)
    )


def _row(
    release: DesiredRelease, live: LiveState, decision: Decision, action: Action, *, wave: int
) -> ReleasePlan:
    record = live.release(release.namespace.name, release.name)
    reasons, notes = decision.reasons, decision.notes
    if action is Action.UNCHANGED and record is not None and record.id in live.unready:
        reasons = (f"not ready: {live.unready[record.id]}",)
    if action is Action.CHECK:
        reasons = ("needed by what was asked for",)
        if decision.action is Action.UPGRADE:
            notes = (
                *notes,
                f"has changes of its own ({'; '.join(decision.reasons)}); --with-needs makes them",
            )
    return ReleasePlan(
        key=release.key,
        name=release.name,
        namespace=release.namespace.name,
        action=action,
        chart=decision.chart,
        revision=record.revision if record is not None else 0,
        reasons=reasons,
        wave=wave,
        needs=tuple(sorted(release.needs)),
        diff=decision.diff if action.writes or action is Action.PENDING_UPGRADE else (),
        random=decision.random,
        notes=notes,
    )
