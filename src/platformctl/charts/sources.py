"""Where charts come from: a folder of .tgz files, a chart repository (http, https), an OCI registry.

Each source answers with the bytes of one chart, or says why not: ChartNotAtHandError when it cannot be reached or does not
know the chart (a dry run goes on), ChartError when it has the chart but not the version (it lists what it has).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never
from urllib.parse import urlsplit

from platformctl.charts.cache import ChartCache
from platformctl.charts.credentials import RegistryAccess
from platformctl.charts.files import write_atomically
from platformctl.charts.lock import MIRROR
from platformctl.errors import ChartError, ChartNotAtHandError, LocalError
from platformctl.tools import helm_charts
from platformctl.tools.helm import Helm
from platformctl.tools.helm_charts import Workspace
from platformctl.tools.process import Completed

SHOWN_VERSIONS: Final = 10
LARGEST_CHART_BYTES: Final = 64 << 20
VERSION: Final = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+]\S*)?")
_LOOPBACK: Final = re.compile(r"localhost|127(\.\d+){3}|::1")


class SourceKind(StrEnum):
    FOLDER = "folder"
    REPOSITORY = "repository"
    OCI = "oci"


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is what a lock calls it: the address, or "mirror" for the folder of a mirror."""

    kind: SourceKind
    name: str
    folder: Path | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.folder}" if self.folder and self.name == MIRROR else self.name


def source_of(address: str, root: Path) -> Source:
    """`https://…`, `http://…`, `oci://…`, or `file://…` with a folder, relative to `root` or absolute."""
    address = address.rstrip("/")
    if address.startswith("file://"):
        return Source(SourceKind.FOLDER, address, root / address.removeprefix("file://"))
    if urlsplit(address).username is not None:
        raise ChartError(
            f"chart source {urlsplit(address).hostname}: a user name or password stands in the address",
            hint="name them under `registries` in the catalog",
        )
    return Source(SourceKind.OCI if address.startswith("oci://") else SourceKind.REPOSITORY, address)


def mirror_of(text: str, cwd: Path) -> Source:
    """PLATFORMCTL_CHART_MIRROR: a folder, or an address."""
    if "://" in text and not text.startswith("file://"):
        return source_of(text, cwd)
    folder = cwd / Path(text.removeprefix("file://")).expanduser()
    if not folder.is_dir():
        raise ChartError(
            f"chart mirror {text}: no such folder", hint="correct PLATFORMCTL_CHART_MIRROR or --chart-mirror"
        )
    return Source(SourceKind.FOLDER, MIRROR, folder)


def folder_charts(folder: Path) -> dict[str, tuple[str, ...]]:
    """Name → versions of the .tgz files in a folder, `NAME-VERSION.tgz`; oldest version first."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.glob("*.tgz")):
        split = re.fullmatch(rf"(.+?)-({VERSION.pattern})", file.name.removesuffix(".tgz"))
        if split:
            found.setdefault(split[1], []).append(split[2])
    return {name: tuple(sorted(versions, key=order)) for name, versions in sorted(found.items())}


def order(version: str) -> tuple[int, int, int, bool, str]:
    """Sorts versions, oldest first; a pre-release comes before its release."""
    match = VERSION.fullmatch(version)
    if match is None:
        return (0, 0, 0, False, version)
    major, minor, patch = (int(part) for part in match.groups())
    return (major, minor, patch, "-" not in version, version)


@dataclass(frozen=True, slots=True)
class Sources:
    """Asks sources. An index is fetched once in the life of this value; a source that failed is not asked again."""

    helm: Helm
    access: RegistryAccess
    cache: ChartCache
    _updated: set[str] = field(default_factory=set)
    _failed: dict[str, str] = field(default_factory=dict)

    def fetch(self, source: Source, name: str, version: str) -> bytes:
        """The bytes of the chart, not verified yet."""
        match source.kind:
            case SourceKind.FOLDER:
                return self._from_folder(source, name, version)
            case SourceKind.REPOSITORY:
                return self._from_repository(source, name, version)
            case SourceKind.OCI:
                return self._from_oci(source, name, version)
            case _:
                assert_never(source.kind)

    def versions(self, source: Source, name: str) -> tuple[str, ...]:
        """Every version of the chart that the source has, oldest first. A registry cannot be asked: nothing."""
        match source.kind:
            case SourceKind.FOLDER:
                return folder_charts(_folder(source)).get(name, ())
            case SourceKind.REPOSITORY:
                indexes = self._index(source)
                with self.access.workspace(source.name, indexes) as workspace:
                    return tuple(sorted(helm_charts.versions(self.helm, name, workspace), key=order))
            case SourceKind.OCI:
                return ()
            case _:
                assert_never(source.kind)

    def _from_folder(self, source: Source, name: str, version: str) -> bytes:
        folder = _folder(source)
        file = folder / f"{name}-{version}.tgz"
        if not file.is_file():
            charts = folder_charts(folder)
            instead = f"it has {', '.join(charts) or 'no chart'}"
            raise _lacking(source, name, version, charts.get(name, ()), instead)
        try:
            return _limited(file)
        except OSError as error:
            raise LocalError(f"read {file}: {error.strerror}") from error

    def _from_repository(self, source: Source, name: str, version: str) -> bytes:
        indexes = self._index(source)
        with self.access.workspace(source.name, indexes) as workspace:

            def pull(into: Path) -> Completed:
                return helm_charts.pull(self.helm, name, version, workspace, destination=into)

            content, reason = _pulled(workspace, pull)
            if content is not None:
                return content
            has = helm_charts.versions(self.helm, name, workspace)
        if version in has:
            raise ChartNotAtHandError(f"download chart {name} {version} from {source}: {reason}")
        raise _lacking(source, name, version, has, f"its index has no chart {name}")

    def _from_oci(self, source: Source, name: str, version: str) -> bytes:
        host = urlsplit(source.name).hostname or ""
        if host in self._failed:
            raise ChartNotAtHandError(f"download chart {name} {version} from {source}: {self._failed[host]}")
        ca_file = self.access.ca_file(source.name)
        # As Docker does: a registry on this machine speaks plain HTTP, unless it has a certificate authority.
        plain_http = ca_file is None and _LOOPBACK.fullmatch(host) is not None
        with self.access.workspace(source.name, self.cache.folder) as workspace:

            def pull(into: Path) -> Completed:
                return helm_charts.pull_oci(
                    self.helm, name, version, workspace,
                    registry=source.name, destination=into, ca_file=ca_file, plain_http=plain_http,
                )  # fmt: skip

            content, reason = _pulled(workspace, pull)
        if content is not None:
            return content
        if reason.endswith(
            "not found"
        ):  # the registry answered: neither helm nor oras says it in another way
            raise ChartError(f"chart {name} {version}: {source} has no such chart or version: {reason}")
        if "dial tcp" in reason or reason.startswith("no answer"):
            self._failed[host] = reason
        raise ChartNotAtHandError(f"download chart {name} {version} from {source}: {reason}")

    def _index(self, source: Source) -> Path:
        """The folder with the repository's index, fetched now if it was not yet."""
        folder = self.cache.index(source.name)
        with self.cache.making(f"index {source.name}"):
            if source.name in self._failed:
                raise ChartNotAtHandError(self._failed[source.name])
            if source.name in self._updated:
                return folder
            with self.access.workspace(source.name, folder) as workspace:
                done = helm_charts.update_index(self.helm, replace(workspace, indexes=workspace.scratch))
                fetched = workspace.scratch / helm_charts.INDEX
                if not fetched.is_file():
                    self._failed[source.name] = f"chart repository {source.name}: {_reason(done)}"
                    raise ChartNotAtHandError(self._failed[source.name])
                write_atomically(folder / helm_charts.INDEX, fetched.read_bytes())
            self._updated.add(source.name)
        return folder


def _lacking(source: Source, name: str, version: str, has: tuple[str, ...], instead: str) -> ChartError:
    """A source that answered does not have it."""
    if not has:
        return ChartNotAtHandError(f"chart {name} {version}: not in {source}; {instead}")
    newest = sorted(has, key=order, reverse=True)
    more = f" and {len(has) - SHOWN_VERSIONS} older" if len(has) > SHOWN_VERSIONS else ""
    hint = "put one of them into the catalog"
    return ChartError(
        f"chart {name} {version}: {source} lacks this version; it has {', '.join(newest[:SHOWN_VERSIONS])}{more}",
        hint=f"{hint}, or {name}-{version}.tgz into the folder" if source.folder else hint,
    )


def _folder(source: Source) -> Path:
    if source.folder is None or not source.folder.is_dir():
        raise ChartError(f"chart source {source}: no such folder")
    return source.folder


def _pulled(workspace: Workspace, pull: Callable[[Path], Completed]) -> tuple[bytes | None, str]:
    """The chart that a pull brought, or why it brought none."""
    into = workspace.scratch / "pulled"
    into.mkdir(mode=0o700, exist_ok=True)
    done = pull(into)
    file = next(into.glob("*.tgz"), None)
    if not done.ok or file is None:
        return None, _reason(done)
    return _limited(file), ""


def _limited(file: Path) -> bytes:
    with file.open("rb") as stream:
        content = stream.read(LARGEST_CHART_BYTES + 1)
    if len(content) > LARGEST_CHART_BYTES:
        raise ChartError(f"chart {file.name}: larger than {LARGEST_CHART_BYTES >> 20} MiB")
    return content


def _reason(done: Completed) -> str:
    """What helm said, on one line."""
    if done.timed_out:
        return f"no answer after {done.duration_s:.0f}s"
    # `helm repo update` says on its standard output why; its error only that something failed.
    cause = re.search(r"chart repository \([^\n]*\):\s*(.+?)(?=\n\S|\Z)", done.text, re.DOTALL)
    return " ".join((cause[1] if cause else done.last_error()).split())
