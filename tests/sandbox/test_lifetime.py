"""How a sandbox begins and ends: nothing is left running or on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from platformctl.errors import ClusterError, GuardError
from platformctl.sandbox import api
from platformctl.sandbox.api import Assets, SandboxOptions
from platformctl.sandbox.client import Answer, Client
from platformctl.sandbox.folder import Folder, Phase, locked
from platformctl.sandbox.processes import ProcessId, is_alive, send, wait_gone
from platformctl.tools.process import ShRunner
from tests.support.sandbox import eventually

pytestmark = pytest.mark.e2e

COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
OWNER = """
import os, sys, time
from pathlib import Path
from platformctl.sandbox import api
from platformctl.tools.process import ShRunner
with api.attach_or_start(ShRunner(), os.environ, base=Path(sys.argv[1])) as sandbox:
    Path(sys.argv[2]).write_text(str(sandbox.folder))
    time.sleep(120)
"""

STARTER = """
import os, sys
from pathlib import Path
from platformctl.sandbox import api
from platformctl.tools.process import ShRunner
say = lambda line: print(line, flush=True)
say(api.up(ShRunner(), os.environ, base=Path(sys.argv[1]), on_progress=say).server)
"""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """A place of our own; whatever a failed test left there is ended."""
    base = tmp_path / "sandboxes"
    yield base
    for path in base.iterdir() if base.is_dir() else ():
        for process in processes(Folder(path)):
            send(process, signal.SIGKILL)


def processes(folder: Folder) -> list[ProcessId]:
    """The supervisor and its components."""
    state, supervisor = folder.state(), folder.supervisor()
    found = list(((state.processes if state else None) or {}).values())
    return [*found, supervisor] if supervisor else found


def up(base: Path, **options: object) -> api.Sandbox:
    return api.up(ShRunner(), os.environ, base=base, options=SandboxOptions(**options))  # type: ignore[arg-type]


def test_up_stays_is_found_again_and_down_leaves_nothing(sandbox_assets: Assets, base: Path) -> None:
    assert api.status(os.environ, base=base) is None
    assert api.down(os.environ, base=base) is False
    first = up(base)
    running = processes(Folder(first.folder))
    assert up(base) == first
    with api.attach_or_start(ShRunner(), os.environ, base=base) as attached:
        assert attached == first
    status = api.status(os.environ, base=base)
    assert status is not None
    assert (status.phase, status.reason, status.ended, status.seeded) == (Phase.READY, "", (), ())
    assert sorted(status.running) == COMPONENTS
    assert len(running) == 6
    assert all(map(is_alive, running))
    with pytest.raises(GuardError, match="one is running already, without --webhooks"):
        up(base, webhooks=True)
    assert api.down(os.environ, base=base) is True
    assert [process for process in running if is_alive(process)] == []
    assert not base.exists()


def test_two_starts_at_once_are_one_sandbox(sandbox_assets: Assets, base: Path) -> None:
    with locked(base):
        both = [
            subprocess.Popen([sys.executable, "-c", STARTER, base], stdout=subprocess.PIPE) for _ in range(2)
        ]
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == b"starting the sandbox (about 5 s)\n"
        time.sleep(0.3)
        assert list(base.iterdir()) == []  # both wait
    said = [process.communicate(timeout=90)[0] for process in both]
    assert said[0] == said[1] != b""
    running = processes(Folder(base / "shared"))
    assert len(running) == 6
    assert api.down(os.environ, base=base)
    assert [process for process in running if is_alive(process)] == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_owner_leaves_no_process_and_no_folder(
    sandbox_assets: Assets, base: Path, tmp_path: Path, number: signal.Signals
) -> None:
    note = tmp_path / "folder"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, base, note])
    eventually(lambda: note.exists() and note.read_text() != "", 60)
    folder = Folder(Path(note.read_text()))
    running = processes(folder)
    assert len(running) == 6
    owner.send_signal(number)
    owner.wait()
    assert [process for process in running if not wait_gone(process, 5)] == []
    eventually(lambda: not base.exists())


def test_a_killed_supervisor_takes_its_components_along_and_the_next_start_sweeps(
    sandbox_assets: Assets, base: Path
) -> None:
    first = up(base)
    running = processes(Folder(first.folder))
    supervisor = running.pop()
    assert send(supervisor, signal.SIGKILL)
    assert [process for process in running if not wait_gone(process, 5)] == []
    status = api.status(os.environ, base=base)
    assert status is not None
    assert (status.phase, status.reason, status.supervisor) == (Phase.FAILED, "its supervisor is gone", None)
    with api.started(ShRunner(), os.environ, base=base) as second:
        assert [path.name for path in base.iterdir()] == [second.folder.name]
    assert not base.exists()


def test_a_component_that_ends_is_named_by_status_and_ends_the_rest(
    sandbox_assets: Assets, base: Path
) -> None:
    folder = Folder(up(base).folder)
    running = processes(folder)
    state = folder.state()
    assert state is not None
    assert state.processes is not None
    send(state.processes["kube-scheduler"], signal.SIGKILL)
    assert [process for process in running if not wait_gone(process, 5)] == []
    status = api.status(os.environ, base=base)
    assert status is not None
    assert status.reason.startswith("run the sandbox: kube-scheduler ended with code -9")
    assert api.down(os.environ, base=base) is True
    assert not base.exists()


def test_a_component_that_does_not_start_is_named_with_what_it_wrote(
    sandbox_assets: Assets, base: Path, tmp_path: Path
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in [*COMPONENTS, "kubectl", "helm"]:
        (assets / name).symlink_to(getattr(sandbox_assets, name.replace("-", "_")))
    (assets / "kwok").unlink()
    (assets / "kwok").write_text("#!/bin/sh\necho error: no stage today >&2; exit 3\n")
    (assets / "kwok").chmod(0o755)
    environ = {**os.environ, "KUBEBUILDER_ASSETS": str(assets)}
    with pytest.raises(ClusterError, match=r"kwok ended with code 3: error: no stage today"):
        api.up(ShRunner(), environ, base=base)
    supervisor = Folder(base / "shared").supervisor()
    assert supervisor is None or wait_gone(supervisor, 5)
    assert api.down(environ, base=base) is True
    assert not base.exists()


def test_a_supervisor_that_nobody_adopts_ends_by_itself(base: Path) -> None:
    folder = Folder(base)
    folder.create()
    folder.write(ProcessId(1, 1))
    argv = [sys.executable, "-m", "platformctl.sandbox.supervisor", str(base)]
    assert subprocess.run(argv, timeout=30, check=False).returncode == 0
    assert folder.state() is None


HOOK = {
    "name": "nobody.example.com",
    "clientConfig": {"service": {"namespace": "default", "name": "nobody"}},
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}],
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
CONFIGURATION = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "nobody"},
    "webhooks": [HOOK],
}


@pytest.mark.parametrize("webhooks", [True, False])
def test_webhooks_are_called_on_request_and_a_played_one_refuses_at_once(
    sandbox_assets: Assets, base: Path, webhooks: bool
) -> None:
    options = SandboxOptions(webhooks=webhooks, nodes=1)
    with api.started(ShRunner(), os.environ, base=base, options=options) as sandbox:
        client = Client.of(sandbox.kubeconfig)
        service = {"metadata": {"name": "nobody"}, "spec": {"ports": [{"port": 443}]}}
        client.create(
            "/api/v1/namespaces/default/services", {"apiVersion": "v1", "kind": "Service", **service}
        )
        client.create(HOOKS, CONFIGURATION)
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "s-"}}

        def answer() -> Answer:
            return client.request("POST", "/api/v1/namespaces/default/secrets?dryRun=All", secret)

        if webhooks:
            refusal = eventually(lambda: None if (found := answer()).ok else found, 10)
            assert "failed calling webhook" in refusal.message
            assert "connect: connection refused" in refusal.message
        else:
            time.sleep(1)  # a configuration works after its informer has seen it
            assert answer().ok
        client.close()


def test_an_audit_log_outlives_its_sandbox(sandbox_assets: Assets, base: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    options = SandboxOptions(audit_log=log, nodes=1)
    with api.started(ShRunner(), os.environ, base=base, options=options) as sandbox:
        assert (sandbox.audit_log, sandbox.shared) == (log, False)
    assert b'"username":"sandbox:supervisor"' in log.read_bytes()
