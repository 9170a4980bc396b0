"""Names on the command line → what may change, and what it needs, which is only checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from platformctl.catalog.base import DNS_LABEL
from platformctl.catalog.desired import Catalog, DesiredRelease, Scope
from platformctl.catalog.masking import printable
from platformctl.catalog.models import LIBRARIES
from platformctl.catalog.needs import reachable
from platformctl.errors import UsageError, suggestion


@dataclass(frozen=True, slots=True)
class Selection:
    """What a command is about. Keys in the order of the scope.

    `targets` may change; None when nothing was named: everything but `excluded`. `context` is what the targets need in
    the scope: changed too with `with_needs`, else only checked.
    """

    scope: Scope
    targets: tuple[str, ...] | None
    excluded: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    with_needs: bool = False

    @property
    def changing(self) -> tuple[str, ...]:
        """The keys that may change."""
        keys = [release.key for release in self.scope.releases]
        if self.targets is not None:
            wanted = {*self.targets, *(self.context if self.with_needs else ())}
            keys = [key for key in keys if key in wanted]
        return tuple(key for key in keys if key not in self.excluded)


def find_scope(catalog: Catalog, name: str) -> Scope:
    """The environment of this name or alias, or the libraries. Raises UsageError that lists what there is."""
    _check_name(name)
    scope = catalog.scopes.get(name)
    if scope is None:
        scope = next((scope for scope in catalog.environments if name in scope.aliases), None)
    if scope is None:
        known = [known for scope in catalog.scopes.values() for known in (scope.name, *scope.aliases)]
        environments = [
            scope.name + (f" ({', '.join(scope.aliases)})" if scope.aliases else "")
            for scope in catalog.environments
        ]
        there = f"there are {', '.join(environments)}" if environments else "the catalog has none"
        raise UsageError(f'no environment "{name}"{suggestion(name, known)}', hint=there)
    return scope


def select(
    scope: Scope, names: Sequence[str] = (), *, exclude: Sequence[str] = (), with_needs: bool = False
) -> Selection:
    """The releases of a scope that `names` stand for: keys of the catalog, or names of releases. Raises UsageError."""
    targets = [_release(scope, name) for name in names]
    excluded = [_release(scope, name) for name in exclude]
    both = sorted({release.key for release in targets} & {release.key for release in excluded})
    if both:
        raise UsageError(f"{both[0]} is named and excluded")
    graph = {release.key: release.needs for release in scope.releases}
    named = {release.key for release in targets}
    return Selection(
        scope=scope,
        targets=_in_order(scope, named) if names else None,
        excluded=_in_order(scope, {release.key for release in excluded}),
        context=_in_order(scope, reachable(graph, named) - named),
        with_needs=with_needs,
    )


def _release(scope: Scope, name: str) -> DesiredRelease:
    _check_name(name)
    found = scope.release(name) or next((one for one in scope.releases if one.name == name), None)
    if found is not None:
        return found
    if any(library.key == name for library in scope.unmanaged):
        raise UsageError(f"{name} is not ours (managed: false): it is only checked")
    renamed = next((release.key for release in scope.releases if release.formerly == name), None)
    if renamed:
        raise UsageError(f'"{name}" is called {renamed} now')
    kind = "library" if scope.name == LIBRARIES else "application"
    where = "" if scope.name == LIBRARIES else f" in {scope.name}"
    known = [release.key for release in scope.releases]
    there = f"there are {', '.join(sorted(known))}" if known else f"there is none{where}"
    raise UsageError(f'no {kind} "{name}"{where}{suggestion(name, known)}', hint=there)


def _check_name(name: str) -> None:
    """Refuses what can be no name, before it gets near a command line of helm or kubectl."""
    if re.fullmatch(DNS_LABEL, name) and len(name) <= 253:
        return
    seen = printable(name if len(name) <= 60 else name[:59] + "…")
    raise UsageError(f'"{seen}" is no name: names are lower-case letters, digits and dashes')


def _in_order(scope: Scope, keys: Iterable[str]) -> tuple[str, ...]:
    wanted = set(keys)
    return tuple(release.key for release in scope.releases if release.key in wanted)
