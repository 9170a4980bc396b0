"""charts.lock: which bytes a chart of a source has. (source, name, version) → sha256, or null: not pinned yet.

    # comments at the top are kept
    charts:
      - source: https://charts.jetstack.io
        name: cert-manager
        version: v1.21.1
        sha256: "0000000000000000000000000000000000000000000000000000000000000000"

The one of the repository is `environments/charts.lock`. A mirror folder is a source of its own, called "mirror", and has
its own charts.lock beside its charts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from platformctl.charts.files import write_atomically
from platformctl.charts.models import Parse
from platformctl.errors import ChartError, LocalError

FILE_NAME: Final = "charts.lock"
MIRROR: Final = "mirror"  # the source of what lies beside a mirror's own lock
HEADER: Final = "# Which bytes each chart has. Written by:  platformctl charts pin\n"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_FIELDS: Final = ("source", "name", "version", "sha256")
# What every YAML reader takes for text without quotes: an address, a version with two dots, a name.
_PLAIN: Final = re.compile(
    r"[a-z]+://[\w./:@~+-]*[\w/]|v?\d+\.\d+\.\d+([-+][\w.+-]*)?|(?!true$|false$|null$)[a-z][-a-z0-9]{3,}"
)


class LockKey(NamedTuple):
    """What a digest belongs to."""

    name: str
    version: str
    source: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} from {self.source}"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file's entries. `file` need not exist; `header` are the comment lines at its top."""

    file: Path
    entries: Mapping[LockKey, str | None] = field(default_factory=dict)
    header: str = HEADER

    def digest(self, key: LockKey) -> str | None:
        """The digest that is pinned; None when there is none, be it null or no entry at all."""
        return self.entries.get(key)

    def with_entries(self, entries: Mapping[LockKey, str | None]) -> Lock:
        return replace(self, entries={**self.entries, **entries})

    def text(self) -> str:
        """The file's text: entries by name, version, source."""
        rows = "".join(_row(key, digest) for key, digest in sorted(self.entries.items()))
        return f"{self.header}charts:\n{rows}" if rows else f"{self.header}charts: []\n"

    def write(self) -> bool:
        """Writes the file; False when it says the same already."""
        text = self.text()
        try:
            if self.file.is_file() and self.file.read_text("utf-8") == text:
                return False
            write_atomically(self.file, text.encode(), mode=0o644)
        except OSError as error:
            raise LocalError(f"write {self.file}: {error.strerror}") from error
        return True


def load(file: Path, parse: Parse) -> Lock:
    """Reads a lock; one that is not there is an empty one. Raises ChartError naming entry and field."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return Lock(file)
    except OSError as error:
        raise LocalError(f"read {file}: {error.strerror}") from error
    data = parse(content, str(file))
    rows = data.get("charts") if isinstance(data, dict) and set(data) <= {"charts"} else None
    if data is not None and not isinstance(rows, list):
        raise ChartError(f"{file}: a list under `charts`, and nothing else, is expected")
    entries: dict[LockKey, str | None] = {}
    for number, row in enumerate(rows or []):
        key, digest = _entry(row, f"{file}: charts[{number}]")
        if key in entries:
            raise ChartError(f"{file}: charts[{number}]: {key} stands twice")
        entries[key] = digest
    header = re.match(r"(?:[ \t]*(?:#.*)?\n)*", content.decode("utf-8"))
    return Lock(file, entries, header[0] if header else "")


def _entry(row: Any, place: str) -> tuple[LockKey, str | None]:
    if not isinstance(row, dict) or set(row) != set(_FIELDS):
        raise ChartError(f"{place}: exactly {', '.join(_FIELDS)} are expected")
    source, name, version, digest = (row[name] for name in _FIELDS)
    for label, value in (("source", source), ("name", name), ("version", version)):
        if not isinstance(value, str) or not value.strip():
            raise ChartError(f"{place}.{label}: text is expected; quote it")
    if digest is not None and not (isinstance(digest, str) and _SHA256.fullmatch(digest)):
        raise ChartError(
            f"{place}.sha256: 64 hex digits in lower case, or null, are expected",
            hint="set it to null, then  platformctl charts pin",
        )
    return LockKey(name, version, source.rstrip("/")), digest


def _row(key: LockKey, digest: str | None) -> str:
    # A digest is always quoted: one of digits with a single `e` would read as a number.
    lines = {
        "source": _scalar(key.source),
        "name": _scalar(key.name),
        "version": _scalar(key.version),
        "sha256": f'"{digest}"' if digest else "null",
    }
    return "  - " + "\n    ".join(f"{name}: {value}" for name, value in lines.items()) + "\n"


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
