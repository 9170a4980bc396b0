"""kubectl as typed verbs: everything that is written without helm, and the few reads that need a process.

Every call names kubeconfig and context; positionals follow `--`, so that no name is taken for a flag. Every verb that
writes takes `dry_run`, which makes it a server dry run: admission and validation happen, nothing is stored.
Source: `kubectl --help` of 1.37.2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from platformctl.errors import ClusterError, ForbiddenError, ToolError, UnreachableError
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.helm import parse_version
from platformctl.tools.process import Command, Completed, Runner

MINIMUM: Final = (1, 28)  # `kubectl proxy --append-server-path`, server-side apply out of beta
FIELD_MANAGER: Final = "platformctl"
READ_TIMEOUT_S: Final = 30.0
WRITE_TIMEOUT_S: Final = 60.0
_LOG_LINE: Final = re.compile(r"[IWEF]\d{4} |Warning: ")
_INSTALL_HINT: Final = (
    "install kubectl (https://kubernetes.io/docs/tasks/tools/), or use  --sandbox, which brings its own"
)


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One kubectl binary. Build it with `find`. Exit codes are answers: look at `ok`, or hand it to `failure`."""

    runner: Runner
    binary: Path
    version: tuple[int, int, int]
    env: Mapping[str, str]
    access: ClusterAccess | None = None

    def on(self, access: ClusterAccess) -> Kubectl:
        """The same kubectl, aimed at a cluster."""
        return replace(self, access=access)

    def apply(
        self, manifest: bytes, *, namespace: str | None, dry_run: bool, force_conflicts: bool = False
    ) -> Completed:
        """Server-side apply of YAML or JSON objects. `namespace` is for those that name none."""
        argv = ["--server-side", f"--field-manager={FIELD_MANAGER}", *_in(namespace), *_dry(dry_run)]
        if force_conflicts:
            argv.append("--force-conflicts")
        return self.run("apply", [*argv, "--filename=-"], stdin=manifest, timeout_s=WRITE_TIMEOUT_S)

    def create(self, manifest: bytes, *, namespace: str | None, dry_run: bool) -> Completed:
        """Creates objects that must not exist yet; the answer is what was made, as JSON."""
        argv = [f"--field-manager={FIELD_MANAGER}", "--output=json", *_in(namespace), *_dry(dry_run)]
        return self.run("create", [*argv, "--filename=-"], stdin=manifest, timeout_s=WRITE_TIMEOUT_S)

    def delete(self, kind: str, name: str, *, namespace: str | None, dry_run: bool) -> Completed:
        """Asks for the removal of one object and what it owns; does not wait for it, and none there is fine.

        A dry run only looks whether it is there: of kubectl's own, an audit log would show a DELETE like any other,
        since `dryRun` then stands in the body.
        """
        argv = ["--ignore-not-found", *_in(namespace)]
        if dry_run:
            return self.run("get", [*argv, "--output=name", "--", kind, name], timeout_s=READ_TIMEOUT_S)
        argv += ["--wait=false", "--cascade=background"]
        return self.run("delete", [*argv, "--", kind, name], timeout_s=WRITE_TIMEOUT_S)

    def label_namespace(self, name: str, labels: Mapping[str, str], *, dry_run: bool) -> Completed:
        """Sets labels of a namespace; those that are not named stay."""
        pairs = [f"{key}={value}" for key, value in sorted(labels.items())]
        argv = ["--overwrite", f"--field-manager={FIELD_MANAGER}", *_dry(dry_run)]
        return self.run("label", [*argv, "--", "namespace", name, *pairs], timeout_s=WRITE_TIMEOUT_S)

    def get_raw(self, path: str, *, timeout_s: float = READ_TIMEOUT_S) -> Completed:
        """GET of an API path. Reads of more than a few things go through `tools.api`."""
        if not path.startswith("/"):
            raise ToolError(f"kubectl get --raw {path}: an API path starts with /")
        return self.run("get", ["--raw", path], timeout_s=timeout_s)

    def logs(
        self, pod: str, *, namespace: str, container: str, tail: int, previous: bool = False
    ) -> Completed:
        argv = [f"--namespace={namespace}", f"--container={container}", f"--tail={tail}"]
        argv += ["--previous"] if previous else []
        return self.run("logs", [*argv, "--", pod], timeout_s=READ_TIMEOUT_S)

    def run(self, verb: str, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float) -> Completed:
        """Any verb, with the cluster filled in."""
        return self.runner.run(self.command(verb, argv, stdin=stdin, timeout_s=timeout_s))

    def command(
        self, verb: str, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float | None = None
    ) -> Command:
        """The command line of a verb, aimed at the cluster."""
        if self.access is None:
            raise ToolError(f"kubectl {verb}: no cluster was chosen")
        target = [f"--kubeconfig={self.access.kubeconfig}", f"--context={self.access.context}"]
        return Command((str(self.binary), verb, *target, *argv), self.env, stdin=stdin, timeout_s=timeout_s)


def manifest(*objects: Mapping[str, Any]) -> bytes:
    """Objects as the JSON that `apply` and `create` take: one after the other, as kubectl reads them."""
    return b"".join(json.dumps(item).encode() + b"\n" for item in objects)


def complaint_lines(done: Completed) -> tuple[str, ...]:
    """Every line of what kubectl says is wrong, without those of its own log and without warnings."""
    return tuple(line for line in done.stderr.splitlines() if line and not _LOG_LINE.match(line))


def complaint(done: Completed) -> str:
    """What kubectl says is wrong: the last error of `complaint_lines`."""
    return replace(done, stderr="\n".join(complaint_lines(done))).last_error()


def failure(done: Completed, doing: str, access: ClusterAccess | None = None) -> ClusterError:
    """What a failed call means, as the error to raise. `doing` says what was tried: "create namespace x"."""
    text = complaint(done)
    first = text.splitlines()[0]
    if done.timed_out:
        return UnreachableError(f"{doing}: no answer in time from {_server(access)}")
    if "(Forbidden)" in first:
        return ForbiddenError(
            f"{doing}: {text}", hint="ask for the permission, or use another user of the kubeconfig"
        )
    if "(Unauthorized)" in first or "getting credentials" in text:
        return ClusterError(
            f"{doing}: {_server(access)} does not accept the credentials: {first}", hint="log in again"
        )
    if "onnect to the server" in first or "connection to the server" in first:
        return UnreachableError(f"{doing}: {first}", hint="is the cluster up? another one:  --context NAME")
    return ClusterError(f"{doing}: {text}")


def find(runner: Runner, binary: Path, env: Mapping[str, str]) -> Kubectl:
    """The kubectl at `binary`, asked for its version. Raises ToolError when it is too old or not kubectl."""
    done = runner.run(Command((str(binary), "version", "--client", "--output=json"), env, timeout_s=20))
    if not done.ok:
        raise ToolError(f"ask {binary} for its version: {done.last_error()}", hint=_INSTALL_HINT)
    try:
        version = parse_version(json.loads(done.text)["clientVersion"]["gitVersion"])
    except (ValueError, KeyError, TypeError):
        version = None
    if version is None:
        raise ToolError(f"ask {binary} for its version: no version in its answer", hint=_INSTALL_HINT)
    if version[:2] < MINIMUM:
        raise ToolError(
            f"kubectl {'.'.join(map(str, version))} at {binary} is too old: {MINIMUM[0]}.{MINIMUM[1]} or later is needed",
            hint=_INSTALL_HINT,
        )
    return Kubectl(runner=runner, binary=binary, version=version, env=env)


def _in(namespace: str | None) -> list[str]:
    return [f"--namespace={namespace}"] if namespace else []


def _dry(dry_run: bool) -> list[str]:
    return ["--dry-run=server"] if dry_run else []


def _server(access: ClusterAccess | None) -> str:
    return access.server or f"context {access.context}" if access else "the API server"
