"""The platform of another kind: what holds for one catalog is not in the code."""

from __future__ import annotations

from pathlib import Path

from platformctl.catalog import values
from platformctl.catalog.load import find_catalog, load
from tests.catalogs import copy_of_other


def test_the_other_platform_resolves(tmp_path: Path) -> None:
    file = copy_of_other(tmp_path / "other", "http://127.0.0.1:1/charts")
    catalog = load(find_catalog(tmp_path / "other" / "charts", None))
    assert (catalog.file, catalog.root) == (file, tmp_path / "other")
    assert [
        (scope.name, scope.aliases, scope.protected, [(one.name, one.namespace.name, one.timeout_s) for one in scope.releases])
        for scope in catalog.scopes.values()
    ] == [
        ("libraries", (), True, [("queue", "messaging", 120.0)]),
        ("dev", ("development",), False, [("worker-dev", "shop-dev", 120.0), ("shop-dev", "shop-dev", 120.0)]),
        ("live", (), True, [("worker-live", "shop-live", 120.0), ("shop-live", "shop-live", 180.0)]),
    ]  # fmt: skip
    assert catalog.libraries.releases[0].chart.repository == "http://127.0.0.1:1/charts"
    shop = catalog.scopes["live"].release("shop")
    assert shop is not None
    assert (shop.needs, shop.needs_libraries) == (("worker",), ("queue",))
    assert values.merged(shop, catalog.root).merged == {
        "replicas": 2,
        "greeting": {"text": "hello, world", "loud": True},
    }


def test_nothing_of_a_platform_is_in_the_code() -> None:
    names = ("plate-", "cocdev", "prj-devops", "openbao", "home-k8s", "corner-shop")
    package = Path(__file__).parent.parent.parent / "src" / "platformctl" / "catalog"
    found = [
        f"{file.name}:{number}"
        for file in package.glob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if any(name in line for name in names)
    ]
    assert found == []
