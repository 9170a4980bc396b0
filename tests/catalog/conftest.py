"""A small repository of the test's own, and the real helm to compare with."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from platformctl.catalog import yaml
from platformctl.catalog.desired import Catalog
from platformctl.catalog.load import load
from platformctl.errors import CatalogError
from platformctl.tools.process import Command, ShRunner, child_environment
from tests.support.tools import helm_binary, helm_home

__all__ = ["helm_binary", "helm_home"]

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


HelmValues = Callable[..., Mapping[str, Any] | str]


@pytest.fixture
def helm_values(helm_binary: Path, helm_home: Path, tmp_path: Path) -> HelmValues:
    """What templates see as .Values, by the real helm: given the chart's own values, files and more arguments. Text where
    helm refuses."""
    chart = tmp_path / "printer"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: printer\nversion: 0.1.0\n")
    # As JSON in base64: nothing of it can be mistaken for YAML on the way out.
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v}\ndata: {v: {{ .Values | toJson | b64enc | quote }}}\n"
    (chart / "templates" / "values.yaml").write_text(template)

    def values(
        defaults: str = "", files: tuple[str, ...] = (), arguments: tuple[str, ...] = ()
    ) -> Mapping[str, Any] | str:
        (chart / "values.yaml").write_text(defaults)
        argv = [str(helm_binary), "template", "r", str(chart)]
        for number, text in enumerate(files):
            file = tmp_path / f"values-{number}.yaml"
            file.write_text(text)
            argv += ["-f", str(file)]
        environ = child_environment({"PATH": "/usr/bin:/bin", "HOME": str(helm_home)})
        done = ShRunner().run(Command((*argv, *arguments), environ, timeout_s=60))
        if not done.ok:
            return done.last_error()
        manifest = yaml.parse_all(done.text, "helm template")[0]
        found: Mapping[str, Any] = json.loads(base64.b64decode(manifest["data"]["v"]))
        return found

    return values
