"""A watch goes on whatever becomes of its transport."""

from __future__ import annotations

from collections.abc import Iterator

from platformctl.errors import ToolError
from platformctl.tools.api import Listing
from platformctl.tools.transport import Answer
from platformctl.tools.watching import Changed, Listed, Watch


class Stream:
    answer = Answer(200, b"")

    def lines(self) -> Iterator[bytes]:
        yield b'{"type": "MODIFIED", "object": {"metadata": {"name": "web", "resourceVersion": "2"}}}'

    def close(self) -> None:
        return None


def test_a_proxy_that_is_being_started_again_is_waited_for() -> None:
    tries = iter([True, False])

    def stream(_: str) -> Stream:
        if next(tries):
            raise ToolError("kubectl proxy: not started")
        return Stream()

    watch = Watch(lambda: Listing((), "1"), stream)
    seen = []
    for event in watch:
        seen.append(event)
        if isinstance(event, Changed):
            watch.close()
    assert [type(event) for event in seen] == [Listed, Listed, Changed]
