"""Why a release changes, in plain words: what it was made from against what the catalog asks for.

The comparison of values is the planner's own small one: this stage may not import the layering of the catalog.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from platformctl.live.state import LiveRelease
from platformctl.render.models import RenderedRelease

MOST_SHOWN: Final = 6
LONGEST_SHOWN: Final = 60
HELM_MAJORS: Final = (3, 4)
_SECRET: Final = re.compile(
    r"pass|token|secret|credential|(api|private|access|encrypt\w*|sign\w*|master|ssh)[-_]?key", re.IGNORECASE
)
# `existingSecret`, `passwordSecretRef.name`, `tokenFile` say where a secret lies, not what it is.
_POINTER: Final = re.compile(r"(name|ref|file|path|enabled)$|existing", re.IGNORECASE)
_USER_INFO: Final = re.compile(r"(?<=://)[^/@\s]+@")
_MISSING: Final = object()


def reasons_to_change(live: LiveRelease, rendered: RenderedRelease) -> tuple[str, ...]:
    """What differs between the live revision's inputs and the rendered ones; for a release of ours never empty."""
    return tuple(_reasons(live, rendered))


def _reasons(live: LiveRelease, rendered: RenderedRelease) -> Iterator[str]:
    chart = rendered.chart
    if (live.chart_name, live.chart_version) != (chart.name, chart.version):
        yield f"chart {chart_move(live, rendered)}"
    elif _other_content(live, rendered):
        yield "chart content"
    values = value_changes(live.values, rendered.values)
    if values:
        more = f", and {len(values) - MOST_SHOWN} more" if len(values) > MOST_SHOWN else ""
        yield f"values: {', '.join(values[:MOST_SHOWN])}{more}"
    if live.inputs is None or live.inputs == rendered.inputs.digest:
        return
    other = _other_helm(live.inputs, rendered)
    if other is not None:
        yield f"helm {other} → {rendered.inputs.helm_major}"
    elif not values and live.chart_version == chart.version and not _other_content(live, rendered):
        # Nothing else that decides a render is left.
        yield "api versions of the cluster"


def _other_content(live: LiveRelease, rendered: RenderedRelease) -> bool:
    """The recorded digest comes from a label, which holds only the beginning of a sha256."""
    return live.chart_digest is not None and not rendered.chart.digest.startswith(live.chart_digest)


def chart_move(live: LiveRelease | None, rendered: RenderedRelease) -> str:
    """`0.3.1`, `0.3.0 → 0.3.1`, or with names where the chart is another one."""
    chart = rendered.chart
    if live is None or (live.chart_name, live.chart_version) == (chart.name, chart.version):
        return chart.version
    if live.chart_name == chart.name:
        return f"{live.chart_version} → {chart.version}"
    return f"{live.chart_name} {live.chart_version} → {chart.name} {chart.version}"


def _other_helm(inputs: str, rendered: RenderedRelease) -> int | None:
    """The other major of helm, when it alone explains the digest."""
    mine = rendered.inputs
    for major in HELM_MAJORS:
        if major != mine.helm_major and replace(mine, helm_major=major).digest == inputs:
            return major
    return None


def value_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """`image.tag 1.8.0 → 1.9.0` for every value that differs, by key path; what looks secret is masked."""
    return tuple(
        f"{'.'.join(path)} {_shown(path, old)} → {_shown(path, new)}"
        for path, old, new in _differences(before, after, ())
    )


def _differences(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[tuple[Sequence[str], Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping) and (path == () or (before and after)):
        for key in sorted(before.keys() | after.keys(), key=str):
            yield from _differences(before.get(key, _MISSING), after.get(key, _MISSING), (*path, str(key)))
    elif before is not after and (before != after or isinstance(before, bool) != isinstance(after, bool)):
        yield path, before, after


def _shown(path: Sequence[str], value: Any) -> str:
    if value is _MISSING:
        return "(none)"
    if isinstance(value, bool | None) or value == "":
        return json.dumps(value)
    if not _POINTER.search(path[-1]) and any(_SECRET.search(part) for part in path):
        return "***"
    match value:
        case str() | int() | float() if len(str(value)) <= LONGEST_SHOWN and str(value).isprintable():
            return _USER_INFO.sub("***@", str(value))
        case list() | Mapping() if len(value) == 1:
            return "(1 entry)"
        case _:
            return f"({len(value)} entries)" if isinstance(value, list | Mapping) else "(long text)"
