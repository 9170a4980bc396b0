from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.charts.lock import LockKey
from platformctl.charts.pins import Finding, Pin, pin, verify
from platformctl.tools.helm import Helm
from tests.charts_stage.builders import local, pack, put, remote, sha256, store, write_chart
from tests.charts_stage.servers import repository, serving

WEB, API = pack("web", "0.1.0"), pack("api", "0.2.0")
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "repository"


def test_pin_fills_what_is_in_reach_and_lists_the_rest(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB, ("api", "0.2.0"): API})) as server:
        web, api, far = (
            LockKey("web", "0.1.0", server.url),
            LockKey("api", "0.2.0", server.url),
            LockKey("far", "1.0.0", NOWHERE),
        )
        lock = {web: None, api: "0" * 64}
        releases = [remote(server.url), remote(server.url, "api", "0.2.0"), remote(NOWHERE, "far", "1.0.0")]
        done = pin([*releases, remote(server.url)], store(root, helm, lock=lock))
    assert [(each.key, each.pin, each.good) for each in done.findings] == [
        (api, Pin.WRONG, False),
        (far, Pin.NOT_AT_HAND, False),
        (web, Pin.FILLED, True),
    ]
    assert done.lock.entries == {web: sha256(WEB), api: "0" * 64, far: None}
    assert done.lock.write() is True
    assert store(root, helm).lock == done.lock


def test_pin_takes_the_dependencies_of_charts_of_the_repository(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        more = f"dependencies: [{{name: web, version: 0.1.0, repository: '{server.url}'}}]\n"
        folder = write_chart(root / "wrapper", name="wrapper", more=more)
        done = pin([local(root, folder)], store(root, helm))
    assert done.findings == (Finding(LockKey("web", "0.1.0", server.url), Pin.FILLED, sha256(WEB)),)


def test_pin_with_a_mirror_folder_writes_the_lock_of_the_mirror(
    root: Path, helm: Helm, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    put(mirror, "web", "0.1.0")
    put(mirror, "api", "0.2.0")
    done = pin([remote(NOWHERE)], store(root, helm, mirror=mirror))
    done.lock.write()
    assert done.lock.file == mirror / "charts.lock"
    assert done.lock.entries == {
        LockKey("api", "0.2.0", "mirror"): sha256(API),
        LockKey("web", "0.1.0", "mirror"): sha256(WEB),
    }
    assert all(each.good for each in verify([remote(NOWHERE)], store(root, helm, mirror=mirror)))
    assert store(root, helm, mirror=mirror).get(remote(NOWHERE)).pinned is True


def test_verify_names_everything_that_is_not_right(root: Path, helm: Helm) -> None:
    charts = {("web", "0.1.0"): WEB, ("api", "0.2.0"): API, ("new", "1.0.0"): pack("new", "1.0.0")}
    with serving(repository(charts)) as server:
        keys = {name: LockKey(name, version, server.url) for name, version in charts}
        old = LockKey("old", "0.0.1", server.url)
        lock = {keys["web"]: sha256(WEB), keys["api"]: None, old: "1" * 64}
        releases = [remote(server.url, name, version) for name, version in charts]
        found = verify([*releases, remote(NOWHERE, "far", "1.0.0")], store(root, helm, lock=lock))
    assert [(each.key.name, each.pin, each.text.partition(":")[0]) for each in found] == [
        ("api", Pin.NOT_PINNED, "its sha256 is null"),
        ("far", Pin.NOT_AT_HAND, "chart repository http"),
        ("new", Pin.NOT_PINNED, "no entry"),
        ("old", Pin.UNUSED, "nothing in the catalog asks for it"),
        ("web", Pin.PINNED, sha256(WEB)),
    ]


def test_verify_finds_a_mirror_that_was_changed(root: Path, helm: Helm, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    put(mirror, "web", "0.1.0")
    put(mirror, "api", "0.2.0")
    pin([], store(root, helm, mirror=mirror)).lock.write()
    put(mirror, "web", "0.1.0", b"changed")
    (mirror / "api-0.2.0.tgz").unlink()
    assert verify([], store(root, helm, mirror=mirror)) == (
        Finding(LockKey("api", "0.2.0", "mirror"), Pin.UNUSED, "it is not in the folder"),
        Finding(
            LockKey("web", "0.1.0", "mirror"),
            Pin.WRONG,
            f"its sha256 is {sha256(b'changed')}, the lock says {sha256(WEB)}",
        ),
    )
