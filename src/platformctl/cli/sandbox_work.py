"""The work behind `platformctl sandbox …`."""

from __future__ import annotations

import os
import shlex
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from platformctl.catalog.durations import short
from platformctl.cli.options import Globals
from platformctl.cli.screen import put
from platformctl.errors import ClusterError
from platformctl.report.envelope import envelope, written
from platformctl.sandbox import api
from platformctl.tools.process import ShRunner


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # whoever reads may go; a build or a start goes on
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def build(_: Globals, helm3: bool) -> int:
    """Builds what is missing; quick when everything is there."""
    began = time.monotonic()
    assets = api.ensure_assets(ShRunner(), dict(os.environ), _say)
    if helm3:
        _say(f"helm 3: {api.ensure_helm3(ShRunner(), dict(os.environ), _say)}")
    _say(f"the tool box is ready ({short(time.monotonic() - began)})")
    put(f"{assets.helm.parent}\n")
    return 0


def up(_: Globals, webhooks: bool, audit_log: str | None) -> int:
    options = api.SandboxOptions(webhooks=webhooks, audit_log=Path(audit_log) if audit_log else None)
    began = time.monotonic()
    sandbox = api.up(ShRunner(), dict(os.environ), options=options, on_progress=_say)
    _say(f"sandbox at {sandbox.server} is ready ({short(time.monotonic() - began)})")
    _say(
        'use it with  platformctl --sandbox …  or  eval "$(platformctl sandbox env)"   end it with  platformctl sandbox down'
    )
    return 0


def down(_: Globals) -> int:
    ended = api.down(dict(os.environ))
    _say("the sandbox has ended, nothing of it is left" if ended else "there was no sandbox")
    return 0


def status(globals_: Globals) -> int:
    """0 when it is ready, 11 when there is none or it is not well."""
    found = api.status(dict(os.environ))
    if found is None:
        raise ClusterError("no sandbox is running", hint="platformctl sandbox up")
    since = datetime.fromtimestamp(found.started_at_s, UTC).isoformat(timespec="seconds")
    rows = {
        "state": f"{found.phase}{f': {found.reason}' if found.reason else ''}",
        "server": found.server,
        "started": f"{since}, ready after {short(found.ready_after_s)}" if found.ready_after_s else since,
        "webhooks": "on (played pods do not answer them)" if found.webhooks else "off",
        "audit log": str(found.audit_log or "off"),
        "kubeconfig": str(found.kubeconfig),
        "processes": ", ".join(f"{name} {pid}" for name, pid in sorted(found.running.items())),
        "ended": ", ".join(found.ended),
        "made-up Secrets": ", ".join(found.seeded or ()) or "none",
    }
    if globals_.output in ("json", "yaml"):
        put(
            written(
                envelope("sandbox status", "SandboxStatus", {**rows, "notes": list(found.notes)}),
                globals_.output,
            )
        )
    else:
        width = max(map(len, rows))
        for name, text in rows.items():
            if text:
                put(f"{name:<{width}}  {text}\n")
        for note in found.notes:
            put(f"note: {note}\n")
    return 0 if not found.ended and found.supervisor else ClusterError.exit_code


def env(_: Globals) -> int:
    sandbox = api.attach(dict(os.environ))
    if sandbox is None:
        raise ClusterError("no sandbox is running", hint="platformctl sandbox up")
    assets = sandbox.assets.kubectl.parent
    put(f"export KUBECONFIG={shlex.quote(str(sandbox.kubeconfig))}\n")
    put(f'export PATH={shlex.quote(str(assets))}:"$PATH"\n')
    return 0
