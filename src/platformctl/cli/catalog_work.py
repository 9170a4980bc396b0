"""The work behind `platformctl catalog …` and `platformctl schema`."""

from __future__ import annotations

from platformctl.catalog import schema as catalog_schema
from platformctl.catalog import show as catalog_show
from platformctl.catalog import values, yaml
from platformctl.catalog.select import find_scope
from platformctl.cli.desk import at_desk
from platformctl.cli.options import Globals
from platformctl.cli.screen import put, tell
from platformctl.errors import UsageError
from platformctl.report.dry_run_view import catalog_sentence
from platformctl.report.text import piece


def validate(globals_: Globals) -> int:
    """Loads the catalog and every values file that it names; all problems of both at once."""
    with at_desk(globals_, "catalog validate") as desk:
        catalog = desk.catalog()
        values.check(catalog)
        if desk.screen.for_people:
            tell(desk.screen.out, [piece(f"{catalog_sentence(catalog)}: valid")])
        else:
            releases = sum(len(scope.releases) for scope in catalog.scopes.values())
            desk.screen.data("Catalog", {"file": catalog.file.name, "releases": releases}, changes=False)
        return 0


def show(globals_: Globals, origin: bool) -> int:
    """The resolved releases; with `origin` where each value comes from."""
    with at_desk(globals_, "catalog show") as desk:
        catalog = desk.catalog()
        data = catalog_show.data(catalog, origin=origin)
        if desk.screen.for_people:
            put(yaml.dump(data))
        else:
            desk.screen.data("Catalog", data, changes=False)
        return 0


def graph(globals_: Globals, target: str | None, form: str) -> int:
    """What needs what, as text, for Graphviz or for Mermaid."""
    drawings = {"text": catalog_show.as_text, "dot": catalog_show.as_dot, "mermaid": catalog_show.as_mermaid}
    if form not in drawings:
        raise UsageError(f"--format {form}: use {', '.join(drawings)}")
    with at_desk(globals_, "catalog graph") as desk:
        catalog = desk.catalog()
        scope = find_scope(catalog, target).name if target else None
        put(drawings[form](catalog_show.graph(catalog, scope)).rstrip("\n") + "\n")
        return 0


def schema(_: Globals) -> int:
    put(catalog_schema.text())
    return 0
