from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platformctl.charts.lock import HEADER, Lock, LockKey, load
from platformctl.errors import CatalogError, ChartError
from tests.charts_stage.builders import parse

JETSTACK = LockKey("cert-manager", "v1.21.1", "https://charts.jetstack.io")
MIRROR = LockKey("harbor", "1.19.1", "mirror")
TEXT = f"""\
# who wrote this
# and why

charts:
  - source: https://charts.jetstack.io
    name: cert-manager
    version: v1.21.1
    sha256: "{"a" * 64}"
  - source: mirror
    name: harbor
    version: 1.19.1
    sha256: null
"""


def test_a_lock_is_read_and_written_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "charts.lock"
    file.write_text(TEXT)
    lock = load(file, parse)
    assert lock.entries == {JETSTACK: "a" * 64, MIRROR: None}
    assert (lock.digest(JETSTACK), lock.digest(MIRROR), lock.digest(JETSTACK._replace(version="v1.0.0"))) == (
        "a" * 64,
        None,
        None,
    )
    assert lock.text() == TEXT
    assert lock.write() is False


def test_entries_are_written_by_name_whatever_their_order_was(tmp_path: Path) -> None:
    file = tmp_path / "charts.lock"
    lock = Lock(file, {MIRROR: None}).with_entries({JETSTACK: "a" * 64})
    assert lock.write() is True
    assert file.read_text() == HEADER + TEXT.partition("\n\n")[2]
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_lock_that_is_not_there_or_empty_pins_nothing(tmp_path: Path) -> None:
    file = tmp_path / "charts.lock"
    assert load(file, parse).entries == {}
    file.write_text("# nothing yet\n")
    assert load(file, parse).entries == {}
    assert load(file, parse).text() == "# nothing yet\ncharts: []\n"


def test_a_slash_at_the_end_of_an_address_makes_no_difference(tmp_path: Path) -> None:
    file = tmp_path / "charts.lock"
    file.write_text(
        "charts: [{source: https://charts.jetstack.io/, name: cert-manager, version: v1.21.1, sha256: null}]"
    )
    assert load(file, parse).entries == {JETSTACK: None}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("charts: {}", "a list under `charts`, and nothing else, is expected"),
        ("chart: []", "a list under `charts`, and nothing else, is expected"),
        ("[]", "a list under `charts`, and nothing else, is expected"),
        ("charts: [x]", "charts[0]: exactly source, name, version, sha256 are expected"),
        ("charts: [{source: m, name: a, version: 1.0.0}]", "charts[0]: exactly source, name, version, sha256 are expected"),
        ("charts: [{source: m, name: a, version: 1.10, sha256: null}]", "charts[0].version: text is expected; quote it"),
        (f"charts: [{{source: m, name: a, version: 1.0.0, sha256: {'A' * 64}}}]", "charts[0].sha256: 64 hex digits in"),
        ("charts: [{source: m, name: a, version: 1.0.0, sha256: abc}]", "charts[0].sha256: 64 hex digits in lower case"),
        (
            "charts: [{source: m, name: a, version: 1.0.0, sha256: null}, {source: m/, name: a, version: 1.0.0, sha256: null}]",
            "charts[1]: a 1.0.0 from m stands twice",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_lock_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "charts.lock"
    file.write_text(text)
    with pytest.raises(ChartError) as caught:
        load(file, parse)
    assert caught.value.message.startswith(f"{file}: {wrong}")


def test_a_lock_is_yaml_as_strict_as_the_catalog(tmp_path: Path) -> None:
    file = tmp_path / "charts.lock"
    file.write_text("charts: []\ncharts: []\n")
    with pytest.raises(CatalogError, match="duplicate key"):
        load(file, parse)


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and not text.endswith("/")
)
WORDS = st.sampled_from(
    ["y", "no", "null", "true", "1.10", "12:30:45", "2026-01-31", "1e3", "~", "0x1f", "v1.2.3"]
)
DIGESTS = st.none() | st.sampled_from(["1" * 64, f"1e{'2' * 62}", "a" * 64])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(st.tuples(TEXTS | WORDS, TEXTS | WORDS, TEXTS | WORDS), DIGESTS, max_size=3),
)
def test_whatever_stands_in_a_lock_is_read_back_as_text(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[tuple[str, str, str], str | None]
) -> None:
    file = tmp_path_factory.mktemp("lock") / "charts.lock"
    lock = Lock(file, {LockKey(*key): digest for key, digest in entries.items()})
    lock.write()
    assert load(file, parse).entries == lock.entries
