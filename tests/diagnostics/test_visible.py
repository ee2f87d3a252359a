"""Foreign text reaches messages only in a form that prints as itself."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from netc.compiler.diagnostics.visible import cells, visible

# Unicode Standard Annex 9, section 2: the explicit directional formatting characters and marks.
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def test_ordinary_text_is_left_alone() -> None:
    for text in ("", "conv(8, 3) -> relu", "größe 漢字 → ×", "a # b ## c [1]", "a::b"):
        assert visible(text) == text


@pytest.mark.parametrize("char", BIDI)
def test_direction_characters_are_escaped(char: str) -> None:
    assert visible(f"a{char}b") == f"a\\u{{{ord(char):04x}}}b"


def test_escapes_name_the_character() -> None:
    assert visible("a\nb\tc\r\x00\x1b[31m\x7f\x9b") == "a\\nb\\tc\\x0d\\x00\\x1b[31m\\x7f\\x9b"
    assert visible("\x1b]52;c;cm0gLXJm\x07") == "\\x1b]52;c;cm0gLXJm\\x07"
    assert visible("\U000e0041\ufeff\udcff") == "\\u{e0041}\\u{feff}\\u{dcff}"


def test_no_character_of_unicode_gets_through_that_a_terminal_may_act_on() -> None:
    unsafe = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        shown = cells(char)[0]
        assert shown == char or (shown.isascii() and shown.isprintable() and shown.startswith("\\"))
        assert shown != char or unicodedata.category(char) not in unsafe


@pytest.mark.parametrize("char", "\u034f\u115f\u2800\u3164\ufe0f\uffa0\U000e0100")
def test_characters_that_show_nothing_are_escaped(char: str) -> None:
    assert visible(char) == f"\\u{{{ord(char):04x}}}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", ":\\x3aerror::x"),
        (" \t::stop-commands::x", " \\t:\\x3astop-commands::x"),
        ("##[error]x", "#\\x23[error]x"),
        ("a ###[group]b", "a ##\\x23[group]b"),
        ("a ##vso[task.setvariable]b", "a #\\x23vso[task.setvariable]b"),
        ("##teamcity[buildStop]", "#\\x23teamcity[buildStop]"),
    ],
)
def test_commands_to_build_servers_are_broken_up(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_long_text_is_cut() -> None:
    assert visible("x" * 200) == "x" * 200
    assert visible("x" * 201) == "x" * 199 + "…"
    assert visible("x" * 30, 10) == "x" * 9 + "…"
    assert len(visible("\x1b" * 10**6, 10)) == 9 * 4 + 1


def test_every_character_has_its_cell() -> None:
    text = "a\x1b##[x]é"
    assert len(cells(text)) == len(text)
    assert "".join(cells(text)) == visible(text)
