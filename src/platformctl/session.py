"""The collaborators of a command, bundled once by the command line and passed on. No behaviour of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from platformctl.tools.api import Api
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.helm import Helm
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.process import Runner


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster in reach: how to address it, how to read it, and kubectl for the rest."""

    access: ClusterAccess
    kubectl: Kubectl
    api: Api


@dataclass(frozen=True, slots=True)
class Session:
    """`cluster` is None when a command works offline. `cache` and `runs` are private folders (0700); `parallel` is how
    many releases may be worked on at a time. `is_sandbox` judges the token of a cluster's sandbox marker."""

    runner: Runner
    environ: Mapping[str, str]
    helm: Helm
    cluster: Cluster | None
    sandbox: bool
    is_sandbox: Callable[[str], bool]
    cache: Path
    runs: Path
    parallel: int
