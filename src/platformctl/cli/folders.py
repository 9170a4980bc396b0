"""Where platformctl keeps things on this machine: XDG folders, ours alone (0700)."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Charts, renders, tool versions: may be deleted at any time."""
    return Path(platformdirs.user_cache_dir("platformctl"))


def state_folder() -> Path:
    """Runs and their logs."""
    return Path(platformdirs.user_state_dir("platformctl"))


def private(folder: Path) -> Path:
    """The folder itself, made when missing, 0700."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
