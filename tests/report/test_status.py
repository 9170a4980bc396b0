"""What stands in the row of a release without a record."""

from __future__ import annotations

from platformctl.report.status_view import status_rows
from tests.support.builders import desired, live_state, scope


def test_a_record_that_is_damaged_is_unknown_and_never_absent() -> None:
    live = live_state(unknown={"release plate-stg/web-stg": "it is damaged"})
    rows = status_rows(scope(desired("web"), desired("api")), live)
    assert [(row.key, row.status) for row in rows] == [("web", "unknown"), ("api", "not deployed")]
