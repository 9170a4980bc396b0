from __future__ import annotations

import json
from dataclasses import replace

from platformctl.catalog.models import Gate
from platformctl.live.state import LiveState
from platformctl.plan.data import digest, plan_data
from platformctl.plan.steps import Plan
from tests.support.builders import (
    CLUSTER,
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

GATE = Gate.model_validate({"crd": "a.example.org"})


def example(live: LiveState | None = None, color: str = "green", random: tuple[str, ...] = ()) -> Plan:
    return planned(
        scope(desired("web", gates=[GATE], labels={"a": "1"})),
        live
        or live_state(
            live_release(revision=4, chart=("web", "0.0.9"), objects=[kube_object(data={"c": "blue"})])
        ),
        rendered(chart=chart_at(version="0.1.0"), objects=[kube_object(data={"c": color})], random=random),
    )


def test_a_plan_is_json_without_local_paths() -> None:
    text = json.dumps(plan_data(example()), indent=1)

    assert "/repo" not in text
    assert "/cache" not in text
    assert json.loads(text) == plan_data(example())


def test_the_data_of_a_plan() -> None:
    chart = chart_at(version="0.1.0")

    assert plan_data(example()) == {
        "version": "platformctl.dev/plan.v1",
        "kind": "deploy",
        "scope": "stg",
        "protected": False,
        "cluster": {
            "context": "home-k8s",
            "server": "https://10.0.0.1:6443",
            "uid": "5f0c1111-2222-3333-4444-5555666691aa",
            "version": "v1.37.2",
            "sandbox": False,
        },
        "releases": [
            {
                "key": "web",
                "name": "web-stg",
                "namespace": "plate-stg",
                "action": "upgrade",
                "chart": "0.0.9 → 0.1.0",
                "revision": 4,
                "reasons": ["made outside platformctl", "chart 0.0.9 → 0.1.0"],
                "wave": 0,
                "needs": [],
                "objects": [
                    {
                        "group": "",
                        "kind": "ConfigMap",
                        "namespace": "plate-stg",
                        "name": "web",
                        "change": "changed",
                        "random": False,
                        "diff": [
                            "@@ -3,4 +3,4 @@",
                            " metadata:",
                            "   name: web",
                            " data:",
                            "-  c: blue",
                            "+  c: green",
                        ],
                    }
                ],
                "random": [],
                "notes": [],
            }
        ],
        "steps": [
            {"id": "namespace:plate-stg", "needs": [], "kind": "namespace", "namespace": "plate-stg", "labels": {"a": "1"}, "exists": True},
            {
                "id": "apply:web",
                "needs": ["namespace:plate-stg"],
                "kind": "apply",
                "key": "web",
                "name": "web-stg",
                "namespace": "plate-stg",
                "chart": {"name": "web", "version": "0.1.0", "digest": chart.digest, "pinned": True},
                "inputs": rendered(chart=chart).inputs.digest,
                "fromRevision": 4,
                "historyMax": 10,
                "timeoutSeconds": 600.0,
                "wait": "platformctl",
            },
            {
                "id": "ready:web",
                "needs": ["apply:web"],
                "kind": "ready",
                "key": "web",
                "name": "web-stg",
                "namespace": "plate-stg",
                "timeoutSeconds": 600.0,
                "stableForSeconds": 0.0,
            },
            {
                "id": "gate:web:1",
                "needs": ["ready:web"],
                "kind": "gate",
                "key": "web",
                "name": "web-stg",
                "namespace": "plate-stg",
                "gate": {"crd": "a.example.org", "within": "3m"},
            },
        ],
        "blockers": [],
        "warnings": [],
        "labels": {},
    }  # fmt: skip


def test_equal_plans_have_equal_digests_under_any_name_of_the_cluster() -> None:
    elsewhere = replace(example(), identity=replace(CLUSTER, context="bastion", server="https://other:6443"))

    assert digest(example()) == digest(elsewhere)
    assert digest(example()).startswith("sha256:")


def test_another_cluster_another_revision_or_other_inputs_give_another_digest() -> None:
    other_cluster = replace(example(), identity=replace(CLUSTER, uid="another"))
    moved_on = example(live_state(live_release(revision=5, chart=("web", "0.0.9"))))

    assert len({digest(example()), digest(other_cluster), digest(moved_on)}) == 3


def test_what_is_random_at_every_render_does_not_move_the_digest() -> None:
    random = ("ConfigMap web: data.c",)
    old = live_like(rendered(values={"a": 1}, objects=[kube_object(data={"c": "blue"})]))
    green, red = example(live_state(old), "green", random), example(live_state(old), "red", random)

    assert green != red
    assert digest(green) == digest(red)
