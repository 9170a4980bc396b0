"""Events as JSON Lines: `-o jsonl`. One object per line, `event` says which kind; fields are those of the event."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TextIO

from platformctl.run.events import Event, RunStarted, Sink


def jsonl_sink(stream: TextIO, now: Callable[[], str] | None = None) -> Sink:
    """Writes and flushes each event as it comes. `now` gives the time of each line, RFC 3339."""
    lock = threading.Lock()

    def sink(event: Event) -> None:
        stamp = {"at": now()} if now is not None else {}
        text = json.dumps({**stamp, **event_data(event)})
        # Whoever reads may have gone; a run does not end for that.
        with lock, suppress(OSError, ValueError):
            stream.write(f"{text}\n")
            stream.flush()

    return sink


def event_data(event: Event) -> dict[str, Any]:
    """`{"event": "step-finished", "scope": …}`; lengths in seconds, rounded to milliseconds."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()
    data: dict[str, Any] = {"event": kind, **asdict(event)}
    if isinstance(event, RunStarted):
        data["steps"] = [{"step": step, "key": key, "what": what} for step, key, what in event.steps]
    if "seconds" in data:
        data["seconds"] = round(data["seconds"], 3)
    return data
