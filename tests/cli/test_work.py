"""What a command asks for before it begins: revisions, durations, the question."""

from __future__ import annotations

import pytest

from platformctl.cli.desk import duration_of
from platformctl.cli.work import revision_number
from platformctl.errors import UsageError


@pytest.mark.parametrize("text", ["0", "-1", "abc", "1e3", "1.0", "١", "", " 1", "9999999999", "²"])
def test_what_is_no_revision_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="whole number from 1"):
        revision_number(text)


def test_a_revision_is_a_whole_number_from_one() -> None:
    assert [revision_number(text) for text in ("1", "12", None)] == [1, 12, None]


def test_a_bare_number_says_which_unit_to_use() -> None:
    with pytest.raises(UsageError) as caught:
        duration_of("--timeout", "90")
    assert caught.value.message == '--timeout: "90" has no unit; use 90s'
    assert duration_of("--timeout", "1m30s") == 90.0
    assert duration_of("--timeout", None) is None
