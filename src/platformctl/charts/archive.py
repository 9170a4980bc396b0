"""The files of a chart, whether it is a folder or a .tgz, with those of the charts inside it."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from platformctl.charts.models import Parse
from platformctl.errors import ChartError

LARGEST_UNPACKED_BYTES: Final = 256 << 20
LARGEST_FILE_BYTES: Final = 16 << 20
DEEPEST: Final = 8  # charts inside charts
_BROKEN: Final = (tarfile.TarError, EOFError, OSError, zlib.error)


@dataclass(frozen=True, slots=True)
class ChartFile:
    """`Chart.yaml` of a chart, as far as it matters here."""

    name: str
    version: str
    dependencies: tuple[Mapping[str, Any], ...] = ()


def chart_file(content: bytes, where: str, parse: Parse) -> ChartFile:
    """Raises ChartError, and what `parse` raises."""
    data = parse(content, where)
    if not isinstance(data, dict):
        raise ChartError(f"{where}: a mapping is expected")
    name, version, dependencies = data.get("name"), data.get("version"), data.get("dependencies") or []
    for field, value in (("name", name), ("version", version)):
        if not isinstance(value, str) or not value:
            raise ChartError(f"{where}: {field}: text is expected; quote it")
    if not isinstance(dependencies, list) or not all(isinstance(each, dict) for each in dependencies):
        raise ChartError(f"{where}: dependencies: a list of mappings is expected")
    return ChartFile(str(name), str(version), tuple(dependencies))


def identity(content: bytes, where: str, parse: Parse) -> ChartFile:
    """Which chart a .tgz says that it is."""
    for path, file in members(content, where):
        if path == "Chart.yaml":
            return chart_file(file, f"{where}: Chart.yaml", parse)
    raise ChartError(f"{where}: holds no Chart.yaml; not a chart")


def files(chart: Path) -> Iterator[tuple[str, bytes]]:
    """(path in the chart, content) of every file, also of those in .tgz files under charts/."""
    if chart.is_file():
        yield from _unpacked(chart.read_bytes(), chart.name, 0)
        return
    for file in sorted(chart.rglob("*")):
        if file.is_file():
            path = file.relative_to(chart).as_posix()
            yield from _with_inner(path, file.read_bytes(), chart.name, 0)


def members(content: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    """The regular files of a .tgz, without the folder that all of them lie in. Raises ChartError."""
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if not member.isreg() or len(parts) < 2:
                    continue
                total += member.size
                if member.size > LARGEST_FILE_BYTES or total > LARGEST_UNPACKED_BYTES:
                    raise ChartError(f"{where}: {member.name}: too large to be part of a chart")
                stream = archive.extractfile(member)
                yield "/".join(parts[1:]), stream.read() if stream else b""
    except _BROKEN as error:
        raise ChartError(f"{where}: not a .tgz that can be read: {error}") from error


def _unpacked(content: bytes, where: str, depth: int) -> Iterator[tuple[str, bytes]]:
    for path, file in members(content, where):
        yield from _with_inner(path, file, where, depth)


def _with_inner(path: str, content: bytes, where: str, depth: int) -> Iterator[tuple[str, bytes]]:
    yield path, content
    parts = path.split("/")
    if depth < DEEPEST and path.endswith(".tgz") and len(parts) >= 2 and parts[-2] == "charts":
        inside = path.removesuffix(".tgz")
        for inner, file in _unpacked(content, f"{where}: {path}", depth + 1):
            yield f"{inside}/{inner}", file
