"""What stands in the way of a deploy, found before anything is touched. All of it at once, in order of the releases.

Blockers are known facts; what may not be looked at is a warning. Without a cluster nothing is a blocker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.catalog.models import LIBRARIES
from platformctl.live.state import LiveState, ReleaseId
from platformctl.plan.decide import Decision, argocd_owner, current
from platformctl.plan.deploy_steps import KEPT, namespace_unknown
from platformctl.plan.graph import Graph, closure
from platformctl.plan.options import DeployOptions
from platformctl.plan.requirements import Coming, Finding, brought_by, findings
from platformctl.plan.steps import Action
from platformctl.render.models import Rendered, RenderedRelease


@dataclass(frozen=True, slots=True)
class Checked:
    """`to_await` are keys of releases that are not changed, but must be healthy before what needs them is."""

    blockers: tuple[str, ...]
    warnings: tuple[str, ...]
    to_await: frozenset[str]


def check_deploy(
    scope: Scope,
    live: LiveState,
    rendered: Rendered,
    options: DeployOptions,
    *,
    libraries: Scope | None,
    decisions: Mapping[str, Decision],
    actions: Mapping[str, Action],
    graph: Graph,
) -> Checked:
    """`decisions`, `actions` and `graph` hold the releases of the plan by key, in order of waves."""
    if live.offline:
        return Checked((), (), frozenset())
    writers = frozenset(key for key, action in actions.items() if action.writes)
    needed = closure(writers, graph) - writers
    by_key = {release.key: release for release in scope.releases}
    releases = [by_key[key] for key in actions]
    writing = [release for release in releases if release.key in writers]
    found = [
        *_own_state(releases, actions, decisions, needed, options),
        *_needs(releases, actions, decisions, needed, options),
        *_namespaces([each for each in releases if actions[each.key] in KEPT], live),
        *(
            each
            for release in writing
            for each in _requirements(release, live, rendered, options.coming, writers=writers, graph=graph)
        ),
        *_libraries(writing, scope, libraries, live, options),
        *_unmanaged(scope, writing, live, options.coming),
        *_pins(writing, scope, live, rendered),
    ]
    await_ = {key for key in needed if decisions[key].deployed and decisions[key].owner is None}
    # What is as the catalog says and yet not ready is looked at again: a repeat must not call a broken release good.
    await_ |= {
        key for key in actions if actions[key] is Action.UNCHANGED and _id(by_key[key]) in live.unready
    }
    return Checked(
        blockers=tuple(dict.fromkeys(each.text for each in found if each.blocks)),
        warnings=tuple(dict.fromkeys(each.text for each in found if not each.blocks)),
        to_await=frozenset(await_),
    )


def _id(release: DesiredRelease) -> ReleaseId:
    return ReleaseId(release.namespace.name, release.name)


def _own_state(
    releases: Sequence[DesiredRelease],
    actions: Mapping[str, Action],
    decisions: Mapping[str, Decision],
    needed: frozenset[str],
    options: DeployOptions,
) -> Iterator[Finding]:
    for release in releases:
        action, decision = actions[release.key], decisions[release.key]
        if decision.stuck is not None and (action is not Action.CHECK or release.key in needed):
            yield Finding(decision.stuck, blocks=True)
        elif action is Action.UNKNOWN:
            hint = f"kubectl auth can-i list secrets -n {release.namespace.name}"
            yield Finding(f"{release.name}: {decision.reasons[0]}; see:  {hint}", blocks=True)
        elif action is Action.NOT_RENDERED:
            reason = decision.reasons[0].removeprefix("chart not at hand: ")
            if options.leave_out_not_rendered:
                yield Finding(f"{release.name} is left out: its chart is not at hand: {reason}", blocks=False)
            else:
                text = f"{release.name}: its chart is not at hand: {reason}"
                yield Finding(text, blocks=not options.allow_not_rendered)


def _needs(
    releases: Sequence[DesiredRelease],
    actions: Mapping[str, Action],
    decisions: Mapping[str, Decision],
    needed: frozenset[str],
    options: DeployOptions,
) -> Iterator[Finding]:
    """What is needed by something that changes and does not change itself: is it there?"""
    for release in releases:
        key, decision = release.key, decisions[release.key]
        if key not in needed or decision.stuck is not None:
            continue
        who = _who(
            each.name
            for each in releases
            if key in each.needs and (actions[each.key].writes or each.key in needed)
        )
        need = f"{who} {release.name}"
        if decision.owner is not None:
            if decision.owner.health != "Healthy":
                yield Finding(f"{need}, which Argo CD says is {decision.owner.health}", blocks=False)
        elif not decision.deployed and actions[key] is not Action.UNKNOWN:
            state = "is not deployed" if decision.live is None else f"is {decision.live.status}"
            if key in options.excluded:
                yield Finding(
                    f"{need}, which {state}; deploy it too: leave out  --exclude {key}", blocks=True
                )
            elif actions[key] is Action.CHECK:
                yield Finding(f"{need}, which {state}; deploy it too:  --with-needs", blocks=True)
            else:
                yield Finding(f"{need}, which {state}", blocks=not options.allow_not_rendered)


def _namespaces(releases: Sequence[DesiredRelease], live: LiveState) -> Iterator[Finding]:
    for name in dict.fromkeys(release.namespace.name for release in releases):
        there, why = live.namespaces.get(name), namespace_unknown(live, name)
        if there is not None and there.phase == "Terminating":
            yield Finding(
                f"namespace {name} is being deleted; wait until it is gone, or see what holds it:"
                f"  kubectl get namespace {name} -o yaml",
                blocks=True,
            )
        elif there is None and why is not None:
            yield Finding(f"namespace {name} may not be read and is taken as it is: {why}", blocks=False)


def _requirements(
    release: DesiredRelease,
    live: LiveState,
    rendered: Rendered,
    coming: Coming,
    *,
    writers: frozenset[str],
    graph: Graph,
) -> Iterator[Finding]:
    before = (closure([release.key], graph) & writers) | {release.key}
    renders = [render for key in sorted(before) if isinstance(render := rendered.get(key), RenderedRelease)]
    coming |= brought_by(renders)
    return findings(f"{release.name} needs", release.requires, release.namespace.name, live, coming)


def _libraries(
    writing: Sequence[DesiredRelease],
    scope: Scope,
    libraries: Scope | None,
    live: LiveState,
    options: DeployOptions,
) -> Iterator[Finding]:
    libraries = scope if scope.name == LIBRARIES else libraries
    if libraries is None:
        return
    unmanaged_here = {each.key for each in scope.unmanaged} if scope.name == LIBRARIES else set()
    wants = {
        release.name: {*release.needs_libraries, *(unmanaged_here & set(release.needs))}
        for release in writing
    }
    for key in sorted({key for keys in wants.values() for key in keys}):
        who = _who(name for name, keys in wants.items() if key in keys)
        library = libraries.release(key)
        if library is not None and scope.name != LIBRARIES and key not in options.coming.libraries:
            yield from _library(f"{who} library {key}", library, live)
        for unmanaged in libraries.unmanaged:
            if unmanaged.key == key:
                yield from findings(
                    f"{who} library {key} with", unmanaged.requires, _namespace(scope), live, options.coming
                )


def _library(need: str, library: DesiredRelease, live: LiveState) -> Iterator[Finding]:
    owner, record = argocd_owner(library, live), current(library, live)
    why = live.release_unknown(library.namespace.name, library.name)
    if (owner is not None and owner.auto_sync) or (record is not None and record.deployed):
        return
    if why is not None:
        yield Finding(f"{need}; whether it is deployed may not be read: {why}", blocks=False)
        return
    state = "is not deployed" if record is None else f"is {record.status}"
    yield Finding(f"{need}, which {state}; deploy it:  platformctl libraries {library.key}", blocks=True)


def _unmanaged(
    scope: Scope, writing: Sequence[DesiredRelease], live: LiveState, coming: Coming
) -> Iterator[Finding]:
    """Of the libraries themselves, also when nothing that changes needs it: then it is only said."""
    if scope.name != LIBRARIES:
        return
    needed = {key for release in writing for key in (*release.needs, *release.needs_libraries)}
    for each in sorted(scope.unmanaged, key=lambda unmanaged: unmanaged.key):
        if each.key not in needed:
            need = f"library {each.key} should be there with"
            for finding in findings(need, each.requires, _namespace(scope), live, coming):
                yield Finding(finding.text, blocks=False)


def _pins(
    writing: Sequence[DesiredRelease], scope: Scope, live: LiveState, rendered: Rendered
) -> Iterator[Finding]:
    """What is protected gets no chart that no lock vouches for. The sandbox may."""
    if not scope.protected or live.identity is None or live.identity.sandbox:
        return
    for release in writing:
        render = rendered.get(release.key)
        if isinstance(render, RenderedRelease) and not render.chart.pinned:
            chart = f"{render.chart.name} {render.chart.version}"
            text = f"{release.name}: its chart {chart} is not pinned, and {scope.name} is protected; pin it:"
            yield Finding(f"{text}  platformctl charts pin", blocks=True)


def _namespace(scope: Scope) -> str:
    """Where Secrets would be that something without a namespace requires."""
    return scope.namespace.name if scope.namespace is not None else ""


def _who(names: Iterator[str]) -> str:
    """`a needs`, `a and b need`, `a, b and c need`."""
    found = list(dict.fromkeys(names))
    if len(found) == 1:
        return f"{found[0]} needs"
    return f"{', '.join(found[:-1])} and {found[-1]} need"
