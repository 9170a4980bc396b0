"""What kwok is told to play."""

from __future__ import annotations

from typing import Any

import yaml

from platformctl.sandbox import stages
from platformctl.sandbox.stages import Served


def resource(kind: str, *subresources: str) -> dict[str, Any]:
    return {"responseKind": {"kind": kind}, "subresources": [{"subresource": name} for name in subresources]}


def group(name: str, *versions: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    served = [{"version": version, "resources": resources} for version, resources in versions]
    return {"metadata": {"name": name}, "versions": served}


def test_played_kinds_are_found_in_the_version_that_the_server_prefers() -> None:
    discovery = {
        "items": [
            group("apps", ("v1", [resource("Deployment", "status")])),
            group(
                "external-secrets.io",
                ("v1", [resource("ExternalSecret", "status"), resource("PushSecret", "status")]),
                ("v1beta1", [resource("ExternalSecret", "status"), resource("SecretStore")]),
            ),
            group("cert-manager.io", ("v1", [resource("Issuer", "status", "scale")])),
            group("acme.cert-manager.io", ("v1", [resource("Issuer")])),
        ]
    }
    assert stages.served_kinds(discovery) == (
        Served("cert-manager.io", "v1", "Issuer", has_status=True),
        Served("external-secrets.io", "v1", "ExternalSecret", has_status=True),
        Served("external-secrets.io", "v1beta1", "SecretStore", has_status=False),
    )
    assert stages.served_kinds({}) == ()


def test_a_stage_patches_the_status_where_the_kind_keeps_it() -> None:
    with_status = stages.stage(Served("cert-manager.io", "v1", "Issuer", has_status=True))["spec"]
    without = stages.stage(Served("cert-manager.io", "v1", "Issuer", has_status=False))["spec"]
    assert with_status["resourceRef"] == {"apiGroup": "cert-manager.io/v1", "kind": "Issuer"}
    assert with_status["steps"][0]["patch"]["subresource"] == "status"
    assert "subresource" not in without["steps"][0]["patch"]


def test_only_an_external_secret_also_makes_a_secret() -> None:
    kinds = [("external-secrets.io", kind) for kind in ("ExternalSecret", "SecretStore")]
    steps = [
        stages.stage(Served(group, "v1", kind, has_status=True))["spec"]["steps"] for group, kind in kinds
    ]
    assert [[*step] for each in steps for step in each] == [["patch"], ["apply"], ["patch"]]


def test_every_stage_in_the_files_has_a_name_of_its_own_and_says_when() -> None:
    found = [each for path in stages.FILES for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    names = [each["metadata"]["name"] for each in found]
    assert sorted(names) == sorted(set(names))
    assert [
        each["metadata"]["name"] for each in found if not each["spec"]["selector"]["matchExpressions"]
    ] == []


def test_documents_are_one_yaml_stream() -> None:
    assert list(yaml.safe_load_all(stages.documents({"a": 1}, {"b": [2]}))) == [{"a": 1}, {"b": [2]}]
