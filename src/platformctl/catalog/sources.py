"""The files that a catalog is made of: the main one and its includes, read as one mapping that still knows its places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from platformctl.catalog import yaml
from platformctl.catalog.masking import still
from platformctl.catalog.paths import shown
from platformctl.catalog.positions import KeyPath, Positions, shown_path
from platformctl.catalog.problems import Finding
from platformctl.errors import CatalogError, Problem

# What an included file may hold; everything else is said once, in the main file.
SECTIONS: Final = ("clusters", "registries", "environments", "libraries", "applications")
_HEADER: Final = ("apiVersion", "kind")


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents of a catalog, the main one first. `owners` says which document holds ("applications", "web")."""

    documents: tuple[yaml.Document, ...]
    owners: Mapping[tuple[str, str], yaml.Document]
    data: Mapping[str, Any]
    problems: tuple[Problem, ...]
    _positions: dict[str, Positions] = field(default_factory=dict)

    def place(self, path: KeyPath, *, key: bool = False) -> tuple[str, int, int]:
        """File, line and column of a key path."""
        document = self._owner(path)
        return (document.file, *self._of(document).at(path, key=key))

    def written(self, path: KeyPath) -> str | None:
        return self._of(self._owner(path)).written(path)

    def problem(self, finding: Finding) -> Problem:
        """A finding as a line of a file."""
        path = finding.path if finding.shown is None else finding.shown
        return Problem(
            *self.place(finding.path, key=finding.at_key), still(shown_path(path)), still(finding.text)
        )

    def _owner(self, path: KeyPath) -> yaml.Document:
        start = tuple(str(step) for step in path[:2])
        return (
            self.owners.get((start[0], start[1]), self.documents[0]) if len(start) == 2 else self.documents[0]
        )

    def _of(self, document: yaml.Document) -> Positions:
        if document.file not in self._positions:
            self._positions[document.file] = Positions.of(document)
        return self._positions[document.file]


def read(file: Path, root: Path) -> Sources:
    """Reads a catalog and its includes. Raises CatalogError when the main file cannot be read at all."""
    main = yaml.read(file, shown(file, root))
    if not isinstance(main.data, dict):
        what = "is empty" if main.data is None else "must be a mapping (key: value)"
        raise CatalogError([Problem(main.file, 1, 1, "", what)])
    documents, problems = [main], list(main.problems)
    data = dict(main.data)
    owners: dict[tuple[str, str], yaml.Document] = {}
    for section in SECTIONS:
        names = data.get(section)
        owners |= {(section, name): main for name in names} if isinstance(names, dict) else {}
    for path in _included(main, file, root, problems):
        try:
            document = yaml.read(path, shown(path, root))
        except CatalogError as error:
            problems += error.problems
            continue
        documents.append(document)
        problems += document.problems
        problems += _merge(document, data, owners)
    return Sources(tuple(documents), owners, data, tuple(problems))


def _included(main: yaml.Document, file: Path, root: Path, problems: list[Problem]) -> list[Path]:
    """The files that `include` names, in order of their names; globs that lead nowhere become problems."""
    globs = main.data.get("include")
    found: dict[Path, None] = {}
    for index, glob in enumerate(globs if isinstance(globs, list) else []):
        if not isinstance(glob, str) or not glob.strip("/"):
            continue  # the models say what is wrong with it
        base = root if glob.startswith("/") else file.parent
        try:
            matches = sorted(path.resolve() for path in base.glob(glob.lstrip("/")) if path.is_file())
        except (ValueError, NotImplementedError, OSError) as error:
            matches, text = [], f"cannot be followed: {error}"
        else:
            text = "no file matches"
        outside = [path for path in matches if not path.is_relative_to(root)]
        if outside:
            matches, text = [], "leads out of the repository"
        if not matches:
            place = Positions.of(main).at(("include", index))
            problems.append(Problem(main.file, *place, f"include[{index}]", text))
        found.update(dict.fromkeys(path for path in matches if path != file))
    return list(found)


def _merge(
    document: yaml.Document, data: dict[str, Any], owners: dict[tuple[str, str], yaml.Document]
) -> list[Problem]:
    """Adds an included document to `data` and `owners`; what cannot be added becomes problems."""
    if not isinstance(document.data, dict):
        return [Problem(document.file, 1, 1, "", "must be a mapping (key: value)")]
    problems: list[Problem] = []

    def refuse(path: KeyPath, text: str) -> None:
        place = Positions.of(document).at(path, key=True)
        problems.append(Problem(document.file, *place, still(shown_path(path)), text))

    for section, names in document.data.items():
        if section in _HEADER:
            if names != data.get(section):
                refuse((section,), "is not that of the main file")
        elif section not in SECTIONS:
            refuse((section,), f"cannot stand in an included file; it may hold {', '.join(SECTIONS)}")
        elif not isinstance(names, dict):
            refuse((section,), "must be a mapping (key: value)")
        else:
            target = data.get(section) or {}
            if not isinstance(target, dict):
                continue  # the models say what is wrong with it
            data[section] = target = dict(target)
            for name, value in names.items():
                first = owners.get((section, name))
                if first is not None:
                    line = Positions.of(first).at((section, name), key=True)[0]
                    refuse((section, name), f"stands in {first.file}:{line} already")
                    continue
                target[name] = value
                owners[section, name] = document
    return problems
