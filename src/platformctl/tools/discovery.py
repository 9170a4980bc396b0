"""What an API server serves, read from its discovery documents. Pure.

The aggregated form (Kubernetes 1.27 and later) is two documents; the older one is one per group and version. The
difference ends here. Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

AGGREGATED: Final = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind that is served, and where."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Of one object, of all in a namespace, or of all."""
        parts = ["apis" if self.group else "api", self.api_version]
        parts += ["namespaces", namespace] if namespace and self.namespaced else []
        parts += [self.plural, *([name] if name else [])]
        return "/" + "/".join(parts)


@dataclass(frozen=True, slots=True)
class Discovery:
    """`api_versions` are `group/version` and `group/version/Kind`, subresources' kinds included, as helm lists them."""

    resources: Mapping[tuple[str, str], Resource] = field(repr=False)  # (apiVersion, kind)
    api_versions: tuple[str, ...] = field(repr=False)

    def resource(self, api_version: str, kind: str) -> Resource | None:
        return self.resources.get((api_version, kind))

    def find(self, group: str, plural: str) -> Resource | None:
        """In the version that the server prefers."""
        return next(
            (each for each in self.resources.values() if (each.group, each.plural) == (group, plural)), None
        )

    def serves(self, plural: str, group: str) -> bool:
        """In any version."""
        return self.find(group, plural) is not None


def is_aggregated(document: Mapping[str, Any]) -> bool:
    return document.get("kind") == "APIGroupDiscoveryList"


def from_aggregated(*documents: Mapping[str, Any]) -> Discovery:
    """Out of the answers to /api and /apis."""
    found = _Found()
    for document in documents:
        for group in document.get("items") or []:
            name = str(group.get("metadata", {}).get("name", ""))
            for version in group.get("versions") or []:
                found.version(name, str(version.get("version", "")))
                for each in version.get("resources") or []:
                    kinds = [str(each.get("responseKind", {}).get("kind", ""))]
                    kinds += [
                        str(sub.get("responseKind", {}).get("kind", ""))
                        for sub in each.get("subresources") or []
                    ]
                    namespaced = each.get("scope") == "Namespaced"
                    found.resource(
                        name,
                        str(version.get("version", "")),
                        str(each.get("resource", "")),
                        kinds,
                        namespaced=namespaced,
                    )
    return found.done()


def group_versions(api: Mapping[str, Any], apis: Mapping[str, Any]) -> Iterator[str]:
    """Of the older documents APIVersions and APIGroupList: the paths of the lists to read next."""
    for version in api.get("versions") or []:
        yield f"/api/{version}"
    for group in apis.get("groups") or []:
        for version in group.get("versions") or []:
            yield f"/apis/{version.get('groupVersion')}"


def from_lists(lists: Mapping[str, Mapping[str, Any] | None]) -> Discovery:
    """Out of the APIResourceList at each path; None for one that did not answer, as broken aggregated APIs do."""
    found = _Found()
    for path, document in lists.items():
        group, _, version = path.removeprefix("/apis/").removeprefix("/api/").rpartition("/")
        found.version(group, version)
        for each in (document or {}).get("resources") or []:
            plural, _, sub = str(each.get("name", "")).partition("/")
            kinds = [str(each.get("kind", ""))]
            found.resource(
                group, version, "" if sub else plural, kinds, namespaced=bool(each.get("namespaced"))
            )
    return found.done()


class _Found:
    """Gathers; the first of two equal kinds counts, as kubectl takes it."""

    def __init__(self) -> None:
        self._resources: dict[tuple[str, str], Resource] = {}
        self._versions: dict[str, None] = {}

    def version(self, group: str, version: str) -> None:
        self._versions[f"{group}/{version}" if group else version] = None

    def resource(self, group: str, version: str, plural: str, kinds: list[str], *, namespaced: bool) -> None:
        """`kinds` begins with the resource's own, subresources' follow; no `plural`: a subresource only."""
        found = Resource(group, version, plural, kinds[0], namespaced)
        for kind in kinds:
            if kind:
                self._versions[f"{found.api_version}/{kind}"] = None
        if plural and kinds[0]:
            self._resources.setdefault((found.api_version, kinds[0]), found)

    def done(self) -> Discovery:
        return Discovery(self._resources, tuple(sorted(self._versions)))
