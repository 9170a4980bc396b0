"""What the rest of platformctl may ask of the sandbox.

    up()               leaves one running, or finds the one that runs
    attach_or_start()  for --sandbox: the one that runs, else one that ends with the `with` block
    started()          one of our own in any case, which ends with the `with` block (tests)
    down() · status() · seed_secrets() · is_sandbox()

A sandbox belongs to a supervisor process of its own, so that a killed owner leaves nothing: the supervisor sees the end
of its owner, ends the components and removes the folder; killed itself, the kernel ends the components and the next
start sweeps the folder.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from platformctl.errors import GuardError, PlatformctlError
from platformctl.sandbox import seeding
from platformctl.sandbox.client import Client
from platformctl.sandbox.credentials import CONTEXT
from platformctl.sandbox.folder import SHARED, Folder, Options, Phase, base_folder
from platformctl.sandbox.lifecycle import END_TIMEOUT_S, end, start, wait_ready
from platformctl.sandbox.models import Sandbox, SandboxOptions, SandboxStatus
from platformctl.sandbox.processes import identify, is_alive, wait_gone
from platformctl.sandbox.seeding import SecretWanted
from platformctl.sandbox.toolbox import Assets, Progress, ensure_assets, ensure_helm3, find_assets
from platformctl.tools.process import Runner

__all__ = [
    "Assets", "Sandbox", "SandboxOptions", "SandboxStatus", "SecretWanted",
    "attach", "attach_or_start", "down", "ensure_assets", "ensure_helm3", "find_assets", "is_sandbox",
    "seed_secrets", "started", "status", "up",
]  # fmt: skip


def _silent(_line: str) -> None:
    """Progress that nobody wants to see."""


def up(
    runner: Runner,
    environ: Mapping[str, str],
    *,
    options: SandboxOptions | None = None,
    on_progress: Progress = _silent,
    base: Path | None = None,
) -> Sandbox:
    """The shared sandbox, which goes on after us; started unless it runs.

    Raises GuardError when one runs that lacks what is asked for (webhooks, audit log), ToolError when binaries are
    missing and cannot be built, ClusterError when it does not start.
    """
    wanted = options or SandboxOptions()
    found = attach(environ, base=base)
    if found is None:
        assets = ensure_assets(runner, environ, on_progress)
        on_progress("starting the sandbox (about 5 s)")
        return start(runner, environ, assets, wanted, folder=Folder(base_folder(environ, base) / SHARED))
    lacks = [
        name
        for name, missing in {
            "--webhooks": wanted.webhooks and not found.webhooks,
            f"--audit-log {wanted.audit_log}": wanted.audit_log is not None
            and wanted.audit_log.absolute() != found.audit_log,
        }.items()
        if missing
    ]
    if lacks:
        raise GuardError(
            f"start the sandbox: one is running already, without {' and '.join(lacks)}",
            hint="end it first:  platformctl sandbox down",
        )
    return found


def attach(environ: Mapping[str, str], *, base: Path | None = None) -> Sandbox | None:
    """The shared sandbox when it runs; one that is just starting is waited for."""
    folder = Folder(base_folder(environ, base) / SHARED)
    supervisor = folder.supervisor()
    if supervisor is None or not is_alive(supervisor):
        return None
    state = folder.state()
    if state is not None and state.phase is Phase.ENDING:
        wait_gone(supervisor, END_TIMEOUT_S)
        return None
    return wait_ready(folder, supervisor)


@contextlib.contextmanager
def attach_or_start(
    runner: Runner,
    environ: Mapping[str, str],
    *,
    options: SandboxOptions | None = None,
    on_progress: Progress = _silent,
    base: Path | None = None,
) -> Iterator[Sandbox]:
    """For --sandbox: the shared one when it runs, else one that ends with this block or with this process."""
    found = attach(environ, base=base)
    if found is not None:
        yield found
        return
    with started(runner, environ, options=options, on_progress=on_progress, base=base) as sandbox:
        yield sandbox


@contextlib.contextmanager
def started(
    runner: Runner,
    environ: Mapping[str, str],
    *,
    options: SandboxOptions | None = None,
    on_progress: Progress = _silent,
    base: Path | None = None,
) -> Iterator[Sandbox]:
    """A sandbox of our own, which ends with this block, or with this process however that ends."""
    assets = ensure_assets(runner, environ, on_progress)
    on_progress("starting a sandbox (about 5 s)")
    folder = Folder(base_folder(environ, base) / f"run-{os.getpid()}-{secrets.token_hex(3)}")
    try:
        wanted = options or SandboxOptions()
        yield start(runner, environ, assets, wanted, folder=folder, owner=identify(os.getpid()))
    finally:
        end(folder)


def down(environ: Mapping[str, str], *, base: Path | None = None) -> bool:
    """Ends the shared sandbox and removes its folder; False when there was none."""
    return end(Folder(base_folder(environ, base) / SHARED))


def status(environ: Mapping[str, str], *, base: Path | None = None) -> SandboxStatus | None:
    """How the shared sandbox is; None when there is none. One that failed is shown with its reason."""
    folder = Folder(base_folder(environ, base) / SHARED)
    options, state, supervisor = folder.options(), folder.state(), folder.supervisor()
    if options is None or state is None:
        return None
    processes = state.processes or {}
    alive = supervisor is not None and is_alive(supervisor)
    phase, reason = state.phase, state.reason
    if not alive and phase is not Phase.FAILED:
        phase, reason = Phase.FAILED, "its supervisor is gone"
    return SandboxStatus(
        phase=phase,
        reason=reason,
        folder=folder.root,
        kubeconfig=folder.kubeconfig,
        context=CONTEXT,
        server=state.server,
        webhooks=options.webhooks,
        audit_log=Path(options.audit_log) if options.audit_log else None,
        started_at_s=state.started_at_s,
        ready_after_s=state.ready_after_s,
        supervisor=supervisor.pid if supervisor is not None and alive else None,
        running={name: process.pid for name, process in processes.items() if is_alive(process)},
        ended=tuple(name for name, process in processes.items() if not is_alive(process)),
        seeded=_seeded(folder) if phase is Phase.READY else None,
        notes=_notes(options),
    )


def seed_secrets(sandbox: Sandbox, wanted: Iterable[SecretWanted]) -> tuple[str, ...]:
    """Makes Secrets with random values, and their namespaces, where they are missing; `namespace/name` of the new ones.

    Written by the sandbox's own user, not by platformctl's; listed by status(). Raises ClusterError when refused.
    """
    return seeding.seed(_admin(sandbox.folder), wanted)


def is_sandbox(marker: str | None, environ: Mapping[str, str], *, base: Path | None = None) -> bool:
    """Whether a cluster whose ConfigMap kube-system/platformctl-sandbox has this `token` is a sandbox of this machine."""
    where = base_folder(environ, base)
    if not marker or not where.is_dir():
        return False
    ours = [options.marker for path in where.iterdir() if (options := Folder(path).options())]
    return any(hmac.compare_digest(marker.encode(), each.encode()) for each in ours)


def _seeded(folder: Folder) -> tuple[str, ...] | None:
    try:
        client = Client.of(_admin(folder.root))
        try:
            return seeding.seeded(client)
        finally:
            client.close()
    except (OSError, PlatformctlError):
        return None


def _notes(options: Options) -> tuple[str, ...]:
    webhooks = (
        "admission webhooks are called; those of played pods refuse every write of their kinds"
        if options.webhooks
        else "admission webhooks are not called (--webhooks calls them)"
    )
    return (
        "pods are played: they become Ready, but nothing answers behind a Service",
        webhooks,
        "cert-manager's and external-secrets' resources are played as Ready; Secrets hold random values",
    )


def _admin(folder: Path) -> Path:
    return Folder(folder).run / "supervisor.kubeconfig"
