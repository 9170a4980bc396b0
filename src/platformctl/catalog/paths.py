"""Paths of the catalog as files on disk. None may lead out of the repository, symbolic links included."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from platformctl.errors import suggestion

CATALOG_FILE: Final = Path("environments/platform.yaml")


def repository_root(file: Path) -> Path:
    """The folder with `.git` above the catalog; else the parent of its folder `environments`; else its folder."""
    folder = file.resolve().parent
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    return folder.parent if folder.name == CATALOG_FILE.parent.name else folder


def shown(path: Path, root: Path) -> str:
    """A path as messages name it: from the root of the repository."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def file_at(root: Path, folder: Path | None, text: str) -> Path:
    """The file that `text` names: from `root` with a leading slash, else from `folder` (None: there is no such folder).

    Raises ValueError with what is wrong.
    """
    path = _inside(root, folder, text)
    if not path.is_file():
        raise ValueError(_what_is_there(path, root, "file"))
    return path


def chart_folder_at(root: Path, text: str) -> Path:
    """The chart folder that `text` names. Raises ValueError with what is wrong."""
    path = _inside(root, None, text)
    if not path.is_dir():
        raise ValueError(_what_is_there(path, root, "folder"))
    if not (path / "Chart.yaml").is_file():
        raise ValueError(f"{shown(path, root)} is no chart: there is no Chart.yaml in it")
    return path


def _inside(root: Path, folder: Path | None, text: str) -> Path:
    if "://" in text:
        raise ValueError("is an address; only files of this repository can be named")
    if text.startswith("/"):
        path = root / text.lstrip("/")
    elif folder is not None:
        path = folder / text
    else:
        raise ValueError('has no chart folder to start from; start it with "/", the root of the repository')
    try:
        leads_nowhere = path.is_symlink() and not path.exists()
        resolved = path.resolve()
    except (OSError, RuntimeError):  # a ring of links; newer Pythons do not raise
        leads_nowhere, resolved = True, path
    if leads_nowhere:
        raise ValueError("is a symbolic link that leads nowhere")
    if not resolved.is_relative_to(root):
        raise ValueError("leads out of the repository")
    return resolved


def _what_is_there(path: Path, root: Path, wanted: str) -> str:
    if path.exists():
        return f"{shown(path, root)} is no {wanted}"
    there = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    names = [entry.name for entry in there if entry.exists()]
    return f"there is no {wanted} {shown(path, root)}{suggestion(path.name, names)}"
