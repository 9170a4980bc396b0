"""Both sides on one control plane: a wrapper for each tool that notes its calls, and what is in the cluster at the end."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from platformctl.sandbox import api
from platformctl.sandbox.client import Client
from tests.e2e.conftest import Cli, Ran, written_by_us
from tests.e2e.shop import ended, plain, terminal
from tests.legacy.old import REPOSITORY, OldRan, old_scripts
from tests.legacy.recorded import TOOLS, Call, Recording

WEB: Final = {"stg": "plate-web-stg", "prod": "plate-web-prod"}
QUESTION: Final = "Type prod to go on: "
Live = dict[str, dict[str, Any]]
_KINDS: Final = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
}
# Who wrote it and how often: differs between any two deploys of the same thing.
_PASSING: Final = (
    "meta.helm.sh/release-name",
    "meta.helm.sh/release-namespace",
    "deployment.kubernetes.io/revision",
)


@dataclass(frozen=True, slots=True)
class Box:
    """One sandbox. `cli` is platformctl on it, in a copy of the repository's files, with recorded tools."""

    cli: Cli
    audit: Path
    recording: Recording
    client: Client
    kubeconfig: Path
    assets: Path

    def writes(self) -> list[str]:
        return written_by_us(self.audit)

    def real(self, tool: str, *argv: str) -> None:
        """helm or kubectl, not recorded, for arranging."""
        env = {"HOME": self.cli.env["HOME"], "PATH": "/usr/bin:/bin", "KUBECONFIG": str(self.kubeconfig)}
        subprocess.run([self.assets / tool, *argv], env=env, check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class OldEnd:
    """What the old scripts did on the sandbox: their runs and, by environment, what they left there."""

    runs: Mapping[str, OldRan]
    live: Mapping[str, Live]
    root: Path


@dataclass(frozen=True, slots=True)
class NewRan:
    """One command of ours: exit code, what it showed, calls in order, what it wrote, names of phases by scope."""

    code: int
    shown: str
    calls: list[Call]
    writes: list[str]
    events: list[dict[str, Any]]

    def phases(self, scope: str) -> list[str]:
        return [e["phase"] for e in self.events if e["event"] == "phase-started" and e["scope"] == scope]

    def steps(self, scope: str) -> list[str]:
        """Ids of the steps, in the order in which they ended well or were left out."""
        return [e["step"] for e in self.events if e["event"] == "step-finished" and e["scope"] == scope]


@contextmanager
def open_box(cli: Cli, audit: Path, folder: Path) -> Iterator[Box]:
    """On the sandbox that `cli` is aimed at."""
    sandbox = api.attach(cli.env)
    assert sandbox is not None
    recording = Recording(folder / "calls")
    tools = {
        f"PLATFORMCTL_{name.upper()}": str(
            _wrapper(folder / name, recording.file, sandbox.assets.helm.parent)
        )
        for name in ("helm", "kubectl")
    }
    cli = cli.at(_copy(folder / "repository")).having(**tools, PLATFORMCTL_PARALLEL="2")
    client = Client.of(sandbox.kubeconfig)
    yield Box(cli, audit, recording, client, sandbox.kubeconfig, sandbox.assets.helm.parent)
    client.close()


def old_on(box: Box, folder: Path) -> OldEnd:
    """deploy-stg.sh and deploy-prod.sh for real; afterwards their releases and labels are removed again."""
    old = old_scripts(folder).on(box.kubeconfig, box.assets)
    box.real("helm", "dependency", "build", str(folder / "helm/applications/plate-web"))
    runs = {"stg": old("deploy-stg.sh"), "prod": old("deploy-prod.sh", answers=("yes", "y"))}
    for ran in runs.values():
        assert ran.code == 0, ran.said
    end = {env: live(box.client, env) for env in WEB}
    assert old("deploy-stg.sh", "delete").code == 0
    box.real("helm", "uninstall", WEB["prod"], "--namespace=plate-prod")
    box.real("kubectl", "label", "namespace", "plate-stg", "plate-prod", "environment-")
    return OldEnd(runs, end, folder)


def new_on(box: Box, *argv: str, answer: str | None = None) -> NewRan:
    """One command of ours. With `answer` on a terminal, where somebody types it after the first question."""
    box.recording.take()
    before, runs_before = box.writes(), set(_runs(box))
    if answer is None:
        ran = box.cli(*argv)
    else:
        child = terminal(box.cli, *argv)
        child.expect_exact(QUESTION, timeout=60)
        child.sendline(answer)
        asked = plain(f"{child.before}{child.after}")
        code, shown = ended(child, timeout_s=240)
        ran = Ran(code, asked + plain(shown), "")
    events = [
        json.loads(line)
        for folder in sorted(set(_runs(box)) - runs_before)
        for line in (folder / "events.jsonl").read_text().splitlines()
    ]
    return NewRan(ran.code, ran.out + ran.err, box.recording.take(), box.writes()[len(before) :], events)


def live(client: Client, environment: str) -> Live:
    """`Kind/name` → what the release of plate-web made of it, without what every deploy changes."""
    return {
        f"{kind}/{item['metadata']['name']}": _lasting(item)
        for kind, item in _items(client, environment)
        if item["metadata"].get("labels", {}).get("app.kubernetes.io/instance") == WEB[environment]
    }


def _items(client: Client, environment: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, path in _KINDS.items():
        for item in (client.get(path.format(f"plate-{environment}")) or {})["items"]:
            yield kind, item


def _lasting(item: dict[str, Any]) -> dict[str, Any]:
    """Labels, lasting annotations, spec and data. An autoscaler may have set the replicas, the server the addresses."""
    annotations = item["metadata"].get("annotations", {})
    spec = {
        key: value
        for key, value in item.get("spec", {}).items()
        if key not in ("replicas", "clusterIP", "clusterIPs")
    }
    return {
        "labels": item["metadata"]["labels"],
        "annotations": {key: value for key, value in annotations.items() if key not in _PASSING},
        "spec": spec,
        "data": item.get("data"),
    }


def _wrapper(file: Path, recording: Path, real: Path) -> Path:
    """A tool at a path: platformctl hands on only variables that it knows, so they are written into the file."""
    file.write_text(
        f"#!/usr/bin/env bash\nexport RECORDING='{recording}' RECORDING_REAL='{real}'\nexec '{TOOLS / file.name}' \"$@\"\n"
    )
    file.chmod(0o755)
    return file


def _copy(root: Path) -> Path:
    """The platform's own files, with a short stability window: the length is not what is compared."""
    for folder in ("environments", "helm"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    (root / ".git").mkdir()  # marks the root; not a repository
    catalog = root / "environments" / "platform.yaml"
    text = catalog.read_text()
    assert "stableFor: 10s" in text
    catalog.write_text(text.replace("stableFor: 10s", "stableFor: 1s"))
    return root


def _runs(box: Box) -> list[Path]:
    return list((Path(box.cli.env["HOME"]) / ".local/state/platformctl/runs").glob("*"))
