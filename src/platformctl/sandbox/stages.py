"""What kwok is told to play: the files in stages/, and one Stage for each kind of custom resource that is served.

kwok ends when a Stage names a kind that does not exist, and CRDs come later than the sandbox; so the Stages of custom
resources are made here, from what the API server serves, with its version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILES: Final = tuple(
    Path(__file__).parent / "stages" / f"{name}.yaml"
    for name in ("nodes", "pods", "pod-failures", "network", "storage")
)
PLAYED_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "cert-manager.io": frozenset({"ClusterIssuer", "Issuer", "Certificate"}),
    "external-secrets.io": frozenset({"SecretStore", "ClusterSecretStore", "ExternalSecret"}),
}
SEEDED_LABEL: Final = "platformctl.dev/sandbox"
SEEDED_VALUE: Final = "seeded"
_PLAY: Final = '.metadata.annotations["platformctl.dev/play"]'

_WANTS_READY: Final = f"""\
(if {_PLAY} == "never-ready" then "False" else "True" end) as $wanted
| .metadata.generation as $generation
| [.status.conditions[]? | select(.type == "Ready" and .status == $wanted and .observedGeneration == $generation)] == []
"""
_READY: Final = """\
{{ $bad := eq (index (or .metadata.annotations dict) "platformctl.dev/play" | default "") "never-ready" }}
conditions:
- type: Ready
  status: {{ if $bad }}"False"{{ else }}"True"{{ end }}
  reason: {{ if $bad }}PlayedFailure{{ else }}Played{{ end }}
  message: {{ if $bad }}played as never ready{{ else }}played; no controller looked at it{{ end }}
  observedGeneration: {{ .metadata.generation }}
  lastTransitionTime: {{ dateInZone "2006-01-02T15:04:05Z07:00" now "UTC" | Quote }}
"""
# What external-secrets would fetch, with random values. Keys of `dataFrom` are known to the remote store only.
_SECRET: Final = """\
{{ $target := default dict .spec.target }}
{{ $type := default "Opaque" (default dict $target.template).type }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ default .metadata.name $target.name | Quote }}
  labels: {%s: %s}
  ownerReferences:
  - {apiVersion: {{ .apiVersion | Quote }}, kind: ExternalSecret, name: {{ .metadata.name | Quote }}, uid: {{ .metadata.uid | Quote }}}
type: {{ $type | Quote }}
stringData:
  {{ if eq $type "kubernetes.io/dockerconfigjson" }}
  .dockerconfigjson: '{"auths": {}}'
  {{ else }}
  {{ range .spec.data }}
  {{ .secretKey | Quote }}: {{ randAlphaNum 24 | Quote }}
  {{ end }}
  {{ end }}
""" % (SEEDED_LABEL, SEEDED_VALUE)  # noqa: UP031 - the braces belong to the template


@dataclass(frozen=True, slots=True, order=True)
class Served:
    """A kind that the API server serves, in the version that it prefers."""

    group: str
    version: str
    kind: str
    has_status: bool


def served_kinds(discovery: Mapping[str, Any]) -> tuple[Served, ...]:
    """The kinds that we play, out of an APIGroupDiscoveryList (aggregated discovery of /apis), sorted."""
    found = {
        (group, kind): Served(group, version["version"], kind, _has_status(resource))
        for item in discovery.get("items", [])
        if (group := item["metadata"]["name"]) in PLAYED_KINDS
        for version in reversed(item.get("versions", []))  # the preferred one comes first, and wins here
        for resource in version.get("resources", [])
        if (kind := resource.get("responseKind", {}).get("kind")) in PLAYED_KINDS[group]
    }
    return tuple(sorted(found.values()))


def _has_status(resource: Mapping[str, Any]) -> bool:
    return any(entry.get("subresource") == "status" for entry in resource.get("subresources", []))


def stage(kind: Served) -> dict[str, Any]:
    """The Stage that makes objects of this kind Ready; an ExternalSecret also gets its Secret."""
    patch = {"root": "status", "template": _READY} | ({"subresource": "status"} if kind.has_status else {})
    makes_secret = kind.kind == "ExternalSecret"
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": f"{kind.kind.lower()}-ready"},
        "spec": {
            "resourceRef": {"apiGroup": f"{kind.group}/{kind.version}", "kind": kind.kind},
            "selector": {
                "matchExpressions": [
                    {"jq": {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}},
                    {"jq": {"key": _WANTS_READY, "operator": "In", "values": ["true"]}},
                ]
            },
            "delay": {"durationMilliseconds": 100},
            # Ready first: a Secret that the API server refuses must not keep the resource from being Ready
            "steps": [{"patch": patch}, *([{"apply": {"template": _SECRET}}] if makes_secret else [])],
        },
    }


def played_logs(log: Path) -> dict[str, Any]:
    """What every container of every pod has written, as far as `kubectl logs` is concerned."""
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": "played"},
        "spec": {"logs": [{"logsFile": str(log), "previousLogsFile": str(log), "follow": False}]},
    }


def documents(*values: Mapping[str, Any]) -> str:
    """Several JSON documents as one YAML stream, which is how kwok reads a file of Stages."""
    return "".join(f"---\n{json.dumps(value)}\n" for value in values)
