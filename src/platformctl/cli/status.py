"""The work behind `platformctl status`."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from rich.text import Text

from platformctl.catalog.desired import Scope
from platformctl.catalog.select import find_scope
from platformctl.cli.desk import at_desk
from platformctl.cli.options import Globals
from platformctl.cli.screen import tell
from platformctl.errors import ClusterError, RenderError
from platformctl.live.state import LiveRelease, LiveState
from platformctl.pipeline import Line, look
from platformctl.render.manifests import parse_objects
from platformctl.report.console import width_of
from platformctl.report.status_view import status_data, status_lines
from platformctl.run.result import Status
from platformctl.run.watch import await_ready
from platformctl.tools.api import Api
from platformctl.tools.kubectl import Kubectl

LOOK_S: Final = 1.5  # what is not ready by then is still on its way, as far as one look can tell


def status(globals_: Globals, target: str | None) -> int:
    """Every release of the scopes as it is: record and readiness, from one look. Always 0 when it could be read."""
    with at_desk(globals_, "status") as desk:
        catalog = desk.catalog()
        scopes = (
            [scope for scope in catalog.scopes.values() if scope.releases]
            if target is None
            else [find_scope(catalog, target)]
        )
        session = desk.session(catalog, scopes, offline_is_fine=False)
        line = Line(session, catalog, desk.charts(catalog, session), desk.backups(catalog))
        live = look(line)
        verdicts = {scope.name: _verdicts(line, scope, live) for scope in scopes}
        if not desk.screen.for_people:
            data = [status_data(scope, live, verdicts[scope.name]) for scope in scopes]
            desk.screen.data("Status", {"scopes": data}, changes=False)
            return 0
        width = width_of(desk.screen.out)
        for scope in scopes:
            tell(desk.screen.out, [*status_lines(scope, live, verdicts[scope.name], width=width), Text()])
        return 0


def _verdicts(line: Line, scope: Scope, live: LiveState) -> dict[str, str]:
    """The readiness of each release that has a record, by key."""
    cluster = line.session.cluster
    if cluster is None:
        return {}
    records = {r.key: live.release(r.namespace.name, r.name) for r in scope.releases}
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = {
            key: pool.submit(readiness, cluster.api, cluster.kubectl, record)
            for key, record in records.items()
            if record is not None
        }
    return {key: future.result() for key, future in found.items()}


def readiness(api: Api, kubectl: Kubectl, record: LiveRelease) -> str:
    """`ready …`, `doomed: …`, `progressing: …`, or `unknown: …` where what it takes to tell may not be read."""
    try:
        seen = await_ready(
            api,
            kubectl,
            parse_objects(record.manifest, record.id.namespace),
            timeout_s=LOOK_S,
            stable_for_s=0.0,
            stop=threading.Event(),
            progress=lambda _: None,
        )
    except (ClusterError, RenderError) as error:
        return f"unknown: {error.message}"
    match seen.status:
        case Status.OK:
            return f"ready {seen.detail.removesuffix(' ready')}" if "/" in seen.detail else "ready"
        case Status.FAILED:
            return f"doomed: {seen.detail}"
        case _:
            return f"progressing: {seen.detail.partition(': ')[2] or seen.detail}"
