"""Printing and parsing are each other's inverse, and no text makes the parser raise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from netc.compiler.limits import Limits
from netc.compiler.source import Source
from netc.compiler.syntax.printer import print_tree
from netc.grammar import generate
from netc.grammar.parser import parse

from ..strategies.syntax import random_file, seeds

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.net"))
LIMITS = Limits(trailers=1000, bracket_depth=1000)


@given(seeds)
@settings(max_examples=120, deadline=None)
def test_a_printed_tree_parses_to_itself(seed: int) -> None:
    file = random_file(seed)
    text = print_tree(file)
    parsed, diagnostics = parse(Source("printed", text), LIMITS)
    assert not [d for d in diagnostics if d.code not in ("bare-conditional", "number", "limit")], text
    assert parsed == file


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec_survives_printing(path: Path) -> None:
    file, diagnostics = parse(Source(path.name, path.read_text("utf-8")))
    assert diagnostics == ()
    assert parse(Source("printed", print_tree(file))) == (file, ())


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    assert (generate.FOLDER / "tables.py").read_text() == generate.text()


GRAMMAR = Lark((generate.FOLDER / "net.lark").read_text(), parser="lalr", lexer="basic")


@given(from_lark(GRAMMAR))
@settings(max_examples=40, deadline=None)
def test_noise_never_raises(text: str) -> None:
    check(text)


@given(st.integers(0, 2**32), st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_mutated_specs_never_raise(seed: int, edits: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(SPECS).read_text("utf-8")
    for _ in range(edits):
        at = chance.randrange(len(text))
        piece = chance.choice(
            ["", "(", ")", "{", "}", "[", "]", "->", "=", ",", "\n", "if", "else", "net", '"', "\0", "$"]
        )
        text = text[:at] + piece + text[at + chance.randrange(4) :]
    check(text)


def check(text: str) -> None:
    """The parser answers, and every diagnostic points into the text."""
    _, diagnostics = parse(Source("noise", text))
    for diagnostic in diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text) + 1
