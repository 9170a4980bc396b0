"""The models of a catalog made into releases: names filled in, paths found, defaults applied, needs put in order.

Total: whatever the models say, a Catalog comes out. What is wrong with it, `checks` says; `load` returns it only when
nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from platformctl.catalog.desired import Catalog, DesiredRelease, Scope, Unmanaged
from platformctl.catalog.durations import seconds
from platformctl.catalog.models import (
    LIBRARIES,
    Application,
    ApplicationEnvironment,
    ChartRef,
    Gate,
    Library,
    Namespace,
    OnFailure,
    Platform,
    RequiredSecret,
    Requires,
    RollbackPolicy,
)
from platformctl.catalog.needs import levels
from platformctl.catalog.paths import chart_folder_at, file_at, shown


def resolved(platform: Platform, root: Path, file: Path) -> Catalog:
    """The desired state that `platform` describes. `root` and `file` are absolute, links followed."""
    scopes = {LIBRARIES: _libraries(platform, root)}
    scopes |= {name: _environment(platform, name, root) for name in platform.environments}
    return Catalog(platform=platform, root=root, file=file, scopes=MappingProxyType(scopes))


def release_name(key: str, app: Application, env: str) -> str:
    """The name of an application's Helm release in an environment."""
    own = app.environments[env].releaseName if env in app.environments else None
    return (own or app.releaseName or "{app}-{env}").replace("{app}", key).replace("{env}", env)


def combined(*parts: Requires) -> Requires:
    """All requirements together: lists joined, the keys of a Secret joined, the newest version of Kubernetes."""

    def union(name: str) -> list[str]:
        return list(dict.fromkeys(value for part in parts for value in getattr(part, name)))

    secrets: dict[str, RequiredSecret] = {}
    for secret in (secret for part in parts for secret in part.secrets):
        before = secrets.get(secret.name)
        if before:
            keys = list(dict.fromkeys([*before.keys, *secret.keys]))
            secret = secret.model_copy(update={"keys": keys, "hint": secret.hint or before.hint})  # noqa: PLW2901
        secrets[secret.name] = secret
    versions = [part.kubernetes for part in parts if part.kubernetes]
    return Requires(
        crds=union("crds"),
        secrets=list(secrets.values()),
        ingressClasses=union("ingressClasses"),
        storageClasses=union("storageClasses"),
        kubernetes=max(versions, key=_version, default=None),
    )


def _libraries(platform: Platform, root: Path) -> Scope:
    on_cluster = {env.cluster for env in platform.environments.values()} or set(platform.clusters)
    cluster = next(iter(on_cluster)) if len(on_cluster) == 1 else None
    protected = any(env.protected for env in platform.environments.values())
    managed = {key: library for key, library in platform.libraries.items() if library.managed}
    return Scope(
        name=LIBRARIES,
        aliases=(),
        protected=protected,
        cluster_name=cluster,
        cluster=platform.clusters.get(cluster) if cluster else None,
        namespace=None,
        on_failure=OnFailure.RELEASE,
        releases=_ordered(_library(platform, key, library, root) for key, library in managed.items()),
        unmanaged=_unmanaged(platform, platform.libraries),
    )


def _environment(platform: Platform, name: str, root: Path) -> Scope:
    env = platform.environments[name]
    here = {key: app for key, app in platform.applications.items() if name in app.environments}
    releases = _ordered(
        (_application(platform, key, app, name, root) for key, app in here.items()), env.namespace
    )
    needed = {need for release in releases for need in release.needs_libraries}
    return Scope(
        name=name,
        aliases=tuple(env.aliases),
        protected=env.protected,
        cluster_name=env.cluster,
        cluster=platform.clusters.get(env.cluster) if env.cluster else None,
        namespace=env.namespace,
        on_failure=env.onFailure,
        releases=releases,
        unmanaged=_unmanaged(platform, needed),
    )


def _library(platform: Platform, key: str, library: Library, root: Path) -> DesiredRelease:
    managed, unmanaged = _needed_libraries(platform, library.needs)
    chart = library.chart or ChartRef(path="/")
    folder = _chart_folder(root, chart)
    return DesiredRelease(
        scope=LIBRARIES,
        key=key,
        name=library.releaseName or key,
        namespace=library.namespace or Namespace(name=key),
        chart=chart,
        chart_folder=folder,
        values=_files(root, folder, library.values),
        parameters=MappingProxyType(dict(library.parameters)),
        needs=managed,
        needs_libraries=unmanaged,
        requires=combined(platform.requires, library.requires),
        gates=_gates(root, folder, library.gates),
        timeout_s=seconds(library.timeout or platform.defaults.timeout),
        wait=library.wait,
        rollback=RollbackPolicy(),
        formerly=library.formerly,
    )


def _application(platform: Platform, key: str, app: Application, env: str, root: Path) -> DesiredRelease:
    here: ApplicationEnvironment = app.environments[env]
    there = {name for name, other in platform.applications.items() if env in other.environments}
    managed, unmanaged = _needed_libraries(platform, app.needs)
    folder = _chart_folder(root, app.chart)
    return DesiredRelease(
        scope=env,
        key=key,
        name=release_name(key, app, env),
        namespace=here.namespace or app.namespace or platform.environments[env].namespace,
        chart=app.chart,
        chart_folder=folder,
        values=_files(root, folder, here.values),
        parameters=MappingProxyType({**app.parameters, **here.parameters}),
        needs=tuple(need for need in dict.fromkeys(app.needs) if need in there),
        needs_libraries=(*managed, *unmanaged),
        requires=combined(platform.requires, app.requires, here.requires),
        gates=_gates(root, folder, [*app.gates, *here.gates]),
        timeout_s=seconds(here.timeout or app.timeout or platform.defaults.timeout),
        wait=app.wait,
        rollback=app.rollback,
        formerly=app.formerly,
    )


def _needed_libraries(platform: Platform, needs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Managed and unmanaged libraries among `needs`. What an unmanaged one needs counts too: nothing else waits for it."""
    managed: dict[str, None] = {}
    unmanaged: dict[str, None] = {}
    waiting = list(reversed(list(needs)))
    while waiting:
        key = waiting.pop()
        library = platform.libraries.get(key)
        if library is None or key in managed or key in unmanaged:
            continue
        if library.managed:
            managed[key] = None
        else:
            unmanaged[key] = None
            waiting += reversed(library.needs)
    return tuple(managed), tuple(unmanaged)


def _ordered(releases: Iterable[DesiredRelease], *also: Namespace) -> tuple[DesiredRelease, ...]:
    """By wave, then key; every namespace with all the labels that the scope gives it, whoever comes first."""
    found = list(releases)
    wave = levels({release.key: release.needs for release in found})
    labels: dict[str, dict[str, str]] = {}
    for namespace in (*also, *(release.namespace for release in found)):
        labels.setdefault(namespace.name, {}).update(namespace.labels)
    named = {name: Namespace(name=name, labels=given) for name, given in labels.items()}
    ordered = sorted(found, key=lambda release: (wave[release.key], release.key))
    return tuple(replace(release, namespace=named[release.namespace.name]) for release in ordered)


def _unmanaged(platform: Platform, keys: Iterable[str]) -> tuple[Unmanaged, ...]:
    wanted = set(keys)
    return tuple(
        Unmanaged(key=key, requires=library.requires)
        for key, library in platform.libraries.items()
        if not library.managed and key in wanted
    )


def _chart_folder(root: Path, chart: ChartRef) -> Path | None:
    try:
        return chart_folder_at(root, chart.path) if chart.path else None
    except ValueError:
        return None


def _files(root: Path, folder: Path | None, texts: Iterable[str]) -> tuple[Path, ...]:
    found: list[Path] = []
    for text in texts:
        try:
            found.append(file_at(root, folder, text))
        except ValueError:
            continue
    return tuple(found)


def _gates(root: Path, folder: Path | None, gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """Gates with their files named from the root of the repository, so that nobody needs to know the chart."""

    def from_root(text: str | None) -> str | None:
        if text is None:
            return None
        files = _files(root, folder, [text])
        return "/" + shown(files[0], root) if files else text

    return tuple(
        gate.model_copy(update={"accepts": from_root(gate.accepts), "job": from_root(gate.job)})
        for gate in gates
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.removeprefix(">=").split("."))
