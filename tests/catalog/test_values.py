"""Values are layered as helm layers them: compared with the real one. Origins, digest, and errors in values files."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platformctl.catalog import values, yaml
from platformctl.catalog.parameters import applied
from platformctl.errors import CatalogError, RenderError

from .conftest import HelmValues, Repository

DEFAULTS = """
image: {repository: nginx, tag: "1.0", pullPolicy: Always}
list: [a, b]
gone: {deep: {x: 1, y: 2}, shallow: 1}
scalar: 1
table: {a: 1}
nothing: null
nested: {nothing: null, kept: {nothing: null, z: 1}}
"""
COMMON = """
image: {tag: 1.10, digest: null}
list: [c]
gone: {deep: {x: null}, shallow: null}
scalar: {now: a table}
extra: {on: yes, null_stays: null}
added: null
"""
STAGING = """
image: {tag: "1.11"}
list: []
table: scalar now
gone: {deep: {w: 3}}
extra: {more: [{a: 1}]}
nested: {kept: {y: 2}}
"""


def loaded(text: str) -> dict[str, Any]:
    found = yaml.parse(text, "f", yaml.VALUES).checked()
    return dict(found or {})


@pytest.mark.parametrize(
    "files", [(), (COMMON,), (COMMON, STAGING), (STAGING, COMMON), (COMMON, "{}", "", "image: null")]
)
def test_files_and_defaults_merge_as_in_helm(helm_values: HelmValues, files: tuple[str, ...]) -> None:
    merged: dict[str, Any] = {}
    for text in files:
        merged = values.layered(merged, loaded(text))
    assert values.with_defaults(loaded(DEFAULTS), merged) == helm_values(DEFAULTS, files)


@pytest.mark.parametrize(
    "parameters",
    [
        {"image.tag": "1.12", "list[1]": "z", "list[3].a": "4", "new[0][1]": "x", "new2.a[1].b": "true"},
        {
            "a": "true",
            "b": "FALSE",
            "c": "null",
            "d": "0",
            "e": "012",
            "f": "-5",
            "g": "+07",
            "h": "1.5",
            "i": "1e3",
            "j": "",
        },
        {
            "a": "9223372036854775807",
            "b": "9223372036854775808",
            "c": "-9223372036854775808",
            "d": "00",
            "e": "-0",
        },
        {
            "a": "x,y",
            "b": "x\\,y",
            "c": "{x,y}",
            "d": "{1,true,x\\,y}",
            "e": "{}",
            "f": "x=y",
            "g": "}{",
            "h": "a{b,c}",
        },
        {"annotations.example\\.com/name": "v", "a\\.b.c": "1"},
        {"scalar": "2", "scalar2.b": "1", "table.a": "{x}", "gone": "null"},
        {"text": "two words, and \"quotes\" 'both' $x `y`", "back": "a\\b", "end": "x\\"},
    ],
)
def test_parameters_are_applied_as_in_helm(helm_values: HelmValues, parameters: dict[str, str]) -> None:
    ours = values.with_defaults(loaded(DEFAULTS), applied(loaded(COMMON), parameters))
    assert ours == helm_values(DEFAULTS, (COMMON,), parameters)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("scalar.x.y", "1", "helm refuses scalar.x.y: the values have something there that is no mapping"),
        ("list.x", "1", "helm refuses list.x: the values have something there that is no mapping"),
        ("image[0]", "1", "helm refuses image[0]: the values have something there that is no list"),
        ("a", "{x", 'a value that starts with "{" is a list for helm and must end with the only "}"'),
        ("a", "{x}y", 'a value that starts with "{" is a list for helm and must end with the only "}"'),
        ("a", "{{x}}", 'a value that starts with "{" is a list for helm and must end with the only "}"'),
        ("a[65537]", "1", "helm takes no index above 65536"),
    ],
)  # fmt: skip
def test_what_helm_refuses_is_refused(helm_values: HelmValues, key: str, value: str, message: str) -> None:
    text = "scalar: {x: 1}\nlist: [a]\nimage: {tag: a}\n"
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is asserted whole
        applied(loaded(text), {key: value})
    assert str(caught.value) == message
    with pytest.raises(RenderError):
        helm_values("", (text,), {key: value})


KEYS = st.sampled_from(["a", "b", "c"])
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.integers(0, 3) | st.sampled_from(["x", "on"]),
        lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=2),
        max_leaves=6,
    ),
    max_size=3,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(st.tuples(TREES, TREES, TREES), min_size=12, max_size=12))
def test_any_layers_merge_as_in_helm(
    helm_values: HelmValues, cases: list[tuple[dict[str, Any], ...]]
) -> None:
    """Each case stands below a key of its own, so that one helm answers twelve of them."""
    defaults, below, above = ({f"case{at}": case[part] for at, case in enumerate(cases)} for part in range(3))
    ours = values.with_defaults(defaults, values.layered(below, above))
    assert ours == helm_values(yaml.dump(defaults), (yaml.dump(below), yaml.dump(above)))


CATALOG = """
environments: {stg: {namespace: {name: s}}}
applications:
  web:
    chart: {path: /charts/web}
    parameters: {image.tag: "2.0", hosts: "{a,b}"}
    environments: {stg: {values: [values.yaml, values-stg.yaml]}}
"""


def test_a_release_has_merged_values_with_the_origin_of_each(repository: Repository) -> None:
    repository.file(
        "charts/web/values.yaml",
        "image:\n  tag: '1.0'\n  repository: nginx\nports: [80]\nempty: {}\nold: {a: 1}\n",
    )
    repository.file(
        "charts/web/values-stg.yaml",
        "# staging\nports:\n  - 81\nold: null\nbase: &b {x: 1}\nmore: {<<: *b, z: 2}\n",
    )
    release = repository.load(CATALOG).scopes["stg"].releases[0]
    found = values.merged(release, repository.root)
    assert found.merged == {
        "image": {"tag": "2.0", "repository": "nginx"},
        "ports": [81],
        "empty": {},
        "old": None,
        "base": {"x": 1},
        "more": {"x": 1, "z": 2},
        "hosts": ["a", "b"],
    }
    assert {".".join(path): str(origin) for path, origin in found.origins.items()} == {
        "image.tag": "parameters",
        "image.repository": "charts/web/values.yaml:3",
        "ports": "charts/web/values-stg.yaml:3",
        "empty": "charts/web/values.yaml:5",
        "old": "charts/web/values-stg.yaml:4",
        "base.x": "charts/web/values-stg.yaml:5",
        "more.x": "charts/web/values-stg.yaml:5",
        "more.z": "charts/web/values-stg.yaml:6",
        "hosts": "parameters",
    }


def test_the_digest_is_that_of_the_values_and_not_of_their_writing(repository: Repository) -> None:
    def digest(text: str) -> str:
        repository.file("charts/web/values.yaml", text)
        return values.merged(repository.load(CATALOG).scopes["stg"].releases[0]).digest

    first = digest("a: 1\nb: {c: [x]}\n")
    assert first == digest("# said otherwise\nb:\n  c:\n    - 'x'\na: 0x1\n")
    assert first != digest("a: '1'\nb: {c: [x]}\n")
    assert len(first) == 64


def test_everything_wrong_in_any_values_file_is_told_at_once(repository: Repository) -> None:
    repository.file("charts/web/values.yaml", "a: 1\na: 2\n")
    repository.file("charts/web/values-stg.yaml", "- a\n")
    repository.file("charts/other.yaml", "a: !secret b\n")
    catalog = repository.load(
        "environments: {stg: {namespace: {name: s}}, prod: {namespace: {name: p}}}\napplications:\n"
        "  web: {chart: {path: /charts/web}, environments: {stg: {values: [values.yaml]}, prod: {values: [values-stg.yaml]}}}\n"
        "  api: {chart: {path: /charts/web}, environments: {stg: {values: [/charts/other.yaml]}, prod: {values: [values.yaml]}}}\n"
    )
    with pytest.raises(CatalogError) as caught:
        values.check(catalog)
    assert [str(problem) for problem in caught.value.problems] == [
        "charts/other.yaml:1:4: tag !secret is not allowed",
        "charts/web/values-stg.yaml:1:1: values must be a mapping (key: value)",
        'charts/web/values.yaml:2:1: duplicate key "a" (first at line 1)',
    ]


def test_a_parameter_that_does_not_fit_the_values_names_its_release(repository: Repository) -> None:
    repository.file("charts/web/values.yaml", "image: nginx\n")
    with pytest.raises(CatalogError) as caught:
        values.merged(repository.load(CATALOG).scopes["stg"].releases[0], repository.root)
    assert str(caught.value.problems[0]) == (
        "the catalog: parameters of web in stg: helm refuses image.tag: the values have something there that is no mapping"
    )


def test_what_the_dumper_writes_helm_reads_the_same(helm_values: HelmValues) -> None:
    words = ["on", "y", "N", "1.10", "1e3", "012", "0o10", "12:30:45", "2026-01-31", "~", "null", "=", "<<", "", " a ", "a: b", "#", "- x",
             "1_000", "two\nlines\n", "no end\nof line", "trailing \nspace", "한국어", "tab\there", "🙂", "%", "@a", "`", "'", '"', "\\"]  # fmt: skip
    data: dict[str, Any] = {
        "words": words,
        **{f"k{at}": word for at, word in enumerate(words)},
        "plain": [1, -2, 1.5, True, None, {}, []],
    }
    assert helm_values(files=(yaml.dump(data),)) == data
