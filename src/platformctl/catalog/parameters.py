"""Parameters: single values over the values files, as `helm --set` and Argo CD's helm parameters take them.

A comma in a value is text, except in a list like {a,b}. Source: helm.sh/helm/v4/pkg/strvals/parser.go, and Argo CD's
util/helm, which escapes commas outside of braces, as `tools.helm` does; measured against helm in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_LIST: Final = re.compile(r"\{((?:\\.|[^}\\])*)\}", re.DOTALL)
_NUMBER: Final = re.compile(r"[-+]?[1-9][0-9]{0,18}|[-+]0[0-9]{0,40}")
_STEP: Final = re.compile(r"(?:\\.|[^.\[\\])+|\[[0-9]+\]")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_LARGEST: Final = 2**63
_INDEX_LIMIT: Final = 65536


def applied(values: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """`values` with the parameters on top, in their order. Raises ValueError for one that helm would refuse."""
    result: dict[str, Any] = _copied(values)
    for key, text in parameters.items():
        _set(result, _steps(key), _value(text), key)
    return result


def _steps(key: str) -> list[str | int]:
    """`a.b[0].c` as its parts; a dot after a backslash belongs to the name."""
    found: list[str | int] = []
    for part in _STEP.findall(key):
        index = re.fullmatch(r"\[([0-9]+)\]", part)
        found.append(int(index[1]) if index else _unescaped(part))
    return found


def _value(text: str) -> Any:
    if not text.startswith("{"):
        return _typed(text)
    items = _LIST.fullmatch(text)
    if items is None:
        raise ValueError('a value that starts with "{" is a list for helm and must end with the only "}"')
    return [_typed(item) for item in re.split(r"(?<!\\),", items[1])]


def _typed(text: str) -> Any:
    """What helm takes a word for: true, false, null and whole numbers without leading zeros; the rest is text."""
    plain = _unescaped(text)
    if plain.lower() in _WORDS:
        return _WORDS[plain.lower()]
    if plain == "0" or _NUMBER.fullmatch(plain):
        number = int(plain)
        return number if -_LARGEST <= number < _LARGEST else plain
    return plain


def _set(target: Any, steps: list[str | int], value: Any, key: str) -> None:
    """Writes `value` into `target`, making the mappings and lists on the way. In place of what is something else helm
    refuses to make one, unless it is an item of a list."""
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        missing = isinstance(step, str) and step not in target
        if isinstance(step, int):
            if step > _INDEX_LIMIT:
                raise ValueError(f"helm takes no index above {_INDEX_LIMIT}")
            target += [None] * (step + 1 - len(target))
        if following is None:
            target[step] = value
            return
        wanted: type = list if isinstance(following, int) else dict
        present = None if missing else target[step]
        if not isinstance(present, wanted):
            replaceable = isinstance(step, int) and (present is None or wanted is dict)
            if not (missing or replaceable):
                kind = "list" if wanted is list else "mapping"
                raise ValueError(f"helm refuses {key}: the values have something there that is no {kind}")
            present = target[step] = wanted()
        target = present


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.?)", r"\1", text, flags=re.DOTALL)


def _copied(value: Any) -> Any:
    """A copy whose mappings and lists can be changed."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
