"""Settings files: what a project or a user always wants of the global options.

    .platformctl.yaml in the working folder or above it     for everybody who works in the repository
    config.yaml in the user's configuration folder          for one user

Keys are the long names of the global options. A flag wins over a variable, a variable over the project's file, and
that over the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import platformdirs

from platformctl.catalog import yaml
from platformctl.cli.options import Globals, option_types
from platformctl.errors import CatalogError, Problem, suggestion

PROJECT_FILE: Final = ".platformctl.yaml"


def from_files(cwd: Path) -> Globals:
    """What the settings files say. Raises CatalogError for a file that says something else."""
    project = next(
        (file for folder in (cwd, *cwd.parents) if (file := folder / PROJECT_FILE).is_file()), None
    )
    user = Path(platformdirs.user_config_dir("platformctl")) / "config.yaml"
    found = [_read(file) for file in (project, user) if file is not None and file.is_file()]
    merged = Globals()
    for settings in found:
        merged = merged.over(settings)
    return merged


def _read(file: Path) -> Globals:
    data = yaml.read(file, file.name).checked()
    if data is None:
        return Globals()
    if not isinstance(data, Mapping):
        raise CatalogError([Problem(file.name, 1, 1, "", "settings are `name: value` lines")])
    types = option_types()
    problems = [
        problem for key, value in data.items() if (problem := _problem(file.name, str(key), value, types))
    ]
    if problems:
        raise CatalogError(problems)
    return Globals(**{str(key).replace("-", "_"): value for key, value in data.items()})


def _problem(file: str, key: str, value: Any, types: Mapping[str, type]) -> Problem | None:
    wanted = types.get(key.replace("-", "_"))
    if wanted is None:
        known = [name.replace("_", "-") for name in types]
        return Problem(file, 0, 0, key, f"no option has this name{suggestion(key, known)}")
    if type(value) is not wanted:
        names = {str: "a text", bool: "true or false", int: "a whole number"}
        return Problem(file, 0, 0, key, f"must be {names[wanted]}")
    return None
