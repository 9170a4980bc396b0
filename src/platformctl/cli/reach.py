"""From options and environment to helm, kubectl and a cluster in reach (or, for a dry run, to none)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from platformctl.catalog.desired import Catalog, Scope
from platformctl.cli.folders import cache_folder
from platformctl.errors import ClusterError, ToolError, UsageError
from platformctl.sandbox import api
from platformctl.session import Cluster
from platformctl.tools import helm as helm_tool
from platformctl.tools import kubectl as kubectl_tool
from platformctl.tools.api import Api
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.helm import Helm
from platformctl.tools.kubeconfig import find_sources, freeze
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.process import Runner, child_environment

PROBE_TIMEOUT_S: Final = 5.0  # a cluster that was only found by default has this long to answer a dry run
Tool = TypeVar("Tool")


class ToolBox(Protocol):
    """Binaries that we built ourselves."""

    @property
    def helm(self) -> Path: ...
    @property
    def kubectl(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Reach:
    """What finding a cluster works with. `folder` is private to this command."""

    runner: Runner
    environ: Mapping[str, str]
    stack: ExitStack
    folder: Path
    warn: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    helm: Helm
    cluster: Cluster | None


def tool_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """For helm and kubectl: the allow-list, with helm's folders in our own cache instead of the user's."""
    folder = cache_folder() / "helm"
    homes = {f"HELM_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    return child_environment(environ, homes)


def open_helm(reach: Reach, box: ToolBox | None, *, own_first: bool = False) -> Helm:
    """PLATFORMCTL_HELM, else helm on PATH when it is new enough, else our own (on the sandbox: our own first)."""
    env = tool_environment(reach.environ)
    candidates = _candidates(reach, "helm", box.helm if box else None, own_first=own_first)
    return _first("helm", candidates, lambda binary: helm_tool.find(reach.runner, binary, env))


def open_kubectl(reach: Reach, box: ToolBox | None, *, own_first: bool = False) -> Kubectl:
    """PLATFORMCTL_KUBECTL, else kubectl as `open_helm` finds helm."""
    env = tool_environment(reach.environ)
    candidates = _candidates(reach, "kubectl", box.kubectl if box else None, own_first=own_first)
    return _first("kubectl", candidates, lambda binary: kubectl_tool.find(reach.runner, binary, env))


def _candidates(reach: Reach, name: str, own: Path | None, *, own_first: bool) -> list[Path]:
    variable = f"PLATFORMCTL_{name.upper()}"
    if named := reach.environ.get(variable):
        program = shutil.which(Path(named).expanduser(), path=reach.environ.get("PATH"))
        if program is None:
            raise ToolError(
                f"find {name}: {variable}={named} is no program", hint=f"correct or unset {variable}"
            )
        return [Path(program).absolute()]
    on_path = shutil.which(name, path=reach.environ.get("PATH"))
    found = [binary for binary in (Path(on_path) if on_path else None, own) if binary is not None]
    return found[::-1] if own_first else found


def _first(name: str, candidates: Sequence[Path], find: Callable[[Path], Tool]) -> Tool:
    """The first candidate that is good; else the first one's error, which is the user's own."""
    errors: list[ToolError] = []
    for binary in candidates:
        try:
            return find(binary)
        except ToolError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    raise ToolError(
        f"find {name}: it is not on PATH",
        hint=f"install {name}, or build our own once with  platformctl sandbox build",
    )


def offline(reach: Reach, box: ToolBox | None) -> Found:
    """Without any cluster: helm alone."""
    return Found(open_helm(reach, box), None)


def reach_sandbox(reach: Reach, catalog: Catalog, progress: Callable[[str], None]) -> Found:
    """The running sandbox, else one that ends with this command; with the Secrets that the catalog requires, made up."""
    sandbox = reach.stack.enter_context(
        api.attach_or_start(reach.runner, reach.environ, on_progress=progress)
    )
    made = api.seed_secrets(sandbox, secrets_of(catalog))
    if made:
        progress(
            f"the sandbox has random values for {len(made)} required Secrets (see: platformctl sandbox status)"
        )
    access = ClusterAccess(sandbox.kubeconfig, sandbox.context, sandbox.server)
    helm = open_helm(reach, sandbox.assets, own_first=True)
    kubectl = open_kubectl(reach, sandbox.assets, own_first=True)
    return Found(helm.on(access), open_cluster(reach, kubectl, access))


def secrets_of(catalog: Catalog) -> tuple[api.SecretWanted, ...]:
    """Every Secret that a release of the catalog requires, in the release's namespace."""
    return tuple(
        api.SecretWanted(release.namespace.name, secret.name, tuple(secret.keys), secret.type)
        for scope in catalog.scopes.values()
        for release in scope.releases
        for secret in release.requires.secrets
    )


def reach_cluster(
    reach: Reach,
    box: ToolBox | None,
    *,
    kubeconfig: Path | None,
    context: str | None,
    scopes: Sequence[Scope],
    may_be_offline: bool,
) -> Found:
    """The cluster that options, catalog and kubeconfig name.

    `may_be_offline`: a cluster that nobody named and that is not there is a warning, not an error; one that was named
    by an option or a variable must answer. Raises ClusterError.
    """
    sources = find_sources(kubeconfig, reach.environ)
    named = sources.named or context is not None
    if may_be_offline and not sources.files and not named:
        return offline(reach, box)
    helm = open_helm(reach, box)
    try:
        kubectl = open_kubectl(reach, box)
        access = freeze(kubectl, sources, context or _context_of(scopes), reach.folder)
        return Found(helm.on(access), open_cluster(reach, kubectl, access))
    except ClusterError as error:
        if not may_be_offline or named or isinstance(error, ToolError):
            raise
        reach.warn(f"going on offline: {error.message}")
        return Found(helm, None)


def open_cluster(reach: Reach, kubectl: Kubectl, access: ClusterAccess) -> Cluster:
    """A cluster whose access is known. Raises UnreachableError when it does not answer."""
    kubectl = kubectl.on(access)
    reader = reach.stack.enter_context(Api(kubectl, connect_timeout_s=PROBE_TIMEOUT_S))
    reader.get("/version")
    if reader.note:
        reach.warn(reader.note)
    return Cluster(access=access, kubectl=kubectl, api=reader)


def _context_of(scopes: Sequence[Scope]) -> str | None:
    """The context that the catalog gives to these scopes. Raises UsageError when they live on several clusters."""
    contexts = {
        scope.cluster.context for scope in scopes if scope.cluster is not None and scope.cluster.context
    }
    if len(contexts) > 1:
        raise UsageError(
            f"choose a cluster: {', '.join(scope.name for scope in scopes)} live on {', '.join(sorted(contexts))}",
            hint="one of them at a time, or  --context NAME",
        )
    return next(iter(contexts), None)
