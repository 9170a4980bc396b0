"""The files of a chart folder that are part of the chart, without those of the charts that it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from platformctl.charts import ignore
from platformctl.errors import ChartError, LocalError

_OTHER_VALUES: Final = re.compile(r"values[-_.][^/]*\.ya?ml")
# A use of .Files that may mean a values file: anything but a literal path that starts otherwise.
_READS_VALUES: Final = re.compile(rb"\.Files\b(?!\.(?:Get|GetBytes|Lines|Glob)\s+\"(?!values|\*))")


def own_files(folder: Path, root: Path) -> dict[str, bytes]:
    """Path in the chart → content. Without what .helmignore names, and without values files beside values.yaml
    (`values-stg.yaml`): helm gets those that a release names by themselves, and production must not look changed because
    staging is. A template that reads such a file by `.Files` keeps them in."""
    try:
        ignore_file = folder / ignore.FILE_NAME
        rules = ignore.rules_of(ignore_file.read_text("utf-8") if ignore_file.is_file() else "")
        files = dict(_below(folder, folder, root, rules))
    except ValueError as error:
        raise ChartError(f"chart {shown(folder, root)}: {ignore.FILE_NAME}: {error}") from error
    except OSError as error:
        raise LocalError(f"read chart {shown(folder, root)}: {error.filename}: {error.strerror}") from error
    templates = (text for path, text in files.items() if path.startswith("templates/"))
    if not any(_READS_VALUES.search(text) for text in templates):
        files = {path: text for path, text in files.items() if not _OTHER_VALUES.fullmatch(path)}
    return files


def shown(folder: Path, root: Path) -> str:
    """A folder for people: relative to the repository where it lies in it."""
    return str(folder.relative_to(root)) if folder.is_relative_to(root) else str(folder)


def _below(
    folder: Path, top: Path, root: Path, rules: tuple[ignore.Rule, ...]
) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir()):
        path = entry.relative_to(top).as_posix()
        if path == ignore.FILE_NAME or ignore.ignored(path, rules, is_folder=entry.is_dir()):
            continue
        if entry.is_symlink() and (entry.is_dir() or not entry.resolve().is_relative_to(root)):
            raise ChartError(
                f"chart {shown(top, root)}: {path} is a symbolic link to a folder, or out of the repository",
                hint="put the files themselves there",
            )
        if entry.is_dir():
            yield from _below(entry, top, root, rules)
        elif entry.is_file():
            yield path, entry.read_bytes()
