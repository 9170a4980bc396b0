from __future__ import annotations

from collections.abc import Mapping

import pytest

from platformctl.render.scan import Scan, scan_files, scan_values


def scanned(template: str, *, more: Mapping[str, str] | None = None) -> Scan:
    files = {"templates/a.yaml": template, **(more or {})}
    return scan_files({path: text.encode() for path, text in files.items()})


@pytest.mark.parametrize(
    "template",
    [
        '{{ if .Capabilities.APIVersions.Has "policy/v1" }}',
        '{{- if and .Values.x (.Capabilities.APIVersions.Has "policy/v1") -}}',
        "{{ if not ($.Capabilities.APIVersions.Has `policy/v1`) }}",
        '{{ if $caps.APIVersions.Has ("policy/v1") }}',
        '{{ if has "policy/v1" .Capabilities.APIVersions }}',
        '{{- if or\n  (.Capabilities.APIVersions.Has "policy/v1")\n  .Values.x }}',
    ],
)
def test_an_api_version_that_is_written_out_is_found(template: str) -> None:
    assert scanned(template + "\napiVersion: apps/v1\n") == Scan(apis=frozenset({"policy/v1"}))


def test_several_are_found_and_kinds_with_them() -> None:
    template = '{{ if or (.Capabilities.APIVersions.Has "a.example.org/v1/Thing") (.Capabilities.APIVersions.Has "v1beta1") }}'
    assert scanned(template).apis == {"a.example.org/v1/Thing", "v1beta1"}


@pytest.mark.parametrize("argument", ["$api", ".Values.api", '(include "web.api" .)', "(default $a $b)"])
def test_one_that_is_named_elsewhere_may_be_any_that_the_chart_writes(argument: str) -> None:
    more = {
        "templates/_names.tpl": '{{ define "web.api" }}{{ print "monitoring.coreos.com/v1" }}{{ end }}',
        "values.yaml": "api: batch/v1beta1\n# v1.2.3, https://example.org/v2/x and apps/v1, said in prose\n",
        "templates/crd.yaml": "kind: CustomResourceDefinition\nspec:\n  group: own.example.org\n# other/v9\n",
        "README.md": "ignored.example.org/v1",
    }
    found = scanned(f"{{{{ if .Capabilities.APIVersions.Has {argument} }}}}", more=more)
    assert found.apis == {"monitoring.coreos.com/v1", "batch/v1beta1", "apps/v1"}
    assert found.every_api is False


@pytest.mark.parametrize(
    "template",
    [
        '{{ .Capabilities.APIVersions.Has (printf "%s/%s" .a .b) }}',
        "{{ range .Capabilities.APIVersions }}{{ . }}{{ end }}",
    ],
)
def test_where_it_cannot_be_told_every_api_version_counts(template: str) -> None:
    assert scanned(template).every_api is True


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ .Capabilities.KubeVersion.Version }}", True),
        ('{{ if semverCompare ">=1.21-0" $kube.KubeVersion.GitVersion }}', True),
        ("{{ .Chart.KubeVersion }}", False),
        ("kubeVersion: .Capabilities.KubeVersion", False),
        ("{{/* .Capabilities.KubeVersion */}}", False),
        ("{{- /* .Capabilities.KubeVersion */ -}}", False),
    ],
)
def test_a_question_about_kubernetes_is_found(template: str, expected: bool) -> None:
    assert scanned(template).kube_version is expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ randAlphaNum 16 | b64enc }}", {"randAlphaNum"}),
        ('{{ $ca := genCA "ca" 365 }}{{ now | date "2006" }}', {"genCA", "now"}),
        ('{{ (lookup "v1" "Secret" "a" "b") }}{{ .Values.x|default (uuidv4) }}', {"lookup", "uuidv4"}),
        (
            "{{ htpasswd .a .b }}{{ bcrypt .c }}{{ derivePassword 1 }}",
            {"htpasswd", "bcrypt", "derivePassword"},
        ),
        ('{{ fail "call us now, lookup the number" }}', set()),
        ("{{ .Values.now }}{{ $lookup }}{{ .lookup.now }}", set()),
        ("{{/* randAlphaNum 5 */}} randAlphaNum 5", set()),
    ],
)
def test_functions_that_answer_differently_every_time_are_found(template: str, expected: set[str]) -> None:
    assert scanned(template).functions == expected


def test_charts_inside_the_chart_are_scanned_and_other_files_are_not() -> None:
    random = b"{{ randAlphaNum 16 }}"
    assert scan_files({"charts/inner/templates/a.yaml": random}).random
    assert scan_files({"charts/inner-1.0.0/charts/x/templates/deep/a.tpl": random}).random
    for path in ("README.md", "files/a.yaml", "templates/logo.svg", "crds/a.yaml", "ci/values.yaml"):
        assert not scan_files({path: random}).random, path


def test_values_are_templates_only_for_a_chart_that_uses_them_so() -> None:
    values = {"values.yaml": "secret: '{{ randAlphaNum 5 }}'"}
    assert scanned("{{ toYaml .Values.x }}", more=values) == Scan()
    assert scanned("{{ tpl .Values.x . }}", more=values) == Scan(
        functions=frozenset({"randAlphaNum"}), tpl=True
    )
    given = {
        "a": [{"b": '{{ if .Capabilities.APIVersions.Has "x.io/v1" }}'}],
        "c": "no template: v1 {",
        "d": 1,
    }
    assert scan_values(given) == Scan(apis=frozenset({"x.io/v1"}))


def test_what_a_chart_defines_itself_is_known() -> None:
    crd = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.a.org}\n"
        "spec:\n  group: a.org\n  names:\n    kind: Thing\n  versions:\n  - name: v1\n    served: true\n"
    )
    assert scanned(f"{{{{ if .Values.crds }}}}\n{crd}{{{{ end }}}}") == Scan(own_groups=frozenset({"a.org"}))
    before = scanned("", more={"crds/things.yaml": crd})
    assert before == Scan(brings=frozenset({"a.org/v1", "a.org/v1/Thing"}), own_groups=frozenset({"a.org"}))
