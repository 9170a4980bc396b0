"""Keeps a kwok of its own for custom resources: started when the first played kind is served, again when that changes.

The API server's aggregated discovery carries an ETag, so looking twice a second costs a request without a body.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Final

from platformctl.sandbox import commands, stages
from platformctl.sandbox.client import Client
from platformctl.sandbox.controlplane import ControlPlane
from platformctl.sandbox.folder import write_private
from platformctl.sandbox.stages import Served

NAME: Final = "kwok-custom"
_DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(slots=True)
class CustomPlay:
    """`look()` is called over and over by the supervisor's one thread."""

    plane: ControlPlane
    client: Client
    etag: str = ""
    kinds: tuple[Served, ...] = field(default=())

    def look(self) -> bool:
        """Whether the processes changed. A kwok that ended is started again: a new CRD's schema may come late."""
        answer = self.client.request(
            "GET", "/apis", headers={"Accept": _DISCOVERY, "If-None-Match": self.etag}
        )
        kinds = stages.served_kinds(answer.body) if answer.ok else self.kinds
        self.etag = answer.etag or self.etag
        running = self.plane.processes.get(NAME)
        if kinds == self.kinds and (running is None or running.alive()):
            return False
        if running is not None:
            running.signal(signal.SIGKILL)
            running.wait()
            del self.plane.processes[NAME]
        self.kinds = kinds
        if kinds:
            path = self.plane.setup.run / "custom.yaml"
            write_private(path, stages.documents(*map(stages.stage, kinds)))
            self.plane.start(NAME, commands.kwok_for_custom_resources(self.plane.setup, path))
        return True
