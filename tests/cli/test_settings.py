"""Settings files: below flags and variables, and strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.cli.options import Globals
from platformctl.cli.settings import from_files
from platformctl.errors import CatalogError


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "platformctl"
    folder.mkdir(parents=True)
    return folder


def test_the_project_wins_over_the_user_and_both_are_found_from_below(
    tmp_path: Path, user_folder: Path
) -> None:
    (user_folder / "config.yaml").write_text("context: mine\nparallel: 3\n")
    (tmp_path / ".platformctl.yaml").write_text("context: ours\nno-input: true\n")
    below = tmp_path / "helm" / "web"
    below.mkdir(parents=True)
    assert from_files(below) == Globals(context="ours", parallel=3, no_input=True)
    assert Globals(context="flag").over(from_files(below)).context == "flag"


def test_without_files_nothing_is_said(tmp_path: Path) -> None:
    assert from_files(tmp_path) == Globals()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contxt: x\n", 'contxt: no option has this name (did you mean "context"?)'),
        ("parallel: many\n", "parallel: must be a whole number"),
        ("sandbox: 1\n", "sandbox: must be true or false"),
        ("- a\n", "settings are"),
        ("context: a\ncontext: b\n", "duplicate"),
    ],
)
def test_a_setting_that_is_none_is_refused_with_the_file_and_key(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / ".platformctl.yaml").write_text(text)
    with pytest.raises(CatalogError) as caught:
        from_files(tmp_path)
    assert ".platformctl.yaml" in caught.value.message
    assert message in caught.value.message
