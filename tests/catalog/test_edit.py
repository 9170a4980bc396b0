"""One value of a file changes, and nothing else of it."""

from __future__ import annotations

import pytest

from platformctl.catalog import yaml
from platformctl.catalog.edit import with_scalar
from platformctl.errors import CatalogError

TEXT = """# 클러스터
clusters:
  home: {context: home-k8s, identity: null}   # pinned
  away: {context: 'away', identity: "old"}
names: &names [a, b]
again: *names
"""


def changed(path: tuple[str | int, ...], value: str, text: str = TEXT) -> str:
    return with_scalar(yaml.parse(text, "platform.yaml"), path, value)


def test_null_becomes_a_quoted_text_and_comments_stay() -> None:
    assert changed(("clusters", "home", "identity"), "5f0c") == TEXT.replace("null", '"5f0c"')


def test_a_quoted_value_is_replaced_whole() -> None:
    assert changed(("clusters", "away", "identity"), 'a "b"') == TEXT.replace('"old"', '"a \\"b\\""')
    assert changed(("clusters", "away", "context"), "x") == TEXT.replace("'away'", '"x"')


def test_a_value_that_is_not_there_says_what_to_write_by_hand() -> None:
    with pytest.raises(
        CatalogError, match=r"clusters.gone.identity: there is no such value; write it by hand: x"
    ):
        changed(("clusters", "gone", "identity"), "x")
    with pytest.raises(CatalogError, match="no such value"):
        changed(("clusters", "home"), "x")


def test_a_value_that_others_share_is_not_changed_behind_their_back() -> None:
    with pytest.raises(CatalogError, match="cannot be changed alone"):
        changed(("names", 0), "x")
