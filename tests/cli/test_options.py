"""Global options: before and after the command, variables, and kubectl's spelling of a dry run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from platformctl.cli.main import rewritten, unexpected, wants_json
from platformctl.cli.options import Globals, from_environment, with_globals
from platformctl.errors import UsageError


def seen_by(argv: list[str], environ: dict[str, str] | None = None) -> Globals:
    """What the command `work` is handed."""
    app, got = typer.Typer(), []

    @app.callback()
    @with_globals
    def root(globals_: Globals, ctx: typer.Context) -> None:
        ctx.obj = globals_

    @app.command()
    @with_globals
    def work(globals_: Globals) -> None:
        got.append(globals_)

    result = CliRunner().invoke(app, argv, obj=from_environment(environ or {}))
    assert result.exit_code == 0, result.output
    return got[0]


@pytest.mark.parametrize("argv", [["--dry-run", "work"], ["work", "--dry-run"]])
def test_an_option_means_the_same_before_and_after_the_command(argv: list[str]) -> None:
    assert seen_by(argv) == Globals(dry_run=True)


def test_what_stands_after_the_command_wins() -> None:
    assert seen_by(["--context", "a", "--dry-run", "work", "--context", "b"]) == Globals(
        context="b", dry_run=True
    )
    assert seen_by(["--dry-run", "work", "--no-dry-run"]).dry_run is False


def test_a_flag_wins_over_its_variable() -> None:
    environ = {"PLATFORMCTL_CONTEXT": "env", "PLATFORMCTL_PARALLEL": "3", "PLATFORMCTL_SANDBOX": "true"}
    assert seen_by(["work", "--context", "flag"], environ) == Globals(
        context="flag", parallel=3, sandbox=True
    )


def test_a_variable_that_is_no_value_is_a_usage_error() -> None:
    with pytest.raises(typer.BadParameter, match="PLATFORMCTL_PARALLEL"):
        from_environment({"PLATFORMCTL_PARALLEL": "many"})
    with pytest.raises(typer.BadParameter, match="PLATFORMCTL_SANDBOX"):
        from_environment({"PLATFORMCTL_SANDBOX": "perhaps"})


def test_helms_name_of_the_context_is_taken_too() -> None:
    assert seen_by(["work", "--kube-context", "x"]).context == "x"


def test_kubectls_spelling_of_a_dry_run_becomes_two_options() -> None:
    assert rewritten(["--dry-run=client", "prod"]) == ["--dry-run", "--dry-run-mode", "client", "prod"]
    assert rewritten(["prod", "--dry-run=none"]) == ["prod", "--no-dry-run"]
    assert rewritten(["prod", "--dry-run"]) == ["prod", "--dry-run"]
    with pytest.raises(UsageError, match="use client, server or none"):
        rewritten(["--dry-run=maybe"])


def test_who_says_how_a_dry_run_is_made_wants_one() -> None:
    assert rewritten(["stg", "--dry-run-mode", "client"]) == ["--dry-run", "stg", "--dry-run-mode", "client"]
    assert rewritten(["stg", "--dry-run-mode=server"]) == ["--dry-run", "stg", "--dry-run-mode=server"]
    both = ["stg", "--no-dry-run", "--dry-run-mode=server"]
    assert rewritten(both) == both


@pytest.mark.parametrize(
    "argv",
    [
        ["plan", "-o", "json"],
        ["plan", "-ojson"],
        ["plan", "-yojson"],
        ["plan", "-qo", "json"],
        ["plan", "--output", "json"],
        ["--output=json", "plan"],
        ["-o", "table", "plan", "-o", "json"],
    ],
)
def test_the_wish_for_json_is_seen_even_when_the_parse_fails(argv: list[str]) -> None:
    assert wants_json(argv) == "json"
    assert wants_json(["plan", "-o"]) is None


def test_a_flag_for_people_wins_over_a_variable_for_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORMCTL_OUTPUT", "json")
    assert wants_json(["plan"]) == "json"
    assert wants_json(["plan", "-o", "table"]) is None


def test_the_form_of_a_settings_file_holds_for_failures_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".platformctl.yaml").write_text("output: yaml\n")
    monkeypatch.chdir(tmp_path)
    assert wants_json(["plan"]) == "yaml"
    assert wants_json(["plan", "-o", "table"]) is None


def test_a_bug_is_an_envelope_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert unexpected(ValueError("\x1b[31mred"), ["plan", "-o", "json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["code"] == "unexpected"
    assert "unexpected ValueError: red (this is a bug" in said.err
