"""The JSON Schema for editors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from platformctl.catalog import schema, yaml
from platformctl.catalog.models import Platform
from tests.catalogs import OTHER

REPOSITORY = Path(__file__).parent.parent.parent
DRAFTS = [jsonschema.Draft7Validator, jsonschema.Draft202012Validator]


def models(kind: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if kind in seen:
        return
    seen.add(kind)
    yield kind
    for field in kind.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models(part, seen)


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from parts(argument)


def test_the_committed_schema_is_that_of_the_models() -> None:
    """Else:  platformctl schema > environments/platform.schema.json"""
    assert (REPOSITORY / "environments/platform.schema.json").read_text("utf-8") == schema.text()


def test_every_field_and_model_says_what_it_is() -> None:
    for model in models(Platform, set()):
        assert (model.__doc__ or "").strip(), model
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_example_is_valid() -> None:
    definitions = schema.json_schema()["definitions"]
    for name, definition in {**definitions, "Platform": schema.json_schema()}.items():
        for key, field in definition.get("properties", {}).items():
            for example in field.get("examples", ()):
                whole = {**field, "definitions": definitions}
                for draft in DRAFTS:
                    assert not list(draft(whole).iter_errors(example)), f"{name}.{key}: {example}"


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("catalog", [REPOSITORY, OTHER], ids=["the platform", "the other"])
def test_catalogs_fit_the_schema_in_both_drafts(draft: Any, catalog: Path) -> None:
    made = schema.json_schema()
    draft.check_schema(made)
    data = yaml.read(catalog / "environments" / "platform.yaml", "f").checked()
    assert not list(draft(made).iter_errors(data))


@pytest.mark.parametrize("draft", DRAFTS)
def test_an_editor_finds_what_the_loader_finds(draft: Any) -> None:
    data = {
        "apiVersion": "platformctl.dev/v1alpha1",
        "kind": "Platform",
        "metadata": {"name": "x", "labels": {}},
        "environments": {
            "Stg": {"namespace": {"name": "a"}},
            "prod": {"namespace": {"name": "b"}, "onFailure": "keeep"},
        },
        "defaults": {"timeout": "90"},
        "applications": {"web": {"chart": {"pth": "/x"}, "environments": {"prod": {"values": ["a,b"]}}}},
    }
    found = {
        "/".join(map(str, error.absolute_path)) for error in draft(schema.json_schema()).iter_errors(data)
    }
    assert found == {
        "metadata",
        "environments",
        "environments/prod/onFailure",
        "defaults/timeout",
        "applications/web/chart",
        "applications/web/environments/prod/values/0",
    }
