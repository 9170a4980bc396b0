"""Desired state: the catalog resolved into releases, each with everything that deploying it needs to know.

Pure values. `catalog.load` makes them; every later stage reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformctl.catalog.models import (
    ChartRef,
    Cluster,
    Gate,
    Namespace,
    OnFailure,
    Platform,
    Requires,
    RollbackPolicy,
    Wait,
)


@dataclass(frozen=True, slots=True)
class DesiredRelease:
    """One Helm release that the catalog asks for.

    `key` is its name in the catalog, `name` the Helm release (and, for applications, the Argo CD Application).
    `chart_folder` is set for charts of this repository. `values` are absolute files, lowest precedence first;
    `parameters` win over all of them. `needs` are keys of releases of the same scope. `needs_libraries` are keys of
    libraries that are only checked before it: for an application all that it needs, for a library the unmanaged ones;
    what an unmanaged library needs counts as needed by whoever needs that. `namespace` has all labels that the scope
    gives it. The files of `gates` are named from the root of the repository, with a leading slash.
    """

    scope: str
    key: str
    name: str
    namespace: Namespace
    chart: ChartRef
    chart_folder: Path | None
    values: tuple[Path, ...]
    parameters: Mapping[str, str]
    needs: tuple[str, ...]
    needs_libraries: tuple[str, ...]
    requires: Requires
    gates: tuple[Gate, ...]
    timeout_s: float
    wait: Wait
    rollback: RollbackPolicy
    formerly: str | None


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A library that must be there and is not ours: its `requires` are checked, nothing is changed."""

    key: str
    requires: Requires


@dataclass(frozen=True, slots=True)
class Scope:
    """What one transaction covers: an environment, or the libraries of a cluster. Releases in order of needs, then key.

    `unmanaged` are all unmanaged libraries for the scope `libraries`, for an environment those that it needs. The cluster
    of the libraries is that of the environments, where those agree; they are protected when any environment is.
    """

    name: str
    aliases: tuple[str, ...]
    protected: bool
    cluster_name: str | None
    cluster: Cluster | None
    namespace: Namespace | None
    on_failure: OnFailure
    releases: tuple[DesiredRelease, ...]
    unmanaged: tuple[Unmanaged, ...]

    def release(self, key: str) -> DesiredRelease | None:
        return next((release for release in self.releases if release.key == key), None)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The desired state of a repository. `root` is the repository, `file` the catalog in it; both absolute.

    `scopes` holds `libraries` first (even when there are none) and then the environments in the order of the file.
    """

    platform: Platform
    root: Path
    file: Path
    scopes: Mapping[str, Scope]

    @property
    def libraries(self) -> Scope:
        return self.scopes["libraries"]

    @property
    def environments(self) -> tuple[Scope, ...]:
        return tuple(scope for name, scope in self.scopes.items() if name != "libraries")
