"""What a release inherits, layer by layer, and where each value stands in the catalog: the data of `catalog show --origin`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformctl.catalog.desired import Catalog, DesiredRelease
from platformctl.catalog.models import (
    LIBRARIES,
    Application,
    ApplicationEnvironment,
    Library,
    Platform,
    Sync,
)
from platformctl.catalog.positions import KeyPath

BUILT_IN: Final = "built in"
Layered = Library | Application | ApplicationEnvironment


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and the key path in the catalog that it comes from; None: built in."""

    key: str
    value: Any
    origin: KeyPath | None


def sync_settings(platform: Platform, key: str, env: str) -> tuple[Setting, ...]:
    """Argo CD's sync policy of an application in an environment: the environment's, the application's over it, and what the
    application says for the environment over both. null takes away."""
    app = platform.applications[key]
    layers: tuple[tuple[KeyPath, Sync], ...] = (
        (("environments", env, "sync"), platform.environments[env].sync),
        (("applications", key, "sync"), app.sync),
        (("applications", key, "environments", env, "sync"), app.environments[env].sync),
    )
    found: dict[str, Setting] = {}
    for path, sync in layers:
        for keys, value in _leaves(sync.model_dump(exclude_unset=True)):
            name = ".".join(keys)
            found = {other: one for other, one in found.items() if not other.startswith(f"{name}.")}
            found[name] = Setting(name, value, (*path, *keys))
    return tuple(setting for setting in found.values() if setting.value is not None)


def sync_policy(platform: Platform, key: str, env: str) -> dict[str, Any]:
    """The same as one mapping: {"prune": true, "retry": {"limit": 5, …}}."""
    policy: dict[str, Any] = {}
    for setting in sync_settings(platform, key, env):
        *above, last = setting.key.split(".")
        target = policy
        for step in above:
            target = target.setdefault(step, {})
        target[last] = setting.value
    return policy


def settings(catalog: Catalog, release: DesiredRelease) -> tuple[Setting, ...]:
    """Everything that the catalog says of a release, in the order of reading, each with its place."""
    return tuple(_settings(catalog, release))


def described(
    catalog: Catalog, place: Callable[[KeyPath], str] | None = None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Scope → key → setting → value, as plain data. With `place`, each value is {"value": …, "from": "file:line"}."""

    def shown(setting: Setting) -> Any:
        if place is None:
            return setting.value
        return {"value": setting.value, "from": place(setting.origin) if setting.origin else BUILT_IN}

    return {
        scope.name: {
            release.key: {setting.key: shown(setting) for setting in settings(catalog, release)}
            for release in scope.releases
        }
        for scope in catalog.scopes.values()
    }


def _settings(catalog: Catalog, release: DesiredRelease) -> Iterator[Setting]:
    platform, env = catalog.platform, release.scope
    library = env == LIBRARIES
    own: KeyPath = ("libraries" if library else "applications", release.key)
    here: KeyPath = own if library else (*own, "environments", env)
    member: Library | Application = (
        platform.libraries[release.key] if library else platform.applications[release.key]
    )
    local: Layered = member if library else platform.applications[release.key].environments[env]
    layers: tuple[tuple[KeyPath, Layered], ...] = ((here, local), (own, member))

    yield Setting("release", release.name, _first(layers, "releaseName"))
    origin = _first(layers, "namespace")
    yield Setting("namespace", release.namespace.name, origin or ("environments", env, "namespace"))
    if release.namespace.labels:
        yield Setting("labels", dict(release.namespace.labels), origin or ("environments", env, "namespace"))
    chart = release.chart
    named = chart.path or f"{chart.repository}/{chart.name} {chart.version}"
    yield Setting("chart", named, (*own, "chart"))
    if release.values:
        files = ["/" + file.relative_to(catalog.root).as_posix() for file in release.values]
        yield Setting("values", files, (*here, "values"))
    for key, value in release.parameters.items():
        path = next(path for path, model in layers if key in model.parameters)
        yield Setting(f"parameters.{key}", value, (*path, "parameters", key))
    if release.needs or release.needs_libraries:
        yield Setting("needs", [*release.needs, *release.needs_libraries], (*own, "needs"))
    required = release.requires.model_dump(exclude_defaults=True)
    if required:
        origin = _first(layers, "requires") or ("requires",)
        yield Setting("requires", required, origin)
    if release.gates:
        yield Setting("gates", [str(gate) for gate in release.gates], _first(layers, "gates"))
    yield Setting("wait", release.wait.value, _first(layers[1:], "wait"))
    defaults = ((("defaults",), platform.defaults),)
    yield Setting("timeout", _timeout(catalog, release), _first((*layers, *defaults), "timeout"))
    if not library:
        scope = catalog.scopes[env]
        where = (("environments", env), platform.environments[env])
        yield Setting("onFailure", scope.on_failure.value, _first((where,), "onFailure"))
        for setting in sync_settings(platform, release.key, env) if platform.argocd else ():
            yield Setting(f"sync.{setting.key}", setting.value, setting.origin)


def _timeout(catalog: Catalog, release: DesiredRelease) -> str:
    platform = catalog.platform
    if release.scope == LIBRARIES:
        return platform.libraries[release.key].timeout or platform.defaults.timeout
    app = platform.applications[release.key]
    return app.environments[release.scope].timeout or app.timeout or platform.defaults.timeout


def _first(layers: Any, field: str) -> KeyPath | None:
    """The path of the first layer that says something of `field`."""
    return next(((*path, field) for path, model in layers if field in model.model_fields_set), None)


def _leaves(data: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
