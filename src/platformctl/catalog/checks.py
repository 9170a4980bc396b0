"""What the models cannot see: names that mean nothing, cycles, clashes, and files that are not there. Each rule is a
generator of findings over the resolved catalog; `Names` are those of the file, also where an entry was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from platformctl.catalog import clashes, files
from platformctl.catalog.desired import Catalog
from platformctl.catalog.models import Platform
from platformctl.catalog.needs import application_graph, cycles, sync_waves
from platformctl.catalog.problems import Finding
from platformctl.errors import suggestion

# The commands of platformctl, which no environment or alias may be called: `platformctl NAME` must mean one thing.
RESERVED_NAMES: Final = frozenset(
    [
        "libraries",
        "all",
        "deploy",
        "rollback",
        "uninstall",
        "plan",
        "diff",
        "status",
        "verify",
        "history",
        "why",
        "set",
        "restart",
        "logs",
        "runs",
        "resume",
        "report",
        "mark",
        "lock",
        "unlock",
        "backup",
        "restore",
        "argo",
        "catalog",
        "schema",
        "init",
        "import",
        "secrets",
        "charts",
        "images",
        "doctor",
        "cluster",
        "sandbox",
        "rehearse",
    ]
)


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that stands in the catalog's files."""

    clusters: frozenset[str]
    environments: frozenset[str]
    libraries: frozenset[str]
    applications: frozenset[str]

    @classmethod
    def of(cls, data: Any) -> Names:
        def names(section: str) -> frozenset[str]:
            found = data.get(section)
            return frozenset(map(str, found)) if isinstance(found, dict) else frozenset()

        return cls(names("clusters"), names("environments"), names("libraries"), names("applications"))


def findings(catalog: Catalog, names: Names) -> Iterator[Finding]:
    """Everything wrong with a catalog whose models are right (or were made so by leaving out what is not)."""
    platform = catalog.platform
    yield from _environment_names(platform)
    yield from _clusters_and_defaults(platform, names)
    yield from _deployed_where(platform, names)
    yield from _needs(platform, names)
    yield from _circles(platform)
    yield from _waves(platform)
    yield from _renames(platform, names)
    yield from clashes.findings(catalog)
    yield from files.findings(catalog)


def _environment_names(platform: Platform) -> Iterator[Finding]:
    taken = dict.fromkeys(platform.environments, "an environment")
    for name, env in platform.environments.items():
        if name in RESERVED_NAMES:
            text = f'"{name}" is a command of platformctl; call the environment otherwise'
            yield Finding(("environments", name), text, at_key=True)
        for index, alias in enumerate(env.aliases):
            path = ("environments", name, "aliases", index)
            if alias in RESERVED_NAMES:
                yield Finding(path, f'"{alias}" is a command of platformctl')
            elif alias in taken:
                yield Finding(path, f'"{alias}" is {taken[alias]} already')
            taken.setdefault(alias, f"an alias of {name}")


def _clusters_and_defaults(platform: Platform, names: Names) -> Iterator[Finding]:
    for name, env in platform.environments.items():
        if env.cluster is not None and env.cluster not in names.clusters:
            text = f'there is no cluster "{env.cluster}"{_known(env.cluster, names.clusters)}'
            yield Finding(("environments", name, "cluster"), text)
        if env.delivery.argocd == "promote" and platform.argocd is None:
            yield Finding(("environments", name, "delivery", "argocd"), "the platform has no argocd")
    for key, value in (("all", platform.defaults.all), ("rollback", platform.defaults.rollback)):
        if value is not None and value not in names.environments:
            yield Finding(("defaults", key), _no_environment(platform, value, names))
    for host in platform.registries:
        if "/" in host:
            yield Finding(("registries", host), "must be a host name, without https:// and path", at_key=True)


def _deployed_where(platform: Platform, names: Names) -> Iterator[Finding]:
    for key, app in platform.applications.items():
        for env in app.environments:
            if env not in names.environments:
                path = ("applications", key, "environments", env)
                yield Finding(path, _no_environment(platform, env, names), at_key=True)


def _no_environment(platform: Platform, wrong: str, names: Names) -> str:
    named = next((name for name, env in platform.environments.items() if wrong in env.aliases), None)
    known = f"; write {named}" if named else _known(wrong, names.environments)
    return f'there is no environment "{wrong}"{known}'


def _needs(platform: Platform, names: Names) -> Iterator[Finding]:
    for key, library in platform.libraries.items():
        for index, need in enumerate(library.needs):
            path = ("libraries", key, "needs", index)
            if need in names.libraries:
                continue
            if need in names.applications:
                yield Finding(path, f'"{need}" is an application; a library can need only libraries')
            else:
                yield Finding(path, f'there is no library "{need}"{_known(need, names.libraries)}')
    either = names.libraries | names.applications
    for key, app in platform.applications.items():
        for index, need in enumerate(app.needs):
            path = ("applications", key, "needs", index)
            other = platform.applications.get(need)
            if need not in either:
                yield Finding(path, f'there is no library or application "{need}"{_known(need, either)}')
            elif other is not None:
                for env in sorted(set(app.environments) & names.environments - set(other.environments)):
                    yield Finding(path, f'"{need}" is not deployed to {env}, where {key} needs it')
    for key in platform.applications:
        if key in names.libraries:
            yield Finding(
                ("applications", key), "a library has this name too; needs could not tell them apart", True
            )


def _circles(platform: Platform) -> Iterator[Finding]:
    libraries = {key: library.needs for key, library in platform.libraries.items()}
    for section, graph in (("libraries", libraries), ("applications", application_graph(platform))):
        members = getattr(platform, section)
        for ring in cycles(graph):
            where = (section, ring[0], "needs", list(members[ring[0]].needs).index(ring[1]))
            yield Finding(where, f"needs go in a circle: {' → '.join(ring)}")


def _waves(platform: Platform) -> Iterator[Finding]:
    graph = application_graph(platform)
    if cycles(graph):
        return
    waves = sync_waves(platform)
    for key, app in platform.applications.items():
        above = {
            other: waves[other]
            for other, needs in graph.items()
            if key in needs and waves[other] <= waves[key]
        }
        if app.argocd.syncWave is None or not above:
            continue
        lowest = min(above, key=lambda other: (above[other], other))
        text = (
            f"syncWave {app.argocd.syncWave} contradicts needs: {lowest} needs {key} and has wave {above[lowest]}, so this "
            f"must be lower; left out, it follows from needs"
        )
        yield Finding(("applications", key, "argocd", "syncWave"), text)


def _renames(platform: Platform, names: Names) -> Iterator[Finding]:
    for section in ("libraries", "applications"):
        taken: dict[str, str] = {}
        for key, member in getattr(platform, section).items():
            former = member.formerly
            if former is None:
                continue
            if former in names.libraries | names.applications:
                yield Finding((section, key, "formerly"), f'"{former}" still stands in the catalog')
            elif former in taken:
                yield Finding((section, key, "formerly"), f'"{former}" became {taken[former]} already')
            taken.setdefault(former, key)


def _known(wrong: str, names: Iterable[str]) -> str:
    """A guess, or else the list of what there is."""
    there = sorted(names)
    return suggestion(wrong, there) or (f"; there are {', '.join(there)}" if there else "; none is declared")
