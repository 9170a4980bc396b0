"""The command lines of the components."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from platformctl.sandbox import commands
from platformctl.sandbox.commands import Setup
from platformctl.sandbox.toolbox import Assets

ASSETS = Assets(**{field.name: Path("/a") / field.name for field in fields(Assets)})
SETUP = Setup(ASSETS, Path("/r/run"), api_port=6443, kubelet_port=10250)


def test_webhooks_are_not_called_unless_asked_for() -> None:
    disabled = "--disable-admission-plugins=MutatingAdmissionWebhook,ValidatingAdmissionWebhook"
    assert disabled in commands.kube_apiserver(SETUP)
    assert disabled not in commands.kube_apiserver(replace(SETUP, webhooks=True))


def test_writes_are_recorded_only_on_request() -> None:
    audit = {"--audit-policy-file=/r/run/audit-policy.json", "--audit-log-path=/l"}
    assert audit.isdisjoint(commands.kube_apiserver(SETUP))
    assert audit <= set(commands.kube_apiserver(replace(SETUP, audit_log=Path("/l"))))


@pytest.mark.parametrize(
    "argv",
    [
        commands.etcd(SETUP),
        commands.kube_apiserver(SETUP),
        commands.kube_controller_manager(SETUP),
        commands.kube_scheduler(SETUP),
        commands.kwok(SETUP, [Path("/s")]),
        commands.kwok_for_custom_resources(SETUP, Path("/s")),
    ],
    ids=lambda argv: argv[0],
)
def test_what_listens_listens_on_loopback_and_carries_no_secret(argv: tuple[str, ...]) -> None:
    listening = [part for part in argv if any(word in part for word in ("address=", "port=", "-urls="))]
    allowed = ("127.0.0.1", "=unix://etcd-", "=6443", "=10250", "--secure-port=0")
    assert [part for part in listening if not any(good in part for good in allowed)] == []
    assert not any("token=" in part for part in argv)


def test_services_are_on_loopback() -> None:
    assert "--service-cluster-ip-range=127.96.0.0/16" in commands.kube_apiserver(SETUP)
    assert SETUP.server == "https://127.0.0.1:6443"
