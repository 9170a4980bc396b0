"""The work behind `platformctl doctor`: what is there, what is not, and what helps."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from platformctl.__about__ import __version__
from platformctl.cli.desk import Desk, at_desk
from platformctl.cli.folders import cache_folder, state_folder
from platformctl.cli.options import Globals
from platformctl.cli.reach import open_helm, open_kubectl
from platformctl.cli.screen import tell
from platformctl.errors import PlatformctlError
from platformctl.report.console import width_of
from platformctl.report.text import one_line, piece, table
from platformctl.sandbox import api as sandbox_api
from platformctl.tools.helm import Helm
from platformctl.tools.kubectl import Kubectl

SIGN = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "bold red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `state` is ok, warning or error; `remedy` is what to do."""

    what: str
    state: str
    text: str
    remedy: str = ""


def doctor(globals_: Globals) -> int:
    """0 when a deploy could start from here, 11 when helm, kubectl or the cluster is not usable."""
    with at_desk(globals_, "doctor") as desk:
        findings = list(_findings(desk))
        code = 11 if any(finding.state == "error" for finding in findings) else 0
        if desk.screen.for_people:
            rows = [
                [
                    piece(*SIGN[f.state]),
                    piece(f.what),
                    piece(one_line(f"{f.text}{f'; {f.remedy}' if f.remedy else ''}")),
                ]
                for f in findings
            ]
            tell(desk.screen.out, table(rows, width=width_of(desk.screen.out), indent=0, gap=2))
        else:
            data = [{"what": f.what, "state": f.state, "text": f.text, "remedy": f.remedy} for f in findings]
            desk.screen.data("Doctor", {"findings": data}, changes=False, exit_code=code)
        return code


def _findings(desk: Desk) -> Iterator[Finding]:
    yield Finding("platformctl", "ok", f"{__version__}, Python {platform.python_version()}, {sys.platform}")
    box = sandbox_api.find_assets(desk.environ)
    yield _tried("helm", lambda: _where(open_helm(desk.reach(), box)))
    yield _tried("kubectl", lambda: _where(open_kubectl(desk.reach(), box)))
    yield (
        Finding("tool box", "ok", f"built, in {box.helm.parent}")
        if box
        else Finding(
            "tool box", "warning", "not built yet", "platformctl sandbox build  (about 8 minutes, once)"
        )
    )
    for name, folder in (("cache", cache_folder()), ("state", state_folder())):
        writable = os.access(_existing(folder), os.W_OK)
        yield Finding(
            f"{name} folder",
            "ok" if writable else "error",
            str(folder),
            "" if writable else "make it writable",
        )
    yield _tried("catalog", lambda: f"{desk.catalog().file}: valid")
    yield _tried("cluster", lambda: _cluster(desk))


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except PlatformctlError as error:
        return Finding(what, "error", error.message, error.hint or "")


def _where(tool: Helm | Kubectl) -> str:
    return f"{'.'.join(map(str, tool.version))} at {tool.binary}"


def _cluster(desk: Desk) -> str:
    catalog = desk.catalog()
    session = desk.session(catalog, [], offline_is_fine=False)
    if session.cluster is None:
        return "none"
    version = session.cluster.api.get("/version") or {}
    return f"{session.cluster.access.context} at {session.cluster.access.server}, {version.get('gitVersion', '?')}"


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
