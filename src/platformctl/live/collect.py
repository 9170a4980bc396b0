"""Fills a LiveState from the API server, in a handful of requests.

Lists of the whole cluster where that is allowed; where it is not, what the catalog names, one by one. What may not be
read at all ends up in `unknown` with the reason, under these names: "identity", "namespace N",
"releases in namespace N", "release N/NAME" (one of its records is damaged), "crds", "ingress classes",
"storage classes", "secrets in namespace N", "applications".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from platformctl.errors import ForbiddenError
from platformctl.live import records
from platformctl.live.records import Record, RecordError
from platformctl.live.state import (
    ArgoApplicationState,
    ClusterIdentity,
    LiveNamespace,
    LiveRelease,
    LiveState,
    ReleaseId,
)
from platformctl.live.wanted import Wanted, wanted_of
from platformctl.live.workloads import unready_releases
from platformctl.tools.api import METADATA, Api
from platformctl.tools.discovery import Discovery

__all__ = ["Wanted", "collect", "wanted_of"]

WORKERS: Final = 8
SANDBOX_MARKER: Final = "/api/v1/namespaces/kube-system/configmaps/platformctl-sandbox"
CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
INGRESS_CLASSES: Final = "/apis/networking.k8s.io/v1/ingressclasses"
STORAGE_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"
APPLICATIONS: Final = ("argoproj.io", "applications")


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, with what of it could not be had."""

    value: Any
    unknown: Mapping[str, str] = field(default_factory=dict)


def collect(api: Api, wanted: Wanted, *, is_sandbox: Callable[[str], bool] = lambda _: False) -> LiveState:
    """One look at the cluster. `is_sandbox` judges the token of the sandbox's marker, when there is one.

    Raises UnreachableError when it does not answer, within the limit of the Api's first contact.
    """
    identity = _identity(api, is_sandbox)  # first and alone: a dead server is found out once, and soon
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="collect") as pool:
        releases = pool.submit(_releases, api, wanted.namespaces)
        namespaces = pool.submit(_namespaces, api, wanted.namespaces)
        discovery = pool.submit(api.discovery, refresh=True)
        ingress = pool.submit(_names, api, INGRESS_CLASSES, "ingress classes", wanted.ingress_classes)
        storage = pool.submit(_names, api, STORAGE_CLASSES, "storage classes", wanted.storage_classes)
        secrets = pool.submit(_secrets, api, wanted.secrets)
        unready = pool.submit(unready_releases, api)
        crds = pool.submit(_crds, api, discovery.result(), wanted.crds)
        applications = pool.submit(_applications, api, discovery.result(), wanted.argocd_namespace)
    parts = [part.result() for part in (releases, namespaces, ingress, storage, secrets, crds, applications)]
    return LiveState(
        identity=identity.value,
        releases=parts[0].value,
        namespaces=parts[1].value,
        crds=parts[5].value,
        api_versions=discovery.result().api_versions,
        ingress_classes=parts[2].value,
        storage_classes=parts[3].value,
        secret_keys=parts[4].value,
        applications=parts[6].value,
        unready=unready.result(),
        unknown={key: why for part in (identity, *parts) for key, why in part.unknown.items()},
    )


def identity_of(api: Api, *, is_sandbox: Callable[[str], bool] = lambda _: False) -> ClusterIdentity:
    """Which cluster this is, and nothing else of it."""
    identity: ClusterIdentity = _identity(api, is_sandbox).value
    return identity


def _identity(api: Api, is_sandbox: Callable[[str], bool]) -> _Known:
    version = str((api.get("/version") or {}).get("gitVersion", ""))
    unknown: dict[str, str] = {}
    uid = token = ""
    try:
        uid = str((api.get("/api/v1/namespaces/kube-system") or {}).get("metadata", {}).get("uid", ""))
    except ForbiddenError as error:
        unknown["identity"] = error.message
    try:
        token = str(((api.get(SANDBOX_MARKER) or {}).get("data") or {}).get("token", ""))
    except ForbiddenError:
        token = ""  # who made a sandbox may read all of it
    identity = ClusterIdentity(
        context=api.access.context,
        server=api.access.server,
        uid=uid,
        version=version,
        sandbox=bool(token) and is_sandbox(token),
    )
    return _Known(identity, unknown)


def _namespaces(api: Api, wanted: Iterable[str]) -> _Known:
    unknown: dict[str, str] = {}
    items: list[dict[str, Any]] = []
    try:
        items += api.list("/api/v1/namespaces")
    except ForbiddenError:
        for name in sorted(wanted):
            try:
                one = api.get(f"/api/v1/namespaces/{name}")
                items += [one] if one else []
            except ForbiddenError as error:
                unknown[f"namespace {name}"] = error.message
    named = {str(item["metadata"]["name"]): item for item in items}
    return _Known(
        {
            name: LiveNamespace(
                name=name,
                phase=str((item.get("status") or {}).get("phase", "")),
                labels=item["metadata"].get("labels") or {},
            )
            for name, item in named.items()
        },
        unknown,
    )


def _releases(api: Api, wanted: Iterable[str]) -> _Known:
    """Every release of the cluster, or of the catalog's namespaces where only those may be read."""
    try:
        return _releases_under(api, "/api/v1/secrets")
    except ForbiddenError:
        releases: dict[ReleaseId, LiveRelease] = {}
        unknown: dict[str, str] = {}
        for namespace in sorted(wanted):
            try:
                part = _releases_under(api, f"/api/v1/namespaces/{namespace}/secrets")
            except ForbiddenError as error:
                unknown[f"releases in namespace {namespace}"] = error.message
                continue
            releases |= part.value
            unknown |= part.unknown
        return _Known(releases, unknown)


def _releases_under(api: Api, path: str) -> _Known:
    """Histories from the metadata of all records, and the newest record of each release as a whole."""
    of_type = {"fieldSelector": f"type={records.TYPE}"}
    unknown: dict[str, str] = {}
    listed: list[Record] = []
    # Whole records first: a revision that is made in between then shows up in the history, and is fetched below.
    current = {"labelSelector": "owner=helm,status notin (superseded)", **of_type}
    whole = {_place(secret): secret for secret in api.list(path, current)}
    for secret in api.list(path, of_type, accept=METADATA):
        try:
            listed.append(records.record_of(secret))
        except RecordError as error:
            unknown[f"release {error.release or '/'.join(_place(secret))}"] = error.message
    releases: dict[ReleaseId, LiveRelease] = {}
    for release, history in records.histories(listed).items():
        newest = history[-1]
        place = (release.namespace, newest.secret)
        full = whole.get(place) or api.get(f"/api/v1/namespaces/{place[0]}/secrets/{place[1]}")
        try:
            if full is not None:  # None: uninstalled in between
                releases[release] = records.decode(full, history)
        except RecordError as error:
            unknown[f"release {release}"] = error.message
    return _Known(releases, unknown)


def _place(secret: Mapping[str, Any]) -> tuple[str, str]:
    metadata = secret["metadata"]
    return str(metadata.get("namespace", "")), str(metadata["name"])


def _names(api: Api, path: str, what: str, wanted: Iterable[str]) -> _Known:
    """The names of a cluster-wide kind."""
    try:
        return _Known(frozenset(_name(item) for item in api.list(path, accept=METADATA)))
    except ForbiddenError:
        there, unknown = _each(api, path, what, wanted)
        return _Known(frozenset(there), unknown)


def _each(
    api: Api, path: str, what: str, wanted: Iterable[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The wanted ones that exist, asked for one by one."""
    there: dict[str, dict[str, Any]] = {}
    unknown: dict[str, str] = {}
    for name in sorted(wanted):
        try:
            found = api.get(f"{path}/{name}")
        except ForbiddenError as error:
            unknown[what] = error.message
            continue
        if found is not None:
            there[name] = found
    return there, unknown


def _crds(api: Api, discovery: Discovery, wanted: Iterable[str]) -> _Known:
    """Names, and whether they are established. One that is served is; only the others are looked at one by one, since
    whole definitions are large and their short form has no conditions."""
    try:
        names = [_name(item) for item in api.list(CRDS, accept=METADATA)]
    except ForbiddenError:
        served = {name for name in wanted if _is_served(discovery, name)}
        there, unknown = _each(api, CRDS, "crds", set(wanted) - served)
        return _Known(
            {**dict.fromkeys(served, True), **{name: established(crd) for name, crd in there.items()}},
            unknown,
        )
    found: dict[str, bool] = {}
    for name in names:
        found[name] = _is_served(discovery, name) or established(api.get(f"{CRDS}/{name}") or {})
    return _Known(found)


def _is_served(discovery: Discovery, crd: str) -> bool:
    plural, _, group = crd.partition(".")
    return discovery.serves(plural, group)


def established(crd: Mapping[str, Any]) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)


def _secrets(api: Api, wanted: Iterable[tuple[str, str]]) -> _Known:
    """The keys of each Secret, None for one that does not exist. Values are dropped here."""
    keys: dict[tuple[str, str], frozenset[str] | None] = {}
    unknown: dict[str, str] = {}
    for namespace, name in sorted(wanted):
        try:
            found = api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        except ForbiddenError as error:
            unknown[f"secrets in namespace {namespace}"] = error.message
            continue
        keys[namespace, name] = None if found is None else frozenset(found.get("data") or {})
    return _Known(keys, unknown)


def _applications(api: Api, discovery: Discovery, namespace: str) -> _Known:
    """Argo CD Applications: of all namespaces, else of Argo CD's own."""
    kind = discovery.find(*APPLICATIONS)
    if kind is None:
        return _Known(())
    try:
        items = api.list(kind.path())
    except ForbiddenError:
        try:
            items = api.list(kind.path(namespace))
        except ForbiddenError as error:
            return _Known((), {"applications": error.message})
    return _Known(
        tuple(sorted((_application(item) for item in items), key=lambda each: (each.namespace, each.name)))
    )


def _application(item: Mapping[str, Any]) -> ArgoApplicationState:
    spec, status = item.get("spec") or {}, item.get("status") or {}
    sources = [spec["source"]] if spec.get("source") else list(spec.get("sources") or [])
    automated = (spec.get("syncPolicy") or {}).get("automated")
    sync = status.get("sync") or {}
    revisions = [sync["revision"]] if sync.get("revision") else list(sync.get("revisions") or [])
    return ArgoApplicationState(
        namespace=str(item["metadata"].get("namespace", "")),
        name=_name(item),
        destination_namespace=str((spec.get("destination") or {}).get("namespace", "")),
        path=next((str(source["path"]) for source in sources if source.get("path")), None),
        auto_sync=automated is not None and automated.get("enabled") is not False,
        sync_status=str(sync.get("status") or "Unknown"),
        health=str((status.get("health") or {}).get("status") or "Unknown"),
        revision=str(revisions[0]) if revisions else None,
    )


def _name(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["name"])
