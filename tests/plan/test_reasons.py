from __future__ import annotations

from typing import Any

import pytest

from platformctl.plan.reasons import reasons_to_change, value_changes
from tests.support.builders import chart_at, live_like, live_release, rendered


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"image": {"tag": "1.8.0"}}, {"image": {"tag": "1.9.0"}}, ["image.tag 1.8.0 → 1.9.0"]),
        ({}, {"replicas": 3}, ["replicas (none) → 3"]),
        ({"replicas": 3}, {"replicas": None}, ["replicas 3 → null"]),
        ({"on": True}, {"on": 1}, ["on true → 1"]),
        ({"a": {"b": 1}}, {"a": {}}, ["a (1 entry) → (0 entries)"]),
        ({"hosts": ["a"]}, {"hosts": ["a", "b"]}, ["hosts (1 entry) → (2 entries)"]),
        ({"name": ""}, {"name": "web"}, ['name "" → web']),
        ({"conf": "a\nb"}, {"conf": "a"}, ["conf (long text) → a"]),
        ({"adminPassword": "a"}, {"adminPassword": "b"}, ["adminPassword *** → ***"]),
        ({"secretKey": "a"}, {"secretKey": ""}, ['secretKey *** → ""']),
        ({"signingKey": "a"}, {"signingKey": "b"}, ["signingKey *** → ***"]),
        ({"secrets": {"db": "a"}}, {"secrets": {"db": "b"}}, ["secrets.db *** → ***"]),
        ({"existingSecret": "a"}, {"existingSecret": "b"}, ["existingSecret a → b"]),
        ({"tls": {"secretName": "a"}}, {"tls": {"secretName": "b"}}, ["tls.secretName a → b"]),
        ({"url": "redis://u:p@host"}, {"url": "redis://host"}, ["url redis://***@host → redis://host"]),
        ({"same": {"x": [1]}}, {"same": {"x": [1]}}, []),
    ],
)
def test_every_value_that_differs_is_named(before: Any, after: Any, words: list[str]) -> None:
    assert list(value_changes(before, after)) == words


def test_a_new_chart_version_and_values_are_both_said() -> None:
    old = rendered(chart=chart_at("web", "0.3.0"), values={"image": {"tag": "1.25"}})
    new = rendered(chart=chart_at("web", "0.3.1"), values={"image": {"tag": "1.27"}})

    assert reasons_to_change(live_like(old), new) == ("chart 0.3.0 → 0.3.1", "values: image.tag 1.25 → 1.27")


def test_a_chart_that_changed_under_the_same_version_is_said() -> None:
    assert reasons_to_change(live_like(rendered()), rendered(chart=chart_at(content="edited"))) == (
        "chart content",
    )


def test_another_chart_is_named() -> None:
    old = live_release(chart=("plate-server", "0.2.0"))

    assert reasons_to_change(old, rendered(chart=chart_at("plate-api", "0.3.0"))) == (
        "chart plate-server 0.2.0 → plate-api 0.3.0",
    )


def test_another_major_of_helm_alone_is_recognised() -> None:
    assert reasons_to_change(live_like(rendered(helm_major=3)), rendered(helm_major=4)) == ("helm 3 → 4",)


def test_what_is_left_when_chart_values_and_helm_are_the_same() -> None:
    old = live_like(rendered(api_versions=["policy/v1beta1"]))

    assert reasons_to_change(old, rendered(api_versions=["policy/v1"])) == ("api versions of the cluster",)


def test_a_long_list_of_values_is_counted_not_shown() -> None:
    new = rendered(values={f"v{number}": number for number in range(9)})

    assert reasons_to_change(live_like(rendered()), new) == (
        "values: v0 (none) → 0, v1 (none) → 1, v2 (none) → 2, v3 (none) → 3, v4 (none) → 4, v5 (none) → 5, and 3 more",
    )
