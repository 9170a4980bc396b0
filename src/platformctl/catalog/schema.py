"""The JSON Schema of the catalog, made from the models, for editors: completion, descriptions, errors as you type."""

from __future__ import annotations

import json
from typing import Any, Final

from platformctl.catalog.models import Platform

DRAFT: Final = "http://json-schema.org/draft-07/schema#"  # the newest that the YAML language server documents


def json_schema() -> dict[str, Any]:
    """The schema as data. Everything of it means the same in draft-07 and in 2020-12."""
    made = _portable(Platform.model_json_schema())
    return {"$schema": DRAFT, "title": "Catalog of platformctl", **made}


def text() -> str:
    """The schema as it stands in environments/platform.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _portable(node: Any) -> Any:
    """Definitions under the name that draft-07 has for them; a reference alone in its object, since draft-07 ignores what
    stands beside one; and nothing allowed beside the names that a pattern allows."""
    if isinstance(node, list):
        return [_portable(item) for item in node]
    if not isinstance(node, dict):
        return node.replace("#/$defs/", "#/definitions/") if isinstance(node, str) else node
    made = {("definitions" if key == "$defs" else key): _portable(value) for key, value in node.items()}
    if "$ref" in made and len(made) > 1:
        made = {"allOf": [{"$ref": made.pop("$ref")}], **made}
    if "patternProperties" in made:
        made.setdefault("additionalProperties", False)
    made.pop("title", None) if isinstance(made.get("title"), str) else None
    return made
