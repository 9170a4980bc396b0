"""Two parts of a catalog that claim the same thing: a release, a label of a namespace, an Argo CD Application, a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from platformctl.catalog.base import DNS_LABEL
from platformctl.catalog.desired import Catalog, DesiredRelease, Scope
from platformctl.catalog.models import LIBRARIES, Namespace, Platform
from platformctl.catalog.positions import KeyPath, shown_path
from platformctl.catalog.problems import Finding
from platformctl.catalog.resolve import release_name

_LONGEST_RELEASE: Final = 53  # helm's limit: names of objects add to it
_OURS: Final = frozenset({"platformctl-system"})
_OF_KUBERNETES: Final = frozenset({"kube-system", "kube-public", "kube-node-lease"})


def findings(catalog: Catalog) -> Iterator[Finding]:
    yield from _release_names(catalog.platform)
    yield from _same_release(catalog)
    yield from _reserved_namespaces(catalog.platform)
    yield from _labels(catalog.platform)
    yield from _argo_names(catalog.platform)


def _release_names(platform: Platform) -> Iterator[Finding]:
    for key, app in platform.applications.items():
        own = app.releaseName
        path: KeyPath = ("applications", key, "releaseName") if own else ("applications", key)
        unknown = [mark for mark in re.findall(r"{[^}]*}", own or "") if mark not in ("{app}", "{env}")]
        if unknown:
            yield Finding(path, f"{unknown[0]} means nothing; there are {{app}} and {{env}}")
            continue
        for name in dict.fromkeys(release_name(key, app, env) for env in app.environments):
            if not re.fullmatch(DNS_LABEL, name):
                text = f'gives the release name "{name}", which must start and end with a letter or digit'
                yield Finding(path, text, at_key=not own)
            elif len(name) > _LONGEST_RELEASE:
                text = f'gives the release name "{name}" of {len(name)} characters; helm takes {_LONGEST_RELEASE}'
                yield Finding(path, text, at_key=not own)


def _same_release(catalog: Catalog) -> Iterator[Finding]:
    first: dict[tuple[str, str], list[tuple[Scope, DesiredRelease]]] = {}
    order = {key: at for at, key in enumerate((*catalog.platform.libraries, *catalog.platform.applications))}
    for scope in catalog.scopes.values():
        for release in sorted(scope.releases, key=lambda release: order[release.key]):
            others = first.setdefault((release.namespace.name, release.name), [])
            clash = next((other for where, other in others if _may_meet(where, scope)), None)
            if clash is not None:
                text = (
                    f"release {release.name} in namespace {release.namespace.name} is that of "
                    f"{shown_path(_path_of(clash))} already"
                )
                yield Finding(_path_of(release), text, at_key=True)
            others.append((scope, release))


def _may_meet(one: Scope, other: Scope) -> bool:
    """Whether two scopes can be on one cluster. Libraries are on every cluster that environments are on."""
    if LIBRARIES in (one.name, other.name):
        return True
    return one.cluster_name == other.cluster_name or None in (one.cluster_name, other.cluster_name)


def _path_of(release: DesiredRelease) -> KeyPath:
    if release.scope == LIBRARIES:
        return LIBRARIES, release.key
    return "applications", release.key, "environments", release.scope


def _namespaces(platform: Platform) -> Iterator[tuple[KeyPath, Namespace, str | None]]:
    """Every namespace that is written down, with the cluster where that is known."""
    for key, library in platform.libraries.items():
        if library.namespace:
            yield ("libraries", key, "namespace"), library.namespace, None
    for key, env in platform.environments.items():
        yield ("environments", key, "namespace"), env.namespace, env.cluster
    for key, app in platform.applications.items():
        if app.namespace:
            yield ("applications", key, "namespace"), app.namespace, None
        for name, here in app.environments.items():
            if here.namespace:
                env_cluster = platform.environments[name].cluster if name in platform.environments else None
                yield ("applications", key, "environments", name, "namespace"), here.namespace, env_cluster


def _reserved_namespaces(platform: Platform) -> Iterator[Finding]:
    for path, namespace, _ in _namespaces(platform):
        if namespace.name in _OURS:
            yield Finding((*path, "name"), f"{namespace.name} is platformctl's own")
        elif namespace.name in _OF_KUBERNETES and (path[0] != "libraries" or namespace.name != "kube-system"):
            yield Finding((*path, "name"), f"{namespace.name} belongs to Kubernetes")


def _labels(platform: Platform) -> Iterator[Finding]:
    """One label of one namespace with two values: each deploy would undo the other's."""
    for (one_path, one, one_cluster), (path, other, cluster) in combinations(_namespaces(platform), 2):
        if one.name != other.name or (one_cluster and cluster and one_cluster != cluster):
            continue
        for label in sorted(one.labels.keys() & other.labels.keys()):
            if one.labels[label] != other.labels[label]:
                text = f'is "{other.labels[label]}" here and "{one.labels[label]}" in {shown_path(one_path)}'
                yield Finding((*path, "labels", label), text)


def _argo_names(platform: Platform) -> Iterator[Finding]:
    """Applications of Argo CD share one namespace, and their files one folder."""
    if platform.argocd is None:
        return
    root = platform.argocd.root
    names: dict[str, str] = {root.name: "argocd.root"} if root else {}
    files: dict[str, str] = {}
    for key, app in platform.applications.items():
        for env in app.environments:
            where = shown_path(("applications", key, "environments", env))
            for kind, taken, own in (("name", names, app.argocd.name), ("file", files, app.argocd.file)):
                name = f"{own or key}-{env}"
                path: KeyPath = ("applications", key, "argocd", kind) if own else ("applications", key)
                if name in taken:
                    text = (
                        f'the {kind} of its Argo CD Application, "{name}", is that of {taken[name]} already'
                    )
                    yield Finding(path, text, at_key=not own)
                taken.setdefault(name, where)
