"""Starts the components and says when a sandbox is ready.

Ready means proven from end to end: a pod that was created became Ready. That takes the API server and etcd, the
controller-manager (its service account, the node's taint), the scheduler and kwok.

Measured on two cores: 3.5 s, of which the API server takes 2.7, one second of that being its own wait before it makes
RBAC's roles. Our users need no roles, so the first objects, the scheduler and kwok come before that. The
controller-manager does not: it asks for /healthz once a second, and would on average wait half of one longer.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from platformctl.errors import ClusterError, TimedOutError, UnreachableError
from platformctl.sandbox import commands, credentials, seed, stages
from platformctl.sandbox.client import Client
from platformctl.sandbox.commands import Setup
from platformctl.sandbox.folder import Folder, Options, write_private
from platformctl.sandbox.processes import ProcessId, identify
from platformctl.sandbox.toolbox import Assets
from platformctl.tools.process import Command, Process, Runner

START_TIMEOUT_S: Final = 60.0
_POLL_S: Final = 0.02
_GOGC: Final = "200"  # half the garbage collections: about 0.3 s of the start, for some memory
_PODS: Final = "/api/v1/namespaces/default/pods"
_PROBE: Final = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "sandbox-probe"},
    "spec": {"containers": [{"name": "probe", "image": "played"}], "terminationGracePeriodSeconds": 0},
}


@dataclass(slots=True)
class ControlPlane:
    """The running components of one sandbox. Used by one thread, the one whose end ends them (PR_SET_PDEATHSIG)."""

    runner: Runner
    folder: Folder
    options: Options
    setup: Setup
    processes: dict[str, Process] = field(default_factory=dict)

    def ids(self) -> dict[str, ProcessId]:
        found = {name: identify(process.pid) for name, process in self.processes.items()}
        return {name: process for name, process in found.items() if process is not None}

    def start(self, name: str, argv: tuple[str, ...]) -> None:
        """The environment is ours alone: no proxy and no configuration of the user's reaches a component."""
        env = {"HOME": str(self.setup.run), "PATH": "/usr/bin:/bin", "GOGC": _GOGC}
        command = Command(argv, env, cwd=self.setup.run)
        self.processes[name] = self.runner.start(command, log=self.folder.logs / f"{name}.log")

    def check(self, except_for: str = "") -> None:
        """Raises ClusterError when a component ended, with the last lines it wrote."""
        for name, process in self.processes.items():
            if name != except_for and not process.alive():
                wrote = self.folder.last_words(name)
                raise ClusterError(f"run the sandbox: {name} ended with code {process.wait()}: {wrote}")


def prepare(runner: Runner, folder: Folder, options: Options) -> ControlPlane:
    """Chooses ports and writes keys, tokens, stages and the audit policy."""
    api_port, kubelet_port = free_ports(2)
    assets = Assets(**{name: Path(path) for name, path in options.assets.items()})
    audit_log = None if options.audit_log is None else Path(options.audit_log)
    setup = Setup(assets, folder.run, api_port, kubelet_port, options.webhooks, audit_log)
    log = folder.run / "played.log"
    write_private(
        log, "2026-01-01T00:00:00Z stdout F this container is played: it never ran and writes nothing\n"
    )
    write_private(folder.run / "logs.yaml", stages.documents(stages.played_logs(log)))
    write_private(folder.run / "audit-policy.json", json.dumps(commands.AUDIT_POLICY))
    write_private(folder.run / "sa.key", credentials.service_account_key())
    return ControlPlane(runner, folder, options, setup)


def bring_up(plane: ControlPlane, until: Callable[[], bool]) -> Client:
    """Starts everything and waits until it is ready; a client of the sandbox's own user.

    Raises ClusterError when a component ends, TimedOutError after START_TIMEOUT_S or when `until` says stop.
    """
    run, setup = plane.setup.run, plane.setup
    tokens = credentials.new_tokens()
    write_private(run / "tokens.csv", credentials.tokens_csv(tokens))
    wait = _Waiting(plane, until)
    plane.start("etcd", commands.etcd(setup))
    wait((run / "etcd-client:0").exists, "etcd listens")  # the API server looks again only a second later
    plane.start("kube-apiserver", commands.kube_apiserver(setup))
    certificate = run / "certs" / "apiserver.crt"
    wait(
        lambda: certificate.exists() and _text(certificate).endswith("-----END CERTIFICATE-----\n"),
        "the certificate",
    )
    ca = credentials.authority(_text(certificate))
    write_private(run / "ca.crt", ca)
    for name, user in {
        "controller-manager": credentials.CONTROLLER_MANAGER,
        "scheduler": credentials.SCHEDULER,
        "kwok": credentials.KWOK,
        "supervisor": credentials.SUPERVISOR,
    }.items():
        write_private(
            run / f"{name}.kubeconfig", credentials.kubeconfig(setup.server, ca, user, tokens[user])
        )
    client = Client(setup.server, ca, tokens[credentials.SUPERVISOR])
    wait(lambda: _answers(client), "the API answers")
    plane.start("kube-scheduler", commands.kube_scheduler(setup))
    plane.start("kwok", commands.kwok(setup, (*stages.FILES, run / "logs.yaml")))
    version = str((client.get("/version") or {}).get("gitVersion", ""))
    seeds = list(seed.objects(plane.options.marker, plane.options.nodes, setup.kubelet_port, version))
    wait(lambda: _created(client, seeds), "the first objects")
    wait(lambda: client.request("GET", "/readyz").ok, "the API server")
    plane.start("kube-controller-manager", commands.kube_controller_manager(setup))
    wait(lambda: _accepted(client), "the controller-manager")
    wait(lambda: _is_ready(client.get(f"{_PODS}/sandbox-probe")), "the scheduler and kwok")
    client.request("DELETE", f"{_PODS}/sandbox-probe")
    wait(lambda: all(map(_is_usable, _items(client, "/api/v1/nodes"))), "the nodes")
    mine = credentials.kubeconfig(setup.server, ca, credentials.PLATFORMCTL, tokens[credentials.PLATFORMCTL])
    write_private(plane.folder.kubeconfig, mine)
    return client


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in sockets)
    finally:
        for each in sockets:
            each.close()


@dataclass(slots=True)
class _Waiting:
    """Looks again every 20 ms, and at the components, so that a dead one is named at once."""

    plane: ControlPlane
    until: Callable[[], bool]
    deadline_s: float = field(default_factory=lambda: time.monotonic() + START_TIMEOUT_S)

    def __call__(self, condition: Callable[[], bool], what: str) -> None:
        while not condition():
            self.plane.check()
            if self.until() or time.monotonic() > self.deadline_s:
                raise TimedOutError(f"start the sandbox: gave up waiting for {what}")
            time.sleep(_POLL_S)


def _answers(client: Client) -> bool:
    try:
        return client.request("GET", "/api/v1/nodes?limit=1").ok
    except UnreachableError:
        return False


def _created(client: Client, seeds: list[seed.Seed]) -> bool:
    """Creates the rest of `seeds`. kube-system may still be missing; everything else is an error only at the deadline."""
    while seeds:
        path, value = seeds[0]
        try:
            client.create(path, value)
        except (ClusterError, UnreachableError):
            return False
        seeds.pop(0)
    return True


def _accepted(client: Client) -> bool:
    """Refused (403) until the controller-manager has made the service account."""
    return client.request("POST", _PODS, _PROBE).status in {201, 409}


def _items(client: Client, path: str) -> list[Mapping[str, Any]]:
    return list((client.get(path) or {}).get("items", []))


def _is_ready(value: Mapping[str, Any] | None) -> bool:
    conditions = (value or {}).get("status", {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def _is_usable(node: Mapping[str, Any]) -> bool:
    return _is_ready(node) and not node["spec"].get("taints")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
