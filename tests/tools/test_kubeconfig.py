"""The private copy of a kubeconfig, made by the real kubectl."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from platformctl.errors import ClusterError
from platformctl.tools.kubeconfig import Sources, contexts, find_sources, freeze
from platformctl.tools.kubectl import Kubectl


def _config(**overrides: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "one", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority": "ca.pem"}}
        ],
        "users": [{"name": "ops", "user": {"tokenFile": "token"}}],
        "contexts": [
            {"name": "home-k8s", "context": {"cluster": "one", "user": "ops"}},
            {"name": "work-k8s", "context": {"cluster": "one", "user": "ops"}},
        ],
        "current-context": "home-k8s",
        **overrides,
    }


def _write(folder: Path, config: dict[str, Any], name: str = "config") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.pem").write_text("CA")
    (folder / "token").write_text("t")
    file = folder / name
    file.write_text(json.dumps(config))
    return file


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    return folder


def test_the_copy_is_private_and_holds_one_context(kubectl: Kubectl, tmp_path: Path, private: Path) -> None:
    source = _write(tmp_path / "kube", _config())
    access = freeze(kubectl, find_sources(source, {}), "work-k8s", private)
    copy = json.loads(access.kubeconfig.read_text())
    assert (access.context, access.server) == ("work-k8s", "https://127.0.0.1:1")
    assert access.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert [entry["name"] for entry in copy["contexts"]] == ["work-k8s"]


def test_what_was_relative_to_the_file_still_points_there(
    kubectl: Kubectl, tmp_path: Path, private: Path
) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./bin/login",
        "interactiveMode": "Never",
    }
    users = [{"name": "ops", "user": {"tokenFile": "token", "exec": plugin}}]
    source = _write(tmp_path / "kube", _config(users=users))
    access = freeze(kubectl, find_sources(source, {}), None, private)
    copy = json.loads(access.kubeconfig.read_text())
    assert copy["clusters"][0]["cluster"]["certificate-authority-data"] == base64.b64encode(b"CA").decode()
    assert copy["users"][0]["user"]["tokenFile"] == str(tmp_path / "kube" / "token")
    assert copy["users"][0]["user"]["exec"]["command"] == str(tmp_path / "kube" / "bin" / "login")


def test_a_plugin_found_on_path_keeps_its_name(kubectl: Kubectl, tmp_path: Path, private: Path) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws", "interactiveMode": "Never"}
    source = _write(tmp_path / "kube", _config(users=[{"name": "ops", "user": {"exec": plugin}}]))
    copy = json.loads(freeze(kubectl, find_sources(source, {}), None, private).kubeconfig.read_text())
    assert copy["users"][0]["user"]["exec"]["command"] == "aws"


def test_the_current_context_is_taken_when_none_is_named(
    kubectl: Kubectl, tmp_path: Path, private: Path
) -> None:
    source = _write(tmp_path / "kube", _config())
    assert freeze(kubectl, find_sources(source, {}), None, private).context == "home-k8s"


def test_the_list_of_files_in_the_variable_is_merged(kubectl: Kubectl, tmp_path: Path, private: Path) -> None:
    first = _write(tmp_path / "a", _config(contexts=[]))
    second = _write(tmp_path / "b", _config(clusters=[], users=[]))
    sources = find_sources(None, {"KUBECONFIG": f"{first}{os.pathsep}/nowhere{os.pathsep}{second}"})
    assert sources.files == (first, second)
    assert freeze(kubectl, sources, "work-k8s", private).context == "work-k8s"


def test_an_unknown_context_names_the_close_one_and_lists_all(
    kubectl: Kubectl, tmp_path: Path, private: Path
) -> None:
    source = _write(tmp_path / "kube", _config())
    with pytest.raises(ClusterError) as caught:
        freeze(kubectl, find_sources(source, {}), "home-k8", private)
    assert (
        caught.value.message == f"read kubeconfig {source}: no context 'home-k8' (did you mean \"home-k8s\"?)"
    )
    assert caught.value.hint == "choose one of: home-k8s, work-k8s"


def test_a_kubeconfig_without_contexts_is_refused(kubectl: Kubectl, tmp_path: Path, private: Path) -> None:
    source = _write(tmp_path / "kube", {"apiVersion": "v1", "kind": "Config"})
    for context in (None, "x"):
        with pytest.raises(ClusterError, match=rf"^read kubeconfig {source}: it has no contexts$"):
            freeze(kubectl, find_sources(source, {}), context, private)


def test_no_current_context_and_none_named_lists_the_choice(
    kubectl: Kubectl, tmp_path: Path, private: Path
) -> None:
    source = _write(tmp_path / "kube", _config(**{"current-context": ""}))
    with pytest.raises(ClusterError, match="it names no current context") as caught:
        freeze(kubectl, find_sources(source, {}), None, private)
    assert caught.value.hint == "choose one with  --context NAME: home-k8s, work-k8s"


def test_a_certificate_that_is_missing_is_named(kubectl: Kubectl, tmp_path: Path, private: Path) -> None:
    source = _write(tmp_path / "kube", _config())
    (tmp_path / "kube" / "ca.pem").unlink()
    with pytest.raises(ClusterError, match=r"^read context home-k8s of kubeconfig .*ca\.pem: no such file"):
        freeze(kubectl, find_sources(source, {}), "home-k8s", private)


def test_a_file_that_is_no_kubeconfig_is_refused(kubectl: Kubectl, tmp_path: Path, private: Path) -> None:
    source = tmp_path / "config"
    source.write_text("]: not yaml")
    with pytest.raises(ClusterError, match=r"^read kubeconfig "):
        freeze(kubectl, find_sources(source, {}), None, private)


def test_no_kubeconfig_at_all_is_an_error_only_when_one_is_needed(
    kubectl: Kubectl, tmp_path: Path, private: Path
) -> None:
    sources = find_sources(None, {"HOME": str(tmp_path)})
    assert sources == Sources((), False, str(tmp_path / ".kube" / "config"))
    with pytest.raises(ClusterError, match=r"^find a kubeconfig: none at ") as caught:
        freeze(kubectl, sources, None, private)
    assert "--sandbox" in (caught.value.hint or "")


@pytest.mark.parametrize("environ", [{"KUBECONFIG": "/nowhere/config"}, {"KUBECONFIG": f"/a{os.pathsep}/b"}])
def test_a_variable_that_points_nowhere_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(ClusterError, match="no such file"):
        find_sources(None, environ)


def test_an_option_that_points_nowhere_is_an_error() -> None:
    with pytest.raises(ClusterError, match=r"^read kubeconfig /nowhere/config: no such file$"):
        find_sources(Path("/nowhere/config"), {})


def test_the_option_wins_over_the_variable_and_the_home(tmp_path: Path) -> None:
    option = _write(tmp_path / "a", _config())
    home = _write(tmp_path / ".kube", _config())
    listed = _write(tmp_path / "b", _config())
    environ = {"HOME": str(tmp_path), "KUBECONFIG": str(listed)}
    assert find_sources(option, environ) == Sources((option,), True, str(option))
    assert find_sources(None, environ) == Sources((listed,), True, f"KUBECONFIG={listed}")
    assert find_sources(None, {"HOME": str(tmp_path)}) == Sources((home,), False, str(home))


def test_the_contexts_come_in_the_order_of_the_file(kubectl: Kubectl, tmp_path: Path) -> None:
    source = _write(tmp_path / "kube", _config())
    assert contexts(kubectl, find_sources(source, {})) == ("home-k8s", "work-k8s")


def test_a_link_at_the_place_of_the_copy_is_not_followed(
    kubectl: Kubectl, tmp_path: Path, private: Path
) -> None:
    source = _write(tmp_path / "kube", _config())
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (private / "kubeconfig").symlink_to(victim)
    freeze(kubectl, find_sources(source, {}), None, private)
    assert victim.read_text() == "mine"
