"""helm as typed verbs. The flag differences between Helm 3 and Helm 4 live here and nowhere else.

Sources: helm 4.3.1 and 3.22.0 `--help`, and the behaviour measured against a real API server (docs of this repository).
Every call names kubeconfig, context and namespace; positionals follow `--`, so that no name is taken for a flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from platformctl.errors import RenderError, ToolError
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.process import Command, Completed, Process, Runner

MINIMUM: Final = (3, 18)
# helm itself refuses names over 53 characters; the leading character keeps names from reading as flags.
RELEASE_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?")
READ_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """What helm is asked to install: a local chart, values files (lowest precedence first), and parameters."""

    name: str
    namespace: str
    chart: Path
    values: tuple[Path, ...]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Helm:
    """One helm binary. Build it with `find`."""

    runner: Runner
    binary: Path
    version: tuple[int, int, int]
    env: Mapping[str, str]
    access: ClusterAccess | None = None

    @property
    def major(self) -> int:
        return self.version[0]

    def on(self, access: ClusterAccess) -> Helm:
        """The same helm, aimed at a cluster."""
        return replace(self, access=access)

    def template(
        self,
        release: HelmRelease,
        *,
        kube_version: str | None,
        api_versions: Sequence[str],
        is_upgrade: bool,
    ) -> str:
        """The manifests of a release with hooks, as one YAML text. Never contacts a cluster. Raises RenderError."""
        argv = ["template", "--namespace", release.namespace, *_inputs(release)]
        if kube_version:
            argv += ["--kube-version", kube_version]
        for version in api_versions:
            argv += ["--api-versions", version]
        if is_upgrade:
            argv.append("--is-upgrade")
        done = self.offline([*argv, "--", release.name, str(release.chart)], timeout_s=READ_TIMEOUT_S)
        if not done.ok:
            raise RenderError(
                f"render release {release.name} from chart {release.chart.name}: {_without_advice(done.last_error())}",
                hint="mend the chart or its values, then  platformctl --dry-run",
            )
        return done.text

    def lint(self, release: HelmRelease, *, strict: bool) -> Completed:
        """helm lint with the release's own values."""
        argv = [
            "lint",
            "--namespace",
            release.namespace,
            *_inputs(release),
            *(["--strict"] if strict else []),
        ]
        return self.offline([*argv, "--", str(release.chart)], timeout_s=READ_TIMEOUT_S)

    def upgrade(
        self,
        release: HelmRelease,
        *,
        labels: Mapping[str, str],
        description: str,
        history_max: int,
        wait_timeout_s: float | None,
        timeout_s: float,
        force_conflicts: bool = False,
        started: Callable[[Process], None] | None = None,
    ) -> Completed:
        """`helm upgrade --install`. Without `wait_timeout_s` helm only applies (and runs hooks).

        `--reset-values` always: with empty values helm would take the old ones. The exit code is not the truth:
        read the record afterwards.
        """
        argv = ["upgrade", "--install", "--reset-values", "--namespace", release.namespace, *_inputs(release)]
        argv += ["--history-max", str(history_max), "--timeout", f"{int(timeout_s)}s"]
        argv += [
            "--description",
            description[:256],
            "--labels",
            ",".join(f"{k}={v}" for k, v in labels.items()),
        ]
        argv += self._wait(wait_timeout_s)
        if force_conflicts and self.major >= 4:
            argv.append("--force-conflicts")
        return self._write(
            [*argv, "--", release.name, str(release.chart)], timeout_s=timeout_s + 60, started=started
        )

    def rollback(
        self,
        name: str,
        namespace: str,
        revision: int,
        *,
        history_max: int,
        description: str,
        timeout_s: float,
        started: Callable[[Process], None] | None = None,
    ) -> Completed:
        """`helm rollback NAME REVISION`, never without the revision: 0 means "one before", good or not."""
        if revision < 1:
            raise ToolError(f"roll back {name}: revision {revision} does not exist")
        argv = [
            "rollback",
            "--namespace",
            namespace,
            "--history-max",
            str(history_max),
            "--timeout",
            f"{int(timeout_s)}s",
        ]
        if self.major >= 4:
            argv += ["--description", description[:256]]
        argv += self._wait(None)
        return self._write([*argv, "--", name, str(revision)], timeout_s=timeout_s + 60, started=started)

    def uninstall(self, name: str, namespace: str, *, description: str, timeout_s: float) -> Completed:
        argv = [
            "uninstall",
            "--namespace",
            namespace,
            "--timeout",
            f"{int(timeout_s)}s",
            "--description",
            description,
        ]
        return self._write([*argv, "--", name], timeout_s=timeout_s + 60)

    def test(self, name: str, namespace: str, *, timeout_s: float) -> Completed:
        argv = ["test", "--namespace", namespace, "--timeout", f"{int(timeout_s)}s", "--", name]
        return self._write(argv, timeout_s=timeout_s + 30)

    def _wait(self, timeout_s: float | None) -> list[str]:
        if self.major >= 4:
            return ["--wait=hookOnly" if timeout_s is None else "--wait=watcher"]
        return [] if timeout_s is None else ["--wait"]

    def _write(
        self, argv: Sequence[str], *, timeout_s: float, started: Callable[[Process], None] | None = None
    ) -> Completed:
        if self.access is None:
            raise ToolError(f"helm {argv[0]}: no cluster was chosen")
        target = ["--kubeconfig", str(self.access.kubeconfig), "--kube-context", self.access.context]
        whole = (str(self.binary), argv[0], *target, *argv[1:])
        command = Command(whole, self.env, timeout_s=timeout_s, outlives_us=True)
        return self.runner.run(command, started=started)

    def offline(
        self, argv: Sequence[str], *, timeout_s: float, extra_env: Mapping[str, str] | None = None
    ) -> Completed:
        """Without a cluster: a kubeconfig that does not exist keeps helm from finding one by itself."""
        env = {**self.env, **(extra_env or {}), "KUBECONFIG": "/dev/null"}
        return self.runner.run(Command((str(self.binary), *argv), env, timeout_s=timeout_s))


def _inputs(release: HelmRelease) -> list[str]:
    if not RELEASE_NAME.fullmatch(release.name):
        raise RenderError(
            f"release name {release.name!r}: not a Helm release name",
            hint="use lower case letters, digits and -",
        )
    argv: list[str] = []
    for file in release.values:
        argv += ["--values", str(file)]
    for key, value in release.parameters.items():
        argv += ["--set", f"{key}={_escaped(value)}"]
    return argv


def _without_advice(error: str) -> str:
    """helm ends an error of a template with `Use --debug flag to render out invalid YAML`, which ours do not have."""
    return error.partition("\n\nUse --debug")[0]


def _escaped(value: str) -> str:
    """A value for `--set`, as Argo CD gives its parameters to helm: a comma is text, except in a list like {a,b}."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def parse_version(text: str) -> tuple[int, int, int] | None:
    """`v4.3.1+g1234`, `v4.3` (a binary that was built without stamping) → (4, 3, 1), (4, 3, 0)."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text.strip())
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def find(runner: Runner, binary: Path, env: Mapping[str, str]) -> Helm:
    """The helm at `binary`, asked for its version. Raises ToolError when it is too old or not helm."""
    done = runner.run(Command((str(binary), "version", "--template", "{{.Version}}"), env, timeout_s=20))
    version = parse_version(done.text) if done.ok else None
    if version is None:
        raise ToolError(
            f"ask {binary} for its version: {done.last_error() if not done.ok else 'no version in its answer'}",
            hint="install helm 4 (https://helm.sh/docs/intro/install), or use  --sandbox, which brings its own",
        )
    if version[:2] < MINIMUM:
        raise ToolError(
            f"helm {'.'.join(map(str, version))} at {binary} is too old: {MINIMUM[0]}.{MINIMUM[1]} or later is needed",
            hint="install helm 4 (https://helm.sh/docs/intro/install)",
        )
    return Helm(runner=runner, binary=binary, version=version, env=env)
