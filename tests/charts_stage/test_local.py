from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from platformctl.charts.lock import LockKey
from platformctl.charts.models import ChartAt
from platformctl.errors import ChartError, ChartNotAtHandError
from platformctl.tools.helm import Helm, HelmRelease
from tests.charts_stage.builders import CONFIG_MAP, local, pack, put, sha256, store, write_chart

LIBRARY = {"_names.tpl": '{{ define "common.name" }}named by the library{{ end }}'}
USES_IT = CONFIG_MAP.replace("hello", '{{ include "common.name" . }}')
DEPENDS = "dependencies:\n  - {{name: {name}, version: '{version}', repository: '{repository}'}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "repository"


@pytest.fixture
def get(root: Path, helm: Helm) -> Callable[[Path], ChartAt]:
    return lambda folder: store(root, helm).get(local(root, folder))


def common(root: Path, *, version: str = "0.1.0", more: str = "") -> Path:
    return write_chart(
        root / "shared/common",
        name="common",
        version=version,
        templates=LIBRARY,
        more="type: library\n" + more,
    )


def web(
    root: Path,
    repository: str = "file://../../shared/common",
    *,
    name: str = "common",
    version: str = "0.1.0",
) -> Path:
    more = DEPENDS.format(name=name, version=version, repository=repository)
    return write_chart(root / "apps/web", templates={"config.yaml": USES_IT}, more=more)


def rendered(helm: Helm, chart: ChartAt) -> str:
    release = HelmRelease(name="x", namespace="x", chart=chart.path, values=(), parameters={})
    return helm.template(release, kube_version=None, api_versions=(), is_upgrade=False)


def test_a_chart_is_copied_with_the_folder_that_it_depends_on_and_helm_needs_nothing_else(
    root: Path, helm: Helm, get: Callable[[Path], ChartAt]
) -> None:
    common(root)
    chart = get(web(root))
    assert "named by the library" in rendered(helm, chart)
    assert (chart.name, chart.version, chart.source, chart.pinned, chart.path.name) == (
        "web",
        "0.1.0",
        "apps/web",
        True,
        "web",
    )
    assert not list((root / "apps/web").glob("charts"))


def test_the_copy_stays_what_it_is_when_the_chart_is_edited(
    root: Path, helm: Helm, get: Callable[[Path], ChartAt]
) -> None:
    common(root)
    before = get(web(root))
    (root / "shared/common/templates/_names.tpl").write_text(LIBRARY["_names.tpl"].replace("library", "edit"))
    after = get(root / "apps/web")
    assert before.digest != after.digest
    assert "named by the library" in rendered(helm, before)
    assert "named by the edit" in rendered(helm, after)


def test_the_same_content_is_the_same_chart_wherever_and_whenever_it_lies(
    root: Path, tmp_path: Path, helm: Helm, get: Callable[[Path], ChartAt]
) -> None:
    common(root)
    first = get(web(root))
    other = tmp_path / "clone"
    common(other)
    folder = web(other)
    os.utime(folder / "Chart.yaml", (0, 0))
    (folder / "values.yaml").chmod(0o755)
    second = store(other, helm).get(local(other, folder))
    assert second == first


@pytest.mark.parametrize(
    "path",
    [
        "Chart.lock",
        "values-prod.yaml",
        "values.prod.yaml",
        "charts/common-0.1.0.tgz",
        "charts/common/Chart.yaml",
        "charts/left-over-1.0.0.tgz",
    ],
)
def test_what_is_not_part_of_a_chart_does_not_change_it(
    root: Path, get: Callable[[Path], ChartAt], path: str
) -> None:
    common(root)
    before = get(web(root))
    file = root / "apps/web" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("dependencies: []\n" if path == "Chart.lock" else "x: 1\n")
    assert get(root / "apps/web") == before
    assert not (before.path / path).exists()


@pytest.mark.parametrize(
    "template",
    [
        '{{ .Files.Get "values-prod.yaml" }}',
        "{{ .Files.Get .Values.file }}",
        '{{ range $path, $_ := .Files.Glob "*.yaml" }}{{ end }}',
        "{{ range $path, $_ := .Files }}{{ end }}",
    ],
)
def test_a_values_file_that_a_template_reads_is_part_of_the_chart(
    root: Path, get: Callable[[Path], ChartAt], template: str
) -> None:
    folder = write_chart(root / "web", templates={"a.yaml": template}, files={"values-prod.yaml": "x: 1\n"})
    assert (get(folder).path / "values-prod.yaml").is_file()


def test_other_files_do_not_keep_values_files_in(root: Path, get: Callable[[Path], ChartAt]) -> None:
    template = '{{ .Files.Get "files/nginx.conf" }}'
    files = {"values-prod.yaml": "x: 1\n", "files/nginx.conf": "x"}
    folder = write_chart(root / "web", templates={"a.yaml": template}, files=files)
    assert sorted(file.name for file in get(folder).path.iterdir()) == [
        "Chart.yaml",
        "files",
        "templates",
        "values.yaml",
    ]


def test_a_copy_that_was_touched_is_made_again(root: Path, get: Callable[[Path], ChartAt]) -> None:
    folder = write_chart(root / "web")
    first = get(folder)
    (first.path / "templates/config.yaml").write_text("changed")
    (first.path / "templates/more.yaml").write_text("more")
    assert get(folder) == first
    assert (first.path / "templates/config.yaml").read_text() == CONFIG_MAP
    assert not (first.path / "templates/more.yaml").exists()


def test_a_dependency_from_a_repository_comes_through_the_lock(
    root: Path, tmp_path: Path, helm: Helm
) -> None:
    library = pack("common", "1.2.3", text='{{ define "common.name" }}from afar{{ end }}')
    put(tmp_path / "mirror", "common", "1.2.3", library)
    source = "https://charts.example.org"
    folder = web(root, source, version="^1.0.0")
    (folder / "Chart.lock").write_text("dependencies: [{name: common, version: 1.2.3}]\n")
    pinned = {LockKey("common", "1.2.3", source): sha256(library)}
    chart = store(root, helm, lock=pinned, mirror=tmp_path / "mirror").get(local(root, folder))
    assert "from afar" in rendered(helm, chart)
    assert chart.pinned is True
    assert store(root, helm, lock={}, mirror=tmp_path / "mirror").get(local(root, folder)).pinned is False


def test_a_dependency_that_is_not_at_hand_leaves_the_chart_not_at_hand(root: Path, helm: Helm) -> None:
    folder = web(root, "https://charts.example.org", version="1.2.3")
    with pytest.raises(ChartNotAtHandError, match=r"chart common 1\.2\.3: not in the cache"):
        store(root, helm, network=False).get(local(root, folder))


def test_a_dependency_that_is_kept_unpacked_under_charts_is_used(
    root: Path, helm: Helm, get: Callable[[Path], ChartAt]
) -> None:
    folder = web(root, "")
    write_chart(folder / "charts/common", name="common", templates=LIBRARY)
    assert "named by the library" in rendered(helm, get(folder))


def test_a_dependency_that_nothing_pins_or_brings_is_an_error(
    root: Path, get: Callable[[Path], ChartAt]
) -> None:
    with pytest.raises(ChartError) as caught:
        get(web(root, "https://charts.example.org", version="~1.2"))
    assert (caught.value.message, caught.value.hint) == (
        "apps/web/Chart.yaml: dependency common ~1.2: not an exact version, and Chart.lock does not say which",
        "helm dependency update apps/web",
    )
    with pytest.raises(ChartError, match="it names no repository and is not under charts/"):
        get(web(root, ""))


def test_a_folder_that_is_another_chart_or_version_is_an_error(
    root: Path, get: Callable[[Path], ChartAt]
) -> None:
    common(root, version="0.2.0")
    with pytest.raises(ChartError) as caught:
        get(web(root))
    assert (
        caught.value.message == "apps/web/Chart.yaml: dependency common 0.1.0: shared/common is common 0.2.0"
    )
    assert get(web(root, version=">=0.1.0")).version == "0.1.0"


def test_a_chart_outside_of_the_repository_is_refused(
    root: Path, tmp_path: Path, get: Callable[[Path], ChartAt]
) -> None:
    write_chart(tmp_path / "outside", name="common")
    with pytest.raises(
        ChartError, match=r"which apps/web/Chart\.yaml depends on: it lies outside the repository"
    ):
        get(web(root, "file://../../../outside"))
    (root / "apps/link").symlink_to(tmp_path / "outside")
    with pytest.raises(ChartError, match="it lies outside the repository"):
        get(root / "apps/link")


def test_a_symbolic_link_out_of_the_repository_is_refused(
    root: Path, tmp_path: Path, get: Callable[[Path], ChartAt]
) -> None:
    folder = write_chart(root / "web")
    (tmp_path / "secret").write_text("s3cr3t")
    (folder / "templates/secret.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(ChartError, match=r"chart web: templates/secret\.yaml is a symbolic link"):
        get(folder)


def test_charts_that_depend_on_each_other_are_named(root: Path, get: Callable[[Path], ChartAt]) -> None:
    common(root, more=DEPENDS.format(name="web", version="0.1.0", repository="file://../../apps/web"))
    with pytest.raises(ChartError) as caught:
        get(web(root))
    assert caught.value.message == (
        "chart apps/web: its dependencies go in a circle: apps/web → shared/common → apps/web"
    )


@pytest.mark.parametrize(
    ("chart_yaml", "wrong"),
    [
        (None, "chart web: there is no Chart.yaml"),
        ("- web\n", "web/Chart.yaml: a mapping is expected"),
        ("name: web\nversion: 1.10\n", "web/Chart.yaml: version: text is expected; quote it"),
        (
            "name: web\nversion: 1.0.0\ndependencies: [x]\n",
            "web/Chart.yaml: dependencies: a list of mappings is expected",
        ),
    ],
)
def test_what_is_wrong_with_a_chart_is_named(
    root: Path, get: Callable[[Path], ChartAt], chart_yaml: str | None, wrong: str
) -> None:
    folder = write_chart(root / "web")
    (folder / "Chart.yaml").unlink()
    if chart_yaml:
        (folder / "Chart.yaml").write_text(chart_yaml)
    with pytest.raises(ChartError) as caught:
        get(folder)
    assert caught.value.message == wrong


def test_a_folder_that_is_not_there_is_named(root: Path, get: Callable[[Path], ChartAt]) -> None:
    with pytest.raises(ChartError, match=r"^chart nowhere: there is no such folder$"):
        get(root / "nowhere")
