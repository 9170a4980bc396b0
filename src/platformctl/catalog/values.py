"""The Helm values of a release: files and parameters layered as helm layers them, with the origin of every key.

Source of the rules: helm.sh/helm/v4, pkg/cli/values/options.go and pkg/chart/common/util/coalesce.go; measured against
helm in the tests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from platformctl.catalog import yaml
from platformctl.catalog.desired import Catalog, DesiredRelease
from platformctl.catalog.parameters import applied
from platformctl.catalog.paths import shown
from platformctl.catalog.positions import Positions
from platformctl.errors import CatalogError, Problem

PARAMETERS: Final = "parameters"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value stands: a file and line, or the catalog's parameters (line 0)."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Values:
    """What helm is given for a release: `merged` is what `helm get values` will show, without the chart's defaults."""

    release: DesiredRelease = field(repr=False)
    root: Path | None = field(repr=False)
    merged: Mapping[str, Any] = field(repr=False)

    @property
    def digest(self) -> str:
        """sha256 over the values as canonical JSON."""
        text = json.dumps(self.merged, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def origins(self) -> Mapping[tuple[str, ...], Origin]:
        """Where each value comes from, by key path. A list counts as one value. Reads the files again."""
        found: dict[tuple[str, ...], Origin] = {}
        for file in self.release.values:
            name = _shown(file, self.root)
            positions = Positions.of(yaml.read(file, name, yaml.VALUES), yaml.VALUES)
            for path, line in positions.leaves():
                found[tuple(str(step) for step in path)] = Origin(name, line)
        for path in _paths(applied({}, self.release.parameters)):
            found[path] = Origin(PARAMETERS, 0)
        there = set(_paths(self.merged))
        return {path: origin for path, origin in found.items() if path in there}


def merged(release: DesiredRelease, root: Path | None = None) -> Values:
    """Reads and layers the values of a release. `root` makes the names of files in messages short. Raises CatalogError."""
    values: dict[str, Any] = {}
    for file in release.values:
        values = layered(values, _read(file, root))
    try:
        return Values(release, root, applied(values, release.parameters))
    except ValueError as error:
        key = f"parameters of {release.key} in {release.scope}"
        raise CatalogError([Problem("the catalog", 0, 0, key, str(error))]) from error


def layered(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One values file over another, as `helm -f below -f above`: mappings merge, everything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        beneath = result.get(key)
        both = isinstance(value, Mapping) and isinstance(beneath, Mapping)
        result[key] = layered(beneath, value) if both else value  # type: ignore[arg-type]
    return result


def with_defaults(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What templates see: `values` over the values of the chart itself. null takes a default away."""
    result: dict[str, Any] = {}
    for key in {**values, **defaults}:
        value, default = values.get(key), defaults.get(key)
        if key not in values:
            if default is not None:
                result[key] = _without_nulls(default)
        elif value is None:
            if key not in defaults:
                result[key] = None
        elif isinstance(value, Mapping) and isinstance(default, Mapping):
            result[key] = with_defaults(_without_nulls(default), value)
        else:
            result[key] = value
    return result


def check(catalog: Catalog) -> None:
    """Reads the values of every release. Raises CatalogError with everything that is wrong in any of them."""
    problems: dict[Problem, None] = {}
    for scope in catalog.scopes.values():
        for release in scope.releases:
            try:
                merged(release, catalog.root)
            except CatalogError as error:
                problems.update(dict.fromkeys(error.problems))
    if problems:
        raise CatalogError(list(problems))


def _read(file: Path, root: Path | None) -> Mapping[str, Any]:
    document = yaml.read(file, _shown(file, root), yaml.VALUES)
    data = document.checked()
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise CatalogError([Problem(document.file, 1, 1, "", "values must be a mapping (key: value)")])
    return data


def _shown(file: Path, root: Path | None) -> str:
    return shown(file, root) if root else str(file)


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_nulls(item) for key, item in value.items() if item is not None}


def _paths(values: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Key paths of everything that is no mapping, or an empty one."""
    if not isinstance(values, Mapping) or not values:
        return [path] if path else []
    return [found for key, value in values.items() for found in _paths(value, (*path, key))]
