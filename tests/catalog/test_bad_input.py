"""Everything that can be wrong with a catalog, as its author reads it: place, key, what is wrong. All at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from platformctl.catalog.load import load
from platformctl.errors import CatalogError

from .conftest import HEADER, Repository

STG = "environments:\n  stg: {namespace: {name: shop-stg}}\n"  # lines 4 and 5


def app(text: str, name: str = "web") -> str:
    """An application in one line (line 7 after STG and `applications:`)."""
    return f"applications:\n  {name}: {{{text}}}\n"


WEB = "chart: {path: /charts/web}"
IN_STG = "environments: {stg: {}}"

MARK = "§"


@dataclass(frozen=True, slots=True)
class Case:
    """A catalog with a mark before each place that is wrong, and what is said of those places, in their order."""

    name: str
    body: str
    said: tuple[str, ...]

    def places(self) -> list[str]:
        found = []
        for number, line in enumerate(self.body.splitlines(), start=1 + HEADER.count("\n")):
            parts = line.split(MARK)[:-1]
            found += [f"{number}:{sum(map(len, parts[: at + 1])) + 1}" for at in range(len(parts))]
        return found


def _cases() -> Iterator[Case]:
    for part in (
        Path(__file__).with_name("bad_input.cases").read_text("utf-8").removeprefix("=== ").split("\n=== ")
    ):
        head, said = part.split("\n---\n")
        name, body = head.split("\n", 1)
        yield Case(name, body + "\n", tuple(said.splitlines()))


CASES = tuple(_cases())


@pytest.mark.fault(46)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bad_input_is_named_with_place_and_key(repository: Repository, case: Case) -> None:
    expected = [f"{place}: {text}" for place, text in zip(case.places(), case.said, strict=True)]
    assert repository.problems(case.body.replace(MARK, "")) == expected


@pytest.mark.fault(47)
def test_a_symbolic_link_out_of_the_repository_is_no_way_out(repository: Repository) -> None:
    (repository.root.parent / "outside").mkdir()
    (repository.root.parent / "outside" / "secret.yaml").write_text("a: 1\n")
    (repository.root / "charts/web/link.yaml").symlink_to(repository.root.parent / "outside" / "secret.yaml")
    (repository.root / "charts/away").symlink_to(repository.root.parent / "outside")
    (repository.root / "charts/ring").symlink_to(repository.root / "charts/ring")
    (repository.root / "charts/web/near.yaml").symlink_to("values.yaml")
    files = "[link.yaml, ../away/secret.yaml, ../ring, near.yaml]"
    assert repository.problems(
        STG + app(f"chart: {{path: /charts/web}}, environments: {{stg: {{values: {files}}}}}")
    ) == [
        "7:67: applications.web.environments.stg.values[0]: leads out of the repository",
        "7:78: applications.web.environments.stg.values[1]: leads out of the repository",
        "7:99: applications.web.environments.stg.values[2]: is a symbolic link that leads nowhere",
    ]


def test_what_is_wrong_in_one_place_hides_nothing_in_another(repository: Repository) -> None:
    """Schema, names and files are told in one go, and what follows from the first error is not told at all."""
    assert repository.problems(
        STG + "applications:\n"
        "  web: {chart: {pth: /charts/web}, needs: [api], environments: {stg: {values: [values.yaml]}}}\n"
        "  api: {chart: {path: /charts/web}, needs: [wbe, db], environments: {stg: {values: [nope.yaml], timeout: soon}}}\n"
        "  db: {chart: {path: /charts/web}, needs: [api, web], environments: {stg: {wait: helm}}}\n"
    ) == [
        '7:17: applications.web.chart: unknown key "pth" (did you mean "path"?)',
        "8:45: applications.api.needs[0]: there is no library or application \"wbe\" (did you mean \"web\"?)",
        "8:50: applications.api.needs[1]: needs go in a circle: api → db → web → api",
        "8:85: applications.api.environments.stg.values[0]: there is no file charts/web/nope.yaml (did you mean \"values.yaml\"?)",
        '8:106: applications.api.environments.stg.timeout: "soon" is not a duration; write it like 90s, 10m or 1h30m',
        '9:76: applications.db.environments.stg: unknown key "wait"; known here: values, parameters, sync, timeout, gates, '
        "requires, namespace, releaseName, argocd",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: is empty"),
        ("- a\n", "1:1: must be a mapping (key: value)"),
        ("apiVersion: platformctl.dev/v2\nkind: Deployment\nmetadata: {name: x}\n", "1:13: apiVersion: must be platformctl.dev/v1alpha1 (did you mean \"platformctl.dev/v1alpha1\"?)"),
        ("kind: Platform\nmetadata: {name: x}\n", '1:1: "apiVersion" is missing'),
        (HEADER.replace("shop", "!x shop"), "3:18: tag !x is not allowed"),
    ],
)  # fmt: skip
def test_what_is_no_catalog_says_so(repository: Repository, text: str, expected: str) -> None:
    repository.file("environments/platform.yaml", text)
    with pytest.raises(CatalogError) as caught:
        load(repository.catalog)
    assert str(caught.value.problems[0]) == f"environments/platform.yaml:{expected}"
    assert caught.value.exit_code == 6


def test_no_message_repeats_a_value_that_could_be_a_secret(repository: Repository) -> None:
    canary = "hunter2hunter2"
    body = STG + app(
        f"{WEB}, parameters: {{'db.password': 20251123, token: [{canary}], a..b: {canary}}}, wait: {canary}, "
        f"requires: {{kubernetes: {canary}}}, needs: {{{canary}: 1}}, environments: {{stg: {{sync: {canary}}}}}"
    )
    text = "\n".join(repository.problems(body))
    assert len(text.splitlines()) == 7
    assert canary not in text
    assert "20251123" not in text


def test_the_error_counts_and_says_that_nothing_was_changed(repository: Repository) -> None:
    with pytest.raises(CatalogError) as caught:
        repository.load("defaults: {al: stg}\nclustrs: {}\n")
    assert str(caught.value) == (
        'environments/platform.yaml:4:12: defaults: unknown key "al" (did you mean "all"?)\n'
        'environments/platform.yaml:5:1: unknown key "clustrs" (did you mean "clusters"?)\n'
        "2 errors, nothing was changed."
    )


def test_a_catalog_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as caught:
        load(tmp_path / "platform.yaml")
    assert str(caught.value.problems[0]) == "platform.yaml: there is no such file"


def test_no_message_moves_the_cursor(repository: Repository) -> None:
    assert repository.problems('"a\\e[2J": 1\n"a\\e[2J": 2\ndefaults: {timeout: "\\u202e5"}\n') == [
        '5:1: duplicate key "a\\x1b[2J" (first at line 4)',
        '5:1: unknown key "a\\x1b[2J"; known here: apiVersion, kind, metadata, include, git, argocd, clusters, defaults, requires, '
        "registries, environments, libraries, applications",
        '6:21: defaults.timeout: "\\u202e5" is not a duration; write it like 90s, 10m or 1h30m',
    ]
