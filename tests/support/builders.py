"""Small values with sensible rest, so that a test names only what it is about.

A release that is built with `live_like(rendered)` is the one that platformctl itself would have left behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from platformctl.catalog.desired import DesiredRelease, Scope, Unmanaged
from platformctl.catalog.models import (
    ChartRef,
    Gate,
    Namespace,
    OnFailure,
    Requires,
    RollbackPolicy,
    Wait,
)
from platformctl.live.state import (
    ArgoApplicationState,
    ClusterIdentity,
    LiveNamespace,
    LiveRelease,
    LiveState,
    ReleaseId,
    Revision,
)
from platformctl.plan.decide import Parse
from platformctl.plan.deploy import plan_deploy
from platformctl.plan.options import DeployOptions
from platformctl.plan.steps import Plan
from platformctl.render.models import (
    ChartAt,
    Hook,
    Inputs,
    KubeObject,
    NotRendered,
    ObjectId,
    RenderedRelease,
)

NAMESPACE = "plate-stg"
CLUSTER = ClusterIdentity(
    context="home-k8s",
    server="https://10.0.0.1:6443",
    uid="5f0c1111-2222-3333-4444-5555666691aa",
    version="v1.37.2",
)


def digest_of(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def desired(
    key: str = "web",
    *,
    scope: str = "stg",
    name: str | None = None,
    namespace: str = NAMESPACE,
    labels: Mapping[str, str] | None = None,
    chart: ChartRef | None = None,
    needs: Iterable[str] = (),
    needs_libraries: Iterable[str] = (),
    requires: Requires | None = None,
    gates: Iterable[Gate] = (),
    timeout_s: float = 600.0,
    wait: Wait = Wait.PLATFORMCTL,
) -> DesiredRelease:
    return DesiredRelease(
        scope=scope,
        key=key,
        name=name or (key if scope == "libraries" else f"{key}-{scope}"),
        namespace=Namespace(name=namespace, labels=dict(labels or {})),
        chart=chart or ChartRef.model_validate({"path": f"/helm/applications/{key}"}),
        chart_folder=Path(f"/repo/helm/applications/{key}"),
        values=(Path(f"/repo/helm/applications/{key}/values-{scope}.yaml"),),
        parameters={},
        needs=tuple(needs),
        needs_libraries=tuple(needs_libraries),
        requires=requires or Requires.model_validate({}),
        gates=tuple(gates),
        timeout_s=timeout_s,
        wait=wait,
        rollback=RollbackPolicy.model_validate({}),
        formerly=None,
    )


def scope(
    *releases: DesiredRelease,
    name: str = "stg",
    protected: bool = False,
    namespace: str | None = NAMESPACE,
    unmanaged: Iterable[Unmanaged] = (),
) -> Scope:
    return Scope(
        name=name,
        aliases=(),
        protected=protected,
        cluster_name="home",
        cluster=None,
        namespace=Namespace(name=namespace, labels={}) if namespace else None,
        on_failure=OnFailure.RELEASE,
        releases=tuple(releases),
        unmanaged=tuple(unmanaged),
    )


def chart_at(
    name: str = "web",
    version: str = "0.1.0",
    *,
    content: str = "",
    pinned: bool = True,
    note: str | None = None,
) -> ChartAt:
    return ChartAt(
        name=name,
        version=version,
        path=Path(f"/cache/{name}-{version}.tgz"),
        digest=digest_of([name, version, content]),
        source="https://charts.example.org",
        pinned=pinned,
        note=note,
    )


def rendered(
    key: str = "web",
    *,
    chart: ChartAt | None = None,
    values: Mapping[str, Any] | None = None,
    objects: Iterable[KubeObject] | None = (),
    hooks: Iterable[Hook] = (),
    helm_major: int = 4,
    api_versions: Iterable[str] = (),
    random: Iterable[str] = (),
) -> RenderedRelease:
    chart = chart or chart_at(key)
    objects = None if objects is None else tuple(objects)
    return RenderedRelease(
        key=key,
        chart=chart,
        inputs=Inputs(chart.digest, digest_of(values or {}), helm_major, tuple(api_versions)),
        values=values or {},
        objects=objects,
        hooks=tuple(hooks),
        manifest=None if objects is None else manifest(*objects),
        random=tuple(random),
    )


def kube_object(
    kind: str = "ConfigMap",
    name: str = "web",
    *,
    api_version: str = "v1",
    namespace: str = NAMESPACE,
    **body: Any,
) -> KubeObject:
    group = api_version.rpartition("/")[0]
    whole = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **body}
    return KubeObject(ObjectId(group, kind, namespace, name), api_version, whole)


def manifest(*objects: KubeObject) -> str:
    """The text that helm would record for these objects."""
    return "".join(f"---\n{yaml.safe_dump(dict(each.body), sort_keys=False)}" for each in objects)


def parse_manifest(text: str, namespace: str) -> tuple[KubeObject, ...]:
    """The objects of a recorded manifest, as `Parse` wants them."""
    found = []
    for body in yaml.safe_load_all(text):
        if body:
            meta = body["metadata"]
            group = body["apiVersion"].rpartition("/")[0]
            key = ObjectId(group, body["kind"], meta.get("namespace", namespace), meta["name"])
            found.append(KubeObject(key, body["apiVersion"], body))
    return tuple(found)


def live_release(
    name: str = "web-stg",
    namespace: str = NAMESPACE,
    *,
    revision: int = 1,
    status: str = "deployed",
    chart: tuple[str, str] = ("web", "0.1.0"),
    values: Mapping[str, Any] | None = None,
    objects: Iterable[KubeObject] = (),
    history: Iterable[tuple[int, str]] = (),
) -> LiveRelease:
    """A release that somebody else made: it has no labels of ours."""
    return LiveRelease(
        id=ReleaseId(namespace, name),
        revision=revision,
        status=status,
        chart_name=chart[0],
        chart_version=chart[1],
        values=values or {},
        manifest=manifest(*objects),
        updated="2026-11-20T09:17:00Z",
        history=(*(Revision(*each) for each in history), Revision(revision, status)),
    )


def live_like(
    render: RenderedRelease, name: str | None = None, namespace: str = NAMESPACE, **rest: Any
) -> LiveRelease:
    """The release that a deploy of exactly this render leaves behind; `rest` as for `live_release`."""
    made = live_release(
        name or f"{render.key}-stg",
        namespace,
        chart=(render.chart.name, render.chart.version),
        values=render.values,
        objects=render.objects or (),
        **rest,
    )
    # A label holds only the beginning of a digest.
    return replace(
        made, inputs=render.inputs.digest, chart_digest=render.chart.digest[:32], run="20261120-0917"
    )


def live_state(
    *releases: LiveRelease,
    namespaces: Iterable[str | LiveNamespace] = (NAMESPACE,),
    identity: ClusterIdentity | None = CLUSTER,
    crds: Mapping[str, bool] | None = None,
    secret_keys: Mapping[tuple[str, str], frozenset[str] | None] | None = None,
    ingress_classes: Iterable[str] = (),
    storage_classes: Iterable[str] = (),
    applications: Iterable[ArgoApplicationState] = (),
    unknown: Mapping[str, str] | None = None,
) -> LiveState:
    made = [
        each if isinstance(each, LiveNamespace) else LiveNamespace(each, "Active", {}) for each in namespaces
    ]
    return LiveState(
        identity=identity,
        releases={each.id: each for each in releases},
        namespaces={each.name: each for each in made},
        crds=crds or {},
        secret_keys=secret_keys or {},
        ingress_classes=frozenset(ingress_classes),
        storage_classes=frozenset(storage_classes),
        applications=tuple(applications),
        unknown=unknown or {},
    )


def application(
    name: str = "web-stg",
    *,
    path: str | None = "helm/applications/web",
    namespace: str = NAMESPACE,
    auto_sync: bool = True,
    health: str = "Healthy",
) -> ArgoApplicationState:
    return ArgoApplicationState(
        namespace="argocd",
        name=name,
        destination_namespace=namespace,
        path=path,
        auto_sync=auto_sync,
        sync_status="Synced",
        health=health,
        revision="4be1f02d9c0a",
    )


def planned(
    scope_: Scope,
    live: LiveState,
    *renders: RenderedRelease | NotRendered,
    libraries: Scope | None = None,
    parse: Parse = parse_manifest,
    **options: Any,
) -> Plan:
    """`plan_deploy` with the renders by key."""
    return plan_deploy(
        scope_,
        live,
        {each.key: each for each in renders},
        DeployOptions(**options),
        parse=parse,
        libraries=libraries,
    )
