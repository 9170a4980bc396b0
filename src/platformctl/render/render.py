"""Stage 3: chart, values and cluster → rendered releases, with as few helm processes as can be.

First the inputs of a release, without any process. Where they are those of its live, deployed revision, that is the end:
it is unchanged and its objects are not needed. Only the others are rendered, some at a time, and a release whose templates
ask about APIs that are not there yet waits for those that it needs and that may bring them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.catalog.values import Values, merged
from platformctl.charts.models import ChartAt
from platformctl.errors import ChartError, ChartNotAtHandError, RenderError
from platformctl.live.state import LiveState
from platformctl.render.cache import RenderCache, RenderKey
from platformctl.render.inputs import Known, asked, inputs_of, known
from platformctl.render.manifests import Manifests, brought_apis, parse_manifests
from platformctl.render.models import NotRendered, Rendered, RenderedRelease
from platformctl.render.randomness import random_fields
from platformctl.render.scan import CLOCK, Scan, Scans, scan_values, together
from platformctl.tools.helm import Helm, HelmRelease

SECOND_S: Final = 1.1  # after which a clock that templates print shows another second

Apis = Mapping[str, frozenset[str]]  # key of a release → API versions that it and what it needs bring
_Answer = RenderedRelease | NotRendered
_Needs = Mapping[str, "Future[_Answer]"]


class Charts(Protocol):
    """Where charts come from: `charts.store.ChartStore`."""

    def get(self, release: DesiredRelease) -> ChartAt: ...


def render_scope(
    scope: Scope,
    charts: Charts,
    helm: Helm,
    live: LiveState,
    *,
    every_object: bool = False,
    keys: Collection[str] | None = None,
    library_apis: Apis | None = None,
    cache: Path | None = None,
    workers: int = 2,
    values: Callable[[DesiredRelease], Values] = merged,
    sleep: Callable[[float], None] = time.sleep,
) -> Rendered:
    """Every release of a scope (of `keys` and what they need, when given), by key, in the scope's order.

    With `every_object` unchanged releases are rendered as well. `library_apis`, of `brought_by`, is what libraries bring
    that an earlier transaction of the same command deploys. Raises ChartError or RenderError naming everything that is
    wrong, and what `values` raises; a chart that is not at hand is an answer, not an error.
    """
    renderer = _Renderer(
        charts=charts,
        helm=helm,
        live=live,
        every_object=every_object,
        library_apis=library_apis or {},
        cache=RenderCache(cache) if cache else None,
        values=values,
        sleep=sleep,
    )
    wanted = _with_needs(scope, [each.key for each in scope.releases] if keys is None else keys)
    answers: dict[str, Future[_Answer]] = {}
    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="render") as pool:
        # In order of needs, and the pool starts them in that order: whoever waits for a need waits for one that runs.
        for release in (each for each in scope.releases if each.key in wanted):
            needs = {key: answers[key] for key in _with_needs(scope, release.needs) if key in answers}
            answers[release.key] = pool.submit(renderer.render, release, needs)
    _raise_all([error for each in answers.values() if (error := each.exception()) is not None])
    return {key: each.result() for key, each in answers.items()}


def brought_by(scope: Scope, rendered: Rendered) -> dict[str, frozenset[str]]:
    """What each release of a rendered scope brings, with what it needs: `library_apis` for the scope after it."""
    return {
        release.key: frozenset().union(
            *(_brings(rendered[key]) for key in _with_needs(scope, [release.key]) if key in rendered)
        )
        for release in scope.releases
    }


@dataclass(frozen=True, slots=True)
class _Renderer:
    charts: Charts
    helm: Helm
    live: LiveState
    every_object: bool
    library_apis: Apis
    cache: RenderCache | None
    values: Callable[[DesiredRelease], Values]
    sleep: Callable[[float], None]
    scans: Scans = field(default_factory=Scans)

    def render(self, release: DesiredRelease, needs: _Needs) -> _Answer:
        """One release. `needs` are all that it needs, directly or not; each has been started before."""
        try:
            chart = self.charts.get(release)
        except ChartNotAtHandError as error:
            return NotRendered(release.key, f"chart not at hand: {error.message}")
        values = self.values(release)
        scan = self.scans.of(chart)
        if scan.tpl:
            scan = together(scan, scan_values(values.merged))
        there = known(release, scan, self.live, self._brought(release, scan, needs))
        inputs = inputs_of(chart, values, self.helm.major, scan, there)
        answer = RenderedRelease(key=release.key, chart=chart, inputs=inputs, values=values.merged)
        record = self.live.release(release.namespace.name, release.name)
        if (
            record is not None
            and record.deployed
            and record.inputs == inputs.digest
            and not self.every_object
        ):
            return answer
        try:
            return self._made(release, answer, scan, there)
        except RenderError as error:
            lacking = next((key for key, each in needs.items() if not _rendered(each)), None)
            if lacking is None:
                raise
            return NotRendered(release.key, f"it needs {lacking}, which is not rendered: {error.message}")

    def _brought(self, release: DesiredRelease, scan: Scan, needs: _Needs) -> frozenset[str]:
        """What the needs bring; waited for only where the templates ask for something that is not there."""
        if not scan.every_api and scan.apis <= frozenset(self.live.api_versions) | scan.brings:
            return frozenset()
        found = [self.library_apis.get(key, frozenset()) for key in release.needs_libraries]
        found += [_brings(each.result()) for each in needs.values() if each.exception() is None]
        return frozenset().union(*found)

    def _made(
        self, release: DesiredRelease, answer: RenderedRelease, scan: Scan, there: Known
    ) -> RenderedRelease:
        """The answer with its objects. What may be random is rendered twice, to see which fields really are; only what
        came out the same is cached."""
        key = self._key(release, answer, scan, there)
        cached = self.cache.get(key) if self.cache else None
        text = cached if cached is not None else self._template(release, answer.chart, key)
        made = self._parsed(release, text)
        random: tuple[str, ...] = ()
        if cached is None and scan.random:
            if scan.functions & CLOCK:
                self.sleep(SECOND_S)
            again = self._template(release, answer.chart, key)
            random = random_fields(made, self._parsed(release, again)) if again != text else ()
        # helm has read the files again: what it printed belongs to the key only if they are still the same.
        if self.cache and cached is None and not random and self._still(release, answer):
            self.cache.put(key, text)
        return replace(
            answer,
            objects=made.objects,
            hooks=made.hooks,
            manifest=made.text,
            random=random,
            apis=brought_apis(made.objects) | scan.brings,
        )

    def _still(self, release: DesiredRelease, answer: RenderedRelease) -> bool:
        return self.values(release).digest == answer.inputs.values_digest

    def _key(self, release: DesiredRelease, answer: RenderedRelease, scan: Scan, there: Known) -> RenderKey:
        record = self.live.release(release.namespace.name, release.name)
        return RenderKey(
            inputs=answer.inputs,
            name=release.name,
            namespace=release.namespace.name,
            is_upgrade=record is not None and record.status != "uninstalled",
            kube_version=there.kube_version,
            api_versions=asked(scan, there),
            helm=self.helm.version,
        )

    def _template(self, release: DesiredRelease, chart: ChartAt, key: RenderKey) -> str:
        return self.helm.template(
            HelmRelease(release.name, release.namespace.name, chart.path, release.values, release.parameters),
            kube_version=key.kube_version or None,
            api_versions=key.api_versions,
            is_upgrade=key.is_upgrade,
        )

    def _parsed(self, release: DesiredRelease, text: str) -> Manifests:
        return parse_manifests(text, release.namespace.name, release=release.name)


def _rendered(answer: Future[_Answer]) -> bool:
    return answer.exception() is None and isinstance(answer.result(), RenderedRelease)


def _brings(answer: _Answer) -> frozenset[str]:
    return answer.apis if isinstance(answer, RenderedRelease) else frozenset()


def _with_needs(scope: Scope, keys: Collection[str]) -> set[str]:
    """The keys with everything that they need in this scope."""
    found: set[str] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            release = scope.release(key)
            waiting += release.needs if release else ()
    return found


def _raise_all(errors: list[BaseException]) -> None:
    """One error as it is; several charts or renders that are wrong as one that names them all."""
    if not errors:
        return
    first = errors[0]
    for kind in (ChartError, RenderError):
        same = [each for each in errors if isinstance(each, kind)]
        if len(same) == len(errors) > 1:
            raise kind("\n".join(each.message for each in same), hint=same[0].hint) from first
    raise first
