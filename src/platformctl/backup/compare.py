"""Objects as they were against objects as they are, without what a cluster gives anew to each object. Pure, but for `compare`.

Findings name fields and never values: a backup holds Secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from platformctl.backup.models import Archive, Comparison, Object, left_by_hooks_path, objects_path
from platformctl.live.state import ReleaseId
from platformctl.tools.api import METADATA, Api

WORKERS: Final = 8
FIELDS_SHOWN: Final = 3
# Written by controllers of the cluster, not by whoever deploys.
_ANNOTATIONS: Final = ("deployment.kubernetes.io/", "pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/",
                       "control-plane.alpha.kubernetes.io/", "endpoints.kubernetes.io/", "deprecated.daemonset.template.generation",
                       "kubectl.kubernetes.io/last-applied-configuration")  # fmt: skip
_GIVEN: Final[dict[str, tuple[tuple[str, ...], ...]]] = {  # kind → fields that the cluster fills in
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "healthCheckNodePort"), ("spec", "ports", "*", "nodePort")),
    "PersistentVolumeClaim": (("spec", "volumeName"),),
    "ServiceAccount": (("secrets",),),
    "Job": (("spec", "selector"), ("spec", "template", "metadata")),
    "MutatingWebhookConfiguration": (("webhooks", "*", "clientConfig", "caBundle"),),
    "ValidatingWebhookConfiguration": (("webhooks", "*", "clientConfig", "caBundle"),),
    "CustomResourceDefinition": (("spec", "conversion", "webhook", "clientConfig", "caBundle"),),
    "APIService": (("spec", "caBundle"),),
}  # fmt: skip
_MISSING: Final = object()


def compare(archive: Archive, api: Api) -> Comparison:
    """The backup against the cluster. Raises ClusterError where something may not be read."""
    found = {
        release.id: differences(saved_objects(archive, release.id), api)
        for release in archive.backup.releases
        if release.target == release.revision  # else what was live is not what a restore brings back
    }
    there = {
        (namespace, str(item["metadata"]["name"]))
        for namespace in sorted({namespace for namespace, _ in archive.backup.secrets})
        for item in api.list(f"/api/v1/namespaces/{namespace}/secrets", accept=METADATA)
    }
    return Comparison(found, frozenset(archive.backup.secrets) - there)


def saved_objects(archive: Archive, release: ReleaseId) -> tuple[dict[str, Any], ...]:
    """The live objects of a release when the backup was made, those that its hooks left included."""
    return _items(archive, objects_path(release)) + left_by_hooks(archive, release)


def left_by_hooks(archive: Archive, release: ReleaseId) -> tuple[dict[str, Any], ...]:
    return _items(archive, left_by_hooks_path(release))


def _items(archive: Archive, path: str) -> tuple[dict[str, Any], ...]:
    content = archive.files.get(path)
    return tuple(json.loads(content)["items"]) if content else ()


def differences(then: Sequence[Object], api: Api) -> tuple[str, ...]:
    """`Deployment web: spec.replicas` for each object that is not as it was."""
    scaled = scaled_by_others(then)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="compare") as pool:
        now = tuple(pool.map(lambda each: live(each, api), then))
    return tuple(
        f"{was['kind']} {was['metadata']['name']}: {what}"
        for was, found in zip(then, now, strict=True)
        if (what := _difference(was, found, scaled))
    )


def live(wanted: Object, api: Api) -> dict[str, Any] | None:
    """The object of the same kind, namespace and name as it is now; None where there is none."""
    resource = api.discovery().resource(str(wanted["apiVersion"]), str(wanted["kind"]))
    if resource is None:
        return None
    metadata = wanted["metadata"]
    return api.get(resource.path(metadata.get("namespace"), metadata["name"]))


def scaled_by_others(objects: Sequence[Object]) -> frozenset[tuple[str, str]]:
    """(kind, name) of the workloads whose number of replicas an autoscaler among the objects decides."""
    targets = [
        each.get("spec", {}).get("scaleTargetRef", {})
        for each in objects
        if each["kind"] == "HorizontalPodAutoscaler"
    ]
    return frozenset((str(each.get("kind")), str(each.get("name"))) for each in targets)


def normalised(body: Object) -> dict[str, Any]:
    """What somebody decided of an object: no status, no identity, nothing that the cluster fills in."""
    found: dict[str, Any] = json.loads(json.dumps({key: body[key] for key in body if key != "status"}))
    metadata = found.pop("metadata", {})
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_ANNOTATIONS)
    }
    found["metadata"] = {
        "name": metadata.get("name"),
        "labels": metadata.get("labels") or {},
        "annotations": annotations,
    }
    if metadata.get("namespace"):
        found["metadata"]["namespace"] = metadata["namespace"]
    headless = (
        (found.get("spec") or {}).get("clusterIP") == "None" if found.get("kind") == "Service" else False
    )
    for path in _GIVEN.get(str(found.get("kind")), ()):
        if not (headless and path[-1].startswith("clusterIP")):
            _drop(found, path)
    return found


def _difference(was: Object, now: Object | None, scaled: frozenset[tuple[str, str]]) -> str:
    if now is None:
        return "is gone"
    before, after = normalised(was), normalised(now)
    if (was["kind"], was["metadata"]["name"]) in scaled:
        for each in (before, after):
            _drop(each, ("spec", "replicas"))
    paths = list(_paths(before, after, ()))
    more = f" and {len(paths) - FIELDS_SHOWN} more" if len(paths) > FIELDS_SHOWN else ""
    return ", ".join(paths[:FIELDS_SHOWN]) + more


def _paths(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _paths(before.get(key, _MISSING), after.get(key, _MISSING), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _paths(one, other, (*path, str(at)))
    elif before != after:
        yield ".".join(path)


def _drop(body: Any, path: tuple[str, ...]) -> None:
    first, *rest = path
    if first == "*" and isinstance(body, list):
        for each in body:
            _drop(each, tuple(rest))
    elif isinstance(body, dict) and first in body:
        if rest:
            _drop(body[first], tuple(rest))
        else:
            del body[first]
