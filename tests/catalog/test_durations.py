"""Durations as Go writes them."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platformctl.catalog.durations import checked, seconds, short


@pytest.mark.parametrize(
    ("text", "length_s"),
    [("300ms", 0.3), ("90s", 90.0), ("10m", 600.0), ("1h30m", 5400.0), ("1.5h", 5400.0), ("1h2m3s4ms", 3723.004), ("0s", 0.0), (".5s", 0.5)],
)  # fmt: skip
def test_a_duration_has_its_length(text: str, length_s: float) -> None:
    assert seconds(text) == pytest.approx(length_s)
    assert checked(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("90", '"90" has no unit; use 90s'),
        ("1.5", '"1.5" has no unit; use 1.5s'),
        ("10 m", '"10 m" is not a duration; write it like 90s, 10m or 1h30m'),
        ("-5s", '"-5s" is not a duration; write it like 90s, 10m or 1h30m'),
        ("10x", '"10x" is not a duration; write it like 90s, 10m or 1h30m'),
        ("", '"" is not a duration; write it like 90s, 10m or 1h30m'),
        ("5s\n", '"5s\n" is not a duration; write it like 90s, 10m or 1h30m'),
        ("١s", '"١s" is not a duration; write it like 90s, 10m or 1h30m'),
    ],
)
def test_what_is_none_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is asserted whole
        seconds(text)
    assert str(caught.value) == message


@given(st.text(max_size=12))
def test_any_text_is_a_length_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert seconds(text) >= 0


@given(
    st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["h", "m", "s", "ms"])), min_size=1, max_size=4)
)
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    unit_s = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert math.isclose(seconds(text), sum(number * unit_s[unit] for number, unit in parts), abs_tol=1e-9)


@pytest.mark.parametrize(
    ("length_s", "text"), [(0.84, "0.8s"), (42, "42s"), (190, "3m10s"), (3900, "1h05m"), (59.6, "1m00s")]
)
def test_lengths_read_well(length_s: float, text: str) -> None:
    assert short(length_s) == text
