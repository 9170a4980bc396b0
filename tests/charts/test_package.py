"""Packaging the stand-ins: the same bytes everywhere, the digests of the lock, and a folder that serves."""

from __future__ import annotations

import gzip
import http.server
import io
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from platformctl.tools.helm import Helm
from platformctl.tools.process import Command, ShRunner

from .package import LOCK, STAND_INS, build_mirror, gzip_stored, package, stand_ins, write_lock


def test_packaging_twice_gives_the_same_bytes_and_the_digests_of_the_lock(helm: Helm, tmp_path: Path) -> None:
    first, second = build_mirror(tmp_path / "1", helm.binary), build_mirror(tmp_path / "2")
    contents = {path.name: path.read_bytes() for path in first.iterdir()}
    packaged = [package(chart, tmp_path) for chart in stand_ins()]
    write_lock(tmp_path / "expected.lock", packaged)
    index = yaml.safe_load(contents["index.yaml"])["entries"]

    assert contents == {path.name: path.read_bytes() for path in second.iterdir()}
    assert LOCK.read_text(encoding="utf-8") == (tmp_path / "expected.lock").read_text(encoding="utf-8"), (
        "a stand-in changed: python -m tests.charts.package OUTDIR --lock"
    )
    assert [(name, found["version"], found["digest"]) for name, (found,) in index.items()] == [
        (one.name, one.version, one.sha256) for one in packaged
    ]


def test_a_changed_file_or_mode_bit_of_a_chart_changes_its_digest_only_through_the_content(
    tmp_path: Path,
) -> None:
    copy = shutil.copytree(STAND_INS / "jenkins", tmp_path / "jenkins")
    original = package(STAND_INS / "jenkins", tmp_path).sha256
    (copy / "values.yaml").chmod(0o600)
    os.utime(copy / "Chart.yaml", (1, 1))
    same = package(copy, tmp_path).sha256
    (copy / "values.yaml").write_text("{}", encoding="utf-8")

    assert same == original
    assert package(copy, tmp_path).sha256 != original


@pytest.mark.parametrize("size_bytes", [0, 1, 65_535, 65_536, 200_000])
def test_the_gzip_of_stored_blocks_unpacks_to_what_went_in(size_bytes: int) -> None:
    content = bytes(at % 251 for at in range(size_bytes))

    assert gzip.decompress(gzip_stored(content)) == content


def test_a_package_holds_the_files_of_the_chart_and_nothing_else(tmp_path: Path) -> None:
    found = package(STAND_INS / "harbor", tmp_path)

    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(found.file.read_bytes()))) as tar:
        held = {
            member.name: file.read()
            for member in tar.getmembers()
            if (file := tar.extractfile(member)) is not None
        }
    source = STAND_INS / "harbor"
    assert held == {
        f"harbor/{path.relative_to(source).as_posix()}": path.read_bytes()
        for path in source.rglob("*")
        if path.is_file()
    }


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """The mirror behind a web server on loopback."""
    handler = partial(QuietHandler, directory=str(build_mirror(tmp_path / "mirror")))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_helm_takes_the_folder_as_a_chart_repository(helm: Helm, repository: str) -> None:
    argv = (str(helm.binary), "show", "chart", "harbor", "--repo", repository, "--version", "1.19.1")

    done = ShRunner().run(Command(argv, helm.env, timeout_s=30))

    assert done.ok, done.last_error()
    assert yaml.safe_load(done.text)["appVersion"] == "2.15.1"
