"""Checks before the first write. They only read, and they collect everything: an operator mends all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from platformctl.errors import PreflightError
from platformctl.live.state import LiveState
from platformctl.plan.steps import ApplyRelease, EnsureNamespace, Plan
from platformctl.render.models import KubeObject, Rendered, RenderedRelease
from platformctl.tools.kubectl import Kubectl, complaint_lines, manifest

DRY_RUN_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Said:
    """What the API server said to a dry run: how many objects it judged, how many could not be asked yet (their
    namespace or kind comes with the run), and every refusal."""

    objects: int = 0
    deferred: int = 0
    findings: tuple[str, ...] = ()

    def __str__(self) -> str:
        later = (
            f", {self.deferred} not yet possible (their namespace or kind comes first)"
            if self.deferred
            else ""
        )
        return f"{self.objects} objects accepted by a server dry run{later}" if self.objects or later else ""


def together(many: Sequence[Said]) -> Said:
    return Said(
        sum(said.objects for said in many),
        sum(said.deferred for said in many),
        tuple(finding for said in many for finding in said.findings),
    )


def check(plan: Plan, rendered: Rendered, live: LiveState, *, kubectl: Kubectl, parallel: int) -> str:
    """What was checked, in one line. Raises PreflightError with every finding."""
    said = ask_server(plan, rendered, live, kubectl=kubectl, parallel=parallel)
    refuse(plan.scope, (*plan.blockers, *said.findings))
    return str(said)


def refuse(scope: str, findings: Sequence[str], *, shown: Sequence[str] = ()) -> None:
    """Raises PreflightError when there is any finding, with all of them; those `shown` already are only counted."""
    found = [*shown, *findings]
    if found:
        listed = "".join(f"\n  - {finding}" for finding in findings)
        count = "1 finding" if len(found) == 1 else f"{len(found)} findings"
        raise PreflightError(f"preflight of {scope}: {count}, nothing was changed.{listed}")


def ask_server(plan: Plan, rendered: Rendered, live: LiveState, *, kubectl: Kubectl, parallel: int) -> Said:
    """Sends the objects of every release that will change through admission and validation, storing nothing.

    helm's own `--dry-run=server` does not: it passes what an admission policy refuses.
    """
    coming = {
        step.namespace.name for step in plan.steps if isinstance(step, EnsureNamespace) and not step.exists
    }
    work = [
        (step, one.objects)
        for step in plan.steps
        if isinstance(step, ApplyRelease)
        and isinstance(one := rendered.get(step.release.key), RenderedRelease)
        and one.objects
    ]
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        return together(tuple(pool.map(lambda item: _ask(item[0], item[1], coming, live, kubectl), work)))


def _ask(
    step: ApplyRelease, objects: Sequence[KubeObject], coming: set[str], live: LiveState, kubectl: Kubectl
) -> Said:
    now = [each for each in objects if _possible(each, coming, live)]
    deferred = len(objects) - len(now)
    if not now:
        return Said(0, deferred)
    done = kubectl.run(
        "apply",
        [
            "--server-side",
            "--field-manager=helm",
            "--force-conflicts",
            "--dry-run=server",
            "--filename=-",
        ],
        stdin=manifest(*(_placed(each) for each in now)),
        timeout_s=DRY_RUN_TIMEOUT_S,
    )
    findings = (
        tuple(
            f"{step.release.name}: {line.removeprefix('Error from server ')}"
            for line in complaint_lines(done)
        )
        if not done.ok
        else ()
    )
    if not done.ok and not findings:
        findings = (f"{step.release.name}: {done.last_error()}",)
    return Said(len(now), deferred, findings)


def _placed(each: KubeObject) -> dict[str, Any]:
    """The object with its namespace written into it: one release may fill several, and kubectl takes only one."""
    if not each.id.namespace:
        return dict(each.body)
    return {**each.body, "metadata": {**each.body["metadata"], "namespace": each.id.namespace}}


def _possible(each: KubeObject, coming: set[str], live: LiveState) -> bool:
    """Whether the server can judge this object now: its namespace is there and its kind is known."""
    if each.id.namespace and (each.id.namespace in coming or each.id.namespace not in live.namespaces):
        return "namespaces" in live.unknown and each.id.namespace not in coming
    return not live.api_versions or f"{each.api_version}/{each.id.kind}" in live.api_versions
