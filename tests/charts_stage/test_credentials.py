from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platformctl.catalog.models import Registry
from platformctl.charts.cache import ChartCache
from platformctl.charts.credentials import Login, RegistryAccess
from platformctl.charts.sources import Sources, source_of
from platformctl.errors import ChartNotAtHandError, LocalError
from platformctl.tools.helm import Helm
from platformctl.tools.process import Command, Completed, Process, ShRunner
from tests.charts_stage.builders import pack
from tests.charts_stage.servers import PASSWORD, USER

URL = "https://charts.example.org:8443/stable"


class Recorder:
    """Answers for helm: an index, then an archive; keeps every command, and what the files that it names said."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.files: dict[str, tuple[str, int]] = {}  # option → content, mode

    def run(self, command: Command, *, started: Callable[[Process], None] | None = None) -> Completed:
        self.commands.append(command)
        options = dict(zip(command.argv, command.argv[1:], strict=False))
        for option in ("--repository-config", "--registry-config"):
            if option in options:
                file = Path(options[option])
                self.files[option] = (file.read_text(), file.stat().st_mode & 0o777)
                assert file.parent.stat().st_mode & 0o777 == 0o700
        match command.argv[1]:
            case "repo":
                (Path(options["--repository-cache"]) / "source-index.yaml").write_text("entries: {}")
            case "pull":
                (Path(options["--destination"]) / "web-0.1.0.tgz").write_bytes(pack())
            case verb:
                pytest.fail(f"helm {verb} was not expected")
        return Completed(command.argv, 0, b"", "", 0.0)

    def start(self, command: Command, *, log: Path, dies_with_us: bool = True) -> Process:
        raise AssertionError(command)


def access(
    tmp_path: Path, auth: dict[str, Any] | None, environ: dict[str, str] | None = None, **more: Any
) -> RegistryAccess:
    registry = Registry.model_validate({"auth": auth, **more})
    return RegistryAccess({"charts.example.org:8443": registry}, tmp_path, environ or {}, ShRunner())


def script(folder: Path, text: str) -> str:
    file = folder / "credentials"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o700)
    return str(file)


@pytest.mark.parametrize("url", [URL, "oci://charts.example.org:8443/stable"])
def test_no_password_is_on_a_command_line_or_left_behind(tmp_path: Path, url: str) -> None:
    recorder = Recorder()
    registries = {"charts.example.org:8443": Registry.model_validate({"auth": {"env": ["A", "B"]}})}
    reach = RegistryAccess(registries, tmp_path, {"A": USER, "B": PASSWORD}, recorder)
    helm = Helm(recorder, Path("/bin/helm"), (4, 3, 1), {})
    source = source_of(url, tmp_path)
    assert Sources(helm, reach, ChartCache(tmp_path / "cache")).fetch(source, "web", "0.1.0") == pack()
    for command in recorder.commands:
        seen = " ".join([*command.argv, *command.env.values()])
        assert PASSWORD not in seen
        assert USER not in seen
    named = [Path(part) for command in recorder.commands for part in command.argv if part.startswith("/tmp")]
    assert named
    assert not [file for file in named if file.exists() and not file.is_relative_to(tmp_path)]
    assert not [
        file for file in (tmp_path / "cache").rglob("*") if file.is_file() and PASSWORD in file.read_text()
    ]


def test_a_login_reaches_helm_in_private_files(tmp_path: Path) -> None:
    recorder = Recorder()
    registries = {"charts.example.org:8443": Registry.model_validate({"auth": {"env": ["A", "B"]}})}
    reach = RegistryAccess(registries, tmp_path, {"A": USER, "B": PASSWORD}, recorder)
    helm = Helm(recorder, Path("/bin/helm"), (4, 3, 1), {})
    Sources(helm, reach, ChartCache(tmp_path / "cache")).fetch(source_of(URL, tmp_path), "web", "0.1.0")
    content, mode = recorder.files["--repository-config"]
    assert json.loads(content) == {
        "apiVersion": "",
        "repositories": [{"name": "source", "url": URL, "username": USER, "password": PASSWORD}],
    }
    assert mode == 0o600
    address = "oci://charts.example.org:8443/stable"
    Sources(helm, reach, ChartCache(tmp_path / "cache")).fetch(source_of(address, tmp_path), "web", "0.1.0")
    content, mode = recorder.files["--registry-config"]
    assert list(json.loads(content)["auths"]) == ["charts.example.org:8443"]
    assert mode == 0o600


def test_a_registry_without_an_entry_is_left_to_the_login_that_the_user_has(tmp_path: Path) -> None:
    with access(tmp_path, None).workspace("oci://other.example.org/charts", tmp_path) as workspace:
        assert workspace.registry is None


def test_a_file_and_a_command_give_two_lines(tmp_path: Path) -> None:
    (tmp_path / "login").write_text(f"{USER}\n{PASSWORD}\n")
    assert access(tmp_path, {"file": "login"}).login(URL) == Login(USER, PASSWORD)
    program = script(tmp_path, f'echo "$WHO"; echo {PASSWORD}')
    assert access(tmp_path, {"command": [program]}, {"WHO": USER}).login(URL) == Login(USER, PASSWORD)
    assert access(tmp_path, {"file": "login"}).login("https://charts.example.org/") is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param(f"echo {PASSWORD}", "two lines are expected", id="one line"),
        pytest.param(f"echo {PASSWORD}; echo x; echo y", "two lines are expected", id="three lines"),
        pytest.param(f"echo x; echo {PASSWORD}; exit 3", "failed (exit code 3)", id="it fails"),
    ],
)
def test_a_command_that_gives_no_login_is_reported_without_its_output(
    tmp_path: Path, text: str, wrong: str
) -> None:
    program = script(tmp_path, text)
    with pytest.raises(ChartNotAtHandError) as caught:
        access(tmp_path, {"command": [program]}).login(URL)
    assert wrong in caught.value.message
    assert PASSWORD not in caught.value.message


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChartNotAtHandError) as caught:
        access(tmp_path, {"env": ["HARBOR_USER", "HARBOR_PASSWORD"]}, {"HARBOR_USER": USER}).login(URL)
    assert (caught.value.message, caught.value.hint) == (
        "registries.charts.example.org:8443.auth: HARBOR_PASSWORD not set",
        "export HARBOR_PASSWORD=…",
    )
    with pytest.raises(ChartNotAtHandError, match="cannot be read: No such file"):
        access(tmp_path, {"file": "nowhere"}).login(URL)
    with pytest.raises(ChartNotAtHandError, match="no program nowhere on PATH"):
        access(tmp_path, {"command": ["nowhere"]}, {"PATH": "/nonexistent"}).login(URL)
    with pytest.raises(LocalError, match="caFile: no file"):
        access(tmp_path, None, caFile="nowhere.pem").ca_file(URL)


def test_a_login_does_not_show_its_password() -> None:
    assert PASSWORD not in repr(Login(USER, PASSWORD))
