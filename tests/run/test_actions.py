"""What is really done for a step: the exact command, through the door, and the record read back after it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from platformctl.errors import ClusterError, ForbiddenError, GuardError
from platformctl.plan.steps import ApplyRelease, EnsureNamespace, RollbackRelease, StepId
from platformctl.run.actions import Tools, describe, perform
from platformctl.run.door import CLOSED, Door
from platformctl.run.executor import Performed
from platformctl.run.result import Status
from platformctl.run.stop import Stop
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.helm import Helm
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.process import Command, Completed, Process
from tests.support.builders import chart_at, desired
from tests.support.helm_records import helm_secret
from tests.support.scripted import ScriptedRunner
from tests.support.stub_api import stub_api

ACCESS = ClusterAccess(Path("/run/kubeconfig"), "home", "https://127.0.0.1:6443")
SECRETS = "/api/v1/namespaces/plate-stg/secrets"


def tools(
    runner: ScriptedRunner, *records: Mapping[str, Any], door: Door | None = None, major: int = 4
) -> Tools:
    routes: dict[str, Any] = {SECRETS: list(records)}
    routes |= {f"{SECRETS}/{record['metadata']['name']}": record for record in records}
    api, _ = stub_api(routes)
    return Tools(
        run="20261123-101502-ab12",
        who="ops@bastion",
        helm=Helm(runner, Path("/bin/helm"), (major, 3, 1), {}, ACCESS),
        kubectl=Kubectl(runner, Path("/bin/kubectl"), (1, 37, 2), {}, ACCESS),
        api=api,
        door=door or Door(open=True),
        stop=Stop(),
        sandbox=False,
        root=Path("/repository"),
        parse=lambda _, __: (),
    )


def apply(from_revision: int = 12) -> ApplyRelease:
    release = desired("web")
    chart = chart_at("web")
    return ApplyRelease(StepId("apply:web"), release, chart, "f" * 32, from_revision, history_max=10)


def record(revision: int, status: str = "deployed") -> dict[str, Any]:
    return helm_secret("web-stg", revision, status, namespace="plate-stg")


def carried_out(step: Any, with_tools: Tools) -> Performed:
    return perform(step, with_tools, lambda _: None)


def test_an_upgrade_names_cluster_and_namespace_resets_values_carries_our_labels_and_does_not_wait() -> None:
    runner = ScriptedRunner()
    runner.expect("helm upgrade")
    done = carried_out(apply(), tools(runner, record(13)))
    runner.done()
    assert done == Performed(Status.OK, "revision 13")
    argv = list(runner.argv[0])
    assert argv[:8] == [
        "upgrade",
        "--kubeconfig",
        "/run/kubeconfig",
        "--kube-context",
        "home",
        "--install",
        "--reset-values",
        "--namespace",
    ]
    assert argv[8] == "plate-stg"
    labels = dict(pair.split("=") for pair in argv[argv.index("--labels") + 1].split(","))
    assert labels["platformctl.dev/run"] == "20261123-101502-ab12"
    assert labels["platformctl.dev/revision"] == "13"
    assert labels["platformctl.dev/inputs"] == "f" * 32
    assert "--wait=hookOnly" in argv
    assert argv[-3:-1] == ["--", "web-stg"]
    assert not {"--atomic", "--rollback-on-failure", "--force-replace", "--force"} & set(argv)


def test_helm_3_is_not_told_what_only_helm_4_knows() -> None:
    runner = ScriptedRunner()
    runner.expect("helm upgrade")
    carried_out(apply(), tools(runner, record(13), major=3))
    assert not [word for word in runner.argv[0] if word.startswith("--wait")]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            [record(13, "pending-upgrade")],
            "helm reported success, but its record says pending-upgrade at revision 13",
        ),
        (
            [record(12)],
            "helm reported success, but its record says deployed at revision 12, not deployed at 13",
        ),
        ([record(14)], "its record says deployed at revision 14, not deployed at 13"),
        ([], "helm reported success, but there is no record"),
    ],
)
def test_exit_code_0_is_not_proof(found: list[dict[str, Any]], said: str) -> None:
    runner = ScriptedRunner()
    runner.expect("helm upgrade")
    done = carried_out(apply(), tools(runner, *found))
    assert done.status is Status.FAILED
    assert said in done.detail


def test_a_failed_upgrade_gives_helms_last_error_and_the_state_of_the_record() -> None:
    runner = ScriptedRunner()
    runner.expect("helm upgrade", code=1, err="level=WARN msg=x\nError: UPGRADE FAILED: conflict occurred\n")
    done = carried_out(apply(), tools(runner, record(13, "failed")))
    assert done == Performed(
        Status.FAILED,
        "upgrade web-stg: UPGRADE FAILED: conflict occurred (its record says failed at revision 13)",
    )


def test_a_helm_that_does_not_end_has_timed_out_and_may_still_converge() -> None:
    runner = ScriptedRunner()
    runner.expect("helm upgrade", code=-15, timed_out=True)
    done = carried_out(apply(), tools(runner, record(13, "pending-upgrade")))
    assert done.status is Status.TIMED_OUT


def test_a_helm_that_was_stopped_is_interrupted_and_has_not_failed() -> None:
    class Helm:
        pid = 1

        def alive(self) -> bool:
            return True

        def signal(self, number: signal.Signals) -> None:
            self.got = number

        def wait(self) -> int:
            return 0

    class Stopping(ScriptedRunner):
        def run(self, command: Command, *, started: Callable[[Process], None] | None = None) -> Completed:
            assert started is not None
            started(helm)
            asked.stop.request(signal.SIGINT)
            asked.stop.terminate_children()
            return ScriptedRunner.run(self, command)

    helm, runner = Helm(), Stopping()
    runner.expect("helm upgrade", code=1, err="Error: context canceled")
    asked = tools(runner, record(13, "failed"))
    done = carried_out(apply(), asked)
    assert (done.status, helm.got) == (Status.INTERRUPTED, signal.SIGTERM)
    assert "its record says failed at revision 13" in done.detail


def test_a_closed_door_starts_no_process_at_all() -> None:
    runner = ScriptedRunner()
    for step in (apply(), EnsureNamespace(StepId("namespace:x"), desired("web").namespace, exists=False)):
        with pytest.raises(GuardError, match="dry run"):
            carried_out(step, tools(runner, record(12), door=CLOSED))
    assert runner.calls == []


def test_a_rollback_names_its_revision_and_is_read_back_like_an_upgrade() -> None:
    runner = ScriptedRunner()
    runner.expect("helm rollback")
    step = RollbackRelease(StepId("rollback:web"), "web", "web-stg", "plate-stg", 12, 9, 60.0, 10)
    done = carried_out(step, tools(runner, record(13)))
    assert done == Performed(Status.OK, "revision 13")
    assert list(runner.argv[0])[-3:] == ["--", "web-stg", "9"]
    assert describe(step).what == "roll back web-stg to revision 9"


def test_a_namespace_is_applied_with_its_labels_and_a_refusal_is_a_typed_error() -> None:
    runner = ScriptedRunner()
    namespace = desired("web").namespace
    runner.expect("kubectl apply")
    runner.expect(
        "kubectl apply", code=1, err='Error from server (Forbidden): namespaces is forbidden: User "ci"\n'
    )
    step = EnsureNamespace(StepId("namespace:plate-stg"), namespace, exists=False)
    assert carried_out(step, tools(runner)).status is Status.OK
    assert b'"kind": "Namespace"' in runner.calls[0].stdin
    with pytest.raises(ForbiddenError, match="create namespace plate-stg"):
        carried_out(step, tools(runner))


def test_waiting_for_a_release_that_is_gone_says_so() -> None:
    from platformctl.plan.steps import AwaitReady

    step = AwaitReady(StepId("ready:web"), "web", "web-stg", "plate-stg", 60.0, 0.0)
    with pytest.raises(ClusterError, match="no such release in namespace plate-stg"):
        carried_out(step, tools(ScriptedRunner()))
