"""What goes into a backup, and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from platformctl.backup.collect import Wish, collect
from platformctl.backup.models import Archive, folder_of, left_by_hooks_path, objects_path, record_path
from platformctl.errors import ClusterError, ForbiddenError
from platformctl.live.state import ReleaseId, Revision
from platformctl.render.manifests import parse_manifests
from tests.backup.test_compare import DISCOVERY, at, thing
from tests.support.builders import CLUSTER
from tests.support.helm_records import helm_secret
from tests.support.stub_api import FORBIDDEN, stub_api

WEB = ReleaseId("plate-stg", "web")
SECRETS = "/api/v1/namespaces/plate-stg/secrets"
RECORDS = (
    f"{SECRETS}?labelSelector=owner%3Dhelm%2Cname%3Dweb&fieldSelector=type%3Dhelm.sh%2Frelease.v1&limit=500"
)
MANIFEST = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
---
apiVersion: v1
kind: Secret
metadata: {name: own}
---
apiVersion: v1
kind: Secret
metadata: {name: foreign}
"""
HOOKS = [
    {"path": "t/hook.yaml", "manifest": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: left, annotations: {helm.sh/hook: pre-install}}"},
    {"path": "t/job.yaml", "manifest": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: once, annotations: {helm.sh/hook: pre-install}}"},
]  # fmt: skip
OURS = {"annotations": {"meta.helm.sh/release-name": "web"}}


def parse(text: str, namespace: str) -> tuple[Any, ...]:
    found = parse_manifests(text, namespace)
    return (*found.objects, *(hook.object for hook in found.hooks))


def record(revision: int, status: str) -> dict[str, Any]:
    info = {"status": status, "first_deployed": "2026-01-01T00:00:00Z", "notes": "Welcome"}
    body = {"info": info, "manifest": MANIFEST, "hooks": HOOKS}
    return helm_secret("web", revision, status, namespace="plate-stg", body=body)


ROUTES = {
    **DISCOVERY,
    RECORDS: [record(1, "superseded"), record(2, "deployed")],
    RECORDS.replace("web", "absent"): [],
    "/api/v1/namespaces/plate-stg": {"metadata": {"labels": {"tier": "a", "kubernetes.io/metadata.name": "plate-stg"}}},
    at("configmaps"): thing("ConfigMap", metadata={"managedFields": [{"manager": "helm"}]}),
    at("configmaps", "left"): thing("ConfigMap", "left"),
    at("secrets", "own"): thing("Secret", "own", metadata=OURS),
    at("secrets", "foreign"): thing("Secret", "foreign"),
    SECRETS: [
        {"metadata": {"name": "loose", "namespace": "plate-stg"}, "type": "Opaque", "data": {"a": "Yg=="}},
        {"metadata": {"name": "own", "namespace": "plate-stg", **OURS}, "type": "Opaque"},
        {"metadata": {"name": "made", "namespace": "plate-stg", "ownerReferences": [{"kind": "ExternalSecret"}]}, "type": "Opaque"},
        {"metadata": {"name": "token", "namespace": "plate-stg"}, "type": "kubernetes.io/service-account-token"},
        {"metadata": {"name": "sh.helm.release.v1.web.v1", "namespace": "plate-stg"}, "type": "helm.sh/release.v1"},
    ],
}  # fmt: skip


def taken(*, include_secrets: bool = False, **routes: Any) -> Archive:
    api, _ = stub_api({**ROUTES, **routes})
    wish = Wish(
        id="20261123-101502-1a2b",
        scope="stg",
        at="2026-11-23T10:15:02+00:00",
        run="r",
        who="me",
        identity=CLUSTER,
        tools={},
        releases={"web": WEB, "absent": ReleaseId("plate-stg", "absent")},
        namespaces=("plate-stg", "gone"),
        include_secrets=include_secrets,
    )
    return collect(wish, api, parse)


def names(content: bytes) -> list[str]:
    return [item["metadata"]["name"] for item in json.loads(content)["items"]]


def test_a_release_is_kept_with_everything_that_helm_knows_of_it() -> None:
    found = taken()
    [release] = found.backup.releases
    assert (release.key, release.revision, release.target, release.status) == ("web", 2, 2, "deployed")
    assert release.revisions == (Revision(1, "superseded"), Revision(2, "deployed"))
    assert release.installed == "2026-01-01T00:00:00Z"
    folder = folder_of(WEB)
    assert found.files[f"{folder}/notes.txt"] == b"Welcome"
    assert found.files[f"{folder}/manifest.yaml"] == MANIFEST.encode()
    assert b"t/job.yaml" in found.files[f"{folder}/hooks.yaml"]
    assert json.loads(found.files[f"{folder}/values.json"]) == {"image": {"tag": "1.27"}}
    kept = json.loads(found.files[record_path(WEB, 2)])
    assert kept == {"apiVersion": "v1", "kind": "Secret", **ROUTES[RECORDS][1]}


def test_live_objects_are_those_that_the_release_owns_and_what_its_hooks_left() -> None:
    found = taken()
    assert names(found.files[objects_path(WEB)]) == ["web", "own"]
    assert names(found.files[left_by_hooks_path(WEB)]) == ["left"]
    assert b"managedFields" not in found.files[objects_path(WEB)]


def test_namespaces_are_kept_with_the_labels_that_somebody_gave_them() -> None:
    assert taken().backup.namespaces == {"plate-stg": {"tier": "a"}}


def test_secrets_that_no_release_owns_are_kept_only_when_asked_for_and_only_those_that_nobody_makes_again() -> (
    None
):
    assert taken().backup.secrets == ()
    assert not [path for path in taken().files if path.startswith("secrets/")]
    found = taken(include_secrets=True)
    assert found.backup.secrets == (("plate-stg", "loose"),)
    assert names(found.files["secrets/plate-stg.json"]) == ["loose"]


def test_a_failed_newest_revision_is_kept_and_the_good_one_before_is_the_target() -> None:
    found = taken(**{RECORDS: [record(1, "deployed"), record(2, "failed")]})
    assert [(each.revision, each.target) for each in found.backup.releases] == [(2, 1)]


def test_what_may_not_be_read_ends_the_backup() -> None:
    with pytest.raises(ForbiddenError):
        taken(**{at("configmaps"): FORBIDDEN})
    with pytest.raises(ForbiddenError):
        taken(**{RECORDS: FORBIDDEN})


def test_a_damaged_record_ends_the_backup() -> None:
    broken = helm_secret("web", 2, namespace="plate-stg", packed="AAAA")
    with pytest.raises(ClusterError, match="damaged"):
        taken(**{RECORDS: [record(1, "superseded"), broken]})
