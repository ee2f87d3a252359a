"""The excerpt of a line: 80 columns at most, the marks exactly under the span."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netc.compiler.diagnostics.excerpt import WIDTH, excerpt
from netc.compiler.source import Source, Span

from ..work import lines_run


def show(text: str, start: int, end: int) -> tuple[int, str, str]:
    return excerpt(Span(Source("a.net", text), start, end), "^")


def columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in ("Mn", "Me") for char in text)


def test_a_line_that_fits_is_shown_whole() -> None:
    line = "x" * 38 + "abcd" + "y" * 38
    assert len(line) == WIDTH
    assert show(f"one\n{line}\nthree", 4 + 38, 4 + 42) == (2, line, " " * 38 + "^^^^")


def test_a_tab_is_four_columns() -> None:
    assert show("\tconv\t(8)", 1, 5) == (1, "    conv    (8)", "    ^^^^")
    assert show("\tconv\t(8)", 5, 6) == (1, "    conv    (8)", "        ^^^^")


def test_wide_and_combining_characters_count_as_the_terminal_shows_them() -> None:
    assert show("漢字 conv", 3, 7) == (1, "漢字 conv", "     ^^^^")
    assert show("漢字 conv", 1, 2) == (1, "漢字 conv", "  ^^")
    assert show("e\u0301 conv", 3, 7) == (1, "e\u0301 conv", "  ^^^^")


def test_an_escaped_character_is_marked_as_wide_as_it_shows() -> None:
    assert show("a\u200bb", 1, 2) == (1, "a\\u{200b}b", " ^^^^^^^^")


def test_an_empty_span_gets_one_mark() -> None:
    assert show("abc", 1, 1) == (1, "abc", " ^")
    assert show("abc", 3, 3) == (1, "abc", "   ^")
    assert show("", 0, 0) == (1, "", "^")
    assert show("abc\n", 4, 4) == (2, "", "^")


def test_the_line_end_itself_can_be_marked() -> None:
    assert show("abc\ndef", 3, 4) == (1, "abc", "   ^")


def test_a_span_over_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert show("abc {\n  def\n}", 4, 13) == (1, "abc {", "    ^")


def test_a_long_line_is_cut_around_the_span() -> None:
    line = "a" * 500 + "MARK" + "b" * 500
    assert show(line, 500, 504) == (1, "…" + "a" * 40 + "MARK" + "b" * 34 + "…", " " * 41 + "^^^^")
    assert show(line, 0, 1)[1:] == ("a" * 78 + "…", "^")
    assert show(line, 1003, 1004)[1:] == ("…" + "b" * 41, " " * 41 + "^")
    assert show(line, 0, len(line))[1:] == ("a" * 78 + "…", "^" * 78)


def test_a_command_to_a_build_server_is_broken_up() -> None:
    assert show("in # ##[error]x", 0, 2) == (1, "in # #\\x23[error]x", "^^")


def test_an_error_at_column_two_million_takes_little_work() -> None:
    source = Source("a.net", "x" * 2_000_000 + "?" + "y" * 2_000_000)
    source.position(0)
    span = Span(source, 2_000_000, 2_000_001)
    assert lines_run(lambda: excerpt(span, "^")) < 5_000
    number, line, marks = excerpt(span, "^")
    assert (number, line[len(marks) - 1], columns(line) <= WIDTH) == (1, "?", True)


@given(
    st.text(st.sampled_from("ab\t漢\u0301\u200b\u202e#[ é\x1b"), max_size=200),
    st.integers(0, 200),
    st.integers(0, 200),
    st.sampled_from(["", "ab", "漢" * 100, "\t" * 100, "\u0301" * 300]),
)
def test_any_line_fits_and_the_marks_stand_below_it(text: str, start: int, length: int, tail: str) -> None:
    text += tail
    start = min(start, len(text))
    end = min(start + length, len(text))
    _, line, marks = show(text, start, end)
    assert columns(line) <= WIDTH
    assert set(marks) <= set(" ^")
    assert marks.endswith("^")
    # One mark may stand after the last character: at the end of the line.
    assert len(marks) <= columns(line) + 1
    assert all(char.isprintable() for char in line)


@pytest.mark.parametrize("length", range(WIDTH - 2, WIDTH + 3))
@pytest.mark.parametrize("place", [0, 39, 40, 41, 77, -1])
def test_around_the_width_the_marked_character_is_always_shown(length: int, place: int) -> None:
    place %= length
    text = "." * place + "@" + "." * (length - place - 1)
    _, line, marks = show(text, place, place + 1)
    assert line[len(marks) - 1] == "@"
    assert len(line) <= WIDTH
