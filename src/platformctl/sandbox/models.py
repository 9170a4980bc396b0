"""What callers of the sandbox hold: its options, a running one, and its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformctl.sandbox.folder import Phase
from platformctl.sandbox.toolbox import Assets


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """`webhooks`: admission webhooks are called. `audit_log`: where every write is recorded; the file outlives it."""

    webhooks: bool = False
    audit_log: Path | None = None
    nodes: int = 3


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running one. `kubeconfig` has one context, `context`, of the user platformctl."""

    kubeconfig: Path
    context: str
    folder: Path
    server: str
    assets: Assets
    audit_log: Path | None
    webhooks: bool
    marker: str
    shared: bool


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """What `sandbox status` shows. `running` maps components to pids; `seeded` is None when the API did not answer."""

    phase: Phase
    reason: str
    folder: Path
    kubeconfig: Path
    context: str
    server: str
    webhooks: bool
    audit_log: Path | None
    started_at_s: float
    ready_after_s: float | None
    supervisor: int | None
    running: Mapping[str, int]
    ended: tuple[str, ...]
    seeded: tuple[str, ...] | None
    notes: tuple[str, ...]
