"""Plain words mean to us what they mean to helm: measured against the real one."""

from __future__ import annotations

import pytest

from platformctl.catalog import yaml
from platformctl.catalog.scalars import is_text_everywhere, other_reading, plain_value

from .conftest import HelmValues

WORDS = tuple(
    """
y Y yes Yes YES yES on On ON n N no No NO off Off OFF true True TRUE tRUE false False FALSE ~ null Null NULL nULL
0 1 -1 +1 012 08 09 0o10 0O7 0x1F 0X1f 0b11 0B1 -0b11 -012 +012 00 0x 0b 1_000 _1 1_ 0_8 0x_1F .5_0 1_0.5
1.5 1. .5 -.5 +1.5 1.10 1e3 1E3 1e+2 1e-2 1.e5 .e5 1e -1e3 1.2.3 1-2 1a . - + -. 1..2
12:30:45 1:1 2026-01-31 2026-1-1 2026-01-31T10:00:00Z 9999-99-99 9223372036854775807 -9223372036854775808
123456789012345678901234567890 = << .INF1 v1.2 0.1.0 1,5 0644
""".split()  # noqa: SIM905 - a list of this length reads better as words
)


@pytest.mark.fault(45)
def test_plain_words_mean_what_helm_makes_of_them(helm_values: HelmValues) -> None:
    lines = "".join(f"- {word}\n" for word in WORDS)
    found = helm_values(files=(f"words:\n{lines}",))
    ours = yaml.parse(lines, "words", yaml.VALUES).checked()
    differing = {
        word: (mine, theirs)
        for word, mine, theirs in zip(WORDS, ours, found["words"], strict=True)
        if not _the_same(mine, theirs)
    }
    assert differing == {}


def _the_same(mine: object, theirs: object) -> bool:
    """Equal and of one kind; helm keeps numbers as 64-bit floats."""
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is theirs
    if isinstance(mine, int | float) and isinstance(theirs, int | float):
        return float(mine) == float(theirs)
    return mine == theirs


def test_keys_become_text_as_in_helm(helm_values: HelmValues) -> None:
    text = "a: {y: 1, 012: 2, 1.5: 3, 'on': 4, ok: 5}\n"
    assert helm_values(files=(text,)) == yaml.parse(text, "f", yaml.VALUES).checked()


@pytest.mark.fault(45)
@pytest.mark.parametrize(
    ("word", "reading"),
    [
        ("12:30:45", "int"),
        ("2026-01-31", "timestamp"),
        ("1:1.5", "float"),
        ("plain", None),
        ("v1.2", None),
        ("<<", None),
    ],
)
def test_what_other_readers_take_for_a_number_or_a_date_is_known(word: str, reading: str | None) -> None:
    assert isinstance(plain_value(word), str)
    assert other_reading(word) == (reading and f"tag:yaml.org,2002:{reading}")
    assert is_text_everywhere(word) is (reading is None)
