"""The work behind `platformctl charts …`."""

from __future__ import annotations

from collections.abc import Sequence

from platformctl.catalog.desired import Catalog, DesiredRelease
from platformctl.charts import pins
from platformctl.charts.store import ChartStore
from platformctl.cli.desk import Desk, at_desk
from platformctl.cli.options import Globals
from platformctl.cli.screen import tell
from platformctl.errors import ChartError
from platformctl.report.console import width_of
from platformctl.report.text import counted, one_line, piece, table

STYLE = {pins.Pin.PINNED: "green", pins.Pin.FILLED: "green", pins.Pin.WRONG: "bold red"}


def pin(globals_: Globals) -> int:
    """Fills the lock where the source is in reach. 6, and nothing written, when a digest that is there is not what the
    source has now."""
    with at_desk(globals_, "charts pin") as desk:
        catalog, store = _open(desk)
        pinned = pins.pin(_releases(catalog), store)
        if not desk.dry_run and _code(pinned.findings) == 0:
            pinned.lock.write()
        _show(desk, pinned.findings)
        return _code(pinned.findings)


def verify(globals_: Globals) -> int:
    """Every chart at hand against the lock; 6 when one differs."""
    with at_desk(globals_, "charts verify") as desk:
        catalog, store = _open(desk)
        findings = pins.verify(_releases(catalog), store)
        _show(desk, findings)
        return _code(findings)


def _open(desk: Desk) -> tuple[Catalog, ChartStore]:
    catalog = desk.catalog()
    return catalog, desk.charts(catalog, desk.tools_only())


def _releases(catalog: Catalog) -> list[DesiredRelease]:
    return [release for scope in catalog.scopes.values() for release in scope.releases]


def _show(desk: Desk, findings: Sequence[pins.Finding]) -> None:
    if not desk.screen.for_people:
        rows = [
            {
                "name": f.key.name,
                "version": f.key.version,
                "source": f.key.source,
                "state": str(f.pin),
                "text": f.text,
            }
            for f in findings
        ]
        desk.screen.data("Charts", {"charts": rows}, changes=False, exit_code=_code(findings))
        return
    titles = [piece(title, "dim") for title in ("CHART", "VERSION", "STATE", "")]
    rows_ = [
        [
            piece(f.key.name),
            piece(f.key.version),
            piece(str(f.pin), STYLE.get(f.pin, "yellow")),
            piece(one_line(f.text)),
        ]
        for f in findings
    ]
    good = sum(finding.good for finding in findings)
    tell(desk.screen.out, table([titles, *rows_], width=width_of(desk.screen.out), indent=0))
    tell(desk.screen.out, [piece(f"{good} of {counted(len(findings), 'chart')} pinned and right")])


def _code(findings: Sequence[pins.Finding]) -> int:
    return ChartError.exit_code if any(finding.pin is pins.Pin.WRONG for finding in findings) else 0
