"""Changes one value in a file that people wrote: comments, order and every other byte stay as they are."""

from __future__ import annotations

import json
from typing import Any

from platformctl.catalog import yaml
from platformctl.catalog.positions import KeyPath, Positions
from platformctl.catalog.yaml import Document
from platformctl.errors import CatalogError, Problem


def with_scalar(document: Document, path: KeyPath, value: str) -> str:
    """The text of the document with the scalar at `path` replaced by the text `value`.

    Raises CatalogError when there is no scalar at `path`, or when anything else would change with it.
    """
    key = ".".join(map(str, path))
    span = Positions.of(document).span(path)
    if span is None:
        raise CatalogError(
            [Problem(document.file, 0, 0, key, f"there is no such value; write it by hand: {value}")]
        )
    begin, end = span
    text = f"{document.text[:begin]}{json.dumps(value)}{document.text[end:]}"
    before, after = document.checked(), yaml.parse(text, document.file).checked()
    if _with(before, path, value) != after:
        raise CatalogError(
            [Problem(document.file, 0, 0, key, f"cannot be changed alone; write it by hand: {value}")]
        )
    return text


def _with(data: Any, path: KeyPath, value: str) -> Any:
    """A copy of the data with the value at `path` replaced."""
    if not path:
        return value
    step, *rest = path
    if isinstance(data, list):
        return [_with(item, tuple(rest), value) if at == step else item for at, item in enumerate(data)]
    return {name: _with(item, tuple(rest), value) if name == step else item for name, item in data.items()}
