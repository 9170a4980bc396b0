"""Manifest text, as helm renders and records it, → objects and hooks.

The namespace of an object is what its manifest says, else the release's; a cluster-wide kind has none, whatever its
manifest says. Which kinds are cluster-wide: those of Kubernetes itself stand in a table here, and those of a
CustomResourceDefinition in the same text are as its `scope` says. A custom resource whose definition is elsewhere
(a ClusterIssuer of a chart that brings only that) counts as namespaced: its text alone does not say, and the recorded and
the rendered manifest must be read by one rule, or every object would look replaced. `cluster_wide` is for callers who know
more, for both sides alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformctl.catalog import yaml
from platformctl.errors import CatalogError, RenderError
from platformctl.render.models import Hook, KubeObject, ObjectId

HOOK: Final = "helm.sh/hook"
WEIGHT: Final = "helm.sh/hook-weight"
TEST_EVENTS: Final = frozenset({"test", "test-success"})
_SEPARATOR: Final = re.compile(r"^---(?=\s|$).*\n?", re.MULTILINE)
_SOURCE: Final = re.compile(r"^# Source: (\S.*)$", re.MULTILINE)
# kubectl api-resources --namespaced=false, Kubernetes 1.25 to 1.37: (group, kind).
CLUSTER_WIDE: Final = frozenset(
    {
        *(("", kind) for kind in ("ComponentStatus", "Namespace", "Node", "PersistentVolume")),
        *(("admissionregistration.k8s.io", f"{kind}{part}") for kind in ("MutatingAdmissionPolicy", "ValidatingAdmissionPolicy")
          for part in ("", "Binding")),
        *(("admissionregistration.k8s.io", f"{kind}WebhookConfiguration") for kind in ("Mutating", "Validating")),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        *(("certificates.k8s.io", kind) for kind in ("CertificateSigningRequest", "ClusterTrustBundle")),
        *(("flowcontrol.apiserver.k8s.io", kind) for kind in ("FlowSchema", "PriorityLevelConfiguration")),
        ("internal.apiserver.k8s.io", "StorageVersion"),
        *(("networking.k8s.io", kind) for kind in ("IngressClass", "IPAddress", "ServiceCIDR", "ClusterCIDR")),
        ("node.k8s.io", "RuntimeClass"),
        ("policy", "PodSecurityPolicy"),
        *(("rbac.authorization.k8s.io", kind) for kind in ("ClusterRole", "ClusterRoleBinding")),
        *(("resource.k8s.io", kind) for kind in ("DeviceClass", "DeviceTaintRule", "ResourceSlice")),
        ("scheduling.k8s.io", "PriorityClass"),
        *(("storage.k8s.io", kind) for kind in ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment",
                                                "VolumeAttributesClass")),
        ("storagemigration.k8s.io", "StorageVersionMigration"),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifests:
    """`text` is that of the objects alone, in helm's order: what helm would record as the manifest."""

    objects: tuple[KubeObject, ...]
    hooks: tuple[Hook, ...]
    text: str


def parse_manifests(
    text: str, namespace: str, *, release: str = "", cluster_wide: Collection[tuple[str, str]] = ()
) -> Manifests:
    """The output of `helm template`. Raises RenderError naming release and template where it is not YAML or no object.

    Lists are taken apart. Hooks, and with them tests, are told apart by their annotation."""
    read = [(chunk, source, body) for chunk, source, body in _documents(text, release)]
    bodies = [each for _, _, body in read for each in _expanded(body)]
    wide = CLUSTER_WIDE | frozenset(cluster_wide) | frozenset(_defined_cluster_wide(bodies))
    objects: list[KubeObject] = []
    hooks: list[Hook] = []
    kept = []
    for chunk, source, body in read:
        found = [_object(each, source, namespace, wide, release) for each in _expanded(body)]
        events = _events(body)
        if events:
            hooks += [Hook(each, events, _weight(body)) for each in found]
        else:
            objects += found
            kept.append(chunk)
    return Manifests(tuple(objects), tuple(hooks), "".join(f"---\n{chunk}" for chunk in kept))


def parse_objects(text: str, namespace: str) -> tuple[KubeObject, ...]:
    """The objects of a manifest, without hooks. Raises RenderError."""
    return parse_manifests(text, namespace).objects


def is_test(hook: Hook) -> bool:
    """Whether a hook runs at `helm test` only."""
    return set(hook.events) <= TEST_EVENTS


def brought_apis(objects: Collection[KubeObject]) -> frozenset[str]:
    """The API versions that CustomResourceDefinitions among the objects bring: `group/version` and
    `group/version/Kind`, as helm's `.Capabilities.APIVersions` has them."""
    return frozenset(api for each in objects if _is_crd(each.body) for api in _served(each.body))


def apis_of_documents(text: str) -> frozenset[str]:
    """The same for the text of a file under crds/. What cannot be read brings nothing."""
    try:
        bodies = [body for _, _, body in _documents(text, "")]
    except RenderError:
        return frozenset()
    return frozenset(
        api for body in bodies for each in _expanded(body) if _is_crd(each) for api in _served(each)
    )


def _documents(text: str, release: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(text, template, body) of each document that is not empty. A `---` at the start of a line always separates: YAML
    allows it nowhere else, not even in a block of text."""
    for chunk in _SEPARATOR.split(text):
        if not chunk.strip():
            continue
        match = _SOURCE.search(chunk)
        source = match[1].strip() if match else ""
        where = ": ".join(
            part for part in (f"release {release}" if release else "", source or "manifest") if part
        )
        try:
            for body in yaml.parse_all(chunk, where):
                if body is None:
                    continue
                if not isinstance(body, Mapping):
                    raise RenderError(f"{where}: an object is expected, not a {type(body).__name__}")
                yield chunk if chunk.endswith("\n") else f"{chunk}\n", source, body
        except CatalogError as error:
            raise RenderError(
                "\n".join(str(problem) for problem in error.problems), hint="mend the template or its values"
            ) from error


def _expanded(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The object, or those of a List."""
    items = body.get("items")
    if str(body.get("kind", "")).endswith("List") and isinstance(items, list):
        for item in items:
            if isinstance(item, Mapping):
                yield from _expanded(item)
    else:
        yield body


def _object(
    body: Mapping[str, Any], source: str, namespace: str, wide: Collection[tuple[str, str]], release: str
) -> KubeObject:
    api_version, kind = body.get("apiVersion"), body.get("kind")
    metadata = body.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    name = named.get("name") or named.get("generateName")
    for field, value in (("apiVersion", api_version), ("kind", kind), ("metadata.name", name)):
        if not isinstance(value, str) or not value:
            place = ": ".join(
                part for part in (f"release {release}" if release else "", source or "manifest") if part
            )
            raise RenderError(f"{place}: {field}: text is expected", hint="mend the template or its values")
    group = str(api_version).rpartition("/")[0]
    inside = "" if (group, kind) in wide else str(named.get("namespace") or namespace)
    return KubeObject(ObjectId(group, str(kind), inside, str(name)), str(api_version), body, source)


def _annotations(body: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _events(body: Mapping[str, Any]) -> tuple[str, ...]:
    events = str(_annotations(body).get(HOOK) or "")
    return tuple(event.strip().lower() for event in events.split(",") if event.strip())


def _weight(body: Mapping[str, Any]) -> int:
    try:
        return int(str(_annotations(body).get(WEIGHT) or 0))
    except ValueError:
        return 0  # as helm does


def _is_crd(body: Mapping[str, Any]) -> bool:
    return body.get("kind") == "CustomResourceDefinition"


def _spec(body: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = body.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def _kind(spec: Mapping[str, Any]) -> str:
    names = spec.get("names")
    return str(names.get("kind", "")) if isinstance(names, Mapping) else ""


def _defined_cluster_wide(bodies: Collection[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for spec in (_spec(body) for body in bodies if _is_crd(body)):
        if spec.get("scope") == "Cluster":
            yield str(spec.get("group", "")), _kind(spec)


def _served(body: Mapping[str, Any]) -> Iterator[str]:
    spec = _spec(body)
    versions = spec.get("versions")
    for version in versions if isinstance(versions, list) else ():
        if isinstance(version, Mapping) and version.get("served", True):
            api = f"{spec.get('group')}/{version.get('name')}"
            yield from (api, f"{api}/{_kind(spec)}")
