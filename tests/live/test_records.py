"""Helm's records, good and damaged."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from platformctl.live.records import LIMIT_BYTES, RecordError, decode, histories, read_release, record_of
from platformctl.live.state import (
    LABEL_CHART,
    LABEL_INPUTS,
    LABEL_REVISION,
    LABEL_RUN,
    LiveRelease,
    ReleaseId,
    Revision,
)
from tests.support.helm_records import helm_secret, pack
from tests.support.stub_api import stub_api

PATH = "/api/v1/namespaces/stg/secrets"
OURS = {LABEL_REVISION: "9", LABEL_INPUTS: "abc", LABEL_CHART: "def", LABEL_RUN: "20261123-101502"}


def _decoded(secret: dict[str, Any]) -> LiveRelease:
    return decode(secret, (record_of(secret),))


def test_a_record_is_decoded_whole() -> None:
    secret = helm_secret(revision=9, labels=OURS)
    history = [record_of(helm_secret(revision=8, status="superseded")), record_of(secret)]
    assert decode(secret, tuple(history)) == LiveRelease(
        id=ReleaseId("stg", "web"),
        revision=9,
        status="deployed",
        chart_name="plate-web",
        chart_version="0.3.0",
        values={"image": {"tag": "1.27"}},
        manifest="---\nkind: ConfigMap\n",
        inputs="abc",
        chart_digest="def",
        run="20261123-101502",
        updated="2026-11-20T09:17:00Z",
        description="Upgrade complete",
        history=(Revision(8, "superseded"), Revision(9, "deployed")),
    )


def test_labels_that_helm_copied_into_a_foreign_revision_do_not_count() -> None:
    release = _decoded(helm_secret(revision=10, labels=OURS))
    assert (release.inputs, release.chart_digest, release.run) == (None, None, None)


def test_values_and_manifest_stay_out_of_what_is_logged() -> None:
    assert "1.27" not in repr(_decoded(helm_secret()))


def test_a_release_without_values_has_none() -> None:
    assert _decoded(helm_secret(body={"config": None})).values == {}


def test_an_uncompressed_record_of_an_old_helm_is_read() -> None:
    whole = helm_secret()
    body = gzip.decompress(base64.b64decode(base64.b64decode(whole["data"]["release"])))
    packed = base64.b64encode(base64.b64encode(body)).decode()
    assert _decoded(helm_secret(packed=packed)) == _decoded(whole)


GOOD = helm_secret()["data"]["release"]
ZIPPED = base64.b64decode(base64.b64decode(GOOD))


def _twice(data: bytes) -> str:
    return base64.b64encode(base64.b64encode(data)).decode()


@pytest.mark.parametrize(
    "packed",
    [
        "",
        "not base64!",
        GOOD[:-9],
        base64.b64encode(b"*** not base64 inside").decode(),
        _twice(ZIPPED[:-20]),
        _twice(ZIPPED[:40] + b"\0\0\0\0" + ZIPPED[44:]),
        _twice(b"\x1f\x8b\x08 no gzip"),
        pack(b""),
        pack(b"[]"),
        pack(b"{}"),
        pack(b'{"info": 1}'),
        pack(json.dumps({"name": "web", "namespace": "stg", "version": 1, "info": {}, "chart": {"metadata": {}}}).encode()),
        pack(b'{"a":' * 50_000),
    ],
)  # fmt: skip
def test_a_damaged_record_is_an_error_that_names_its_secret(packed: str) -> None:
    with pytest.raises(
        RecordError, match=r"^read helm's record stg/sh\.helm\.release\.v1\.web\.v1: it is damaged"
    ):
        _decoded(helm_secret(packed=packed))


def test_a_record_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(RecordError, match="too large"):
        _decoded(helm_secret(packed=pack(b" " * (LIMIT_BYTES + 1))))


@pytest.mark.parametrize("body", [{"name": "other"}, {"namespace": "prod"}, {"version": 7}])
def test_a_record_that_claims_to_be_another_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match="it holds revision"):
        _decoded(helm_secret(body=body))


def test_a_secret_without_the_record_is_damaged() -> None:
    secret = helm_secret()
    del secret["data"]
    with pytest.raises(RecordError, match=r"damaged \(no 'release'\)"):
        _decoded(secret)


@pytest.mark.parametrize(
    "labels", [{"owner": "somebody"}, {"name": "other"}, {"version": "2"}, {"version": "x"}, {"status": ""}]
)
def test_labels_that_hide_a_record_from_helm_are_reported(labels: dict[str, str]) -> None:
    with pytest.raises(RecordError, match="do not fit its name, so helm does not see it"):
        record_of(helm_secret(labels=labels))


def test_a_release_name_with_dots_is_told_from_its_revision() -> None:
    record = record_of(helm_secret(name="web.v2", revision=11))
    assert (record.id.name, record.revision) == ("web.v2", 11)


def test_a_history_is_in_the_order_of_its_numbers() -> None:
    secrets = [helm_secret(revision=number) for number in (10, 9, 2)]
    found = histories(record_of(secret) for secret in secrets)
    assert [each.revision for each in found[ReleaseId("stg", "web")]] == [2, 9, 10]


def test_the_newest_revision_of_one_release_is_read() -> None:
    old, new = helm_secret(revision=9, status="superseded"), helm_secret(revision=10)
    api, transport = stub_api({PATH: [new, old], f"{PATH}/sh.helm.release.v1.web.v10": new})
    release = read_release(api, "stg", "web")
    assert release is not None
    assert (release.revision, release.history) == (10, (Revision(9, "superseded"), Revision(10, "deployed")))
    assert "labelSelector=owner%3Dhelm%2Cname%3Dweb" in transport.asked[0]


def test_a_release_that_is_not_there_is_none() -> None:
    api, _ = stub_api({PATH: []})
    assert read_release(api, "stg", "web") is None


def test_a_release_that_goes_while_it_is_read_is_none() -> None:
    api, _ = stub_api({PATH: iter([[helm_secret()], []])})
    assert read_release(api, "stg", "web") is None


def test_a_damaged_newest_record_is_never_passed_over_for_an_older_one() -> None:
    bad = helm_secret(revision=2, packed="")
    api, _ = stub_api(
        {PATH: [helm_secret(status="superseded"), bad], f"{PATH}/sh.helm.release.v1.web.v2": bad}
    )
    with pytest.raises(RecordError, match=r"web\.v2: it is damaged"):
        read_release(api, "stg", "web")
