"""Finding and building the binaries, with programs on PATH that answer like Go."""

from __future__ import annotations

import shutil
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from platformctl.errors import LocalError, ToolError
from platformctl.sandbox import toolbox
from platformctl.sandbox.golang import Go, find_go
from platformctl.sandbox.processes import identify, wait_gone
from platformctl.sandbox.toolbox import Assets
from platformctl.tools.process import ShRunner

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl", "helm")
BUILDS = """\
while [ "$1" != -o ]; do shift; done
for name in toolbox helm kubectl kwok; do printf '#!/bin/sh\\n' > "$2$name"; chmod 755 "$2$name"; done
echo built >> "$HOME/builds"
"""


def executable(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
    return path


def go(home: Path, version: str = "go1.30.0", build: str = BUILDS) -> dict[str, str]:
    """An environment whose PATH has a Go of that version, and nothing else of ours."""
    answers = f'if [ "$1" = env ]; then echo {version}; exit; fi\n'
    executable(home / "bin" / "go", answers + build)
    return {"HOME": str(home), "PATH": f"{home / 'bin'}:/usr/bin:/bin"}


@pytest.fixture(autouse=True)
def _no_go_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformctl.sandbox.golang.sysconfig.get_path", lambda _: "/nonexistent")


def test_a_complete_folder_of_the_variable_comes_first(tmp_path: Path) -> None:
    for name in NAMES:
        executable(tmp_path / "assets" / name)
    environ = {"KUBEBUILDER_ASSETS": str(tmp_path / "assets"), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    found = toolbox.find_assets(environ)
    assert found is not None
    assert sorted(asdict(found).values()) == sorted(tmp_path / "assets" / name for name in NAMES)
    assert toolbox.ensure_assets(ShRunner(), environ, print) == found


@pytest.mark.parametrize("where", ["path", "cache"])
def test_clients_that_the_folder_lacks_are_ours_or_those_on_path(tmp_path: Path, where: str) -> None:
    for name in NAMES[:-1]:
        executable(tmp_path / "assets" / name)
    environ = {**go(tmp_path), "KUBEBUILDER_ASSETS": str(tmp_path / "assets")}
    assert toolbox.find_assets(environ) is None
    wanted = executable(tmp_path / "bin" / "helm")
    if where == "cache":
        wanted = executable(toolbox.cache_folder(environ) / f"{toolbox.toolbox().key}-go1.30.0" / "helm")
    found = toolbox.find_assets(environ)
    assert found is not None
    assert (found.helm, found.kubectl) == (wanted, tmp_path / "assets" / "kubectl")


def test_what_was_built_is_found_without_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = go(tmp_path)
    built = toolbox.ensure_assets(ShRunner(), environ, print)
    shutil.rmtree(tmp_path / "bin")
    assert toolbox.find_assets(environ) == built
    assert toolbox.ensure_assets(ShRunner(), environ, print) == built
    folder = tmp_path / ".cache" / "platformctl" / "toolbox" / f"{toolbox.toolbox().key}-go1.30.0"
    assert built.kube_scheduler == folder / "kube-scheduler"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    out = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in out] == [
        "building control plane, helm, kubectl, kwok with Go 1.30.0",
        f"built control plane, helm, kubectl, kwok in 0 s, kept in {folder}",
    ]


def test_an_incomplete_folder_of_the_variable_is_passed_over_and_named(tmp_path: Path) -> None:
    executable(tmp_path / "assets" / "etcd")
    lines: list[str] = []
    environ = {**go(tmp_path), "KUBEBUILDER_ASSETS": str(tmp_path / "assets")}
    built = toolbox.ensure_assets(ShRunner(), environ, lines.append)
    assert built.etcd.parent.parent == toolbox.cache_folder(environ)
    assert lines[0].endswith(
        "lacks kube-apiserver, kube-controller-manager, kube-scheduler, kwok, kubectl, helm: not used"
    )


def test_other_sources_have_another_key(tmp_path: Path) -> None:
    module = toolbox.toolbox()
    keys = {module.key}
    for name in ("go.mod", "go.sum", "main.go"):
        copy = tmp_path / name.replace(".", "-")
        shutil.copytree(module.folder, copy)
        with (copy / name).open("a") as file:
            file.write("\n")
        keys.add(replace(module, folder=copy).key)
    assert len(keys) == 4


def test_versions_are_stamped_as_go_mod_pins_them(tmp_path: Path) -> None:
    module = toolbox.toolbox()
    command = toolbox.build_command(
        Go(Path("/go"), "1.30"), module, tmp_path, {"GOPROXY": "p", "GOFLAGS": "-x"}
    )
    flags = command.argv[3]
    kubernetes, helm = module.version_of("k8s.io/kubernetes"), module.version_of("helm.sh/helm/v4")
    major, minor, _ = kubernetes.removeprefix("v").split(".")
    assert flags == (
        f"-s -w -X k8s.io/component-base/version.gitVersion={kubernetes} "
        f"-X helm.sh/helm/v4/internal/version.version={helm} "
        f"-X k8s.io/component-base/version.gitMajor={major} -X k8s.io/component-base/version.gitMinor={minor}"
    )
    assert command.argv[-4:] == module.packages
    wanted = {
        "GOPROXY": "p",
        "GOFLAGS": "-mod=readonly -trimpath",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    assert {name: command.env[name] for name in wanted} == wanted


def test_helm_3_is_stamped_with_its_own_version_and_the_kubernetes_it_renders_for(tmp_path: Path) -> None:
    command = toolbox.build_command(Go(Path("/go"), "1.30"), toolbox.toolbox_helm3(), tmp_path, {})
    assert command.argv[3] == (
        "-s -w -X helm.sh/helm/v3/internal/version.version=v3.22.0"
        " -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=37"
    )


def test_two_builds_at_once_are_one_build(tmp_path: Path) -> None:
    environ = go(tmp_path, build="sleep 0.5\n" + BUILDS)
    found: list[Assets] = []
    lines: list[str] = []

    def work() -> None:
        found.append(toolbox.ensure_assets(ShRunner(), environ, lines.append))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (tmp_path / "builds").read_text() == "built\n"
    assert found[0] == found[1]
    assert "another build is running: waiting for it" in lines


def test_a_failed_build_says_what_go_said_and_leaves_nothing(tmp_path: Path) -> None:
    environ = go(tmp_path, build="echo 'go: proxy.test: no route' >&2; exit 1")
    left = toolbox.cache_folder(environ) / ".building-left"
    left.mkdir(parents=True)
    with pytest.raises(ToolError, match=r"build control plane, helm, .*: go: proxy.test: no route") as error:
        toolbox.ensure_assets(ShRunner(), environ, print)
    assert "KUBEBUILDER_ASSETS" in str(error.value.hint)
    assert list(left.parent.iterdir()) == []


def test_a_build_that_is_interrupted_ends(tmp_path: Path) -> None:
    environ = go(tmp_path, build="echo $$ > $HOME/pid; exec sleep 60")

    class Interrupted(ShRunner):
        def run(self, command, *, started=None):  # type: ignore[no-untyped-def]
            if "build" not in command.argv:
                return super().run(command, started=started)

            def interrupt(process):  # type: ignore[no-untyped-def]
                started(process)
                while not (tmp_path / "pid").exists():
                    pass
                raise KeyboardInterrupt

            return super().run(command, started=interrupt)

    with pytest.raises(KeyboardInterrupt):
        toolbox.ensure_assets(Interrupted(), environ, print)
    identity = identify(int((tmp_path / "pid").read_text()))
    assert identity is None or wait_gone(identity, 5)
    assert list(toolbox.cache_folder(environ).iterdir()) == []


@pytest.mark.parametrize("version", ["go1.25.9", "devel", "go1.26rc1"])
def test_a_go_that_is_too_old_is_named(tmp_path: Path, version: str) -> None:
    environ = go(tmp_path, version)
    with pytest.raises(
        ToolError, match=r"Go 1.26.0 or newer is needed and was not found \(.*/bin/go is "
    ) as error:
        toolbox.ensure_assets(ShRunner(), environ, print)
    assert "pip install 'platformctl[sandbox]'" in str(error.value.hint)


def test_the_go_of_the_wheel_serves_when_path_has_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = executable(tmp_path / "site" / "go" / "bin" / "go", "echo go1.27.3")
    monkeypatch.setattr("platformctl.sandbox.golang.sysconfig.get_path", lambda _: str(tmp_path / "site"))
    assert find_go(ShRunner(), go(tmp_path, "go1.20"), "1.26.0") == Go(wheel, "1.27.3")


def test_without_any_go_the_error_says_what_to_install(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path)}
    assert toolbox.find_assets(environ) is None
    with pytest.raises(
        ToolError, match=r"build the sandbox: Go 1\.26\.0 or newer is needed and was not found$"
    ):
        toolbox.ensure_assets(ShRunner(), environ, print)


def test_a_cache_that_cannot_be_made_is_a_local_error(tmp_path: Path) -> None:
    environ = go(tmp_path) | {"XDG_CACHE_HOME": str(executable(tmp_path / "file"))}
    with pytest.raises(LocalError, match="make the cache folder"):
        toolbox.ensure_assets(ShRunner(), environ, print)
