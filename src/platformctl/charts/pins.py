"""`charts pin` and `charts verify`: the lock against what the sources have.

Both look at every chart that the catalog names, and at the repository dependencies of the charts in the repository. With
a mirror folder they look at what lies in it instead, and at its own lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from platformctl.catalog.desired import DesiredRelease
from platformctl.charts.cache import sha256
from platformctl.charts.local import assemble
from platformctl.charts.lock import Lock, LockKey
from platformctl.charts.models import ChartAt
from platformctl.charts.sources import folder_charts, source_of
from platformctl.charts.store import ChartStore
from platformctl.errors import ChartError, ChartNotAtHandError


class Pin(StrEnum):
    """What became of, or is the matter with, one entry."""

    PINNED = "pinned"  # the lock has the digest, and it is right
    FILLED = "filled"  # it has it now
    NOT_PINNED = "not pinned"
    NOT_AT_HAND = "not at hand"  # cannot be looked at from here
    WRONG = "wrong"  # another digest, another chart, or a version that the source lacks
    UNUSED = "unused"  # nothing in the catalog asks for it


@dataclass(frozen=True, slots=True)
class Finding:
    key: LockKey
    pin: Pin
    text: str = ""  # what a person needs besides: the digest, or what is wrong

    @property
    def good(self) -> bool:
        return self.pin in (Pin.PINNED, Pin.FILLED)


@dataclass(frozen=True, slots=True)
class Pinned:
    """The lock as it should be (`lock.write()` writes it), and one finding per chart, in order."""

    lock: Lock
    findings: tuple[Finding, ...]


def pin(releases: Iterable[DesiredRelease], store: ChartStore) -> Pinned:
    """Fills what is not pinned and can be reached. A digest that is there is never changed: one that differs is WRONG.

    A chart that cannot be reached gets an entry of null, so that the lock lists everything. Raises ChartError for a chart
    of the repository that is broken."""
    lock = store.lock if store.mirror_lock is None else store.mirror_lock
    entries: dict[LockKey, str | None] = {}
    findings = []
    for key, got in _charts(releases, store):
        known = lock.digest(key)
        entries[key] = known
        match got:
            case str() if known is None:
                entries[key] = got
                findings.append(Finding(key, Pin.FILLED, got))
            case str():
                findings.append(_compared(key, known, got))
            case ChartNotAtHandError():
                findings.append(Finding(key, Pin.NOT_AT_HAND, got.message))
            case _:
                findings.append(Finding(key, Pin.WRONG, got.message))
    return Pinned(lock.with_entries(entries), tuple(findings))


def verify(releases: Iterable[DesiredRelease], store: ChartStore) -> tuple[Finding, ...]:
    """Every chart at hand against the lock, and entries that nothing asks for; changes nothing."""
    lock = store.lock if store.mirror_lock is None else store.mirror_lock
    findings = []
    seen = set()
    for key, got in _charts(releases, store):
        seen.add(key)
        known = lock.digest(key)
        match got:
            case str() if known is None:
                findings.append(
                    Finding(key, Pin.NOT_PINNED, "its sha256 is null" if key in lock.entries else "no entry")
                )
            case str():
                findings.append(_compared(key, known, got))
            case ChartNotAtHandError():
                findings.append(Finding(key, Pin.NOT_AT_HAND, got.message))
            case _:
                findings.append(Finding(key, Pin.WRONG, got.message))
    unused = "nothing in the catalog asks for it" if store.mirror_lock is None else "it is not in the folder"
    findings += [Finding(key, Pin.UNUSED, unused) for key in lock.entries if key not in seen]
    return tuple(sorted(findings, key=lambda each: each.key))


def _compared(key: LockKey, known: str | None, got: str) -> Finding:
    if known == got:
        return Finding(key, Pin.PINNED, got)
    return Finding(key, Pin.WRONG, f"its sha256 is {got}, the lock says {known}")


def _charts(
    releases: Iterable[DesiredRelease], store: ChartStore
) -> Iterator[tuple[LockKey, str | ChartError]]:
    """Every chart to look at, once, in order of its key: its digest as it is now, or why there is none."""
    if store.mirror is not None and store.mirror.folder is not None:
        for name, versions in sorted(folder_charts(store.mirror.folder).items()):
            for version in versions:
                content = store.sources.fetch(store.mirror, name, version)
                yield LockKey(name, version, store.mirror.name), sha256(content)
        return
    found: dict[LockKey, str | ChartError] = {}

    def look(repository: str, name: str, version: str) -> ChartAt:
        own = source_of(repository, store.root)
        source = store.mirror if store.mirror is not None and own.folder is None else own
        key = LockKey(name, version, source.name)
        try:
            chart = store.fetch(repository, name, version)
        except ChartError as error:
            found[key] = error
            raise
        found[key] = chart.digest
        return chart

    for release in releases:
        chart = release.chart
        try:
            if release.chart_folder is not None:
                assemble(
                    release.chart_folder, root=store.root, cache=store.cache, parse=store.parse, fetch=look
                )
            elif chart.repository and chart.name and chart.version:
                look(chart.repository, chart.name, chart.version)
        except ChartError as error:
            if error not in found.values():
                raise
    yield from sorted(found.items(), key=lambda item: item[0])
