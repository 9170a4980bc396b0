"""Packages the stand-in charts of this folder into a chart mirror: .tgz files, index.yaml and charts.lock.

    python -m tests.charts.package OUTDIR [--helm HELM] [--lock]

The bytes are the same everywhere: sorted names, no times, no owners, and gzip without compression (zlib and its
replacements compress differently, which would change the digests of the committed lock from machine to machine).
The folder serves as PLATFORMCTL_CHART_MIRROR as it is, or as a chart repository behind any static HTTP server.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import struct
import sys
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

STAND_INS: Final = Path(__file__).parent
LOCK: Final = STAND_INS / "charts.lock"
EPOCH: Final = "1970-01-01T00:00:00Z"
STORED_BLOCK_BYTES: Final = 65_535  # RFC 1951, 3.2.4


@dataclass(frozen=True, slots=True)
class Packaged:
    """One chart as a .tgz. `sha256` is of its bytes, in hex."""

    name: str
    version: str
    file: Path
    sha256: str
    metadata: dict[str, Any]


def stand_ins() -> list[Path]:
    """The source folders, sorted by name."""
    return sorted(path.parent for path in STAND_INS.glob("*/Chart.yaml"))


def build_mirror(out: Path, helm: Path | None = None) -> Path:
    """Fills the folder `out` (made if missing) and returns it. With `helm`, lints every chart first.

    The committed lock is copied beside the charts: one that no longer fits is then refused by whoever verifies.
    Raises ChartError when helm finds a chart wrong.
    """
    if helm is not None:
        lint(stand_ins(), helm)
    out.mkdir(parents=True, exist_ok=True)
    write_index(out / "index.yaml", [package(chart, out) for chart in stand_ins()])
    shutil.copyfile(LOCK, out / LOCK.name)
    return out


def package(chart: Path, out: Path) -> Packaged:
    """Writes `out`/NAME-VERSION.tgz from a chart's folder."""
    metadata = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    name, version = str(metadata["name"]), str(metadata["version"])
    content = gzip_stored(tar_of(chart, prefix=name))
    file = out / f"{name}-{version}.tgz"
    file.write_bytes(content)
    return Packaged(name, version, file, hashlib.sha256(content).hexdigest(), metadata)


def tar_of(folder: Path, *, prefix: str) -> bytes:
    """The files of a folder as a tar archive that depends on names and contents only."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            member = tarfile.TarInfo(f"{prefix}/{path.relative_to(folder).as_posix()}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def gzip_stored(content: bytes) -> bytes:
    """A gzip member (RFC 1952) of stored blocks: no time, no name, no compressor."""
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    blocks = []
    for start in range(0, len(content) or 1, STORED_BLOCK_BYTES):
        block = content[start : start + STORED_BLOCK_BYTES]
        last = start + STORED_BLOCK_BYTES >= len(content)
        blocks.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    return header + b"".join(blocks) + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def write_index(path: Path, charts: Iterable[Packaged]) -> None:
    """The index of a chart repository whose files lie beside it."""
    entries = {
        chart.name: [
            {**chart.metadata, "urls": [chart.file.name], "digest": chart.sha256, "created": EPOCH},
        ]
        for chart in charts
    }
    _dump(path, {"apiVersion": "v1", "entries": entries, "generated": EPOCH})


def write_lock(path: Path, charts: Iterable[Packaged]) -> None:
    """The lock file of a mirror: what platformctl accepts from it."""
    found = [
        {"source": "mirror", "name": chart.name, "version": chart.version, "sha256": chart.sha256}
        for chart in charts
    ]
    _dump(path, {"charts": found})


def lint(charts: Iterable[Path], helm: Path) -> None:
    """helm lint, not strict: strict refuses the leading v of cert-manager's version, which is upstream's."""
    from platformctl.errors import ChartError
    from platformctl.tools.process import Command, ShRunner, child_environment

    folders = tuple(str(chart) for chart in charts)
    done = ShRunner().run(Command((str(helm), "lint", *folders), child_environment(os.environ), timeout_s=60))
    if not done.ok:
        raise ChartError(f"lint the stand-in charts: {done.text}{done.last_error()}")


def _dump(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=110), encoding="utf-8")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.charts.package", description="Package the stand-ins."
    )
    parser.add_argument("out", type=Path, help="the folder to fill")
    parser.add_argument("--helm", type=Path, help="lint the charts with this helm first")
    parser.add_argument("--lock", action="store_true", help=f"write the digests into {LOCK.name} too")
    asked = parser.parse_args(arguments)
    if asked.lock:
        asked.out.mkdir(parents=True, exist_ok=True)
        write_lock(LOCK, [package(chart, asked.out) for chart in stand_ins()])
    print(build_mirror(asked.out, asked.helm))


if __name__ == "__main__":
    main(sys.argv[1:])
