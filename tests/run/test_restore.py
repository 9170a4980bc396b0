"""Restoring, step by step, against a runner that refuses what it was not told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from platformctl.backup.models import Archive
from platformctl.errors import ClusterError, GuardError, LocalError, StaleError
from platformctl.live import records
from platformctl.plan.steps import RestoreRelease, RestoreSecrets, StepId
from platformctl.run.actions import Tools, perform
from platformctl.run.door import CLOSED, Door
from platformctl.run.executor import Performed
from platformctl.run.result import Status
from platformctl.run.stop import Stop
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.helm import Helm
from platformctl.tools.kubectl import Kubectl
from tests.backup.test_compare import DISCOVERY, at, thing
from tests.support.backups import archive, saved, secret
from tests.support.helm_records import helm_secret
from tests.support.scripted import ScriptedRunner
from tests.support.stub_api import stub_api

ACCESS = ClusterAccess(Path("/run/kubeconfig"), "home")
WEB = saved("web")
SECRETS = "/api/v1/namespaces/plate-stg/secrets"
WHOLE = archive(
    WEB,
    objects={WEB.id: [thing("ConfigMap")]},
    hooks={WEB.id: [thing("ConfigMap", "left")]},
    secrets=[secret("loose"), secret("other")],
)


def tools(
    runner: ScriptedRunner,
    *live: dict[str, Any],
    revision: int = 3,
    door: Door | None = None,
    backup: Archive | None = WHOLE,
) -> Tools:
    record = helm_secret("web-stg", revision, namespace="plate-stg")
    routes: dict[str, Any] = {
        **DISCOVERY,
        SECRETS: [record],
        f"{SECRETS}/{record['metadata']['name']}": record,
    }
    routes |= {at("configmaps", each["metadata"]["name"]): each for each in live}
    api, _ = stub_api(routes)
    return Tools(
        run="r1",
        who="me",
        helm=Helm(runner, Path("/bin/helm"), (4, 3, 1), {}, ACCESS),
        kubectl=Kubectl(runner, Path("/bin/kubectl"), (1, 37, 2), {}, ACCESS),
        api=api,
        door=door or Door(open=True),
        stop=Stop(),
        sandbox=False,
        root=Path("/repository"),
        parse=lambda _, __: (),
        backup=backup,
    )


def step(
    from_revision: int = 0, revisions: Sequence[int] = (1, 2), digest: str | None = None
) -> RestoreRelease:
    return RestoreRelease(
        id=StepId("restore:web"),
        key="web",
        name="web-stg",
        namespace="plate-stg",
        from_revision=from_revision,
        to_revision=2,
        revisions=tuple(revisions),
        backup=WHOLE.backup.id,
        digest=WHOLE.backup.digest if digest is None else digest,
        timeout_s=60.0,
        history_max=10,
    )


def carried_out(one: RestoreRelease | RestoreSecrets, with_: Tools) -> Performed:
    return perform(one, with_, lambda _: None)


def created(runner: ScriptedRunner, at_: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in runner.calls[at_].stdin.splitlines()]


def test_records_come_first_then_what_hooks_left_then_helm_and_the_new_revision_is_ours() -> None:
    runner = ScriptedRunner()
    for verb in ("kubectl create", "kubectl create", "helm rollback", "kubectl label"):
        runner.expect(verb)
    live_objects = [thing("ConfigMap")]
    done = carried_out(step(), tools(runner, *live_objects))
    runner.done()
    assert [each["metadata"]["name"] for each in created(runner)] == [
        "sh.helm.release.v1.web-stg.v1",
        "sh.helm.release.v1.web-stg.v2",
    ]
    assert all(
        "uid" not in each["metadata"] and "resourceVersion" not in each["metadata"]
        for each in created(runner)
    )
    assert [each["metadata"]["name"] for each in created(runner, 1)] == ["left"]
    assert list(runner.argv[2])[-3:] == ["--", "web-stg", "2"]
    assert list(runner.argv[3])[-4:] == [
        "secret",
        "sh.helm.release.v1.web-stg.v3",
        "platformctl.dev/revision=3",
        "platformctl.dev/run=r1",
    ]
    # The stub still has no `left`: what is gone although it was put back fails the step.
    assert done.status is Status.FAILED
    assert "ConfigMap left: is gone" in done.detail


def test_everything_as_in_the_backup_is_said() -> None:
    runner = ScriptedRunner()
    for verb in ("kubectl create", "helm rollback", "kubectl label"):
        runner.expect(verb)
    done = carried_out(step(), tools(runner, thing("ConfigMap"), thing("ConfigMap", "left")))
    assert done == Performed(Status.OK, "revision 3, 2 of 2 objects as in the backup")


def test_what_was_changed_by_hand_then_is_told_and_not_replayed() -> None:
    runner = ScriptedRunner()
    for verb in ("kubectl create", "helm rollback", "kubectl label"):
        runner.expect(verb)
    done = carried_out(step(), tools(runner, thing("ConfigMap", data={"a": "b"}), thing("ConfigMap", "left")))
    assert done == Performed(
        Status.OK,
        "revision 3, 1 of 2 objects as in the backup; not: ConfigMap web: data",
        ("ConfigMap web: data",),
    )


def test_a_record_below_the_live_one_is_no_longer_the_deployed_one() -> None:
    runner = ScriptedRunner()
    for verb in ("kubectl create", "helm rollback", "kubectl label"):
        runner.expect(verb)
    with_ = tools(runner, thing("ConfigMap"), thing("ConfigMap", "left"), revision=10)
    assert carried_out(step(9, [2]), with_).status is Status.OK
    [record] = created(runner)
    assert record["metadata"]["labels"]["status"] == "superseded"
    assert records.unpack(record["data"]["release"])["info"]["status"] == "superseded"


def test_exit_code_0_is_not_proof() -> None:
    runner = ScriptedRunner()
    for verb in ("kubectl create", "helm rollback"):
        runner.expect(verb)
    done = carried_out(step(), tools(runner, thing("ConfigMap", "left"), revision=2))
    assert done.status is Status.FAILED


def test_a_record_that_cannot_be_put_back_ends_it_before_helm() -> None:
    runner = ScriptedRunner()
    runner.expect("kubectl create", code=1, err="Error from server (AlreadyExists): it exists\n")
    with pytest.raises(ClusterError, match="AlreadyExists"):
        carried_out(step(), tools(runner))
    runner.done()


def test_another_backup_than_the_plan_was_made_from_is_refused_and_so_is_none() -> None:
    runner = ScriptedRunner()
    with pytest.raises(StaleError):
        carried_out(step(digest="f" * 64), tools(runner))
    with pytest.raises(LocalError):
        carried_out(step(), tools(runner, backup=None))
    with pytest.raises(GuardError, match="dry run"):
        carried_out(step(), tools(runner, door=CLOSED))
    assert runner.calls == []


def test_only_the_secrets_that_the_plan_names_are_made() -> None:
    runner = ScriptedRunner()
    runner.expect("kubectl create")
    one = RestoreSecrets(StepId("secrets:x"), "plate-stg", ("loose",), WHOLE.backup.id, WHOLE.backup.digest)
    assert carried_out(one, tools(runner)) == Performed(Status.OK, "loose")
    [made] = created(runner)
    assert (made["metadata"], made["data"]) == (
        {"name": "loose", "namespace": "plate-stg"},
        {"key": "c2VjcmV0"},
    )
