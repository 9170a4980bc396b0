"""Catalogs of other platforms, to prove that nothing about the one that ships with the project is in the code.

`other` has environments dev and live, one chart repository, includes, and no Argo CD. Its chart `queue` (packages/queue)
is meant to be packaged and served by the test; PLACEHOLDER stands for the address of that repository.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

OTHER: Final = Path(__file__).parent / "other"
PLACEHOLDER: Final = "https://charts.invalid"


def copy_of_other(into: Path, repository: str = PLACEHOLDER) -> Path:
    """Copies the other platform to `into` (outside of any Git repository, which would become its root) and returns its
    catalog, with `repository` as the address of its charts."""
    shutil.copytree(OTHER, into, dirs_exist_ok=True)
    catalog = into / "environments" / "platform.yaml"
    catalog.write_text(catalog.read_text().replace(PLACEHOLDER, repository))
    return catalog
