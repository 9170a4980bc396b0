"""Objects of a release as `await_ready` takes them, and small bodies for played pods."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from platformctl.render.models import KubeObject, ObjectId
from platformctl.run.executor import Performed
from platformctl.run.watch import await_ready
from platformctl.tools.api import Api
from platformctl.tools.kubectl import Kubectl, manifest

PLAY = "platformctl.dev/play"
PLAY_AFTER = "platformctl.dev/play-after"


def kube_object(body: dict[str, Any], namespace: str) -> KubeObject:
    group = body["apiVersion"].rpartition("/")[0]
    name = body["metadata"]["name"]
    where = body["metadata"].get("namespace", namespace)
    return KubeObject(ObjectId(group, body["kind"], where, name), body["apiVersion"], body)


def pod_template(play: str | None = None, after: str | None = None, **spec: Any) -> dict[str, Any]:
    annotations = {key: value for key, value in ((PLAY, play), (PLAY_AFTER, after)) if value}
    return {
        "metadata": {"labels": {"app": "played"}, "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "nginx:1.27"}], **spec},
    }


def workload(kind: str, name: str, template: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Deployment, StatefulSet, DaemonSet or Job with this template."""
    body: dict[str, Any] = {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }
    if kind != "Job":
        labels = {"app": name}
        body["spec"]["selector"] = {"matchLabels": labels}
        body["spec"]["template"] = {**template, "metadata": {**template["metadata"], "labels": labels}}
    return body


@dataclass(slots=True)
class Waiting:
    """Applies objects and waits for them, as a release would."""

    api: Api
    kubectl: Kubectl
    namespace: str
    said: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def apply(self, *bodies: dict[str, Any]) -> None:
        done = self.kubectl.apply(
            manifest(*bodies), namespace=self.namespace, dry_run=False, force_conflicts=True
        )
        assert done.ok, done.stderr

    def wait(self, *bodies: dict[str, Any], timeout_s: float = 20.0, stable_for_s: float = 0.0) -> Performed:
        objects: Sequence[KubeObject] = [kube_object(body, self.namespace) for body in bodies]
        return await_ready(
            self.api,
            self.kubectl,
            objects,
            timeout_s=timeout_s,
            stable_for_s=stable_for_s,
            stop=self.stop,
            progress=self.said.append,
        )

    def deploy(
        self, *bodies: dict[str, Any], timeout_s: float = 20.0, stable_for_s: float = 0.0
    ) -> Performed:
        self.apply(*bodies)
        return self.wait(*bodies, timeout_s=timeout_s, stable_for_s=stable_for_s)
