from __future__ import annotations

import io

import pytest

from platformctl.report.console import make_consoles, width_of, write
from platformctl.report.text import line, piece


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ascii_stream() -> tuple[io.BytesIO, io.TextIOWrapper]:
    raw = io.BytesIO()
    return raw, io.TextIOWrapper(raw, encoding="ascii", write_through=True)


@pytest.mark.parametrize(
    ("environ", "terminal", "interactive"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm", "CI": "true"}, True, False),
        ({"TERM": "xterm", "CI": "false"}, True, True),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, False, False),
    ],
)
def test_a_board_is_drawn_only_where_somebody_looks_at_a_terminal(
    environ: dict[str, str], terminal: bool, interactive: bool
) -> None:
    stderr = Terminal() if terminal else io.StringIO()

    assert make_consoles(environ, io.StringIO(), stderr)[2] is interactive


def test_no_color_and_the_option_take_the_colours_away() -> None:
    for environ, option in (({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "xterm"}, True)):
        stream = Terminal()
        _, err, _ = make_consoles(environ, io.StringIO(), stream, no_color=option)
        write(err, [line(piece("red", "red"))])
        assert stream.getvalue() == "red\n"


def test_a_terminal_gets_colours() -> None:
    stream = Terminal()
    _, err, _ = make_consoles({"TERM": "xterm"}, io.StringIO(), stream)
    write(err, [line(piece("red", "red"))])

    assert stream.getvalue() == "\x1b[31mred\x1b[0m\n"


def test_an_ascii_locale_gets_ascii_symbols_and_escapes_instead_of_an_error() -> None:
    raw, stream = ascii_stream()
    out, _, _ = make_consoles({}, stream, io.StringIO())

    write(out, [line(piece("✓ 1.8.0 → 1.9.0", "green"), " · 한 …")])

    assert raw.getvalue() == b"+ 1.8.0 > 1.9.0 . \\ud55c ~\n"


def test_a_pipe_has_no_width_and_forced_colours_do_not_make_one() -> None:
    out, _, _ = make_consoles({"FORCE_COLOR": "1", "COLUMNS": "80"}, io.StringIO(), io.StringIO())

    assert width_of(out) is None


def test_a_terminal_has_its_width() -> None:
    out, _, _ = make_consoles({"TERM": "xterm", "COLUMNS": "97"}, Terminal(), io.StringIO())

    assert width_of(out) == 97


def test_a_long_line_is_neither_wrapped_nor_cut() -> None:
    stream = io.StringIO()
    out, _, _ = make_consoles({"COLUMNS": "20"}, stream, io.StringIO())

    write(out, [line("word " * 50 + "[bold]not markup[/bold] :smile:")])

    assert stream.getvalue() == "word " * 50 + "[bold]not markup[/bold] :smile:\n"


def test_a_reader_that_has_gone_is_an_error_of_ours_to_handle_not_the_end_of_the_program() -> None:
    out, _, _ = make_consoles({}, Gone(), io.StringIO())

    with pytest.raises(BrokenPipeError):
        write(out, [line("nobody reads this")])
