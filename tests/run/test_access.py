"""Where people reach what was deployed: only what these very releases made, by helm's own note."""

from __future__ import annotations

from typing import Any

from platformctl.run.access import addresses
from tests.support.builders import desired, live_state, planned, rendered, scope
from tests.support.stub_api import FORBIDDEN, stub_api

INGRESSES = "/apis/networking.k8s.io/v1/namespaces/plate-stg/ingresses"
SERVICES = "/api/v1/namespaces/plate-stg/services"
PLAN = planned(scope(desired("web")), live_state(), rendered("web"))


def of(name: str, namespace: str = "plate-stg") -> dict[str, Any]:
    noted = {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace}
    return {"name": "x", "annotations": noted}


def test_hosts_with_and_without_tls_and_addresses_of_load_balancers() -> None:
    ingress = {
        "metadata": of("web-stg"),
        "spec": {
            "tls": [{"hosts": ["a.example"]}],
            "rules": [{"host": "a.example"}, {"host": "b.example"}, {}],
        },
    }
    balancer = {
        "metadata": of("web-stg"),
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 443}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }
    inside = {"metadata": of("web-stg"), "spec": {"type": "ClusterIP", "ports": [{"port": 80}]}}
    api, _ = stub_api({INGRESSES: [ingress], SERVICES: [balancer, inside]})
    assert addresses(PLAN, api) == (
        "https://a.example (web-stg)",
        "http://b.example (web-stg)",
        "web-stg: 192.0.2.1:80,443",
    )


def test_what_others_made_and_what_nobody_noted_is_left_out() -> None:
    spec = {"rules": [{"host": "a.example"}]}
    strangers = [
        {"metadata": of("web-stg", "elsewhere"), "spec": spec},
        {"metadata": of("other"), "spec": spec},
        {"metadata": {"name": "x", "annotations": None}, "spec": spec},
        {"metadata": {"name": "x"}, "spec": spec},
    ]
    api, _ = stub_api({INGRESSES: strangers, SERVICES: []})
    assert addresses(PLAN, api) == ()


def test_what_may_not_be_read_fails_nothing() -> None:
    api, _ = stub_api({INGRESSES: FORBIDDEN, SERVICES: []})
    assert addresses(PLAN, api) == ()
