"""Asked to stop in the middle of a run: once, twice, by other signals, and killed without a word."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from platformctl.sandbox.client import Client
from platformctl.sandbox.folder import Folder
from platformctl.sandbox.processes import wait_gone
from tests.e2e.conftest import Cli
from tests.e2e.shop import Shop, ended, plain, small_shop, terminal
from tests.support.sandbox import eventually

pytestmark = pytest.mark.e2e

NEVER = "wait until shop-dev is ready: 0/1 ready"
# helm waits for it. The pod's negative grace then makes the API server warn, and helm write the warning.
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {helm.sh/hook: pre-install}}
spec:
  template:
    metadata: {annotations: {platformctl.dev/play: ready-after, platformctl.dev/play-after: 4s}}
    spec:
      restartPolicy: Never
      containers: [{name: before, image: busybox}]
"""
WARNED = (
    "    spec:\n      containers:",
    "    spec:\n      terminationGracePeriodSeconds: -1\n      containers:",
)


@dataclass(slots=True)
class Running:
    """platformctl in the background; what it says goes into files."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def says(self, text: str) -> None:
        eventually(lambda: text in self.err.read_text(), 40)

    def ends(self, within_s: float) -> int:
        began = time.monotonic()
        code = self.process.wait(30)
        assert time.monotonic() - began < within_s, self.err.read_text()
        assert "Traceback" not in self.err.read_text()
        return code


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(cli: Cli, *argv: str, **env: str) -> Running:
        out, err = tmp_path / "out", tmp_path / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "platformctl", *argv],
                cwd=cli.cwd,
                env={**cli.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        started.append(process)
        return Running(process, out, err)

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def client(own_sandbox: tuple[Cli, Path]) -> Iterator[Client]:
    opened = Client.of(Path(own_sandbox[0].env["PLATFORMCTL_SANDBOX_DIR"]) / "shared" / "kubeconfig")
    yield opened
    opened.close()


@pytest.fixture
def stuck(tmp_path: Path, namespace_of_shop: str) -> Shop:
    """A shop that never becomes ready."""
    platform = small_shop(tmp_path / "platform")
    platform.edit("environments/platform.yaml", "name: shop-dev,", f"name: {namespace_of_shop},")
    platform.play("never-ready")
    return platform


@pytest.fixture
def namespace_of_shop() -> str:
    return f"shop-{uuid.uuid4().hex[:8]}"


def states(client: Client, namespace: str) -> dict[str, str]:
    """Release and revision → status, as helm recorded it."""
    found = client.get(f"/api/v1/namespaces/{namespace}/secrets") or {"items": []}
    return {
        f"{item['metadata']['labels']['name']} {item['metadata']['labels']['version']}": item["metadata"][
            "labels"
        ]["status"]
        for item in found["items"]
        if item["type"] == "helm.sh/release.v1"
    }


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_once_it_ends_soon_and_says_what_is_left(
    own_sandbox: tuple[Cli, Path],
    client: Client,
    stuck: Shop,
    start: Start,
    namespace_of_shop: str,
    number: signal.Signals,
    code: int,
) -> None:
    running = start(own_sandbox[0].at(stuck.root), "deploy", "dev")
    running.says(NEVER)
    running.process.send_signal(number)
    assert running.ends(3) == code
    said = running.out.read_text()
    assert "shop-dev: stopped while waiting: 0/1 ready" in said
    assert f"Deploy of dev was interrupted; what was begun is left in place. (exit {code})" in said
    assert "platformctl deploy dev   goes on where this stopped" in said
    assert states(client, namespace_of_shop) == {"shop-dev 1": "deployed", "worker-dev 1": "deployed"}


def test_with_json_the_envelope_says_so_too(own_sandbox: tuple[Cli, Path], stuck: Shop, start: Start) -> None:
    running = start(own_sandbox[0].at(stuck.root), "deploy", "dev", "-o", "json")
    running.says(NEVER)
    running.process.send_signal(signal.SIGTERM)
    assert running.ends(3) == 143
    data = json.loads(running.out.read_text())
    assert (data["status"], data["exitCode"]) == ("failed", 143)
    assert {step["status"] for step in data["data"]["runs"][0]["steps"]} == {"ok", "interrupted"}


def test_what_was_interrupted_goes_on_with_the_next_run(
    own_sandbox: tuple[Cli, Path], client: Client, stuck: Shop, start: Start, namespace_of_shop: str
) -> None:
    cli = own_sandbox[0].at(stuck.root)
    running = start(cli, "deploy", "dev")
    running.says(NEVER)
    running.process.send_signal(signal.SIGINT)
    assert running.ends(3) == 130
    template = stuck.root / "charts/shop/templates/deployment.yaml"
    template.write_text(template.read_text().replace("platformctl.dev/play: never-ready", "any: thing"))
    cli("deploy", "dev").ok()
    assert states(client, namespace_of_shop)["shop-dev 2"] == "deployed"


@pytest.fixture
def at_helm(
    own_sandbox: tuple[Cli, Path],
    bare_cli: Cli,
    client: Client,
    stuck: Shop,
    start: Start,
    namespace_of_shop: str,
) -> Running:
    """A deploy whose helm waits for a hook. By its kubeconfig alone, a private copy of which helm goes on reading."""
    stuck.edit("charts/worker/templates/deployment.yaml", *WARNED)
    (stuck.root / "charts/worker/templates/hook.yaml").write_text(HOOK)
    config = Path(own_sandbox[0].env["PLATFORMCTL_SANDBOX_DIR"]) / "shared" / "kubeconfig"
    running = start(bare_cli.at(stuck.root), "deploy", "dev", PLATFORMCTL_KUBECONFIG=str(config))
    eventually(lambda: client.get(f"/apis/batch/v1/namespaces/{namespace_of_shop}/jobs/before"))
    return running


def test_asked_twice_it_leaves_at_once_and_helm_ends_by_itself(
    client: Client, at_helm: Running, namespace_of_shop: str
) -> None:
    at_helm.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert at_helm.process.poll() is None, "it waits for helm"
    at_helm.process.send_signal(signal.SIGINT)
    assert at_helm.ends(2) == 130
    said = at_helm.out.read_text()
    assert "worker-dev: left running; it ends by itself" in said
    assert "not begun: shop-dev" in said
    assert states(client, namespace_of_shop) == {"worker-dev 1": "pending-install"}
    eventually(lambda: states(client, namespace_of_shop) == {"worker-dev 1": "deployed"})


def test_killed_it_leaves_a_helm_that_ends_by_itself_whatever_is_run_meanwhile(
    client: Client, bare_cli: Cli, stuck: Shop, at_helm: Running, namespace_of_shop: str
) -> None:
    at_helm.process.kill()
    at_helm.process.wait()
    bare_cli.at(stuck.root)("plan", "dev").ok()  # sweeps what killed commands left
    assert states(client, namespace_of_shop) == {"worker-dev 1": "pending-install"}
    eventually(lambda: states(client, namespace_of_shop) == {"worker-dev 1": "deployed"})


def test_ctrl_c_on_a_terminal_reaches_us_and_not_helm(
    own_sandbox: tuple[Cli, Path], client: Client, stuck: Shop, namespace_of_shop: str
) -> None:
    child = terminal(own_sandbox[0].at(stuck.root), "deploy", "dev")
    child.expect("shop .*0/1 ready", timeout=40)
    child.sendintr()
    code, shown = ended(child)
    assert code == 130
    assert "Deploy of dev was interrupted" in plain(shown)
    assert states(client, namespace_of_shop) == {"shop-dev 1": "deployed", "worker-dev 1": "deployed"}


def test_a_deadline_ends_the_run_as_timed_out(own_sandbox: tuple[Cli, Path], stuck: Shop) -> None:
    ran = own_sandbox[0].at(stuck.root)("deploy", "dev", "--deadline", "4s")
    assert ran.code == 70, ran.err
    assert "the deadline of the whole run is over" in ran.err
    assert "timed out; it may still converge. (exit 70)" in ran.out


def test_a_release_that_takes_too_long_says_what_it_waited_for(
    own_sandbox: tuple[Cli, Path], stuck: Shop
) -> None:
    ran = own_sandbox[0].at(stuck.root)("deploy", "dev", "--timeout", "3s")
    assert ran.code == 70, ran.err
    assert "not ready after 3.0s: 0/1 ready" in ran.out


def test_killed_with_a_sandbox_of_its_own_it_leaves_nothing(
    bare_cli: Cli, stuck: Shop, start: Start, tmp_path: Path
) -> None:
    base = tmp_path / "sandboxes"
    running = start(bare_cli.at(stuck.root), "deploy", "dev", "--sandbox", PLATFORMCTL_SANDBOX_DIR=str(base))
    running.says(NEVER)
    [folder] = [Folder(path) for path in base.iterdir() if path.is_dir()]
    state, supervisor = folder.state(), folder.supervisor()
    assert state
    assert supervisor
    processes = [*(state.processes or {}).values(), supervisor]
    assert len(processes) == 6
    children = [
        int(pid)
        for pid in Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        .read_text()
        .split()
    ]
    assert children, "kubectl proxy at least"
    running.process.kill()
    running.process.wait()
    assert [process for process in processes if not wait_gone(process, 10)] == []
    eventually(lambda: not base.exists())
    eventually(lambda: not any(alive(pid) for pid in children))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
