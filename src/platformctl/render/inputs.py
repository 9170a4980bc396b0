"""The inputs of a release: everything that decides what it renders to, besides randomness (DESIGN.md, decision 12).

Equal inputs mean *unchanged*, so they must come out the same when nothing has changed, and on the second run what they
were on the first. Hence:

- Of the cluster's API versions only those count that the templates ask about (`render.scan`).
- An API that releases which this one needs are about to bring counts as there: it is when this one is applied, and it is
  there on the next run, when nobody brings it any more.
- An API that the chart itself defines in its templates does not count: it is missing before the first run and there
  before the second, and nothing has changed in between.
- Kubernetes counts by minor version, v1.37, and only where the templates ask: a patch of the cluster is no reason to
  deploy everything again.

Offline there is no cluster to ask: what needs bring is there, and the groups of the CRDs that the catalog requires.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from platformctl.catalog.desired import DesiredRelease
from platformctl.catalog.values import Values
from platformctl.charts.models import ChartAt
from platformctl.live.state import LiveState
from platformctl.render.models import Inputs
from platformctl.render.scan import Scan


@dataclass(frozen=True, slots=True)
class Known:
    """What a release may count on: `apis` that are there when it is applied; `kube_version` in full, "" offline."""

    apis: frozenset[str]
    kube_version: str


def known(release: DesiredRelease, scan: Scan, live: LiveState, brought: Collection[str]) -> Known:
    """What there is for this release, with what its needs bring and what its chart's crds/ holds."""
    apis = frozenset(live.api_versions) | frozenset(brought) | scan.brings
    if live.identity is None:
        groups = {crd.partition(".")[2] for crd in release.requires.crds}
        apis |= {api for api in scan.apis if api.split("/")[0] in groups}
    return Known(apis, live.identity.version if live.identity else "")


def asked(scan: Scan, there: Known) -> tuple[str, ...]:
    """The API versions that helm is told about: those that the templates may ask for and that are there."""
    return tuple(sorted(there.apis if scan.every_api else scan.apis & there.apis))


def inputs_of(chart: ChartAt, values: Values, helm_major: int, scan: Scan, there: Known) -> Inputs:
    """The inputs of a release whose chart and values ask what `scan` says."""
    apis = (api for api in asked(scan, there) if api.split("/")[0] not in scan.own_groups)
    return Inputs(
        chart_digest=chart.digest,
        values_digest=values.digest,
        helm_major=helm_major,
        api_versions=tuple(apis),
        kube_version=_minor(there.kube_version) if scan.kube_version else "",
    )


def _minor(version: str) -> str:
    """v1.37.2 → v1.37"""
    return ".".join(version.split(".")[:2])
