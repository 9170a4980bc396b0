"""The steps of a deploy: per release namespace → apply → ready → gates, and the edges between releases.

What changes waits for the last step of each release that it needs. A release in between that has no step of its own
passes on what it waits for itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final

from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.catalog.models import Namespace
from platformctl.live.state import LiveState
from platformctl.plan.steps import (
    Action,
    ApplyRelease,
    AwaitReady,
    EnsureNamespace,
    PassGate,
    Step,
    StepId,
)
from platformctl.render.models import Rendered, RenderedRelease

# Their namespaces are ours to make and to label, also where Argo CD has CreateNamespace=false.
KEPT: Final = frozenset({Action.INSTALL, Action.UPGRADE, Action.UNCHANGED, Action.DELIVERED})


def deploy_steps(
    scope: Scope,
    live: LiveState,
    rendered: Rendered,
    *,
    order: Sequence[str],
    actions: Mapping[str, Action],
    to_check: Collection[str],
    history_max: int,
    stable_for_s: float,
) -> tuple[Step, ...]:
    """In an order in which they could run one by one. `order` has what is needed before what needs it."""
    releases = {release.key: release for release in scope.releases}
    namespaces = namespace_steps(
        [releases[key] for key in order if actions[key] in KEPT],
        live,
    )
    steps: list[Step] = list(namespaces.values())
    last: dict[str, tuple[StepId, ...]] = {}
    for key in order:
        release, render = releases[key], rendered.get(key)
        needs = tuple(dict.fromkeys(step for need in sorted(release.needs) for step in last.get(need, ())))
        made: list[Step] = []
        if actions[key].writes and isinstance(render, RenderedRelease):
            place = namespaces.get(release.namespace.name)
            before = (*((place.id,) if place is not None else ()), *needs)
            made = _release_steps(
                release, render, live, before, history_max=history_max, stable_for_s=stable_for_s
            )
        elif key in to_check:
            made = [_ready(release, needs, stable_for_s=0.0)]
        steps.extend(made)
        last[key] = (made[-1].id,) if made else needs
    return tuple(steps)


def namespace_steps(releases: Sequence[DesiredRelease], live: LiveState) -> dict[str, EnsureNamespace]:
    """By name, only where the namespace is missing or lacks labels; what may not be read is left alone."""
    labels: dict[str, dict[str, str]] = {}
    for release in releases:
        labels.setdefault(release.namespace.name, {}).update(release.namespace.labels)
    found = {}
    for name in sorted(labels):
        there = live.namespaces.get(name)
        if there is None and namespace_unknown(live, name) is not None:
            continue
        wanted = dict(sorted(labels[name].items()))
        if there is None or any(there.labels.get(key) != value for key, value in wanted.items()):
            found[name] = EnsureNamespace(
                StepId(f"namespace:{name}"), Namespace(name=name, labels=wanted), exists=there is not None
            )
    return found


def namespace_unknown(live: LiveState, name: str) -> str | None:
    """Why this namespace could not be read; None when it could, also when it is not there."""
    return live.unknown.get("namespaces") or live.unknown.get(f"namespace {name}")


def _release_steps(
    release: DesiredRelease,
    render: RenderedRelease,
    live: LiveState,
    needs: tuple[StepId, ...],
    *,
    history_max: int,
    stable_for_s: float,
) -> list[Step]:
    # That of an uninstalled release too: helm counts on from it.
    record = live.release(release.namespace.name, release.name)
    apply = ApplyRelease(
        id=StepId(f"apply:{release.key}"),
        release=release,
        chart=render.chart,
        inputs=render.inputs.digest,
        from_revision=record.revision if record is not None else 0,
        history_max=history_max,
        needs=needs,
    )
    ready = _ready(release, (apply.id,), stable_for_s=stable_for_s)
    names = [
        ready.id,
        *(StepId(f"gate:{release.key}:{number}") for number in range(1, len(release.gates) + 1)),
    ]
    gates = [
        PassGate(after, release.key, release.name, release.namespace.name, gate, needs=(before,))
        for gate, (before, after) in zip(release.gates, pairwise(names), strict=True)
    ]
    return [apply, ready, *gates]


def _ready(release: DesiredRelease, needs: tuple[StepId, ...], *, stable_for_s: float) -> AwaitReady:
    return AwaitReady(
        id=StepId(f"ready:{release.key}"),
        key=release.key,
        name=release.name,
        namespace=release.namespace.name,
        timeout_s=release.timeout_s,
        stable_for_s=stable_for_s,
        needs=needs,
    )
