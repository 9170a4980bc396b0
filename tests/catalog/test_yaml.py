"""The strict loader: what it refuses, with its place, and that it never fails in any other way."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from platformctl.catalog import yaml
from platformctl.errors import CatalogError

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


@pytest.mark.fault(44)
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(b"\xef\xbb\xbfa: 1", "1:1: starts with a byte order mark; save it as UTF-8 without one", id="BOM"),
        pytest.param("a: é".encode("latin-1"), "1:4: byte 0xe9 is not UTF-8", id="Latin-1"),
        pytest.param("a: 1".encode("utf-16"), "1:1: starts with a byte order mark; save it as UTF-8 without one", id="UTF-16"),
        pytest.param(b"a: 1\nb: \x00", "2:4: character U+0000 may not stand in YAML", id="NUL"),
        pytest.param("a: \x1b[2J", "1:4: character U+001B may not stand in YAML", id="escape"),
        pytest.param("a:\n\t- b", "2:1: a tab cannot indent; use spaces", id="tab"),
        pytest.param("a: 1\n---\nb: 2", "3:1: a second document starts here; one file holds one", id="two documents"),
        pytest.param("a: !!int x", "1:4: tag !!int is not allowed", id="tag"),
        pytest.param("a: !!python/object/apply:os.system [id]", "1:4: tag !!python/object/apply:os.system is not allowed", id="object"),
        pytest.param("a: !secret b", "1:4: tag !secret is not allowed", id="own tag"),
        pytest.param("a: &a [*a]", "1:8: alias *a stands inside what it refers to", id="self-reference"),
        pytest.param("a: *b", "1:4: not valid YAML: found undefined alias", id="unknown alias"),
        pytest.param(BOMB, "6:10: has more than 100000 values, aliases expanded", id="alias bomb"),
        pytest.param("[" * 3000, "1:65: is nested deeper than 64 levels", id="3,000 brackets"),
        pytest.param("{a: " * 3000, "1:257: is nested deeper than 64 levels", id="3,000 braces"),
        pytest.param("\n".join(" " * n + "a:" for n in range(1000)), "65:65: is nested deeper than 64 levels", id="1,000 steps"),
        pytest.param("- " * 3000, "1:129: is nested deeper than 64 levels", id="3,000 dashes"),
        pytest.param("a: 9999-99-99", '1:4: looks like a date and is none; for text, quote it: "9999-99-99"', id="no date"),
        pytest.param("a: " + "1" * 5000, f'1:4: looks like a number and is none; for text, quote it: "{"1" * 40}…"', id="5,000 digits"),
        pytest.param("a: .inf", "1:4: JSON has no such number", id="infinity"),
        pytest.param("? [a]\n: b", "1:3: a key must be text, not a list or a mapping", id="key is a list"),
        pytest.param("{a: b", "2:1: not valid YAML: did not find expected ',' or '}' (while parsing a flow mapping)", id="open brace"),
        pytest.param("<<: 1", "1:5: expected a mapping or list of mappings for merging, but found scalar", id="merge a number"),
        pytest.param(b"a: " + b"x" * (1 << 20), "is larger than 1 MiB", id="size"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_place(source: bytes | str, expected: str) -> None:
    with pytest.raises(CatalogError) as caught:
        yaml.parse(source, "c.yaml")
    assert [str(problem) for problem in caught.value.problems] == [
        f"c.yaml:{expected}" if expected[0].isdigit() else f"c.yaml: {expected}"
    ]


@pytest.mark.fault(44)
def test_every_duplicate_key_is_named_with_both_lines() -> None:
    document = yaml.parse("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n", "c.yaml")
    assert [str(problem) for problem in document.problems] == [
        'c.yaml:3:1: duplicate key "a" (first at line 1)',
        'c.yaml:2:17: duplicate key "c" (first at line 2)',
    ]
    with pytest.raises(CatalogError):
        document.checked()


def test_an_override_of_a_merged_key_is_no_duplicate() -> None:
    text = "w: {x: &base {a: 1, b: 2}}\nz: {<<: *base, a: 3}\n"
    assert yaml.parse(text, "c").checked() == {"w": {"x": {"a": 1, "b": 2}}, "z": {"a": 3, "b": 2}}


def test_a_merge_below_other_keys_is_refused_because_helm_lets_it_win() -> None:
    document = yaml.parse("a: {b: 1, <<: {b: 2}}", "c", yaml.VALUES)
    assert [problem.text for problem in document.problems] == [
        "<< must stand first: below other keys, helm lets it win over them"
    ]


def test_keys_of_a_catalog_must_be_text_for_every_reader() -> None:
    document = yaml.parse("on: 1\n1.5: 2\n~: 3\n2026-01-31: 4\n'no': 5\n", "c")
    assert [(problem.line, problem.text) for problem in document.problems] == [
        (1, 'key on is not text for every reader; quote it: "on"'),
        (2, 'key 1.5 is not text for every reader; quote it: "1.5"'),
        (3, 'key ~ is not text for every reader; quote it: "~"'),
        (4, 'key 2026-01-31 is not text for every reader; quote it: "2026-01-31"'),
    ]


def test_what_is_no_file_or_not_there_is_said(tmp_path: Path) -> None:
    for path, text in ((tmp_path, "f: is not a file"), (tmp_path / "x", "f: there is no such file")):
        with pytest.raises(CatalogError) as caught:
            yaml.read(path, "f")
        assert str(caught.value.problems[0]) == text


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(CatalogError) as caught:
        yaml.read(Path("/dev/zero"), "f")
    assert str(caught.value.problems[0]) == "f: is not a file"


def test_a_stream_of_manifests_takes_tags_of_the_standard_and_the_last_of_equal_keys() -> None:
    text = "---\na: 1\na: 2\n---\n# nothing\n---\nport: !!int '80'\nname: !!str 5\nratio: !!float 1\n"
    assert yaml.parse_all(text, "m") == ({"a": 2}, None, {"port": 80, "name": "5", "ratio": 1.0})
    with pytest.raises(CatalogError):
        yaml.parse_all("a: !!int x", "m")


@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf")
def test_bytes_of_any_kind_give_data_or_a_catalog_error(source: bytes) -> None:
    for limits in (yaml.CATALOG, yaml.VALUES):
        with contextlib.suppress(CatalogError):
            yaml.parse(source, "f", limits)


PIECES = st.sampled_from(
    ["a", ":", " ", "\n", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "<<: ", "!!int ", "|", ">", "'", '"', "#", "?", "%YAML",
     "---\n", "...\n", "\t", "1", "0x", "2026-", "on", "~", ".inf", "=", "\u2028", "é", "1:2", "_", "+", "e3"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
@example("a: &a\n  <<: *a")
@example("&a a: {<<: *a}")
def test_text_that_looks_like_yaml_gives_data_or_a_catalog_error(text: str) -> None:
    for limits in (yaml.CATALOG, yaml.VALUES, yaml.MANIFESTS):
        with contextlib.suppress(CatalogError):
            json.dumps(yaml.parse(text, "f", limits).data, default=str)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=30) | st.sampled_from(
    ["on", "no", "y", "N", "~", "null", "1.10", "1e3", "012", "0o10", "12:30:45", "2026-01-31", "=", "<<", "", " a ", "a: b",
     "- a", "#", "a #b", "%", "@", "`", "1_000", "+.inf", "two\nlines", "ends\n", "trail \nx", "---", "...", "!x", "*a", "&a"]
)  # fmt: skip
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, PLAIN, max_size=4))
def test_what_the_dumper_writes_every_reading_gives_back(data: dict[str, object]) -> None:
    text = yaml.dump(data)
    for limits in (yaml.CATALOG, yaml.VALUES, yaml.MANIFESTS):
        assert yaml.parse(text, "f", limits).checked() == data


def test_the_dumper_quotes_only_what_could_be_mistaken_and_keeps_the_order() -> None:
    data = {
        "name": "plate-web",
        "tag": "1.10",
        "off": "no",
        "at": "12:30:45",
        "text": "한국어",
        "script": "a\nb\n",
        "list": ["y", 1],
    }
    assert yaml.dump(data) == (
        'name: plate-web\ntag: "1.10"\n"off": "no"\nat: "12:30:45"\ntext: 한국어\nscript: |\n  a\n  b\nlist:\n- "y"\n- 1\n'
    )
