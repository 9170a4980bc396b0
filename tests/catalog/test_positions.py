"""Where keys and values stand."""

from __future__ import annotations

import pytest

from platformctl.catalog import yaml
from platformctl.catalog.positions import KeyPath, Positions, shown_path

TEXT = """\
web:
  chart: {path: /x, version: 1.10}
  values:
    - a
    - "b"
base: &base
  one: 1
  two: {three: 3}
own:
  <<: *base
  one: 2
both: {<<: [*base, {four: 4}]}
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("web",), (2, 3), (1, 1)),
        (("web", "chart", "path"), (2, 17), (2, 11)),
        (("web", "values", 1), (5, 7), (5, 7)),
        (("own", "one"), (11, 8), (11, 3)),
        (("own", "two", "three"), (8, 16), (8, 9)),
        (("both", "four"), (12, 27), (12, 21)),
        (("web", "chart", "missing", "deeper"), (2, 3), (2, 3)),
        (("web", "values", 7), (3, 3), (3, 3)),
        (("nowhere",), (1, 1), (1, 1)),
        ((), (1, 1), (1, 1)),
    ],
)
def test_a_path_has_a_place(path: KeyPath, value: tuple[int, int], key: tuple[int, int]) -> None:
    positions = Positions.of(yaml.parse(TEXT, "f"))
    assert (positions.at(path), positions.at(path, key=True)) == (value, key)


def test_plain_words_are_given_as_they_were_written() -> None:
    positions = Positions.of(yaml.parse(TEXT, "f"))
    assert positions.written(("web", "chart", "version")) == "1.10"
    assert positions.written(("web", "values", 1)) is None
    assert positions.written(("web", "values")) is None
    assert positions.written(("web", "nothing")) is None


def test_an_empty_file_has_one_place() -> None:
    assert Positions.of(yaml.parse("", "f")).at(("a", 1)) == (1, 1)


def test_paths_read_as_in_a_message() -> None:
    assert (
        shown_path(("registries", "harbor.example", "auth", "env", 1))
        == 'registries["harbor.example"].auth.env[1]'
    )
    assert shown_path(()) == ""
