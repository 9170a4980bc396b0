"""Gates against a real API server; those over webhooks with the webhooks of the sandbox left on."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from platformctl.catalog.models import Gate
from platformctl.errors import DesiredStateError
from platformctl.plan.steps import PassGate, StepId
from platformctl.render.manifests import parse_objects
from platformctl.run.actions import Tools
from platformctl.run.door import Door
from platformctl.run.executor import Performed
from platformctl.run.gates import GATE_LABEL, pass_gate
from platformctl.run.result import Status
from platformctl.run.stop import Stop
from platformctl.sandbox import api as sandboxes
from platformctl.sandbox.api import Assets, Sandbox, SandboxOptions
from platformctl.tools import helm as helm_tool
from platformctl.tools.api import Api
from platformctl.tools.helm import HelmRelease
from platformctl.tools.kubeconfig import find_sources, freeze
from platformctl.tools.kubectl import Kubectl, manifest
from platformctl.tools.process import ShRunner
from tests.support.certificates import Certificates
from tests.support.sandbox import eventually, writes
from tests.support.webhook import Webhook, webhook

pytestmark = pytest.mark.e2e

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gate}\n"
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: smoke}
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {%s}}
    spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}
"""


def _new_namespace(kubectl: Kubectl) -> str:
    name = f"t-{uuid.uuid4().hex[:8]}"
    assert kubectl.run("create", ["namespace", name], timeout_s=20).ok
    eventually(lambda: kubectl.run("get", ["serviceaccount", "default", "-n", name], timeout_s=20).ok)
    return name


class Gates:
    """Passes gates whose files are in `root`."""

    def __init__(self, tools: Tools, namespace: str) -> None:
        self.tools = tools
        self.namespace = namespace
        self.said: list[str] = []

    def __call__(self, **gate: Any) -> Performed:
        step = PassGate(StepId("gate:web:1"), "web", "web", self.namespace, Gate.model_validate(gate))
        return pass_gate(step, self.tools, self.said.append)


@pytest.fixture
def make(sandbox_assets: Assets, tmp_path: Path) -> Iterator[Callable[..., Gates]]:
    opened: list[Api] = []

    def build(kubectl: Kubectl, *, sandbox: bool = False) -> Gates:
        assert kubectl.access
        api = Api(kubectl)
        opened.append(api)
        helm = helm_tool.find(ShRunner(), sandbox_assets.helm, kubectl.env).on(kubectl.access)
        tools = Tools(
            run="20261123-101502", who="test", helm=helm, kubectl=kubectl, api=api, door=Door(open=True), stop=Stop(),
            sandbox=sandbox, root=tmp_path, parse=parse_objects,
        )  # fmt: skip
        return Gates(tools, _new_namespace(kubectl))

    yield build
    for each in opened:
        each.close()


@pytest.fixture
def gates(make: Callable[..., Gates], sandbox_kubectl: Kubectl) -> Gates:
    """As on a cluster whose pods are real."""
    return make(sandbox_kubectl)


@pytest.fixture
def played(make: Callable[..., Gates], sandbox_kubectl: Kubectl) -> Gates:
    """As on the sandbox that it is."""
    return make(sandbox_kubectl, sandbox=True)


@pytest.fixture(scope="module")
def strict_kubectl(sandbox_kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """A control plane of its own, whose admission webhooks are called."""
    base = tmp_path_factory.mktemp("webhooks")
    private = tmp_path_factory.mktemp("private")
    with sandboxes.started(
        ShRunner(), os.environ, options=SandboxOptions(webhooks=True), base=base
    ) as running:
        yield sandbox_kubectl.on(
            freeze(sandbox_kubectl, find_sources(running.kubeconfig, {}), running.context, private)
        )


@pytest.fixture
def hook(certificates: Certificates) -> Iterator[Webhook]:
    with webhook(certificates) as running:
        yield running


@pytest.fixture
def hooked(
    make: Callable[..., Gates], strict_kubectl: Kubectl, hook: Webhook, tmp_path: Path
) -> Iterator[Gates]:
    """ConfigMaps of the namespace pass through the webhook."""
    (tmp_path / "gate.yaml").write_text(MAP)
    gates = make(strict_kubectl)
    configuration = hook.configuration(gates.namespace, "", "configmaps", gates.namespace)
    assert strict_kubectl.create(manifest(configuration), namespace=None, dry_run=False).ok
    eventually(lambda: _is_called(gates, hook))
    yield gates
    strict_kubectl.delete("validatingwebhookconfiguration", gates.namespace, namespace=None, dry_run=False)


def _is_called(gates: Gates, hook: Webhook) -> bool:
    """The API server takes a moment to know a new configuration."""
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}}
    gates.tools.kubectl.create(manifest(probe), namespace=gates.namespace, dry_run=True)
    return hook.asked > 0


def test_a_webhook_that_says_yes_passes_and_nothing_is_stored(hooked: Gates, hook: Webhook) -> None:
    asked = hook.asked
    assert hooked(accepts="/gate.yaml", within="10s") == Performed(
        Status.OK, "the server accepts ConfigMap gate"
    )
    assert hook.asked == asked + 1
    assert hooked.tools.api.get(f"/api/v1/namespaces/{hooked.namespace}/configmaps/gate") is None


def test_a_webhook_that_says_no_fails_with_its_words(hooked: Gates, hook: Webhook) -> None:
    hook.denies = "the range overlaps another pool"
    done = hooked(accepts="/gate.yaml", within="1s")
    assert done.status is Status.FAILED
    assert done.detail.startswith("not passed within 1.0s: dry-run create of ConfigMap gate: ")
    assert (
        'admission webhook "gate.example.com" denied the request: the range overlaps another pool'
        in done.detail
    )


def test_a_webhook_that_changes_its_mind_is_waited_for(hooked: Gates, hook: Webhook) -> None:
    hook.denies = "not yet"

    def relent() -> None:
        hook.denies = None

    threading.Timer(1.5, relent).start()
    assert hooked(accepts="/gate.yaml", within="20s").status is Status.OK
    assert any("not yet" in said for said in hooked.said)


def test_a_webhook_behind_which_nobody_is_fails_with_the_reason(
    make: Callable[..., Gates], strict_kubectl: Kubectl, tmp_path: Path
) -> None:
    (tmp_path / "gate.yaml").write_text(MAP)
    gates = make(strict_kubectl)
    dead = Webhook("https://127.0.0.1:1/validate", "").configuration(
        "dead", "", "configmaps", gates.namespace
    )
    del dead["webhooks"][0]["clientConfig"]["caBundle"]
    assert strict_kubectl.create(manifest(dead), namespace=None, dry_run=False).ok
    eventually(lambda: gates(accepts="/gate.yaml", within="100ms").status is Status.FAILED or None)
    began = time.monotonic()
    done = gates(accepts="/gate.yaml", within="2s")
    assert 2 <= time.monotonic() - began < 6
    assert done.status is Status.FAILED
    assert 'failed calling webhook "gate.example.com"' in done.detail
    assert "connection refused" in done.detail
    strict_kubectl.delete("validatingwebhookconfiguration", "dead", namespace=None, dry_run=False)


def test_what_another_try_cannot_change_fails_at_once(gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: gate}\nspec: {ports: [{port: 99999}]}\n"
    )
    began = time.monotonic()
    done = gates(accepts="/gate.yaml", within="30s")
    assert done.status is Status.FAILED
    assert done.detail.startswith("the server refuses Service gate: ")
    assert "99999" in done.detail
    assert time.monotonic() - began < 5


def test_a_kind_that_is_not_there_yet_is_waited_for(gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(
        "apiVersion: nowhere.example.com/v1\nkind: Thing\nmetadata: {name: gate}\n"
    )
    done = gates(accepts="/gate.yaml", within="1s")
    assert done.status is Status.FAILED
    assert 'no matches for kind "Thing"' in done.detail


def test_an_object_that_exists_has_passed_admission(gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(MAP)
    body = parse_objects(MAP, gates.namespace)[0].body
    assert gates.tools.kubectl.create(manifest(body), namespace=gates.namespace, dry_run=False).ok
    assert gates(accepts="/gate.yaml").status is Status.OK


def test_on_the_sandbox_an_accepted_object_proves_no_webhook(played: Gates, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(MAP)
    assert played(accepts="/gate.yaml") == Performed(
        Status.SKIPPED,
        "not checked (pods are played): the server accepts ConfigMap gate, but no webhook of the release was asked",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, "No such file"), (MAP + "---\n" + MAP, "must hold one object, it holds 2"), ("", "it holds 0")],
)
def test_a_gate_file_must_hold_one_object(
    gates: Gates, tmp_path: Path, text: str | None, expected: str
) -> None:
    if text is not None:
        (tmp_path / "gate.yaml").write_text(text)
    with pytest.raises(DesiredStateError, match=expected):
        gates(accepts="/gate.yaml")


def _crd(group: str) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def test_a_definition_that_comes_later_passes_then(gates: Gates) -> None:
    group = f"{gates.namespace}.example.com"
    body = manifest(_crd(group))
    threading.Timer(1.0, gates.tools.kubectl.create, (body,), {"namespace": None, "dry_run": False}).start()
    done = gates(crd=f"things.{group}", within="20s")
    assert done == Performed(Status.OK, f"CRD things.{group} is established")
    assert gates(crd=f"things.{group}", within="20s").status is Status.OK


def test_a_definition_that_does_not_come_fails(gates: Gates) -> None:
    done = gates(crd="things.nowhere.example.com", within="1s")
    assert done.status is Status.FAILED
    assert done.detail.startswith("not ready after 1.0s: 0/1 ready · ")


def test_a_job_runs_to_its_end_and_is_removed(gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB % "")
    assert gates(job="/job.yaml", within="20s") == Performed(Status.OK, "job smoke completed")
    jobs = f"/apis/batch/v1/namespaces/{gates.namespace}/jobs"
    eventually(lambda: not gates.tools.api.list(jobs))


def test_a_job_that_fails_leaves_its_last_words_and_is_removed(gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB % "platformctl.dev/play: fail-job")
    done = gates(job="/job.yaml", within="20s")
    assert done.status is Status.FAILED
    assert done.detail.startswith("job smoke-")
    assert "BackoffLimitExceeded" in done.detail
    assert "log of container main of pod smoke-" in "\n".join(done.evidence)
    jobs = f"/apis/batch/v1/namespaces/{gates.namespace}/jobs"
    eventually(lambda: not gates.tools.api.list(jobs))


def test_the_same_job_may_run_again_beside_a_leftover(gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB % "")
    leftover = parse_objects(JOB % "", gates.namespace)[0].body
    assert gates.tools.kubectl.create(manifest(leftover), namespace=gates.namespace, dry_run=False).ok
    assert gates(job="/job.yaml", within="20s").status is Status.OK
    found = gates.tools.api.list(f"/apis/batch/v1/namespaces/{gates.namespace}/jobs")
    assert [
        job["metadata"]["name"] for job in found if GATE_LABEL not in (job["metadata"].get("labels") or {})
    ] == ["smoke"]


def test_what_is_no_job_is_refused(gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(MAP)
    with pytest.raises(DesiredStateError, match="holds a ConfigMap, not a Job"):
        gates(job="/job.yaml")


def _chart(folder: Path, play: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: tested\nversion: 0.1.0\n")
    (folder / "templates" / "test.yaml").write_text(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: check, annotations: {{helm.sh/hook: test{play}}}}}\n"
        "spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}\n"
    )
    return folder


@pytest.mark.parametrize(
    ("play", "expected"), [("", Status.OK), (", platformctl.dev/play: fail-job", Status.FAILED)]
)
def test_a_helm_test_decides(gates: Gates, tmp_path: Path, play: str, expected: Status) -> None:
    release = HelmRelease("web", gates.namespace, _chart(tmp_path / "tested", play), (), {})
    done = gates.tools.helm.upgrade(
        release, labels={"a": "b"}, description="test", history_max=2, wait_timeout_s=None, timeout_s=60
    )
    assert done.ok, done.stderr
    assert gates(helmTest=True, within="20s").status is expected


def test_on_the_sandbox_jobs_helm_tests_and_addresses_are_not_run(
    played: Gates, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "job.yaml").write_text(JOB % "")
    assert sandbox.audit_log
    before = writes(sandbox.audit_log)
    outcomes = [played(job="/job.yaml"), played(helmTest=True), played(http={"url": "https://cocdev.co.kr/"})]
    assert [(done.status, done.detail) for done in outcomes] == [
        (Status.SKIPPED, "not checked (pods are played): job smoke"),
        (Status.SKIPPED, "not checked (pods are played): helm test web"),
        (Status.SKIPPED, "not checked (pods are played): GET https://cocdev.co.kr/"),
    ]
    assert writes(sandbox.audit_log) == before
