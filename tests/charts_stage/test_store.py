from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from platformctl.charts.lock import LockKey
from platformctl.charts.models import ChartAt, Match
from platformctl.errors import ChartError, ChartNotAtHandError
from platformctl.tools.helm import Helm
from tests.charts_stage.builders import pack, put, remote, sha256, store
from tests.charts_stage.servers import PASSWORD, USER, registry, repository, serving
from tests.support.certificates import Certificates

WEB = pack("web", "0.1.0")
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


def key(source: str, name: str = "web", version: str = "0.1.0") -> LockKey:
    return LockKey(name, version, source)


def test_a_chart_of_a_repository_is_downloaded_once_and_kept_by_its_digest(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        first = store(root, helm, lock={key(server.url): sha256(WEB)}).get(remote(server.url))
        again = store(root, helm).get(remote(server.url))
    path = root.parent / "cache" / "archives" / sha256(WEB) / "web-0.1.0.tgz"
    assert first == again == ChartAt("web", "0.1.0", path, sha256(WEB), server.url, pinned=True)
    assert path.read_bytes() == WEB
    assert server.asked == ["/index.yaml", "/web-0.1.0.tgz"]


def test_a_chart_that_no_lock_pins_is_said_to_be_so_and_downloaded_once_all_the_same(
    root: Path, helm: Helm
) -> None:
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        unpinned = store(root, helm, lock={key(server.url): None}).get(remote(server.url))
        again = store(root, helm, lock={}).get(remote(server.url))
    assert (unpinned.pinned, again.pinned) == (False, False)
    assert unpinned.digest == sha256(WEB)
    assert server.asked == ["/index.yaml", "/web-0.1.0.tgz"]


def test_two_charts_of_one_repository_cost_one_index(root: Path, helm: Helm) -> None:
    charts = {("web", "0.1.0"): WEB, ("api", "0.2.0"): pack("api", "0.2.0")}
    with serving(repository(charts)) as server:
        both = store(root, helm)
        both.get(remote(server.url))
        both.get(remote(server.url, "api", "0.2.0"))
    assert server.asked == ["/index.yaml", "/web-0.1.0.tgz", "/api-0.2.0.tgz"]


def test_a_chart_with_another_digest_than_the_lock_says_is_refused(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        tampered = store(root, helm, lock={key(server.url): "0" * 64})
        with pytest.raises(ChartError) as caught:
            tampered.get(remote(server.url))
    assert not isinstance(caught.value, ChartNotAtHandError)
    assert caught.value.message == (
        f"chart web 0.1.0 from {server.url}: its sha256 is {sha256(WEB)}, the lock says {'0' * 64}; not used"
    )
    assert not list((root.parent / "cache").rglob("*.tgz"))


def test_a_cached_chart_that_was_damaged_is_fetched_again(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        first = store(root, helm, lock={key(server.url): sha256(WEB)}).get(remote(server.url))
        first.path.write_bytes(b"damaged")
        again = store(root, helm).get(remote(server.url))
    assert again == first
    assert again.path.read_bytes() == WEB
    assert server.asked.count("/web-0.1.0.tgz") == 2


def test_a_cached_chart_needs_no_source(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        first = store(root, helm, lock={key(server.url): sha256(WEB)}).get(remote(server.url))
    assert store(root, helm).get(remote(server.url)) == first
    assert store(root, helm, network=False).get(remote(server.url)) == first


def test_a_source_that_is_out_of_reach_is_asked_once_and_named(root: Path, helm: Helm) -> None:
    charts = store(root, helm)
    with pytest.raises(ChartNotAtHandError) as caught:
        charts.get(remote(NOWHERE))
    assert caught.value.message == (
        f'chart repository {NOWHERE}: Get "{NOWHERE}/index.yaml": dial tcp 127.0.0.1:1: connect: connection refused'
    )
    with serving(repository({})) as server:  # helm is not started again: the answer comes from memory
        charts.sources._failed[server.url] = "no"
        with pytest.raises(ChartNotAtHandError, match="no"):
            charts.get(remote(server.url))
    assert server.asked == []


def test_without_network_a_chart_that_is_not_cached_is_not_at_hand(root: Path, helm: Helm) -> None:
    with pytest.raises(ChartNotAtHandError) as caught:
        store(root, helm, network=False).get(remote(NOWHERE))
    assert caught.value.message == f"chart web 0.1.0: not in the cache, and {NOWHERE} is not asked"


def test_a_repository_without_the_version_says_which_it_has(root: Path, helm: Helm) -> None:
    charts = {("web", version): pack("web", version) for version in ("0.1.0", "0.10.0", "0.9.0")}
    with serving(repository(charts)) as server, pytest.raises(ChartError) as caught:
        store(root, helm).get(remote(server.url, version="0.2.0"))
    assert not isinstance(caught.value, ChartNotAtHandError)
    assert (
        caught.value.message
        == f"chart web 0.2.0: {server.url} lacks this version; it has 0.10.0, 0.9.0, 0.1.0"
    )


def test_a_repository_that_does_not_know_the_chart_is_no_source_of_it(root: Path, helm: Helm) -> None:
    with (
        serving(repository({("web-extra", "0.1.0"): WEB})) as server,
        pytest.raises(ChartNotAtHandError) as caught,
    ):
        store(root, helm).get(remote(server.url))
    assert caught.value.message == f"chart web 0.1.0: not in {server.url}; its index has no chart web"


def test_an_archive_that_holds_another_chart_is_refused(root: Path, helm: Helm) -> None:
    with (
        serving(repository({("web", "0.1.0"): pack("web", "v0.1.0")})) as server,
        pytest.raises(ChartError) as caught,
    ):
        store(root, helm).get(remote(server.url))
    assert caught.value.message == f"chart web 0.1.0 from {server.url}: what it holds is web v0.1.0"


def test_a_repository_with_login_gets_it_from_the_environment(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB}), login=True) as server:
        host = server.url.removeprefix("http://")
        registries = {host: {"auth": {"env": ["HARBOR_USER", "HARBOR_PASSWORD"]}}}
        environ = {"HARBOR_USER": USER, "HARBOR_PASSWORD": PASSWORD}
        got = store(root, helm, registries=registries, environ=environ).get(remote(server.url))
    assert got.digest == sha256(WEB)
    assert (server.asked, server.refused) == (["/index.yaml", "/web-0.1.0.tgz"], 0)


def test_a_wrong_login_is_reported_without_the_password(root: Path, helm: Helm) -> None:
    with serving(repository({("web", "0.1.0"): WEB}), login=True) as server:
        registries = {"127.0.0.1": {"auth": {"env": ["A", "B"]}}}  # by the bare host
        charts = store(root, helm, registries=registries, environ={"A": USER, "B": "wrong-password"})
        with pytest.raises(ChartNotAtHandError) as caught:
            charts.get(remote(server.url))
    assert caught.value.message == (
        f"chart repository {server.url}: failed to fetch {server.url}/index.yaml : 401 Unauthorized"
    )


def test_a_repository_with_its_own_certificate_authority_is_trusted_by_the_catalog_only(
    root: Path, helm: Helm, certificates: Certificates
) -> None:
    with serving(repository({("web", "0.1.0"): WEB}), tls=certificates.server) as server:
        with pytest.raises(ChartNotAtHandError, match="certificate signed by unknown authority"):
            store(root, helm).get(remote(server.url))
        registries = {"127.0.0.1": {"caFile": str(certificates.ca)}}
        assert store(root, helm, registries=registries).get(remote(server.url)).digest == sha256(WEB)


def test_a_chart_of_a_registry_is_downloaded_once(root: Path, helm: Helm) -> None:
    with serving(registry({("web", "0.1.0"): WEB}), login=True) as server:
        host = server.url.removeprefix("http://")
        registries = {host: {"auth": {"env": ["A", "B"]}}}
        address = f"oci://{host}/charts"
        charts = store(
            root,
            helm,
            lock={key(address): sha256(WEB)},
            registries=registries,
            environ={"A": USER, "B": PASSWORD},
        )
        got = charts.get(remote(address))
        asked = list(server.asked)
        store(root, helm, registries=registries).get(remote(address))
    assert got == ChartAt("web", "0.1.0", got.path, sha256(WEB), address)
    assert got.path.read_bytes() == WEB
    assert [path for path in asked if sha256(WEB) in path] == [f"/v2/charts/web/blobs/sha256:{sha256(WEB)}"]
    assert server.asked == asked


def test_a_registry_with_its_own_certificate_authority(
    root: Path, helm: Helm, certificates: Certificates
) -> None:
    with serving(registry({("web", "0.1.0"): WEB}), tls=certificates.server) as server:
        address = server.url.replace("https://", "oci://") + "/charts"
        registries = {"127.0.0.1": {"caFile": str(certificates.ca)}}
        assert store(root, helm, registries=registries).get(remote(address)).digest == sha256(WEB)


def test_a_registry_without_the_version_is_an_error_and_one_out_of_reach_is_not_at_hand(
    root: Path, helm: Helm
) -> None:
    with serving(registry({("web", "0.1.0"): WEB})) as server:
        address = server.url.replace("http://", "oci://") + "/charts"
        with pytest.raises(ChartError, match="has no such chart or version") as caught:
            store(root, helm).get(remote(address, version="0.2.0"))
        assert not isinstance(caught.value, ChartNotAtHandError)
    with pytest.raises(ChartNotAtHandError, match="connection refused"):
        store(root, helm).get(remote(address))


def test_a_mirror_folder_replaces_every_remote_source(root: Path, helm: Helm, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    put(mirror, "web", "0.1.0")
    (mirror / "charts.lock").write_text(
        f"charts:\n  - {{source: mirror, name: web, version: 0.1.0, sha256: {sha256(WEB)}}}\n"
    )
    charts = store(root, helm, lock={key(NOWHERE): "0" * 64}, mirror=mirror)
    wanted = ChartAt(
        "web", "0.1.0", charts.cache.folder / "archives" / sha256(WEB) / "web-0.1.0.tgz", sha256(WEB), ""
    )
    for source in (NOWHERE, "oci://127.0.0.1:1/charts"):
        got = charts.get(remote(source))
        assert (got.name, got.version, got.path, got.digest, got.pinned) == (
            wanted.name, wanted.version, wanted.path, wanted.digest, True,
        )  # fmt: skip
        assert got.source == f"mirror {mirror}"


def test_the_own_lock_of_a_mirror_is_held_against_its_charts(root: Path, helm: Helm, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    put(mirror, "web", "0.1.0")
    (mirror / "charts.lock").write_text(
        f'charts:\n  - {{source: mirror, name: web, version: 0.1.0, sha256: "{"1" * 64}"}}\n'
    )
    with pytest.raises(ChartError, match="the lock says 1111"):
        store(root, helm, mirror=mirror).get(remote(NOWHERE))


def test_a_mirror_without_a_lock_is_pinned_where_it_holds_what_the_source_is_pinned_to(
    root: Path, helm: Helm, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    put(mirror, "web", "0.1.0")
    assert store(root, helm, lock={}, mirror=mirror).get(remote(NOWHERE)).pinned is False
    assert (
        store(root, helm, lock={key(NOWHERE): sha256(WEB)}, mirror=mirror).get(remote(NOWHERE)).pinned is True
    )
    assert (
        store(root, helm, lock={key(NOWHERE): "0" * 64}, mirror=mirror).get(remote(NOWHERE)).pinned is False
    )


def test_a_mirror_that_lacks_the_version_lists_what_it_has(root: Path, helm: Helm, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    for version in ("v1.9.0", "v1.10.0"):
        put(mirror, "web", version)
    put(mirror, "web-extra", "3.0.0")
    with pytest.raises(ChartError) as caught:
        store(root, helm, mirror=mirror).get(remote(NOWHERE, version="v1.21.1"))
    assert caught.value.message == (
        f"chart web v1.21.1: mirror {mirror} lacks this version; it has v1.10.0, v1.9.0"
    )
    with pytest.raises(ChartNotAtHandError) as missing:
        store(root, helm, mirror=mirror).get(remote(NOWHERE, name="api"))
    assert missing.value.message == f"chart api 0.1.0: not in mirror {mirror}; it has web, web-extra"


@pytest.mark.parametrize(
    ("asked", "has", "expected"),
    [
        ("1.19.1", ["1.18.0", "1.19.0", "1.20.0", "2.19.1"], "1.19.0"),
        ("1.19.1", ["1.19.0", "1.19.2"], "1.19.2"),
        ("v1.21.1", ["v1.20.0", "v1.21.1"], "v1.21.1"),
        ("1.21.1", ["v1.21.1", "v1.21.2"], "v1.21.1"),
        ("3.0.0", ["3.0.0-rc.1", "2.9.9"], "3.0.0-rc.1"),
    ],
)
def test_nearest_takes_the_closest_version_of_the_mirror_and_says_so(
    root: Path, helm: Helm, tmp_path: Path, asked: str, has: list[str], expected: str
) -> None:
    mirror = tmp_path / "mirror"
    for version in has:
        put(mirror, "web", version)
    got = store(root, helm, mirror=mirror, match=Match.NEAREST).get(remote(NOWHERE, version=asked))
    assert (got.version, got.note) == (expected, None if asked == expected else f"nearest: asked for {asked}")


def test_a_mirror_may_be_an_address_and_is_then_pinned_by_the_repository_s_lock(
    root: Path, helm: Helm
) -> None:
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        charts = store(root, helm, lock={key(server.url): sha256(WEB)}, mirror=server.url)
        got = charts.get(remote(NOWHERE))
        assert (got.source, got.pinned) == (server.url, True)
        nearest = store(root, helm, mirror=server.url, match=Match.NEAREST).get(
            remote(NOWHERE, version="0.3.0")
        )
        assert (nearest.version, nearest.note) == ("0.1.0", "nearest: asked for 0.3.0")
        with pytest.raises(ChartError, match=r"lacks this version; it has 0\.1\.0"):
            store(root, helm, mirror=server.url).get(remote(NOWHERE, version="0.3.0"))


def test_a_folder_of_the_repository_is_a_source_that_no_mirror_replaces(
    root: Path, helm: Helm, tmp_path: Path
) -> None:
    put(root / "vendor", "web", "0.1.0")
    (tmp_path / "mirror").mkdir()
    charts = store(root, helm, lock={key("file://vendor"): sha256(WEB)}, mirror=tmp_path / "mirror")
    got = charts.get(remote("file://vendor"))
    assert (got.digest, got.source, got.pinned) == (sha256(WEB), "file://vendor", True)


def test_a_mirror_that_is_not_there_is_an_error(root: Path, helm: Helm) -> None:
    with pytest.raises(ChartError, match="no such folder"):
        store(root, helm, mirror=root / "nowhere")


def test_a_password_in_an_address_is_refused_without_being_shown(root: Path, helm: Helm) -> None:
    with pytest.raises(ChartError) as caught:
        store(root, helm).get(remote(f"https://{USER}:{PASSWORD}@charts.example.org"))
    assert PASSWORD not in caught.value.message
    assert caught.value.message.startswith("chart source charts.example.org: ")


def test_stores_that_work_at_once_download_a_chart_once(root: Path, helm: Helm) -> None:
    """Each store has its own handles on the lock files, as two processes have."""
    with serving(repository({("web", "0.1.0"): WEB})) as server:
        stores = [store(root, helm, lock={key(server.url): sha256(WEB)}) for _ in range(4)]
        start = threading.Barrier(4)

        def get(number: int) -> ChartAt:
            start.wait()
            return stores[number].get(remote(server.url))

        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(get, range(4)))
    assert len(found) == 1
    assert server.asked == ["/index.yaml", "/web-0.1.0.tgz"]
    assert found.pop().path.read_bytes() == WEB


def test_the_cache_is_private(root: Path, helm: Helm, tmp_path: Path) -> None:
    put(tmp_path / "mirror", "web", "0.1.0")
    got = store(root, helm, mirror=tmp_path / "mirror").get(remote(NOWHERE))
    assert got.path.stat().st_mode & 0o777 == 0o600
    folders = [each for each in got.path.parents if each.is_relative_to(root.parent / "cache")]
    assert [each.stat().st_mode & 0o777 for each in folders] == [0o700] * 3
