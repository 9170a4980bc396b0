"""What pydantic found wrong with a catalog, said in the words of somebody who writes one. No value is ever repeated that
could be a secret."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from platformctl.catalog.base import DURATION, MEANING
from platformctl.catalog.masking import looks_secret
from platformctl.catalog.models import Platform
from platformctl.catalog.positions import KeyPath
from platformctl.errors import suggestion

_NOT_WHOLE: Final = "must be a whole number, without quotes"
_SAID: Final = {
    "bool_type": "must be true or false, without quotes",
    "int_type": _NOT_WHOLE,
    "int_from_float": _NOT_WHOLE,
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at `path`; `at_key` when the key is meant and not its value, `shown` when another path reads better."""

    path: KeyPath
    text: str
    at_key: bool = False
    shown: KeyPath | None = None


def findings(
    error: ValidationError, data: Any, written: Callable[[KeyPath], str | None]
) -> Iterator[Finding]:
    """All of pydantic's errors. `written` gives a plain scalar as it stands in the file."""
    for details in error.errors(include_url=False, include_input=False):
        path: KeyPath = details["loc"]
        if path and path[-1] == "[key]":
            yield Finding(path[:-1], f"this name {_meaning(details, path)}", at_key=True, shown=path[:-1])
        elif details["type"] == "extra_forbidden":
            yield _unknown_key(path)
        elif details["type"] == "missing":
            yield Finding(path, f'"{path[-1]}" is missing', at_key=True, shown=path[:-1])
        else:
            yield Finding(path, _text(details, path, at(data, path), written(path)))


def at(data: Any, path: KeyPath) -> Any:
    """The value at `path`, None where there is none."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def known_keys(path: KeyPath) -> tuple[str, ...]:
    """The keys that the models know at `path`; none where names are free."""
    kind = _kind_at(path)
    return tuple(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else ()


def _unknown_key(path: KeyPath) -> Finding:
    key, known = str(path[-1]), known_keys(path[:-1])
    guess = suggestion(key, known)
    if not guess:
        lower = {name.lower(): name for name in known}
        guess = suggestion(key.lower(), list(lower))
        for name in known:
            guess = guess.replace(f'"{name.lower()}"', f'"{name}"')
    return Finding(path, f'unknown key "{key}"{guess or _listed(known)}', at_key=True, shown=path[:-1])


def _listed(known: tuple[str, ...]) -> str:
    return f"; known here: {', '.join(known)}" if known else ""


def _text(details: ErrorDetails, path: KeyPath, value: Any, written: str | None) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if value is None and kind.endswith("_type"):
        return "has no value"
    match kind:
        case "string_type":
            text = _not_text(path, value, written)
        case "string_pattern_mismatch":
            text = _meaning(details, path)
        case "string_too_long":
            text = f"is longer than {context['max_length']} characters"
        case "too_short" | "too_long":
            limit = context.get("min_length", context.get("max_length"))
            text = f"must have {'at most' if kind == 'too_long' else 'at least'} {limit} entries"
        case "enum" | "literal_error":
            expected = str(context["expected"]).replace("'", "")
            text = f"must be {expected}{suggestion(str(value), expected.replace(' or ', ', ').split(', '))}"
        case "value_error":
            text = str(context["error"])
        case _:
            message = re.sub(r"^(Input|List|Dictionary|Value) ", "", details["msg"])
            text = _SAID.get(kind, message[0].lower() + message[1:])
    return text


def _not_text(path: KeyPath, value: Any, written: str | None) -> str:
    """A number, boolean or date where text is wanted: what was written is lost by reading, so quote it."""
    if isinstance(value, dict | list):
        return "must be text"
    kind = "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "date"
    if written is None or any(looks_secret(str(step)) for step in path):
        return f"was read as a {kind}; quote it"
    if kind == "number" and _field_at(path, "json_schema_extra") == {"pattern": DURATION}:
        return f"{written} has no unit; use {written}s"
    number = repr(value).removesuffix(".0")
    read_as = f"the number {number}" if kind == "number" and number != written else f"a {kind}"
    return f'{written} was read as {read_as}; quote it: "{written}"'


def _meaning(details: ErrorDetails, path: KeyPath) -> str:
    pattern = str(details.get("ctx", {}).get("pattern", ""))
    if pattern in MEANING:
        return MEANING[pattern]
    examples = _field_at(path, "examples")
    return f"must look like {examples[0]}" if examples else f"must match {pattern}"


def _field_at(path: KeyPath, attribute: str) -> Any:
    """What the model's field at `path` has under `attribute`; None for anything but a field."""
    kind = _kind_at(path[:-1])
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return getattr(kind.model_fields.get(str(path[-1])), attribute, None)
    return None


def _kind_at(path: KeyPath) -> Any:
    """The type that the models have at `path`."""
    kind: Any = Platform
    for step in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(step))
            kind = _plain(field.annotation) if field else None
        else:
            arguments = get_args(kind)
            kind = _plain(arguments[-1]) if get_origin(kind) in (dict, list) else None
    return kind


def _plain(kind: Any) -> Any:
    """A type without Annotated and `| None`."""
    while True:
        origin = get_origin(kind)
        if origin is Annotated:
            kind = get_args(kind)[0]
        elif origin in (Union, types.UnionType):
            kind = next(part for part in get_args(kind) if part is not type(None))
        else:
            return kind
