"""Durations in Go's syntax, as helm and kubectl take them: 300ms, 90s, 10m, 1h30m, 1.5h."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_UNIT_S: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """The length of a duration. Raises ValueError with what to write instead."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f'"{text}" has no unit; use {text}s')
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'"{text}" is not a duration; write it like 90s, 10m or 1h30m')
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts)


def checked(text: str) -> str:
    """`text` itself, when it is a duration."""
    seconds(text)
    return text


def short(length_s: float) -> str:
    """For people: 0.8s, 42s, 3m10s, 1h05m."""
    if length_s < 10:
        return f"{length_s:.1f}s"
    whole = round(length_s)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m"
