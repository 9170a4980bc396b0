"""helm as the client of chart repositories and registries: update an index, list versions, pull a chart.

A user name and password never stand in the arguments: helm reads them from a configuration file of the caller (format:
`repositories.yaml` for a repository, Docker's `config.json` for a registry), which is why a repository is always used by
name, after `helm repo update`, and never by `--repo URL`: with that, helm asks for the index without them
(helm 4.3.1 and 3.22.0, seen). helm's own cache is moved into a folder of the caller; what the user's helm has is
neither read nor changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from platformctl.errors import ToolError
from platformctl.tools.helm import Helm
from platformctl.tools.process import Completed

NAME: Final = "source"  # what a configuration calls the one repository that it has
INDEX: Final = f"{NAME}-index.yaml"  # what helm then calls its index
UPDATE_TIMEOUT_S: Final = 60.0
PULL_TIMEOUT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Workspace:
    """Folders and files of one caller: `scratch` is helm's cache and goes away with it, `indexes` keeps indexes.

    `repositories` is a file made by `repositories_file`; `registry` a Docker configuration, None for the user's own.
    """

    scratch: Path
    indexes: Path
    repositories: Path
    registry: Path | None = None


def repositories_file(
    url: str, *, user: str | None = None, password: str | None = None, ca_file: Path | None = None
) -> dict[str, Any]:
    """The content of a repositories.yaml with one repository called NAME; JSON is YAML too."""
    entry = {"name": NAME, "url": url, "username": user, "password": password}
    entry["caFile"] = str(ca_file) if ca_file else None
    return {"apiVersion": "", "repositories": [{key: value for key, value in entry.items() if value}]}


def update_index(helm: Helm, workspace: Workspace) -> Completed:
    """Fetches the repository's index into `indexes`. With Helm 3 a failure is exit code 0 and no index."""
    return _run(helm, ["repo", "update", *_repository(workspace)], workspace, timeout_s=UPDATE_TIMEOUT_S)


def versions(helm: Helm, name: str, workspace: Workspace) -> tuple[str, ...]:
    """The versions of a chart in the index, newest first. Raises ToolError when helm does not answer."""
    argv = ["search", "repo", "--versions", "--devel", "--output", "json", *_repository(workspace)]
    done = _run(helm, [*argv, "--", f"{NAME}/{name}"], workspace, timeout_s=UPDATE_TIMEOUT_S)
    try:
        found = json.loads(done.text) if done.ok else None
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise ToolError(f"list the versions of chart {name}: {done.last_error()}")
    return tuple(str(row["version"]) for row in found if row.get("name") == f"{NAME}/{name}")


def pull(helm: Helm, name: str, version: str, workspace: Workspace, *, destination: Path) -> Completed:
    """Downloads one chart as .tgz from the repository whose index is there."""
    argv = ["pull", "--version", version, "--destination", str(destination), *_repository(workspace)]
    return _run(helm, [*argv, "--", f"{NAME}/{name}"], workspace, timeout_s=PULL_TIMEOUT_S)


def pull_oci(
    helm: Helm,
    name: str,
    version: str,
    workspace: Workspace,
    *,
    registry: str,
    destination: Path,
    ca_file: Path | None = None,
    plain_http: bool = False,
) -> Completed:
    """Downloads one chart as .tgz from `registry` (oci://host/folder)."""
    argv = ["pull", "--version", version, "--destination", str(destination)]
    argv += ["--registry-config", str(workspace.registry)] if workspace.registry else []
    argv += ["--ca-file", str(ca_file)] if ca_file else []
    argv += ["--plain-http"] if plain_http else []
    reference = f"{registry.rstrip('/')}/{name}"
    return _run(helm, [*argv, "--", reference], workspace, timeout_s=PULL_TIMEOUT_S)


def _repository(workspace: Workspace) -> list[str]:
    return [
        *("--repository-config", str(workspace.repositories)),
        *("--repository-cache", str(workspace.indexes)),
    ]


def _run(helm: Helm, argv: Sequence[str], workspace: Workspace, *, timeout_s: float) -> Completed:
    cache: Mapping[str, str] = {"HELM_CACHE_HOME": str(workspace.scratch)}
    return helm.offline(argv, timeout_s=timeout_s, extra_env=cache)
