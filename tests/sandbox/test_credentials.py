"""Users, keys and kubeconfigs."""

from __future__ import annotations

import base64
import json

import pytest

from platformctl.errors import ClusterError
from platformctl.sandbox import credentials

PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"


def test_each_component_has_a_user_and_a_token_of_its_own() -> None:
    tokens = credentials.new_tokens()
    assert sorted(tokens) == [
        "platformctl",
        "sandbox:kwok",
        "sandbox:supervisor",
        "system:kube-controller-manager",
        "system:kube-scheduler",
    ]
    assert len(set(tokens.values()) | set(credentials.new_tokens().values())) == 10
    assert credentials.tokens_csv({"u": "t"}) == 't,u,u,"system:masters"\n'


def test_the_service_account_key_is_a_sec1_key_on_p256() -> None:
    lines = credentials.service_account_key().splitlines()
    der = base64.b64decode("".join(lines[1:-1]))
    assert (lines[0], lines[-1]) == ("-----BEGIN EC PRIVATE KEY-----", "-----END EC PRIVATE KEY-----")
    assert (len(der), der[:7].hex(), der[39:].hex()) == (51, "30310201010420", "a00a06082a8648ce3d030107")


def test_the_authority_is_the_last_certificate() -> None:
    assert credentials.authority(PEM.format("own") + PEM.format("ca")) == PEM.format("ca")
    with pytest.raises(ClusterError, match="wrote no certificate"):
        credentials.authority("")


def test_a_kubeconfig_has_one_context_and_trusts_one_authority() -> None:
    read = json.loads(credentials.kubeconfig("https://127.0.0.1:1", "CA", "platformctl", "t"))
    assert read == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "platformctl-sandbox",
                "cluster": {"server": "https://127.0.0.1:1", "certificate-authority-data": "Q0E="},
            }
        ],
        "users": [{"name": "platformctl", "user": {"token": "t"}}],
        "contexts": [
            {
                "name": "platformctl-sandbox",
                "context": {"cluster": "platformctl-sandbox", "user": "platformctl"},
            }
        ],
        "current-context": "platformctl-sandbox",
    }
