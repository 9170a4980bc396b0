"""The facts of the platform that its charts carry, and what two charts must agree on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .releases import RELEASES, STAGING, release
from .rendering import Helm, containers, objects, of_kind, only


@pytest.mark.parametrize(
    ("name", "resources"),
    [
        ("plate-web-stg", {"web": "200m/256Mi 500m/512Mi", "backend": "50m/64Mi 100m/128Mi"}),
        ("plate-web-prod", {"web": "250m/256Mi 500m/512Mi", "backend": "50m/64Mi 100m/128Mi"}),
        ("plate-api-stg", {"api": "200m/512Mi 500m/1Gi"}),
        ("plate-api-prod", {"api": "250m/512Mi 500m/1Gi"}),
        ("plate-llm-stg", {"llm": "500m/1Gi 1000m/2Gi"}),
    ],
)
def test_requests_and_limits_are_the_platforms(helm: Helm, name: str, resources: dict[str, str]) -> None:
    found = {
        container["name"]: " ".join(
            f"{amounts['cpu']}/{amounts['memory']}"
            for amounts in (container["resources"]["requests"], container["resources"]["limits"])
        )
        for container in containers(objects(helm, release(name)))
    }
    assert found == resources


# plate-web


def _nginx_conf(helm: Helm, *more: str) -> str:
    conf: str = only(objects(helm, release("plate-web-prod"), *more), "ConfigMap")["data"]["nginx.conf"]
    return conf


def _location(conf: str, path: str) -> list[str]:
    """The directives of one location."""
    (body,) = re.findall(rf"location = {re.escape(path)} {{([^}}]*)}}", conf)
    return [line.strip() for line in body.strip().splitlines()]


def test_nginx_answers_for_itself_and_asks_its_backend_for_one_second(helm: Helm) -> None:
    conf = _nginx_conf(helm)
    assert _location(conf, "/health") == [
        "access_log off;",
        "default_type text/plain;",
        r'return 200 "ok\n";',
    ]
    assert _location(conf, "/backend-health") == [
        "access_log off;",
        "proxy_pass http://127.0.0.1:8080/health;",
        "proxy_connect_timeout 1s;",
        "proxy_send_timeout 1s;",
        "proxy_read_timeout 1s;",
    ]
    assert re.search(r"^\s*gzip on;$", conf, re.MULTILINE)


def test_the_backend_listens_where_nginx_asks(helm: Helm) -> None:
    backend = containers(objects(helm, release("plate-web-prod")))[1]
    assert backend["ports"] == [{"name": "backend", "containerPort": 8080, "protocol": "TCP"}]
    assert backend["args"][0] == "-listen=:8080"


def test_a_changed_nginx_conf_restarts_the_pods_and_nothing_else_does(helm: Helm) -> None:
    def pods(*more: str) -> Any:
        return only(objects(helm, release("plate-web-prod"), *more), "Deployment")["spec"]["template"][
            "metadata"
        ]

    before = pods()
    assert pods("--set", "podDisruptionBudget.maxUnavailable=2") == before
    changed = pods("--set", "containerPort=8001")
    assert changed["labels"] == before["labels"]
    assert changed["annotations"]["checksum/config"] != before["annotations"]["checksum/config"]


def test_staging_pulls_the_newest_nginx_every_time(helm: Helm) -> None:
    web = containers(objects(helm, release("plate-web-stg")))[0]
    assert (web["image"], web["imagePullPolicy"]) == ("nginx:latest", "Always")


# What charts must agree on


@pytest.mark.parametrize("environment", ["stg", "prod"])
def test_the_ingress_routes_to_the_services_of_web_and_api(helm: Helm, environment: str) -> None:
    backends = {}
    for path in ("web", "api"):
        service = only(objects(helm, release(f"plate-{path}-{environment}")), "Service")
        backends[path] = {
            "name": service["metadata"]["name"],
            "port": {"number": service["spec"]["ports"][0]["port"]},
        }
    rules = only(objects(helm, release(f"plate-ingress-{environment}")), "Ingress")["spec"]["rules"]
    for rule in rules:
        found = {path["path"]: path["backend"]["service"] for path in rule["http"]["paths"]}
        assert found == {"/": backends["web"], "/api": backends["api"]}


@pytest.mark.parametrize(
    ("environment", "hosts", "secret", "redirect"),
    [
        ("stg", ["stg.cocdev.co.kr"], "web-stg-tls", "false"),
        ("prod", ["cocdev.co.kr", "www.cocdev.co.kr"], "web-prod-tls", "true"),
    ],
)
def test_the_ingress_serves_the_hosts_of_its_environment(
    helm: Helm, environment: str, hosts: list[str], secret: str, redirect: str
) -> None:
    ingress = only(objects(helm, release(f"plate-ingress-{environment}")), "Ingress")
    assert ingress["metadata"]["name"] == "cocdev-ingress"
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == hosts
    assert ingress["spec"]["tls"] == [{"secretName": secret, "hosts": hosts}]
    assert ingress["metadata"]["annotations"] == {
        "cert-manager.io/cluster-issuer": "letsencrypt-prod",
        "nginx.ingress.kubernetes.io/force-ssl-redirect": redirect,
        "nginx.ingress.kubernetes.io/limit-rpm": "100",
        "nginx.ingress.kubernetes.io/ssl-redirect": redirect,
    }


def test_every_ingress_asks_an_issuer_that_the_platform_has(helm: Helm) -> None:
    issuers = {one["metadata"]["name"] for one in objects(helm, release("cert-manager-issuers"))}
    asked = {
        ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"]
        for one in RELEASES
        for ingress in of_kind(objects(helm, one), "Ingress")
    }
    assert issuers == {"letsencrypt-staging", "letsencrypt-prod"}
    assert asked == {"letsencrypt-prod"}


@pytest.mark.parametrize(
    ("environment", "store", "remote", "refresh"),
    [
        ("stg", "openbao-env-staging", "staging", "30m"),
        ("prod", "openbao-env-production", "production", "1h"),
    ],
)
def test_openbao_makes_the_secrets_that_the_api_reads(
    helm: Helm, environment: str, store: str, remote: str, refresh: str
) -> None:
    found = objects(helm, release(f"openbao-secrets-manager-{environment}"))
    env, registry = of_kind(found, "ExternalSecret")
    api = only(objects(helm, release(f"plate-api-{environment}")), "Deployment")["spec"]["template"]["spec"]
    reads = [one["valueFrom"]["secretKeyRef"] for one in api["containers"][0]["env"]]

    assert only(found, "SecretStore")["metadata"]["name"] == store
    assert {one["apiVersion"] for one in found} == {"external-secrets.io/v1"}
    for each in (env, registry):
        assert each["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": store}
        assert each["spec"]["refreshInterval"] == refresh
        assert each["spec"]["target"]["creationPolicy"] == "Owner"
    assert [one["secretKey"] for one in env["spec"]["data"]] == [one["key"] for one in reads]
    assert {one["remoteRef"]["key"] for one in env["spec"]["data"]} == {f"server/{remote}"}
    assert {one["name"] for one in reads} == {env["spec"]["target"]["name"]} == {"app-env-secrets"}
    assert api["imagePullSecrets"] == [{"name": registry["spec"]["target"]["name"]}]
    assert registry["spec"]["target"]["template"]["type"] == "kubernetes.io/dockerconfigjson"


def test_secrets_made_from_openbao_do_not_look_like_objects_of_the_release(helm: Helm) -> None:
    for each in of_kind(objects(helm, release("openbao-secrets-manager-prod")), "ExternalSecret"):
        labels = each["spec"]["target"]["template"]["metadata"]["labels"]
        assert labels
        assert "app.kubernetes.io/instance" not in labels


def test_the_cache_claims_of_the_environments_are_two_and_outlive_their_release(helm: Helm) -> None:
    claims = [
        only(objects(helm, release(f"plate-cache-{each}")), "PersistentVolumeClaim")
        for each in ("stg", "prod")
    ]
    assert [
        (
            one["metadata"]["name"],
            one["spec"]["resources"]["requests"]["storage"],
            one["spec"]["storageClassName"],
        )
        for one in claims
    ] == [
        ("container-builder-pvc-stg", "30Gi", "openebs-hostpath"),
        ("container-builder-pvc-prod", "50Gi", "openebs-hostpath"),
    ]
    assert all(one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for one in claims)


def test_the_address_pool_is_announced(helm: Helm) -> None:
    pool, announcement = objects(helm, release("metallb-pool"))
    assert (pool["metadata"]["name"], pool["spec"]) == (
        "first-pool",
        {"addresses": ["192.168.0.20-192.168.0.200"]},
    )
    assert announcement["spec"] == {"ipAddressPools": ["first-pool"]}


def test_plate_web_has_no_ingress_of_its_own_and_only_the_api_asks_for_an_address(helm: Helm) -> None:
    kinds = {
        one.name: (
            len(of_kind(found, "Ingress")),
            [each["spec"]["type"] for each in of_kind(found, "Service")],
        )
        for one in STAGING
        if (found := objects(helm, one)) and of_kind(found, "Deployment")
    }
    assert kinds == {
        "plate-web-stg": (0, ["ClusterIP"]),
        "plate-api-stg": (0, ["LoadBalancer"]),
        "plate-llm-stg": (1, ["ClusterIP"]),
    }
