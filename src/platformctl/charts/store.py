"""One question: where is the chart of this release, verified and ready for helm?

    a folder of this repository      copied with its dependencies (charts.local)
    a mirror, when there is one      in place of every remote source
    the cache                        by the digest that the lock pins
    the source itself                downloaded once

Whatever comes, its sha256 is held against the lock before anybody uses it, also when it comes out of the cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformctl.catalog.desired import DesiredRelease
from platformctl.catalog.models import Platform
from platformctl.charts.archive import identity
from platformctl.charts.cache import ChartCache, sha256
from platformctl.charts.credentials import RegistryAccess
from platformctl.charts.local import assemble
from platformctl.charts.lock import FILE_NAME, Lock, LockKey, load
from platformctl.charts.models import ChartAt, Match, Parse
from platformctl.charts.sources import Source, SourceKind, Sources, mirror_of, order, source_of
from platformctl.errors import ChartError, ChartNotAtHandError
from platformctl.tools.helm import Helm


@dataclass(frozen=True, slots=True)
class ChartStore:
    """`root` is the repository; `network` False answers from folders and the cache only. Made by `open_store`."""

    root: Path
    sources: Sources
    lock: Lock
    mirror_lock: Lock | None
    parse: Parse
    mirror: Source | None = None
    match: Match = Match.EXACT
    network: bool = True

    @property
    def cache(self) -> ChartCache:
        return self.sources.cache

    def get(self, release: DesiredRelease) -> ChartAt:
        """Raises ChartNotAtHandError when no source in reach knows the chart, ChartError when something is wrong
        with it: another digest, another chart than asked for, or a source that has other versions only."""
        if release.chart_folder is not None:
            return assemble(
                release.chart_folder, root=self.root, cache=self.cache, parse=self.parse, fetch=self.fetch
            )
        chart = release.chart
        if chart.repository is None or chart.name is None or chart.version is None:
            raise ChartError(f"release {release.key}: its chart is neither a folder nor in a repository")
        return self.fetch(chart.repository, chart.name, chart.version)

    def fetch(self, repository: str, name: str, version: str) -> ChartAt:
        """A chart of a repository, a registry or a folder of archives; see `get`."""
        own = source_of(repository, self.root)
        source = self._replaced(own)
        actual = (
            self._nearest(source, name, version)
            if source is not own and self.match is Match.NEAREST
            else version
        )
        note = f"nearest: asked for {version}" if actual != version else None
        pin = self.pin(own, LockKey(name, actual, source.name))
        with self.cache.making(f"chart {source.name} {name} {actual}"):
            path, digest = self._at_hand(source, name, actual, pin)
        pinned = pin == digest or self.lock.digest(LockKey(name, actual, own.name)) == digest
        return ChartAt(name, actual, path, digest, str(source), pinned=pinned, note=note)

    def pin(self, own: Source, key: LockKey) -> str | None:
        """The digest that a chart must have. A mirror folder has its own lock; an address stands in the repository's."""
        lock = (
            self.mirror_lock
            if self.mirror_lock is not None and own.kind is not SourceKind.FOLDER
            else self.lock
        )
        return lock.digest(key)

    def _replaced(self, own: Source) -> Source:
        """A mirror stands in for what is remote; a folder that the catalog names stays what it is."""
        return self.mirror if self.mirror is not None and own.kind is not SourceKind.FOLDER else own

    def _at_hand(self, source: Source, name: str, version: str, pin: str | None) -> tuple[Path, str]:
        """The chart's file in the cache, and its digest."""
        key = LockKey(name, version, source.name)
        if source.kind is not SourceKind.FOLDER:
            known = pin or self.cache.remembered(key)
            path = self.cache.get(known, name, version) if known else None
            if path is not None and known is not None:
                return path, known
            if not self.network:
                raise ChartNotAtHandError(
                    f"chart {name} {version}: not in the cache, and {source} is not asked"
                )
        content = self.sources.fetch(source, name, version)
        self._verify(content, key, source, pin)
        digest = sha256(content)
        path = self.cache.get(digest, name, version) or self.cache.put(content, name, version)
        if source.kind is not SourceKind.FOLDER and pin is None:
            self.cache.remember(key, digest)
        return path, digest

    def _verify(self, content: bytes, key: LockKey, source: Source, pin: str | None) -> None:
        digest = sha256(content)
        if pin is not None and digest != pin:
            raise ChartError(
                f"chart {key.name} {key.version} from {source}: its sha256 is {digest}, the lock says {pin}; not used",
                hint="find out who changed it; if the change is right, set its sha256 to null and  platformctl charts pin",
            )
        found = identity(content, f"chart {key.name} {key.version} from {source}", self.parse)
        if (found.name, found.version) != (key.name, key.version):
            raise ChartError(
                f"chart {key.name} {key.version} from {source}: what it holds is {found.name} {found.version}",
                hint="write name and version in the catalog as the chart itself does",
            )

    def _nearest(self, source: Source, name: str, version: str) -> str:
        """The version that the source has and that is closest: by major, then minor, then patch; a newer one wins a draw."""
        has = self.sources.versions(source, name)
        wanted = order(version)

        def distance(each: str) -> tuple[int, int, int, bool, bool]:
            found = order(each)
            parts = [abs(ours - theirs) for ours, theirs in zip(wanted[:3], found[:3], strict=True)]
            return (parts[0], parts[1], parts[2], each != version, found < wanted)

        return min(has, key=distance, default=version)


def open_store(
    platform: Platform,
    *,
    root: Path,
    lock_file: Path,
    cache: Path,
    helm: Helm,
    environ: Mapping[str, str],
    parse: Parse,
    mirror: str | None = None,
    match: Match = Match.EXACT,
    network: bool = True,
) -> ChartStore:
    """A store with its locks read: `lock_file`, and that of a mirror folder.

    `mirror` is what the user typed, a folder or an address; relative to the working directory. `cache` is a private folder.
    Raises ChartError for a mirror that is not there, or a lock that cannot be read.
    """
    access = RegistryAccess(registries=platform.registries, root=root, environ=environ, runner=helm.runner)
    stand_in = mirror_of(mirror, Path.cwd()) if mirror else None
    return ChartStore(
        root=root,
        sources=Sources(helm, access, ChartCache(cache)),
        lock=load(lock_file, parse),
        mirror_lock=load(stand_in.folder / FILE_NAME, parse) if stand_in and stand_in.folder else None,
        parse=parse,
        mirror=stand_in,
        match=match,
        network=network,
    )
