from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from platformctl.catalog.desired import DesiredRelease, Scope
from platformctl.catalog.models import OnFailure
from platformctl.catalog.values import merged
from platformctl.charts.models import ChartAt
from platformctl.errors import ChartError, ChartNotAtHandError, RenderError
from platformctl.live.state import OFFLINE, LiveRelease, LiveState, ReleaseId
from platformctl.render.models import NotRendered, Rendered, RenderedRelease
from platformctl.render.render import brought_by, render_scope
from platformctl.tools.helm import Helm
from platformctl.tools.process import Command, Completed, Process, Runner
from tests.charts_stage.builders import sha256, write_chart
from tests.support.builders import CLUSTER, desired

CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata: {name: '{{ .Release.Name }}'}
data: {text: 'hello'}
"""
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.a.org}
spec:
  group: a.org
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
ASKS = CONFIG_MAP.replace("hello", '{{ .Capabilities.APIVersions.Has "a.org/v1" }}')
INSISTS = (
    '{{ if not (.Capabilities.APIVersions.Has "a.org/v1") }}{{ fail "there is no a.org" }}{{ end }}'
    + CONFIG_MAP
)
RANDOM = """apiVersion: v1
kind: Secret
metadata: {name: web, annotations: {checksum/x: '{{ include "x" . | sha256sum }}'}}
stringData: {password: '{{ randAlphaNum 20 }}', user: admin}
"""


@dataclass(frozen=True)
class Counting:
    """The real runner; keeps the arguments of every helm."""

    runner: Runner
    argv: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, command: Command, *, started: Callable[[Process], None] | None = None) -> Completed:
        self.argv.append(command.argv[1:])
        return self.runner.run(command, started=started)

    def start(self, command: Command, *, log: Path, dies_with_us: bool = True) -> Process:
        raise AssertionError(command)


@dataclass
class World:
    """Charts by release key, what a cluster would say, and how often helm was started for it."""

    folder: Path
    helm: Helm
    charts: dict[str, ChartAt | ChartError] = field(default_factory=dict)
    releases: dict[str, DesiredRelease] = field(default_factory=dict)
    live: LiveState = field(default_factory=lambda: LiveState(CLUSTER, api_versions=("v1", "apps/v1")))

    def __post_init__(self) -> None:
        self.counting = Counting(self.helm.runner)
        self.helm = replace(self.helm, runner=self.counting)

    def get(self, release: DesiredRelease) -> ChartAt:
        found = self.charts[release.key]
        if isinstance(found, ChartError):
            raise found
        return found

    def add(
        self,
        key: str,
        template: str = CONFIG_MAP,
        *,
        needs: tuple[str, ...] = (),
        values: str = "{}\n",
        error: ChartError | None = None,
        files: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        folder = write_chart(self.folder / key, name=key, templates={"a.yaml": template}, files=files)
        given = self.folder / f"{key}.yaml"
        given.write_text(values)
        digest = sha256(repr((key, template, files)).encode())
        self.charts[key] = error or ChartAt(key, "0.1.0", folder, digest, "here")
        self.releases[key] = replace(desired(key, needs=needs), values=(given,), chart_folder=folder, **more)

    @property
    def scope(self) -> Scope:
        return Scope("stg", (), False, None, None, None, OnFailure.RELEASE, tuple(self.releases.values()), ())

    def render(self, **options: Any) -> Rendered:
        return render_scope(self.scope, self, self.helm, self.live, **options)

    def one(self, key: str = "web", **options: Any) -> RenderedRelease:
        found = self.render(**options)[key]
        assert isinstance(found, RenderedRelease)
        return found

    def deploy(self, rendered: Rendered) -> None:
        """What a run would leave behind: a record with the inputs as label, and the APIs that came with it."""
        for key, each in rendered.items():
            if isinstance(each, RenderedRelease):
                release = self.releases[key]
                id_ = ReleaseId(release.namespace.name, release.name)
                record = LiveRelease(
                    id_,
                    1,
                    "deployed",
                    key,
                    "0.1.0",
                    each.values,
                    each.manifest or "",
                    inputs=each.inputs.digest,
                )
                apis = tuple(sorted({*self.live.api_versions, *each.apis}))
                self.live = replace(
                    self.live, releases={**self.live.releases, id_: record}, api_versions=apis
                )

    def started(self) -> list[str]:
        """The releases that helm was started for since the last call, in order."""
        names = [argv[-2] for argv in self.counting.argv]
        self.counting.argv.clear()
        return names


@pytest.fixture
def world(tmp_path: Path, helm: Helm) -> World:
    return World(tmp_path, helm)


def data(rendered: RenderedRelease) -> Any:
    assert rendered.objects is not None
    return rendered.objects[0].body["data"]["text"]


def test_a_release_that_is_not_deployed_is_rendered_with_its_values_and_parameters(world: World) -> None:
    template = CONFIG_MAP.replace("hello", "{{ .Values.a }} {{ .Values.b }} {{ .Release.IsUpgrade }}")
    world.add("web", template, values="a: 1\nb: 2\n", parameters={"b": "x,y"})
    found = world.one()
    assert data(found) == "1 x,y false"
    assert found.values == {"a": 1, "b": "x,y"}
    assert found.manifest is not None
    assert found.manifest.startswith("---\n# Source: web/templates/a.yaml\napiVersion: v1\n")
    assert (found.hooks, found.random, found.apis) == ((), (), frozenset())


def test_a_release_whose_inputs_are_those_of_its_live_revision_starts_no_helm(world: World) -> None:
    world.add("web")
    first = world.render()
    world.deploy(first)
    assert world.started() == ["web-stg"]
    second = world.one()
    assert world.started() == []
    assert second == replace(first["web"], objects=None, hooks=None, manifest=None)  # type: ignore[arg-type]
    assert data(world.one(every_object=True)) == "hello"
    assert world.started() == ["web-stg"]


@pytest.mark.parametrize("status", ["failed", "pending-upgrade", "superseded"])
def test_a_revision_that_is_not_deployed_proves_nothing(world: World, status: str) -> None:
    world.add("web")
    world.deploy(world.render())
    (id_, record), *_ = world.live.releases.items()
    world.live = replace(world.live, releases={id_: replace(record, status=status)})
    world.started()
    world.render()
    assert world.started() == ["web-stg"]


def test_a_second_run_changes_nothing_where_the_first_brought_the_apis(world: World) -> None:
    """The needs bring a.org before, and the cluster has it afterwards."""
    world.add("things", CRD)
    world.add("middle", needs=("things",))
    world.add("asks", ASKS, needs=("middle",))
    first = world.render()
    assert data(first["asks"]) == "true"  # type: ignore[arg-type]
    world.deploy(first)
    assert sorted(world.started()) == ["asks-stg", "middle-stg", "things-stg"]
    world.render()
    assert world.started() == []


def test_a_second_run_changes_nothing_where_a_chart_asks_for_what_it_defines_itself(world: World) -> None:
    world.add("web", ASKS + "---\n" + CRD)
    world.deploy(world.render())
    world.started()
    world.render()
    assert world.started() == []


def test_what_crds_of_a_chart_hold_is_there_for_itself_and_for_what_needs_it(world: World) -> None:
    world.add("things", ASKS, files={"crds/things.yaml": CRD})
    world.add("asks", ASKS, needs=("things",))
    first = world.render()
    assert (data(first["things"]), data(first["asks"])) == ("true", "true")  # type: ignore[arg-type]
    world.deploy(first)
    world.started()
    world.render()
    assert world.started() == []


def test_an_api_that_nobody_brings_and_the_cluster_lacks_is_not_there(world: World) -> None:
    world.add("things", CRD)
    world.add("asks", ASKS)
    assert data(world.one("asks")) == "false"


def test_the_libraries_of_the_same_command_bring_their_apis_to_the_environment(
    world: World, tmp_path: Path, helm: Helm
) -> None:
    libraries = World(tmp_path / "libraries", helm)
    libraries.add("things", CRD)
    libraries.add("config", needs=("things",))
    brought = brought_by(libraries.scope, libraries.render())
    assert brought == dict.fromkeys(("things", "config"), frozenset({"a.org/v1", "a.org/v1/Thing"}))
    world.add("asks", ASKS, needs_libraries=("config",))
    assert data(world.one("asks", library_apis=brought)) == "true"
    assert data(world.one("asks")) == "false"


def test_helm_is_told_the_version_of_the_cluster_and_only_the_apis_that_are_asked_for(world: World) -> None:
    world.live = replace(world.live, api_versions=("v1", "a.org/v1", "b.org/v1"))
    world.add("web", ASKS)
    world.render()
    argv = world.counting.argv[0]
    assert argv[argv.index("--kube-version") + 1] == "v1.37.2"
    assert [value for option, value in pairwise(argv) if option == "--api-versions"] == ["a.org/v1"]


def test_offline_everything_renders_with_what_needs_bring(world: World) -> None:
    world.live = OFFLINE
    world.add("things", CRD)
    world.add("config", INSISTS, needs=("things",))
    assert data(world.one("config")) == "hello"
    assert "--kube-version" not in world.counting.argv[0]


def test_a_chart_that_is_not_at_hand_is_an_answer_and_so_is_what_cannot_do_without_it(world: World) -> None:
    world.live = OFFLINE
    world.add("things", error=ChartNotAtHandError("chart things 1.0.0: not in the cache"))
    world.add("config", INSISTS, needs=("things",))
    world.add("web")
    found = world.render()
    assert found["things"] == NotRendered("things", "chart not at hand: chart things 1.0.0: not in the cache")
    assert isinstance(found["config"], NotRendered)
    assert found["config"].reason.startswith(
        "it needs things, which is not rendered: render release config-stg "
    )
    assert data(found["web"]) == "hello"  # type: ignore[arg-type]


def test_every_chart_and_every_render_that_is_wrong_is_named_at_once(world: World) -> None:
    world.add("a", error=ChartError("chart a is wrong"))
    world.add("b", error=ChartError("chart b is wrong"))
    with pytest.raises(ChartError, match=r"^chart a is wrong\nchart b is wrong$"):
        world.render()
    world.charts.clear()
    world.releases.clear()
    for key in ("a", "b"):
        world.add(key, '{{ fail "it is wrong" }}')
    with pytest.raises(RenderError) as caught:
        world.render()
    assert [
        line.partition(":")[0] for line in caught.value.message.splitlines() if line.startswith("render")
    ] == [
        "render release a-stg from chart a",
        "render release b-stg from chart b",
    ]


def test_what_needs_something_that_is_wrong_does_not_add_errors_of_its_own(world: World) -> None:
    world.add("things", '{{ fail "it is wrong" }}' + CRD)
    world.add("config", INSISTS, needs=("things",))
    with pytest.raises(RenderError) as caught:
        world.render()
    assert "config" not in caught.value.message


def test_random_fields_are_named_with_what_follows_from_them(world: World) -> None:
    world.add("web", '{{ define "x" }}{{ randAlphaNum 9 }}{{ end }}' + RANDOM)
    assert world.one().random == (
        "Secret web: metadata.annotations.checksum/x",
        "Secret web: stringData.password",
    )
    assert world.started() == ["web-stg", "web-stg"]


def test_a_random_name_is_named_once(world: World) -> None:
    world.add("web", CONFIG_MAP.replace("{{ .Release.Name }}", "web-{{ randNumeric 9 }}"))
    (only,) = world.one().random
    assert only.startswith("ConfigMap web-")
    assert only.endswith(": metadata.name")


def test_a_function_for_randomness_that_is_not_reached_leaves_nothing_random(world: World) -> None:
    world.add("web", CONFIG_MAP + "{{ if .Values.never }}{{ randAlphaNum 9 }}{{ end }}")
    assert world.one().random == ()


def test_randomness_in_values_is_found_where_the_chart_uses_them_as_templates(world: World) -> None:
    template = CONFIG_MAP.replace("hello", "{{ tpl .Values.text . }}")
    world.add("web", template, values="text: '{{ randAlphaNum 9 }}'\n")
    assert world.one().random == ("ConfigMap web-stg: data.text",)


def test_a_clock_is_found_by_waiting_for_its_next_second(world: World) -> None:
    world.add("web", CONFIG_MAP.replace("hello", "{{ now | unixEpoch }}"))
    assert world.one().random == ("ConfigMap web-stg: data.text",)
    slept: list[float] = []
    world.one(sleep=slept.append)
    assert slept == [1.1]


def test_the_cache_saves_helm_and_never_keeps_what_is_random(world: World, tmp_path: Path) -> None:
    cache = tmp_path / "renders"
    world.add("web")
    world.add("random", RANDOM.replace('{{ include "x" . | sha256sum }}', "x"))
    first = world.render(cache=cache)
    assert sorted(world.started()) == ["random-stg", "random-stg", "web-stg"]
    second = world.render(cache=cache)
    assert world.started() == ["random-stg", "random-stg"]
    assert first["web"] == second["web"]
    assert len(list(cache.iterdir())) == 1


def test_what_could_be_random_and_is_not_is_cached_after_it_was_rendered_twice(
    world: World, tmp_path: Path
) -> None:
    world.add("web", CONFIG_MAP + "{{ if .Values.never }}{{ randAlphaNum 9 }}{{ end }}")
    first = world.one(cache=tmp_path / "renders")
    assert world.started() == ["web-stg", "web-stg"]
    assert world.one(cache=tmp_path / "renders") == first
    assert world.started() == []


def test_values_that_were_edited_while_helm_read_them_are_not_cached(world: World, tmp_path: Path) -> None:
    world.add("web", values="a: 1\n")
    calls: list[DesiredRelease] = []

    def edited(release: DesiredRelease) -> Any:
        calls.append(release)
        found = merged(release)
        return found if len(calls) == 1 else replace(found, merged={"a": 2})

    world.render(cache=tmp_path / "renders", values=edited)
    assert len(calls) == 2
    assert not (tmp_path / "renders").exists()


def test_only_the_named_releases_and_what_they_need_are_looked_at(world: World) -> None:
    for key, needs in (("a", ()), ("b", ("a",)), ("c", ())):
        world.add(key, needs=needs)
    assert list(world.render(keys=["b"])) == ["a", "b"]
    assert sorted(world.started()) == ["a-stg", "b-stg"]


@pytest.mark.parametrize("workers", [1, 4])
def test_waiting_for_needs_never_stands_still(world: World, workers: int) -> None:
    """With one worker, and with a chain in which each asks for what the first brings."""
    world.add("r0", CRD)
    for number in range(1, 8):
        world.add(f"r{number}", ASKS, needs=(f"r{number - 1}",))
    found = world.render(workers=workers)
    assert list(found) == [f"r{number}" for number in range(8)]
    assert {data(each) for key, each in found.items() if key != "r0"} == {"true"}  # type: ignore[arg-type]
