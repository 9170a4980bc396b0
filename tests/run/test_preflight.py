"""The server dry run: what is asked, what cannot be asked yet, and every refusal at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.errors import PreflightError
from platformctl.live.state import LiveState
from platformctl.run.preflight import Said, ask_server, check
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl
from tests.support.builders import desired, kube_object, live_state, planned, rendered, scope
from tests.support.scripted import ScriptedRunner

ACCESS = ClusterAccess(Path("/run/kubeconfig"), "home")


def asked(live: LiveState, runner: ScriptedRunner, *objects: object) -> Said:
    web = rendered("web", objects=objects)  # type: ignore[arg-type]
    plan = planned(scope(desired("web")), live, web)
    kubectl = Kubectl(runner, Path("/bin/kubectl"), (1, 37, 2), {}, ACCESS)
    return ask_server(plan, {"web": web}, live, kubectl=kubectl, parallel=1)


def test_objects_go_through_admission_as_helm_would_write_them_and_nothing_is_stored() -> None:
    runner = ScriptedRunner()
    runner.expect("kubectl apply")
    said = asked(live_state(), runner, kube_object("ConfigMap", "web"))
    assert said == Said(objects=1)
    assert {"--server-side", "--dry-run=server", "--field-manager=helm"} <= set(runner.argv[0])
    assert b'"namespace": "plate-stg"' in runner.calls[0].stdin


def test_what_comes_with_the_run_cannot_be_asked_yet_and_is_counted() -> None:
    runner = ScriptedRunner()
    said = asked(live_state(namespaces=()), runner, kube_object("ConfigMap", "web"))
    assert said == Said(deferred=1)
    assert runner.calls == []


def test_every_refusal_is_a_finding() -> None:
    runner = ScriptedRunner()
    runner.expect(
        "kubectl apply",
        code=1,
        err='Warning: old\nError from server (Forbidden): pods "a" denied\nError from server (Invalid): b is wrong\n',
    )
    live = live_state()
    web = rendered("web", objects=[kube_object("ConfigMap", "web")])
    plan = planned(scope(desired("web")), live, web)
    kubectl = Kubectl(runner, Path("/bin/kubectl"), (1, 37, 2), {}, ACCESS)
    with pytest.raises(PreflightError) as caught:
        check(plan, {"web": web}, live, kubectl=kubectl, parallel=1)
    assert "2 findings" in caught.value.message
    assert 'web-stg: (Forbidden): pods "a" denied' in caught.value.message
    assert "web-stg: (Invalid): b is wrong" in caught.value.message


def test_lines_of_kubectls_own_log_are_no_findings_in_any_month() -> None:
    runner = ScriptedRunner()
    err = "W0112 10:00:00.000000 1 warnings.go:70] old\nE0301 10:00:00.000000 1 x.go:1] y\nError from server (Invalid): b is wrong\n"
    runner.expect("kubectl apply", code=1, err=err)
    said = asked(live_state(), runner, kube_object("ConfigMap", "web"))
    assert said.findings == ("web-stg: (Invalid): b is wrong",)
