"""A certificate authority and a certificate of 127.0.0.1, made by helm, which every test has anyway."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from platformctl.catalog import yaml
from platformctl.tools.helm import Helm, HelmRelease
from tests.charts_stage.builders import write_chart

MAKES_THEM = """
{{- $ca := genCA "a private authority" 2 }}
{{- $cert := genSignedCert "127.0.0.1" (list "127.0.0.1") (list "localhost") 2 $ca }}
ca: {{ $ca.Cert | quote }}
pem: {{ printf "%s%s" $cert.Key $cert.Cert | quote }}
"""


@dataclass(frozen=True)
class Certificates:
    ca: Path
    server: Path  # key and certificate


@pytest.fixture(scope="session")
def certificates(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    chart = write_chart(folder / "maker", name="maker", templates={"certificates.yaml": MAKES_THEM})
    release = HelmRelease(name="x", namespace="x", chart=chart, values=(), parameters={})
    made = yaml.parse(
        helm.template(release, kube_version=None, api_versions=(), is_upgrade=False), "certificates"
    ).data
    found = Certificates(ca=folder / "ca.pem", server=folder / "server.pem")
    found.ca.write_text(made["ca"])
    found.server.write_text(made["pem"])
    return found
