"""kubectl as typed verbs, against the real binary where it matters what kubectl makes of the words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from platformctl.errors import ClusterError, ForbiddenError, ToolError, UnreachableError
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl, failure, find, manifest
from platformctl.tools.process import Command, Completed, ShRunner
from tests.support.apiserver import FakeApiServer

ENV = {"PATH": "/usr/bin:/bin"}


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


class _Recorder:
    """Keeps the command lines and answers that all went well."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def run(self, command: Command, *, started: object = None) -> Completed:
        self.commands.append(command)
        return Completed(command.argv, 0, b"", "", 0.0)

    def start(self, command: Command, *, log: Path, dies_with_us: bool = True) -> object:
        raise AssertionError


def _recorded() -> tuple[Kubectl, _Recorder]:
    recorder = _Recorder()
    access = ClusterAccess(Path("/run/kubeconfig"), "home", "https://127.0.0.1:6443")
    return Kubectl(recorder, Path("/bin/kubectl"), (1, 37, 2), ENV, access), recorder  # type: ignore[arg-type]


def test_find_reads_the_version_of_the_real_kubectl(kubectl_binary: Path) -> None:
    assert find(ShRunner(), kubectl_binary, ENV).version >= (1, 28, 0)


def test_an_old_kubectl_is_refused_with_what_is_needed(tmp_path: Path) -> None:
    old = _script(tmp_path / "kubectl", """echo '{"clientVersion": {"gitVersion": "v1.20.2"}}'""")
    with pytest.raises(ToolError, match=rf"^kubectl 1\.20\.2 at {old} is too old: 1\.28 or later is needed$"):
        find(ShRunner(), old, ENV)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo garbage", "no version in its answer"),
        ("echo '{\"clientVersion\": []}'", "no version in its answer"),
        ("echo 'not for this machine' >&2; exit 126", "not for this machine"),
    ],
)
def test_something_that_is_not_kubectl_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    fake = _script(tmp_path / "kubectl", text)
    with pytest.raises(ToolError, match=f"^ask {fake} for its version: {expected}$") as caught:
        find(ShRunner(), fake, ENV)
    assert caught.value.hint


def test_a_missing_kubectl_is_refused() -> None:
    with pytest.raises(ToolError, match=r"^start /nowhere/kubectl: no such program$"):
        find(ShRunner(), Path("/nowhere/kubectl"), ENV)


def test_every_verb_names_kubeconfig_and_context() -> None:
    kubectl, recorder = _recorded()
    kubectl.apply(b"{}", namespace="x", dry_run=False)
    kubectl.create(b"{}", namespace="x", dry_run=False)
    kubectl.delete("job", "j", namespace="x", dry_run=False)
    kubectl.label_namespace("x", {"a": "b"}, dry_run=False)
    kubectl.get_raw("/version")
    kubectl.logs("p", namespace="x", container="c", tail=5)
    assert len(recorder.commands) == 6
    for command in recorder.commands:
        assert command.argv[2:4] == ("--kubeconfig=/run/kubeconfig", "--context=home")
        assert command.timeout_s


def test_a_dry_run_reaches_the_server_as_one_from_every_verb_that_writes() -> None:
    kubectl, recorder = _recorded()
    kubectl.apply(b"{}", namespace="x", dry_run=True)
    kubectl.create(b"{}", namespace="x", dry_run=True)
    kubectl.label_namespace("x", {"a": "b"}, dry_run=True)
    assert all("--dry-run=server" in command.argv for command in recorder.commands)


def test_a_dry_run_of_a_removal_only_looks() -> None:
    kubectl, recorder = _recorded()
    kubectl.delete("job", "j", namespace="x", dry_run=True)
    assert recorder.commands[0].argv[1] == "get"


def test_names_follow_the_double_dash_so_that_none_is_taken_for_a_flag() -> None:
    kubectl, recorder = _recorded()
    kubectl.delete("job", "--all", namespace="x", dry_run=False)
    assert recorder.commands[0].argv[-3:] == ("--", "job", "--all")


def test_without_a_cluster_no_verb_runs(kubectl: Kubectl) -> None:
    with pytest.raises(ToolError, match="no cluster was chosen"):
        kubectl.get_raw("/version")


def test_objects_travel_by_stdin_and_the_field_manager_is_ours() -> None:
    kubectl, recorder = _recorded()
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"k": "planted"}}
    kubectl.apply(manifest(body, body), namespace="x", dry_run=False)
    (command,) = recorder.commands
    assert command.argv[4:] == (
        "--server-side",
        "--field-manager=platformctl",
        "--namespace=x",
        "--filename=-",
    )
    assert command.stdin == b"".join([json.dumps(body).encode() + b"\n"] * 2)
    assert "planted" not in " ".join(command.argv)


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ('Error from server (Forbidden): secrets is forbidden: User "x" cannot list', ForbiddenError),
        ("error: You must be logged in to the server (Unauthorized)", ClusterError),
        (
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
            UnreachableError,
        ),
        ("Unable to connect to the server: dial tcp: lookup nowhere: no such host", UnreachableError),
        ('Error from server (AlreadyExists): jobs.batch "x" already exists', ClusterError),
    ],
)
def test_a_failure_becomes_the_error_that_it_means(stderr: str, kind: type[ClusterError]) -> None:
    error = failure(Completed(("kubectl",), 1, b"", stderr, 0.1), "create job x")
    assert type(error) is kind
    assert error.message.startswith("create job x: ")


def test_the_real_kubectl_reports_a_dead_server_as_unreachable(kubectl: Kubectl, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(FakeApiServer("http://127.0.0.1:1").kubeconfig())
    aimed = kubectl.on(ClusterAccess(kubeconfig, "fake"))
    done = aimed.label_namespace("x", {"a": "b"}, dry_run=True)
    assert type(failure(done, "label namespace x")) is UnreachableError
