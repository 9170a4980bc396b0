"""Starts and ends the supervisor of one sandbox, under the lock of its base folder."""

from __future__ import annotations

import secrets
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from platformctl.errors import ClusterError, ToolError
from platformctl.sandbox.credentials import CONTEXT
from platformctl.sandbox.folder import SHARED, Folder, Options, Phase, State, locked, sweep
from platformctl.sandbox.models import Sandbox, SandboxOptions
from platformctl.sandbox.processes import ProcessId, identify, is_alive, send, wait_gone
from platformctl.sandbox.toolbox import Assets
from platformctl.tools.process import Command, Runner, child_environment

END_TIMEOUT_S: Final = 15.0
_START_TIMEOUT_S: Final = 90.0


def start(
    runner: Runner,
    environ: Mapping[str, str],
    assets: Assets,
    wanted: SandboxOptions,
    *,
    folder: Folder,
    owner: ProcessId | None = None,
) -> Sandbox:
    """Starts one in `folder`, or finds the one that another start made there; returns when it is ready.

    Raises ToolError when this machine cannot, ClusterError when a component does not start.
    """
    if not sys.platform.startswith("linux"):
        raise ToolError(
            "start the sandbox: it needs Linux", hint="use a cluster with  --context, or a Linux machine"
        )
    audit_log = None if wanted.audit_log is None else str(wanted.audit_log.absolute())
    options = Options(
        assets={key: str(path) for key, path in asdict(assets).items()},
        marker=secrets.token_urlsafe(32),
        webhooks=wanted.webhooks,
        audit_log=audit_log,
        nodes=wanted.nodes,
        owner=owner,
    )
    with locked(folder.root.parent):
        sweep(folder.root.parent)
        running = folder.supervisor()  # two starts at once: the second finds the first
        if running is None:
            folder.create()
            folder.write(options)
            running = _start_supervisor(runner, folder, environ)
            folder.write(running)
    return wait_ready(folder, running)


def _start_supervisor(runner: Runner, folder: Folder, environ: Mapping[str, str]) -> ProcessId:
    """-P and PYTHONPATH: the modules of this very package, whatever the working folder holds."""
    packages = str(Path(__file__).absolute().parents[2])
    argv = (sys.executable, "-P", "-m", "platformctl.sandbox.supervisor", str(folder.root))
    command = Command(argv, child_environment(environ, {"PYTHONPATH": packages}), cwd=folder.root)
    process = runner.start(command, log=folder.logs / "supervisor.log", dies_with_us=False)
    identity = identify(process.pid)
    if identity is None:
        raise ClusterError(
            f"start the sandbox: its supervisor ended at once: {folder.last_words('supervisor')}"
        )
    return identity


def wait_ready(folder: Folder, supervisor: ProcessId) -> Sandbox:
    """The sandbox in `folder`, once it is ready. Raises ClusterError with the reason when it will not be."""
    stays = folder.root.name == SHARED  # the folder of any other is removed at once
    hint = f"the logs are in {folder.logs}" if stays else None
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        alive = is_alive(supervisor)  # asked first: what it writes last is then seen below
        state, options = folder.state(), folder.options()
        if state is not None and options is not None:
            if state.phase is Phase.READY:
                return _sandbox(folder, state, options)
            if state.phase is Phase.FAILED:
                raise ClusterError(state.reason, hint=hint)
        if not alive:
            wrote = folder.last_words("supervisor")
            raise ClusterError(f"start the sandbox: its supervisor ended: {wrote}", hint=hint)
        time.sleep(0.02)
    raise ClusterError("start the sandbox: it is not ready in time", hint=hint)


def _sandbox(folder: Folder, state: State, options: Options) -> Sandbox:
    return Sandbox(
        kubeconfig=folder.kubeconfig,
        context=CONTEXT,
        folder=folder.root,
        server=state.server,
        assets=Assets(**{name: Path(path) for name, path in options.assets.items()}),
        audit_log=Path(options.audit_log) if options.audit_log else None,
        webhooks=options.webhooks,
        marker=options.marker,
        shared=folder.root.name == SHARED,
    )


def end(folder: Folder) -> bool:
    """Ends exactly the processes of that sandbox, by pid and start time, and removes its folder."""
    base = folder.root.parent
    if not base.is_dir():
        return False
    with locked(base):
        existed = folder.root.is_dir()
        supervisor, state = folder.supervisor(), folder.state()
        asked = supervisor is not None and send(supervisor, signal.SIGTERM)
        if supervisor is not None and asked and not wait_gone(supervisor, END_TIMEOUT_S):
            send(supervisor, signal.SIGKILL)  # the kernel then ends its components
            wait_gone(supervisor, END_TIMEOUT_S)
        for process in ((state.processes if state else None) or {}).values():
            send(process, signal.SIGKILL)
        folder.remove()
    return existed
