from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.charts.folder import own_files
from platformctl.errors import ChartError
from platformctl.tools.helm import Helm, HelmRelease
from tests.charts_stage.builders import write_chart

TREE = (
    "README.md", "notes/README.md", "notes/a.txt", "notes/deep/a.txt", "a.txt", "b1.log", "logs/b2.log", "odd[1].txt",
    ".hidden", ".git/config", "templates/.swap",
)  # fmt: skip
LISTS_ITSELF = """apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data: {files: '{{ range $path, $_ := .Files }}{{ $path }} {{ end }}'}
"""


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "# a comment\n\n*.md\n",
        "/README.md",
        "notes/",
        "notes/*",
        "notes/*/a.txt",
        "a.txt/",
        "a.t?t",
        "b[0-9].log",
        "b[^2].log",
        "odd\\[1\\].txt",
        ".*",
        ".git",
        "logs",
        "  *.log  ",
        "\ufeff*.md",
    ],
)
def test_the_same_files_are_left_out_that_helm_leaves_out(tmp_path: Path, helm: Helm, rules: str) -> None:
    files = {**dict.fromkeys(TREE, "x"), ".helmignore": rules}
    folder = write_chart(tmp_path / "web", templates={"list.yaml": LISTS_ITSELF}, files=files)
    release = HelmRelease(name="x", namespace="x", chart=folder, values=(), parameters={})
    text = helm.template(release, kube_version=None, api_versions=(), is_upgrade=False)
    seen = set(text.partition("files: '")[2].partition("'")[0].split())
    ours = {
        path
        for path in own_files(folder, tmp_path)
        if path not in ("Chart.yaml", "values.yaml") and not path.startswith("templates/")
    }
    assert ours == seen - {".helmignore"}
    assert "templates/.swap" not in own_files(folder, tmp_path)


@pytest.mark.parametrize("rules", ["!a.txt", "*.md\n!notes/"])
def test_a_negated_rule_drops_everything_else_as_it_does_with_helm(tmp_path: Path, rules: str) -> None:
    """helm then finds no Chart.yaml either; what counts is that we do not read the rule in Git's way."""
    folder = write_chart(tmp_path / "web", files={"a.txt": "x", ".helmignore": rules})
    assert "Chart.yaml" not in own_files(folder, tmp_path)


@pytest.mark.parametrize("rules", ["**/*.md", "b[9-0]"])
def test_a_rule_that_helm_refuses_is_refused(tmp_path: Path, rules: str) -> None:
    folder = write_chart(tmp_path / "web", files={".helmignore": rules})
    with pytest.raises(ChartError, match=r"^chart web: \.helmignore: rule "):
        own_files(folder, tmp_path)
