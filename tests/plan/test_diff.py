from __future__ import annotations

import base64
from typing import Any

from platformctl.plan.diff import diff_objects, meaningful
from platformctl.plan.steps import Change, ObjectDiff
from platformctl.render.models import KubeObject, ObjectId
from tests.support.builders import kube_object

WEB = ObjectId("", "ConfigMap", "plate-stg", "web")


def config(**data: Any) -> KubeObject:
    return kube_object(data=data)


def secret(field: str = "data", **values: str) -> KubeObject:
    if field == "data":
        values |= {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    body: dict[str, Any] = {field: values}
    return kube_object("Secret", "web", **body)


def test_a_changed_object_is_a_unified_diff_of_its_yaml() -> None:
    found = diff_objects([config(color="blue", size="10")], [config(color="green", size="10")])

    assert found == (
        ObjectDiff(
            WEB,
            Change.CHANGED,
            (
                "@@ -3,5 +3,5 @@",
                " metadata:",
                "   name: web",
                " data:",
                "-  color: blue",
                "+  color: green",
                '   size: "10"',
            ),
        ),
    )


def test_added_and_removed_objects_are_shown_whole_in_order_of_their_ids() -> None:
    found = diff_objects(
        [config(a="1"), kube_object("Service", "web")], [config(a="1"), kube_object("Service", "api")]
    )

    assert [(str(each.id), each.change, each.lines[1:]) for each in found] == [
        (
            "Service plate-stg/api",
            Change.ADDED,
            ("+apiVersion: v1", "+kind: Service", "+metadata:", "+  name: api"),
        ),
        (
            "Service plate-stg/web",
            Change.REMOVED,
            ("-apiVersion: v1", "-kind: Service", "-metadata:", "-  name: web"),
        ),
    ]


def test_order_of_keys_null_and_an_explicit_namespace_make_no_difference() -> None:
    before = KubeObject(
        WEB,
        "v1",
        {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {"namespace": "plate-stg", "name": "web", "annotations": {}, "labels": None},
            "data": {"b": "2", "a": "1"},
        },
    )

    assert diff_objects([before], [config(a="1", b="2")]) == ()


def test_empty_stays_where_it_means_something() -> None:
    empty_dir = kube_object("Pod", "web", spec={"volumes": [{"name": "tmp", "emptyDir": {}}]})
    nothing = kube_object("Pod", "web", spec={"volumes": [{"name": "tmp"}]})

    assert len(diff_objects([empty_dir], [nothing])) == 1


def test_the_payload_of_a_secret_never_reaches_a_line_and_its_change_is_seen() -> None:
    (found,) = diff_objects(
        [secret(password="hunter2", user="ops", gone="x")],
        [secret(password="swordfish", user="ops", new="y")],
    )

    assert found.lines == (
        "@@ -3,6 +3,6 @@",
        " metadata:",
        "   name: web",
        " data:",
        '-  gone: "***"',
        '-  password: "*** (before)"',
        '+  new: "***"',
        '+  password: "*** (after)"',
        '   user: "***"',
    )
    for payload in ("hunter2", "swordfish", "ops"):
        assert payload not in str(found)
        assert base64.b64encode(payload.encode()).decode() not in str(found)


def test_a_new_secret_is_masked_too() -> None:
    (found,) = diff_objects([], [secret("stringData", password="swordfish")])

    assert found.lines[-2:] == ("+data:", '+  password: "***"')


def test_string_data_is_another_spelling_of_data() -> None:
    assert diff_objects([secret(password="x")], [secret("stringData", password="x")]) == ()


def test_a_secret_of_another_group_is_not_a_secret() -> None:
    sealed = kube_object("Secret", "web", api_version="vault.example.org/v1", data={"path": "kv/web"})

    (found,) = diff_objects([], [sealed])

    assert "+  path: kv/web" in found.lines


def test_what_differs_at_every_render_is_marked_and_what_else_changes_is_not() -> None:
    random = ["Secret web: data.password", "Deployment web: spec.annotations.checksum/secret"]
    one, two, three = (
        secret(password="a", user="ops"),
        secret(password="b", user="ops"),
        secret(password="b", user="x"),
    )

    assert [each.random for each in diff_objects([one], [two], random)] == [True]
    assert meaningful(diff_objects([one], [two], random)) == ()
    assert [each.random for each in diff_objects([one], [three], random)] == [False]
    assert [each.random for each in diff_objects([one], [two])] == [False]


def test_a_random_object_that_is_new_is_no_noise() -> None:
    assert [each.random for each in diff_objects([], [secret(a="b")], ["Secret web: data.a"])] == [False]


def test_an_object_with_a_new_name_at_every_render_is_noise_on_both_sides() -> None:
    random = ["Pod web-test-k3x9q: metadata.name"]
    found = diff_objects(
        [kube_object("Pod", "web-test-a1b2c"), kube_object("Pod", "db-0")],
        [kube_object("Pod", "web-test-k3x9q")],
        random,
    )

    assert [(each.id.name, each.change, each.random) for each in found] == [
        ("db-0", Change.REMOVED, False),
        ("web-test-a1b2c", Change.REMOVED, True),
        ("web-test-k3x9q", Change.ADDED, True),
    ]


def test_items_of_lists_and_texts_of_several_lines_read_like_yaml() -> None:
    body = {
        "containers": [{"image": "nginx:1.27", "name": "web", "args": ["-v", "on"]}],
        "conf": "a\n  b\n",
        "n": [[1]],
    }

    (found,) = diff_objects([], [kube_object("Pod", "web", spec=body)])

    assert [line.removeprefix("+") for line in found.lines[5:]] == [
        "spec:",
        "  conf: |",
        "    a",
        "      b",
        "  containers:",
        "  - name: web",
        "    args:",
        '    - "-v"',
        '    - "on"',
        "    image: nginx:1.27",
        '  "n":',
        "  - - 1",
    ]
