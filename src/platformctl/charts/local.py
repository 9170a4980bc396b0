"""Charts of this repository: a copy in the cache, with dependencies in place, so that helm needs no network.

A run works with what the chart was when the run looked: an edit in between changes nothing, and the same content is always
the same folder. The digest is sha256 over paths and contents of that copy; modes and times do not count. Neither do
Chart.lock, of which only the versions are read, and what `helm dependency build` leaves under charts/: dependencies are
taken from where they come from, a folder or a source with its lock.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformctl.charts.archive import ChartFile, chart_file
from platformctl.charts.cache import ChartCache, sha256
from platformctl.charts.files import private_folder
from platformctl.charts.folder import own_files, shown
from platformctl.charts.models import ChartAt, Parse
from platformctl.charts.sources import VERSION
from platformctl.errors import ChartError, LocalError

Fetch = Callable[[str, str, str], ChartAt]  # repository, name, version → the chart


@dataclass(slots=True)
class _Copy:
    """What the copy will hold: path → content. `pinned` is False when a dependency in it is not."""

    files: dict[str, bytes] = field(default_factory=dict)
    pinned: bool = True

    def take(self, files: Mapping[str, bytes], prefix: str = "") -> None:
        self.files.update({prefix + path: content for path, content in files.items()})


@dataclass(frozen=True, slots=True)
class _Dependency:
    """`wanted` is what Chart.yaml says, maybe a range; `version` the exact one, if anything says it."""

    name: str
    wanted: str
    repository: str
    version: str | None
    where: str


def assemble(folder: Path, *, root: Path, cache: ChartCache, parse: Parse, fetch: Fetch) -> ChartAt:
    """The chart in `folder`, which must lie in the repository `root`. Raises ChartError, and what `fetch` raises."""
    copy = _Copy()
    chart = _Reader(root.resolve(), parse, fetch).read(folder, (), copy)
    digest = _digest(copy.files)
    path = cache.assembled(digest) / chart.name
    if not _holds(path, digest):
        with cache.making(f"assembled {digest}"):
            if not _holds(path, digest):
                _place(path, copy.files)
    source = shown(folder.resolve(), root.resolve())
    return ChartAt(chart.name, chart.version, path, digest, source, pinned=copy.pinned)


@dataclass(frozen=True, slots=True)
class _Reader:
    root: Path
    parse: Parse
    fetch: Fetch

    def read(self, folder: Path, above: tuple[Path, ...], copy: _Copy) -> ChartFile:
        """Reads a chart and what it depends on. `above` are the charts that led here."""
        folder = self._checked(folder, above)
        files = own_files(folder, self.root)
        where = shown(folder, self.root)
        if "Chart.yaml" not in files:
            raise ChartError(
                f"chart {where}: there is no Chart.yaml", hint="correct the chart's path in the catalog"
            )
        chart = chart_file(files["Chart.yaml"], f"{where}/Chart.yaml", self.parse)
        lock = files.pop("Chart.lock", None)
        versions = _locked(self.parse(lock, f"{where}/Chart.lock")) if lock is not None else {}
        inner = {path: files.pop(path) for path in list(files) if path.startswith("charts/")}
        copy.take(files)
        for each in chart.dependencies:
            self._take(_dependency(each, versions, where), (*above, folder), inner, copy)
        # What is left was put there by hand and is declared nowhere; an archive like that is left over from a build.
        copy.take({path: content for path, content in inner.items() if not path.endswith(".tgz")})
        return chart

    def _checked(self, folder: Path, above: tuple[Path, ...]) -> Path:
        real = folder.resolve()
        needed = f", which {shown(above[-1], self.root)}/Chart.yaml depends on" if above else ""
        if not real.is_relative_to(self.root):
            raise ChartError(f"chart {folder}{needed}: it lies outside the repository {self.root}")
        if real in above:
            way = " → ".join(shown(each, self.root) for each in (*above[above.index(real) :], real))
            raise ChartError(f"chart {shown(real, self.root)}: its dependencies go in a circle: {way}")
        if not real.is_dir():
            raise ChartError(f"chart {shown(real, self.root)}{needed}: there is no such folder")
        return real

    def _take(self, each: _Dependency, above: tuple[Path, ...], inner: dict[str, bytes], copy: _Copy) -> None:
        """Puts one dependency under charts/ of the copy, and takes it out of `inner`, which lay there before."""
        there = {path: inner.pop(path) for path in list(inner) if _belongs(path, each.name)}
        if each.repository.startswith("file://"):
            self._take_folder(each, above, copy)
        elif f"charts/{each.name}/Chart.yaml" in there or (there and not each.repository):
            copy.take(there)  # unpacked there, and kept in Git
        elif not each.repository:
            raise ChartError(f"{each.where}: it names no repository and is not under charts/")
        elif each.version is None:
            raise ChartError(
                f"{each.where}: not an exact version, and Chart.lock does not say which",
                hint=f"helm dependency update {shown(above[-1], self.root)}",
            )
        else:
            got = self.fetch(each.repository, each.name, each.version)
            copy.take({f"charts/{each.name}-{each.version}.tgz": got.path.read_bytes()})
            copy.pinned = copy.pinned and got.pinned

    def _take_folder(self, each: _Dependency, above: tuple[Path, ...], copy: _Copy) -> None:
        source = above[-1] / each.repository.removeprefix("file://")
        inside = _Copy()
        found = self.read(source, above, inside)
        exact = VERSION.fullmatch(each.wanted) is not None
        if found.name != each.name or (
            exact and each.wanted.removeprefix("v") != found.version.removeprefix("v")
        ):
            raise ChartError(
                f"{each.where}: {shown(source.resolve(), self.root)} is {found.name} {found.version}",
                hint="put what it is into Chart.yaml",
            )
        copy.take(inside.files, f"charts/{found.name}-{found.version}/")
        copy.pinned = copy.pinned and inside.pinned


def _dependency(row: Mapping[str, Any], locked: Mapping[str, str], chart: str) -> _Dependency:
    name, wanted, repository = (str(row.get(key) or "") for key in ("name", "version", "repository"))
    return _Dependency(
        name=name,
        wanted=wanted,
        repository=repository.rstrip("/"),
        version=locked.get(name) or (wanted if VERSION.fullmatch(wanted) else None),
        where=f"{chart}/Chart.yaml: dependency {name} {wanted}",
    )


def _locked(lock: Any) -> dict[str, str]:
    """Name → exact version of a Chart.lock."""
    rows = lock.get("dependencies") if isinstance(lock, dict) else None
    pairs = [(row.get("name"), row.get("version")) for row in rows or () if isinstance(row, dict)]
    return {name: version for name, version in pairs if isinstance(name, str) and isinstance(version, str)}


def _belongs(path: str, name: str) -> bool:
    """Whether a path under charts/ is of the dependency `name`: its folder, or an archive of it."""
    part = path.split("/")[1]
    version = part.removesuffix(".tgz").removeprefix(f"{name}-")
    return part == name or (part.endswith(".tgz") and VERSION.fullmatch(version) is not None)


def _digest(files: Mapping[str, bytes]) -> str:
    lines = "".join(f"{sha256(content)} {path}\n" for path, content in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _holds(folder: Path, digest: str) -> bool:
    """Whether the copy is there and nobody has touched it."""
    return folder.is_dir() and _digest(dict(_on_disk(folder))) == digest


def _on_disk(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file.read_bytes()


def _place(path: Path, files: Mapping[str, bytes]) -> None:
    """Writes the copy beside its place and renames it there; a damaged one makes way."""
    try:
        private_folder(path.parent)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".making-") as name:
            made = Path(name) / "new"
            for inner, content in files.items():
                file = made / inner
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            if path.is_dir():
                path.rename(Path(name) / "damaged")
            made.rename(path)
    except OSError as error:
        raise LocalError(f"write {path}: {error.strerror}") from error
