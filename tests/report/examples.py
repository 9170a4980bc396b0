"""Plans and runs like those of the real platform, for the screens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from platformctl.catalog.desired import Catalog, Scope
from platformctl.catalog.models import Platform, Requires
from platformctl.live.state import OFFLINE, LiveState
from platformctl.plan.steps import Plan, StepId
from platformctl.render.models import NotRendered, RenderedRelease
from platformctl.report.plan_view import Header, Pinned
from platformctl.run.result import PhaseOutcome, RunResult, Status, StepOutcome
from tests.support.builders import (
    chart_at,
    desired,
    kube_object,
    live_like,
    live_release,
    live_state,
    planned,
    rendered,
    scope,
)

NS = "plate-prod"
HEADER = Header(
    platform="prj-devops",
    commit='4be1f02 "plate-web: nginx 1.27" on main',
    pinned=Pinned.THIS,
    before="backup to backups/prod/20261123-101502",
    on_failure="everything is left in place; the summary says how to go back",
)
KEYS = ("openbao-secrets-manager", "plate-api", "plate-web", "plate-ingress", "plate-cache")
NEEDS = {
    "plate-api": ["openbao-secrets-manager"],
    "plate-web": ["openbao-secrets-manager"],
    "plate-ingress": ["plate-web"],
}


def production(requires: Requires | None = None) -> Scope:
    releases = [
        desired(
            key,
            scope="prod",
            namespace=NS,
            needs=NEEDS.get(key, ()),
            requires=requires if key == "plate-web" else None,
        )
        for key in KEYS
    ]
    return scope(*releases, name="prod", protected=True, namespace=NS)


def production_renders() -> dict[str, RenderedRelease]:
    deployment = kube_object(
        "Deployment", "plate-web-prod", api_version="apps/v1", namespace=NS, spec={"replicas": 3}
    )
    config = kube_object(
        "ConfigMap", "plate-web-prod", namespace=NS, data={"nginx.conf": "gzip on;\nworkers 2;\n"}
    )
    secret = kube_object("Secret", "plate-web-prod", namespace=NS, stringData={"token": "new-token"})
    api = kube_object(
        "Deployment", "plate-api-prod", api_version="apps/v1", namespace=NS, spec={"image": "server:1.9.0"}
    )
    return {
        "openbao-secrets-manager": rendered("openbao-secrets-manager"),
        "plate-api": rendered(
            "plate-api",
            chart=chart_at("plate-api", "0.4.2"),
            values={"image": {"tag": "1.9.0"}},
            objects=[api],
        ),
        "plate-web": rendered(
            "plate-web",
            chart=chart_at("plate-web", "0.3.1"),
            values={
                "image": {"tag": "1.27", "pullPolicy": "IfNotPresent"},
                "replicas": 3,
                "backend": {"token": "b"},
            },
            objects=[deployment, config, secret],
            random=["Secret plate-web-prod: stringData.token"],
        ),
        "plate-ingress": rendered("plate-ingress", chart=chart_at("plate-ingress", "0.2.0")),
        "plate-cache": rendered("plate-cache"),
    }


def production_live() -> LiveState:
    renders = production_renders()
    web = [
        kube_object(
            "Deployment", "plate-web-prod", api_version="apps/v1", namespace=NS, spec={"replicas": 2}
        ),
        kube_object(
            "ConfigMap", "plate-web-prod", namespace=NS, data={"nginx.conf": "gzip off;\nworkers 2;\n"}
        ),
        kube_object("Secret", "plate-web-prod", namespace=NS, stringData={"token": "old-token"}),
    ]
    api = [
        kube_object(
            "Deployment",
            "plate-api-prod",
            api_version="apps/v1",
            namespace=NS,
            spec={"image": "server:1.8.0"},
        )
    ]
    old_web = rendered(
        "plate-web",
        chart=chart_at("plate-web", "0.3.0"),
        values={
            "image": {"tag": "1.25", "pullPolicy": "IfNotPresent"},
            "replicas": 2,
            "backend": {"token": "a"},
        },
        objects=web,
    )
    old_api = rendered(
        "plate-api", chart=chart_at("plate-api", "0.4.2"), values={"image": {"tag": "1.8.0"}}, objects=api
    )
    return live_state(
        live_like(renders["openbao-secrets-manager"], "openbao-secrets-manager-prod", NS, revision=7),
        live_like(old_api, "plate-api-prod", NS, revision=12),
        live_like(old_web, "plate-web-prod", NS, revision=9),
        live_like(renders["plate-ingress"], "plate-ingress-prod", NS, revision=4),
        live_like(renders["plate-cache"], "plate-cache-prod", NS, revision=2),
        namespaces=[NS],
    )


def production_plan() -> Plan:
    return planned(production(), production_live(), *production_renders().values())


def blocked_plan() -> Plan:
    """Things missing, a pending release, a chart that is not at hand, a release of Argo CD."""
    requires = Requires.model_validate(
        {
            "crds": ["externalsecrets.external-secrets.io"],
            "secrets": [{"name": "openbao-token", "keys": ["token"]}],
        }
    )
    live = replace(
        production_live(),
        secret_keys={(NS, "openbao-token"): None},
        unknown={"crds": "customresourcedefinitions is forbidden for user ops"},
    )
    stuck = live_release(
        "plate-api-prod", NS, revision=13, status="pending-upgrade", history=[(12, "superseded")]
    )
    live = replace(live, releases={**live.releases, stuck.id: stuck})
    renders: dict[str, RenderedRelease | NotRendered] = {**production_renders()}
    renders["plate-cache"] = NotRendered(
        "plate-cache", "plate-cache 0.1.0 is in no cache, mirror or reachable source"
    )
    return planned(production(requires), live, *renders.values())


def fresh_plan() -> Plan:
    return planned(production(), live_state(namespaces=()), *production_renders().values())


CATALOG = Catalog(
    platform=Platform.model_validate(
        {
            "apiVersion": "platformctl.dev/v1alpha1",
            "kind": "Platform",
            "metadata": {"name": "prj-devops"},
            "environments": {
                "stg": {"namespace": {"name": "plate-stg"}},
                "prod": {"namespace": {"name": NS}},
            },
            "libraries": {"ingress-nginx": {"layer": "cluster-services", "managed": False}},
            "applications": {
                "plate-web": {"chart": {"path": "/helm/applications/plate-web"}, "environments": {"stg": {}}},
                "plate-api": {"chart": {"path": "/helm/applications/plate-api"}, "environments": {"stg": {}}},
            },
        }
    ),
    root=Path("/repo"),
    file=Path("/repo/environments/platform.yaml"),
    scopes={},
)
LIBRARIES = (
    "metallb 0.16.1",
    "cert-manager v1.21.1",
    "cert-manager-issuers 0.1.0",
    "argocd 9.5.0",
    "harbor 1.19.2",
)


def offline_plans(*, charts: bool = True) -> list[Plan]:
    """All scopes without a cluster; without `charts` nothing could be rendered."""
    libraries = [text.split(" ") for text in LIBRARIES]
    found = []
    for name, entries in (
        ("libraries", libraries),
        ("stg", [(key, "0.1.0") for key in KEYS]),
        ("prod", [(key, "0.1.0") for key in KEYS]),
    ):
        renders = [
            rendered(key, chart=chart_at(key, version)) if charts else NotRendered(key, "no chart source")
            for key, version in entries
        ]
        releases = [desired(key, scope=name) for key, _ in entries]
        found.append(planned(scope(*releases, name=name), OFFLINE, *renders))
    return found


def step(
    id_: str, key: str, what: str, status: Status, detail: str = "", seconds: float = 0.0, **rest: object
) -> StepOutcome:
    cause = rest.get("cause")
    evidence = rest.get("evidence", ())
    return StepOutcome(
        StepId(id_),
        key,
        what,
        status,
        detail,
        seconds,
        cause=StepId(str(cause)) if cause else None,
        evidence=tuple(evidence),  # type: ignore[arg-type]
    )


def run_result(
    status: Status, *steps: StepOutcome, plan: Plan | None = None, access: tuple[str, ...] = ()
) -> RunResult:
    return RunResult(
        run="20261123-101502",
        plan=plan or production_plan(),
        phases=(PhaseOutcome("preflight", Status.OK, "14 objects accepted by a server dry run", 2.1),),
        steps=steps,
        status=status,
        seconds=21.4,
        access=access,
        live={"plate-web": 10, "plate-api": 13},
    )


def good_run() -> RunResult:
    return run_result(
        Status.OK,
        step("apply:plate-api", "plate-api", "upgrade plate-api-prod", Status.OK, "revision 13", 1.1),
        step(
            "ready:plate-api", "plate-api", "wait until plate-api-prod is ready", Status.OK, "2/2 ready", 10.3
        ),
        access=("https://cocdev.co.kr (plate-ingress-prod)", "plate-api-prod: 192.168.0.20:80"),
    )


def failed_run() -> RunResult:
    image = 'Failed to pull image "nginx:1.72": manifest unknown'
    return run_result(
        Status.FAILED,
        step("apply:plate-api", "plate-api", "upgrade plate-api-prod", Status.OK, "revision 13", 1.1),
        step("apply:plate-web", "plate-web", "upgrade plate-web-prod", Status.OK, "revision 10", 1.0),
        step(
            "ready:plate-web",
            "plate-web",
            "wait until plate-web-prod is ready",
            Status.FAILED,
            "container web of pod plate-web-prod-6f9c7-x2x1q cannot pull nginx:1.72 (not found)",
            4.2,
            evidence=(
                f"event Warning Failed: {image}",
                "log web-6f9c7 │ \x1b[31mpanic\x1b[0m: no config\u202e",
                "pod Pending",
            ),
        ),
        step(
            "apply:plate-ingress",
            "plate-ingress",
            "upgrade plate-ingress-prod",
            Status.ABORTED,
            "not begun: wait until plate-web-prod is ready failed",
            cause="ready:plate-web",
        ),
    )


def stopped_run() -> RunResult:
    """Ctrl-C while one release comes up and helm is at work on another."""
    return run_result(
        Status.INTERRUPTED,
        step("apply:plate-api", "plate-api", "upgrade plate-api-prod", Status.OK, "revision 13", 1.1),
        step(
            "ready:plate-api",
            "plate-api",
            "wait until plate-api-prod is ready",
            Status.INTERRUPTED,
            "stopped while waiting: 1/2 ready · pod plate-api-prod-6f9c7-x2x1q ContainerCreating",
            4.2,
        ),
        step(
            "apply:plate-web",
            "plate-web",
            "upgrade plate-web-prod",
            Status.INTERRUPTED,
            "left running; it ends by itself",
            1.0,
        ),
        step(
            "ready:plate-web",
            "plate-web",
            "wait until plate-web-prod is ready",
            Status.INTERRUPTED,
            "not begun",
        ),
        step(
            "apply:plate-ingress",
            "plate-ingress",
            "upgrade plate-ingress-prod",
            Status.INTERRUPTED,
            "not begun",
        ),
        step(
            "ready:plate-ingress",
            "plate-ingress",
            "wait until plate-ingress-prod is ready",
            Status.INTERRUPTED,
            "not begun",
        ),
    )
