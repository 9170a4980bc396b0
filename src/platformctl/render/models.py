"""What helm makes of a release: objects, hooks, and the digest of everything that decided them. Pure values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from platformctl.charts.models import ChartAt as ChartAt  # noqa: PLC0414 - given on to later stages


class ObjectId(NamedTuple):
    """An object in a cluster: API group (not the version), kind, namespace ("" for cluster-wide kinds) and name."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


@dataclass(frozen=True, slots=True)
class KubeObject:
    """One manifest. `namespace` of its id is the release's when the manifest names none."""

    id: ObjectId
    api_version: str
    body: Mapping[str, Any] = field(repr=False)
    source: str = ""  # template that made it, as helm's `# Source:` comment says


@dataclass(frozen=True, slots=True)
class Hook:
    """A Helm hook: an object with the events that it runs at (pre-install, post-upgrade, test, …)."""

    object: KubeObject
    events: tuple[str, ...]
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that decides what a release renders to, besides randomness: DESIGN.md, decision 12.

    `api_versions` are those that the chart's templates ask about and the cluster has; `kube_version` is empty unless
    the templates ask for it.
    """

    chart_digest: str
    values_digest: str
    helm_major: int
    api_versions: tuple[str, ...] = ()
    kube_version: str = ""

    @property
    def digest(self) -> str:
        """32 hex digits: fits a label value."""
        text = json.dumps(
            [
                self.chart_digest,
                self.values_digest,
                self.helm_major,
                list(self.api_versions),
                self.kube_version,
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class RenderedRelease:
    """A release with its chart at hand. `objects` and `hooks` are None where nothing had to be rendered.

    `random` are the fields that differ between two renders, as "Kind name: path". `values` are the merged values as
    helm sees them. `manifest` is the text of the objects (without hooks), as helm would record it. `apis` are the API
    versions that its CustomResourceDefinitions bring, those of the chart's crds/ included.
    """

    key: str
    chart: ChartAt
    inputs: Inputs
    values: Mapping[str, Any] = field(repr=False)
    objects: tuple[KubeObject, ...] | None = field(default=None, repr=False)
    hooks: tuple[Hook, ...] | None = field(default=None, repr=False)
    manifest: str | None = field(default=None, repr=False)
    random: tuple[str, ...] = ()
    apis: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NotRendered:
    """A release whose chart is not at hand; a dry run lists it and goes on."""

    key: str
    reason: str


Rendered = Mapping[str, RenderedRelease | NotRendered]  # by key of the release, one scope
