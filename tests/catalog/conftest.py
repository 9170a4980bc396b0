"""A small repository of the test's own, and the real helm to compare with."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pytest

from platformctl.catalog import yaml
from platformctl.catalog.desired import Catalog
from platformctl.catalog.load import load
from platformctl.errors import CatalogError
from platformctl.tools.helm import Helm, HelmRelease

# Three lines, so that what a test writes starts at line 4.
HEADER: Final = "apiVersion: platformctl.dev/v1alpha1\nkind: Platform\nmetadata: {name: shop}\n"


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder with a chart `/charts/web` (values.yaml, values-stg.yaml) and a catalog that the test writes."""

    root: Path

    @property
    def catalog(self) -> Path:
        return self.root / "environments" / "platform.yaml"

    def file(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def load(self, body: str) -> Catalog:
        """The catalog of the header and `body`."""
        self.file("environments/platform.yaml", HEADER + body)
        return load(self.catalog)

    def problems(self, body: str) -> list[str]:
        """What is wrong with it, without the name of the file: `4:8: key: what`."""
        with pytest.raises(CatalogError) as caught:
            self.load(body)
        return [str(problem).removeprefix("environments/platform.yaml:") for problem in caught.value.problems]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    (made.root / ".git").mkdir(parents=True)
    made.file("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")
    made.file("charts/web/values.yaml")
    made.file("charts/web/values-stg.yaml")
    return made


class HelmValues(Protocol):
    """What templates see as .Values, by the real helm. Raises RenderError where helm refuses."""

    def __call__(
        self, defaults: str = "", files: tuple[str, ...] = (), parameters: Mapping[str, str] | None = None
    ) -> dict[str, Any]: ...


@pytest.fixture
def helm_values(helm: Helm, tmp_path: Path) -> HelmValues:
    """A chart that prints its values, rendered through the product's own door to helm."""
    chart = tmp_path / "printer"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: printer\nversion: 0.1.0\n")
    # As JSON in base64: nothing of it can be mistaken for YAML on the way out.
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v}\ndata: {v: {{ .Values | toJson | b64enc | quote }}}\n"
    (chart / "templates" / "values.yaml").write_text(template)

    def values(
        defaults: str = "", files: tuple[str, ...] = (), parameters: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        (chart / "values.yaml").write_text(defaults)
        paths = tuple(tmp_path / f"values-{number}.yaml" for number in range(len(files)))
        for path, text in zip(paths, files, strict=True):
            path.write_text(text)
        release = HelmRelease("r", "default", chart, paths, parameters or {})
        text = helm.template(release, kube_version=None, api_versions=(), is_upgrade=False)
        found: dict[str, Any] = json.loads(base64.b64decode(yaml.parse_all(text, "helm")[0]["data"]["v"]))
        return found

    return values
