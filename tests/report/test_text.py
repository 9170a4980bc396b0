from __future__ import annotations

import pytest

from platformctl.report.text import counted, line, listed, one_line, piece, sanitised, table, wrapped
from tests.report.golden import plain


@pytest.mark.parametrize(
    ("dangerous", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;ZXZpbA==\x1b\\after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x1bcreset", "reset"),
        ("\x1b(0line", "line"),
        ("\x9b2Jcleared", "cleared"),
        ("lone \x1b", "lone \\x1b"),
        ("over\rwritten", "over\\rwritten"),
        ("back\x08space", "back\\x08space"),
        ("bell\x07", "bell\\x07"),
        ("nul\x00del\x7f", "nul\\x00del\\x7f"),
        ("right\u202eto left\u2066", "right\\u202eto left\\u2066"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("para\u2029graph\x85", "para\\u2029graph\\x85"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("한국어 stays, tab\tand\nnewline too", "한국어 stays, tab\tand\nnewline too"),
    ],
)
def test_text_of_a_cluster_cannot_drive_a_terminal(dangerous: str, shown: str) -> None:
    assert sanitised(dangerous) == shown
    assert piece(dangerous).plain == shown


def test_one_line_is_one_line() -> None:
    assert one_line("a\n  b\t\tc \n") == "a b c"


def test_wide_characters_count_as_two_columns() -> None:
    rows = [["한국", "x"], ["ab", "y"]]

    assert plain(table(rows, width=None)) == "  한국   x\n  ab     y\n"


def test_nothing_is_cut_off_or_wrapped_without_a_terminal() -> None:
    long = "word " * 100

    assert plain(table([["a", long.strip()]], width=None)) == f"  a   {long.strip()}\n"


def test_a_last_column_wraps_beside_the_others_or_goes_below_them() -> None:
    rows = [["NAME", "WHY"], ["plate-web", "one two three four five six seven"], ["b", "–"]]

    assert plain(table(rows, width=42)) == (
        "  NAME        WHY\n"
        "  plate-web   one two three four five six\n"
        "              seven\n"
        "  b           –\n"
    )  # fmt: skip
    assert plain(table(rows, width=30)) == (
        "  NAME\n"
        "  plate-web\n"
        "      one two three four five\n"
        "      six seven\n"
        "  b\n"
    )  # fmt: skip


def test_a_terminal_too_narrow_for_a_table_gets_records() -> None:
    rows = [["NAME", "STATE", "WHY"], ["a-long-name", "a-long-state", "because"], ["b", "c", "–"]]

    assert plain(table(rows, width=24)) == "  a-long-name\n      a-long-state\n      because\n  b\n      c\n"


def test_a_column_that_is_empty_everywhere_is_left_out() -> None:
    assert plain(table([["a", "", "c"]], width=None)) == "  a   c\n"


def test_words_that_are_too_long_stay_whole_and_arrows_stay_with_their_ends() -> None:
    text = line("see registry.example.org/a/very/long/image/name and 1.8.0 → 1.9.0")

    assert [each.plain for each in wrapped(text, 30, hang=2)] == [
        "see",
        "  registry.example.org/a/very/long/image/name",
        "  and 1.8.0 → 1.9.0",
    ]


def test_wrapping_keeps_colours() -> None:
    text = line(piece("red red red", "red"), " plain")

    first, second = wrapped(text, 9)
    assert [(span.start, span.end, str(span.style)) for span in first.spans] == [(0, 7, "red")]
    assert [(span.start, span.end, str(span.style)) for span in second.spans] == [(0, 3, "red")]


def test_counts_and_lists_read_like_english() -> None:
    assert [
        counted(1, "library", "libraries"),
        counted(0, "release"),
        counted(2, "library", "libraries"),
    ] == [
        "1 library",
        "0 releases",
        "2 libraries",
    ]
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
