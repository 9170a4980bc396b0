"""Where a child process finds its cluster: always all three, never from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """A kubeconfig of ours and a context in it. The file is a private copy for the run; `server` is for messages."""

    kubeconfig: Path
    context: str
    server: str = ""
