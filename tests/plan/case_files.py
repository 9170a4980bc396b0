"""Reads tests/plan/cases/*.yaml: a small catalog, a cluster, and the plan that they must give.

releases:  key → needs, needsLibraries, namespace, labels, chart (version), content, path, values, helm, objects
           ("CRD name", "Secret name", "ConfigMap name=text"), requires, gates; `notRendered: why` instead of a render
libraries: the same, for the scope that an environment builds on
live:      offline, releases (release name → revision, status, history, and what it was made from: `same: true` is
           what the catalog says, else chart, content, values, helm, objects; `outside: true` has no labels of ours),
           namespaces, crds, secrets, classes, applications, unknown
options:   those of DeployOptions
expect:    rows, steps ("id < what it needs"), blockers, warnings: whole lists, as text
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from platformctl.catalog.desired import DesiredRelease, Scope, Unmanaged
from platformctl.catalog.models import ChartRef, Gate, Requires
from platformctl.live.state import LiveNamespace, LiveRelease, LiveState
from platformctl.plan.deploy import plan_deploy
from platformctl.plan.options import DeployOptions
from platformctl.plan.requirements import Coming
from platformctl.plan.steps import Plan
from platformctl.render.models import KubeObject, NotRendered, RenderedRelease
from tests.support.builders import (
    NAMESPACE,
    application,
    chart_at,
    desired,
    kube_object,
    live_like,
    live_state,
    parse_manifest,
    rendered,
    scope,
)

CASES = sorted(Path(__file__).parent.glob("cases/*.yaml"))


def read_case(path: Path) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return case


def plan_of(case: Mapping[str, Any], *, backwards: bool = False) -> Plan:
    """`backwards` turns the order of every mapping round, which must not matter."""
    name = case.get("scope", "stg")
    entries = _turned(case.get("releases", {}), backwards)
    libraries = _turned(case.get("libraries", {}), backwards)
    live = _live(case, {**libraries, **entries}, backwards)
    return plan_deploy(
        _scope(name, entries, case),
        live,
        {key: _render(key, entry) for key, entry in entries.items()},
        _options(case.get("options", {})),
        parse=parse_manifest,
        libraries=None if name == "libraries" else _scope("libraries", libraries, case),
    )


def shown(plan: Plan) -> dict[str, list[str]]:
    return {
        "rows": [
            "; ".join(
                [
                    f"{row.wave} {row.name}: {row.action} {row.chart} rev {row.revision}",
                    *row.reasons,
                    *(f"note: {note}" for note in row.notes),
                ]
            )
            for row in plan.releases
        ],
        "steps": [f"{step.id} < {', '.join(step.needs)}".removesuffix(" < ") for step in plan.steps],
        "blockers": list(plan.blockers),
        "warnings": list(plan.warnings),
    }


def _turned(mapping: Mapping[str, Any], backwards: bool) -> dict[str, Any]:
    return dict(reversed(list(mapping.items()))) if backwards else dict(mapping)


def _scope(name: str, entries: Mapping[str, Any], case: Mapping[str, Any]) -> Scope:
    made = [
        _desired(name, key, entry or {})
        for key, entry in entries.items()
        if not (entry or {}).get("unmanaged")
    ]
    unmanaged = [
        Unmanaged(key, Requires.model_validate(entry.get("requires", {})))
        for key, entry in entries.items()
        if entry and entry.get("unmanaged")
    ]
    return scope(*made, name=name, protected=case.get("protected", False), unmanaged=unmanaged)


def _desired(name: str, key: str, entry: Mapping[str, Any]) -> DesiredRelease:
    release = desired(
        key,
        scope=name,
        namespace=entry.get("namespace", NAMESPACE),
        labels=entry.get("labels"),
        needs=entry.get("needs", ()),
        needs_libraries=entry.get("needsLibraries", ()),
        requires=Requires.model_validate(entry.get("requires", {})),
        gates=[Gate.model_validate(gate) for gate in entry.get("gates", ())],
    )
    path = entry.get("path")
    return replace(release, chart=ChartRef.model_validate({"path": path})) if path else release


def _render(key: str, entry: Mapping[str, Any] | None) -> RenderedRelease | NotRendered:
    entry = entry or {}
    if "notRendered" in entry:
        return NotRendered(key, entry["notRendered"])
    return rendered(
        key,
        chart=chart_at(
            key,
            entry.get("chart", "0.1.0"),
            content=entry.get("content", ""),
            pinned=entry.get("pinned", True),
            note=entry.get("note"),
        ),
        values=entry.get("values"),
        objects=[_object(text, entry.get("namespace", NAMESPACE)) for text in entry.get("objects", ())],
        helm_major=entry.get("helm", 4),
        random=entry.get("random", ()),
    )


def _object(text: str, namespace: str) -> KubeObject:
    kind, _, rest = text.partition(" ")
    name, _, value = rest.partition("=")
    match kind:
        case "CRD":
            return kube_object(
                "CustomResourceDefinition", name, api_version="apiextensions.k8s.io/v1", namespace=""
            )
        case "IngressClass":
            return kube_object(kind, name, api_version="networking.k8s.io/v1", namespace="")
        case "Secret":
            return kube_object(kind, name, namespace=namespace, stringData={"value": value})
        case _:
            return kube_object(kind, name, namespace=namespace, data={"value": value})


def _live(case: Mapping[str, Any], entries: Mapping[str, Any], backwards: bool) -> LiveState:
    live = case.get("live", {})
    if live.get("offline"):
        return live_state(identity=None, namespaces=())
    releases = [
        _release(name, made, entries) for name, made in _turned(live.get("releases", {}), backwards).items()
    ]
    namespaces = [
        LiveNamespace(name, (each or {}).get("phase", "Active"), (each or {}).get("labels", {}))
        for name, each in _turned(live.get("namespaces", {NAMESPACE: {}}), backwards).items()
    ]
    secrets = {
        (NAMESPACE, name): None if keys is None else frozenset(keys)
        for name, keys in live.get("secrets", {}).items()
    }
    return live_state(
        *releases,
        namespaces=namespaces,
        crds=live.get("crds", {}),
        secret_keys=secrets,
        ingress_classes=live.get("ingressClasses", ()),
        storage_classes=live.get("storageClasses", ()),
        applications=[application(**each) for each in live.get("applications", ())],
        unknown=live.get("unknown", {}),
    )


def _release(name: str, made: Mapping[str, Any], entries: Mapping[str, Any]) -> LiveRelease:
    key = made.get("of") or (name if name in entries else name.rpartition("-")[0])
    source = dict(entries[key] or {}) if made.get("same") else {}
    source.pop("notRendered", None)
    render = _render(key, {**source, **made})
    assert isinstance(render, RenderedRelease)
    release = live_like(
        render,
        name,
        (entries.get(key) or {}).get("namespace", NAMESPACE),
        revision=made.get("revision", 1),
        status=made.get("status", "deployed"),
        history=[tuple(each) for each in made.get("history", ())],
    )
    if "description" in made:
        release = replace(release, description=made["description"])
    return replace(release, inputs=None, chart_digest=None, run=None) if made.get("outside") else release


def _options(given: Mapping[str, Any]) -> DeployOptions:
    options: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in given.items()
    }
    if "coming" in given:
        options["coming"] = Coming(**{name: frozenset(value) for name, value in given["coming"].items()})
    return DeployOptions(**options)
