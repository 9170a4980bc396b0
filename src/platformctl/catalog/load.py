"""Finds the catalog, reads it, and gives the desired state, or every problem at once as `file:line:column: key: what`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from platformctl.catalog import checks, problems, sources
from platformctl.catalog.desired import Catalog
from platformctl.catalog.models import API_VERSION, Platform
from platformctl.catalog.paths import CATALOG_FILE, repository_root
from platformctl.catalog.positions import KeyPath
from platformctl.catalog.resolve import resolved
from platformctl.errors import CatalogError, Problem

# In place of what is wrong and must be there, so that the rest can be checked; by section, * for any, and key.
_STAND_INS: Final[dict[tuple[str, ...], Any]] = {
    ("apiVersion",): API_VERSION,
    ("kind",): "Platform",
    ("metadata",): {"name": "unnamed"},
    ("libraries", "*", "layer"): "cluster-services",
    ("libraries", "*", "chart"): {"path": "/"},
    ("libraries", "*", "namespace"): {"name": "unnamed"},
    ("applications", "*", "chart"): {"path": "/"},
}
_ROUNDS: Final = 50  # of taking out what is wrong; each takes out at least one thing


def find_catalog(start: Path, option: str | None) -> Path:
    """The catalog's file: `option` (from `start`), else environments/platform.yaml in `start` or a folder above it, as far
    as the repository goes. Raises CatalogError that says what to do."""
    if option is not None:
        file = start / Path(option).expanduser()
        if not file.is_file():
            what = "is a folder; name the file in it" if file.is_dir() else "there is no such file"
            raise CatalogError(
                [Problem(option, 0, 0, "", what)], hint="platformctl -f PATH/TO/platform.yaml …"
            )
        return file.resolve()
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / CATALOG_FILE).is_file():
            return (folder / CATALOG_FILE).resolve()
        if (folder / ".git").exists():
            break
    text = f"there is none, neither in {start} nor in a folder of the repository above it"
    raise CatalogError(
        [Problem(str(CATALOG_FILE), 0, 0, "", text)],
        hint="change into the repository of the platform, or name the catalog: platformctl -f PATH/TO/platform.yaml …",
    )


def load(file: Path) -> Catalog:
    """The desired state that the catalog `file` describes. Raises CatalogError with every problem that can be known."""
    file = file.resolve()
    root = repository_root(file)
    read = sources.read(file, root)
    found = list(read.problems)
    try:
        platform: Platform | None = Platform.model_validate(read.data)
        replaced: frozenset[KeyPath] = frozenset()
    except ValidationError as error:
        found += [read.problem(finding) for finding in problems.findings(error, read.data, read.written)]
        platform, replaced = _what_holds(read.data)
    if platform is not None:
        catalog = resolved(platform, root, file)
        for finding in checks.findings(catalog, checks.Names.of(read.data)):
            if not any(finding.path[: len(path)] == path for path in replaced):
                found.append(read.problem(finding))
        if not found:
            return catalog
    raise CatalogError(found)


def places(catalog: Catalog) -> Callable[[KeyPath], str]:
    """Reads the files again and says `file:line` of any key path. Raises CatalogError when they can no longer be read."""
    read = sources.read(catalog.file, catalog.root)

    def place(path: KeyPath) -> str:
        file, line, _ = read.place(path, key=True)
        return f"{file}:{line}"

    return place


def _what_holds(data: Any) -> tuple[Platform | None, frozenset[KeyPath]]:
    """The catalog without what the models refuse, so that the rest can be checked too, and the paths that are gone."""
    left = deepcopy(dict(data))
    gone: set[KeyPath] = set()
    for _ in range(_ROUNDS):
        try:
            return Platform.model_validate(left), frozenset(gone)
        except ValidationError as error:
            wrong = {
                (details["loc"], details["type"] == "missing") for details in error.errors(include_url=False)
            }
            for path, missing in sorted(wrong, key=_from_the_end, reverse=True):
                gone.add(_take_out(left, path, missing))
    return None, frozenset(gone)


def _from_the_end(wrong: tuple[KeyPath, bool]) -> tuple[tuple[int, str], ...]:
    """Sorts so that, in reverse, later items of a list go before earlier ones and children before their parents."""
    return tuple((step, "") if isinstance(step, int) else (-1, step) for step in wrong[0])


def _take_out(data: Any, path: KeyPath, missing: bool) -> KeyPath:
    """Takes out of `data` what is wrong at `path`, or puts something harmless there. Returns what was touched."""
    if path[-1] == "[key]":
        path, missing = path[:-1], False
    stand_in = _STAND_INS.get(tuple("*" if at == 1 else str(step) for at, step in enumerate(path)))
    if stand_in is None and missing:
        path = path[:-1]
    parent = problems.at(data, path[:-1])
    if isinstance(parent, dict):
        if stand_in is None:
            parent.pop(path[-1], None)
        else:
            parent[path[-1]] = stand_in
    elif isinstance(parent, list) and isinstance(path[-1], int) and path[-1] < len(parent):
        del parent[path[-1]]
    return path
