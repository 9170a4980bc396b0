"""Names on the command line."""

from __future__ import annotations

import pytest

from platformctl.catalog.desired import Catalog
from platformctl.catalog.select import Selection, find_scope, select
from platformctl.errors import UsageError

from .conftest import Repository

CATALOG = """
environments:
  stg: {namespace: {name: a}, aliases: [staging]}
  prod: {namespace: {name: b}}
libraries:
  certs: {layer: cluster-services, chart: {path: /charts/web}, namespace: {name: c}}
  disks: {layer: cluster-services, managed: false}
applications:
  secrets: {chart: {path: /charts/web}, environments: {stg: {}, prod: {}}}
  api: {chart: {path: /charts/web}, needs: [secrets], formerly: server, environments: {stg: {}, prod: {}}}
  web: {chart: {path: /charts/web}, needs: [api], environments: {stg: {}, prod: {}}}
  llm: {chart: {path: /charts/web}, environments: {stg: {}}}
"""


@pytest.fixture
def catalog(repository: Repository) -> Catalog:
    return repository.load(CATALOG)


def test_scopes_are_found_by_name_and_alias(catalog: Catalog) -> None:
    assert [find_scope(catalog, name).name for name in ("libraries", "stg", "staging", "prod")] == [
        "libraries", "stg", "stg", "prod",
    ]  # fmt: skip


def test_an_unknown_environment_is_answered_with_a_guess_and_what_there_is(catalog: Catalog) -> None:
    with pytest.raises(UsageError) as caught:
        find_scope(catalog, "prodd")
    assert (caught.value.message, caught.value.hint, caught.value.exit_code) == (
        'no environment "prodd" (did you mean "prod"?)',
        "there are stg (staging), prod",
        64,
    )


def test_nothing_named_is_everything(catalog: Catalog) -> None:
    scope = find_scope(catalog, "stg")
    selection = select(scope, exclude=["llm"])
    assert selection == Selection(scope, targets=None, excluded=("llm",))
    assert selection.changing == ("secrets", "api", "web")


def test_what_named_targets_need_is_context_and_changes_only_when_asked(catalog: Catalog) -> None:
    scope = find_scope(catalog, "stg")
    named = select(scope, ["web", "llm", "web"])
    assert named == Selection(scope, targets=("llm", "web"), context=("secrets", "api"))
    assert named.changing == ("llm", "web")
    assert select(scope, ["web"], with_needs=True).changing == ("secrets", "api", "web")
    assert select(scope, ["web"], with_needs=True, exclude=["secrets"]).changing == ("api", "web")


def test_a_release_may_be_called_by_its_own_name(catalog: Catalog) -> None:
    assert select(find_scope(catalog, "stg"), ["web-stg"]).targets == ("web",)


@pytest.mark.parametrize(
    ("scope", "name", "message", "hint"),
    [
        (
            "stg",
            "wbe",
            'no application "wbe" in stg (did you mean "web"?)',
            "there are api, llm, secrets, web",
        ),
        ("prod", "llm", 'no application "llm" in prod', "there are api, secrets, web"),
        ("stg", "server", '"server" is called api now', None),
        ("libraries", "cert", 'no library "cert" (did you mean "certs"?)', "there are certs"),
        ("libraries", "disks", "disks is not ours (managed: false): it is only checked", None),
    ],
)
def test_an_unknown_name_is_answered_with_what_is_known(
    catalog: Catalog, scope: str, name: str, message: str, hint: str | None
) -> None:
    with pytest.raises(UsageError) as caught:
        select(find_scope(catalog, scope), [name])
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_what_is_named_cannot_be_excluded(catalog: Catalog) -> None:
    with pytest.raises(UsageError, match=r"^web is named and excluded$"):
        select(find_scope(catalog, "stg"), ["web"], exclude=["web"])


@pytest.mark.fault(48)
@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("-x", "-x"),
        ("--kubeconfig=/tmp/x", "--kubeconfig=/tmp/x"),
        ("", ""),
        ("a;b", "a;b"),
        ("$(id)", "$(id)"),
        ("web\n", "web\\n"),
        ("we\x1b[2Jb", "we\\x1b[2Jb"),
        ("wеb", "w\\u0435b"),  # a Cyrillic е
        ("\u202ebew", "\\u202ebew"),
        ("../web", "../web"),
        ("Web", "Web"),
        ("a" * 300, "a" * 59 + "\\u2026"),
    ],
)
def test_what_can_be_no_name_is_refused_before_anything_runs(catalog: Catalog, name: str, seen: str) -> None:
    expected = f'"{seen}" is no name: names are lower-case letters, digits and dashes'
    for ask in (
        lambda: find_scope(catalog, name),
        lambda: select(catalog.libraries, [name]),
        lambda: select(catalog.libraries, exclude=[name]),
    ):
        with pytest.raises(UsageError) as caught:
            ask()
        assert caught.value.message == expected
