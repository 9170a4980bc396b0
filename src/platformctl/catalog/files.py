"""The files that a catalog names: charts, values, gates. Each must be there, inside the repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from platformctl.catalog.desired import Catalog
from platformctl.catalog.models import ChartRef, Gate
from platformctl.catalog.parameters import applied
from platformctl.catalog.paths import chart_folder_at, file_at
from platformctl.catalog.positions import KeyPath
from platformctl.catalog.problems import Finding


def findings(catalog: Catalog) -> Iterator[Finding]:
    root, platform = catalog.root, catalog.platform
    for key, library in platform.libraries.items():
        path: KeyPath = ("libraries", key)
        if library.chart:
            yield from _of(path, root, library.chart, [(path, library.values, library.gates)])
        yield from _parameters((*path, "parameters"), library.parameters)
    for key, app in platform.applications.items():
        path = ("applications", key)
        parts: list[tuple[KeyPath, Sequence[str], Sequence[Gate]]] = [(path, (), app.gates)]
        parts += [
            ((*path, "environments", env), here.values, here.gates) for env, here in app.environments.items()
        ]
        yield from _of(path, root, app.chart, parts)
        yield from _parameters((*path, "parameters"), app.parameters)
        for env, here in app.environments.items():
            yield from _parameters((*path, "environments", env, "parameters"), here.parameters)


def _of(
    path: KeyPath, root: Path, chart: ChartRef, parts: Sequence[tuple[KeyPath, Sequence[str], Sequence[Gate]]]
) -> Iterator[Finding]:
    """The chart's folder, and the values files and gate files of each part."""
    folder: Path | None = None
    if chart.path is not None:
        try:
            folder = chart_folder_at(root, chart.path)
        except ValueError as error:
            yield Finding((*path, "chart", "path"), str(error))
    for where, values, gates in parts:
        named: list[tuple[KeyPath, str]] = [((*where, "values", at), text) for at, text in enumerate(values)]
        for at, gate in enumerate(gates):
            named += [
                ((*where, "gates", at, kind), text)
                for kind, text in (("accepts", gate.accepts), ("job", gate.job))
                if text is not None
            ]
        for at_path, text in named:
            if chart.path is not None and folder is None and not text.startswith("/"):
                continue  # the chart's own finding says enough
            try:
                file_at(root, folder, text)
            except ValueError as error:
                yield Finding(at_path, str(error))


def _parameters(path: KeyPath, parameters: Mapping[str, str]) -> Iterator[Finding]:
    for key, value in parameters.items():
        try:
            applied({}, {key: value})
        except ValueError as error:
            yield Finding((*path, key), str(error))
