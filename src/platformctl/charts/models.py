"""Values of the charts stage. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

# The content of a YAML file and the name that messages give it → its data. Strict, and handed in: the one YAML loader
# belongs to the catalog. Raises CatalogError.
Parse = Callable[[bytes, str], Any]


class Match(StrEnum):
    """How a chart mirror is asked for a version."""

    EXACT = "exact"
    NEAREST = "nearest"  # sandbox only: the closest version that there is


@dataclass(frozen=True, slots=True)
class ChartAt:
    """A chart on disk, ready for helm: verified, its dependencies in place.

    `path` is a folder or a .tgz in our cache, which nobody edits. `digest` is sha256, 64 hex digits: of the bytes of a
    .tgz, of the content of a folder (charts.local says how). `source` says where it came from, for people. `pinned` is
    False when no lock vouches for the digest.
    """

    name: str
    version: str
    path: Path
    digest: str
    source: str
    pinned: bool = True
    note: str | None = None  # e.g. "nearest: asked for 0.16.1"
