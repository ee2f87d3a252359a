"""The bundled recurrent cells: their text is checked like any other, and their equations say what they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.reading import packaged
from netc.compiler.resolve.program import LIBRARY, find_bundled, library
from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.grammar.parser import parse

TEXT = Path(packaged(LIBRARY)["cells"]).read_text("utf-8")
NET = "\nnet uses {\n  input series: f32[N, T, 8]\n  fc(2)\n}\n"


def test_the_library_has_no_mistake() -> None:
    """As a file of its own, all its names are checked; that its cells hide the bundled ones is all there is to say."""
    assert parse(Source("cells.net", TEXT))[1] == ()
    found = compile_spec(Request(spec="cells.net", text=TEXT + NET)).diagnostics
    assert {d.code for d in found} == {"shadowed-library"}


def test_whatever_the_library_defines_is_found_by_its_name() -> None:
    assert [find_bundled(name) for name in library()] == list(library().values())
    assert find_bundled("conv") is None


def test_a_mistake_in_a_cell_would_be_found() -> None:
    wrong = TEXT.replace("o * tanh(c')", "o * tanh(d)")
    found = compile_spec(Request(spec="cells.net", text=wrong + NET)).diagnostics
    assert ["`d`" in d.message for d in found if d.severity == "error"] == [True]


# Parameters in order, with those of the papers' variants; a default of None is required.
@pytest.mark.parametrize(
    ("name", "parameters", "states"),
    [
        ("elman", ["units", "activation", "biases"], ["h"]),
        ("jordan", ["units", "outputs", "hidden", "out"], ["y"]),
        ("lstm", ["units", "peephole", "coupled", "biases", "bias_init"], ["h", "c"]),
        ("gru", ["units", "reset", "biases"], ["h"]),
    ],
)
def test_what_a_cell_takes_and_carries(name: str, parameters: list[str], states: list[str]) -> None:
    item, _ = library()[name]
    assert isinstance(item, tree.Cell)
    assert [p.name.id for p in item.parameters] == parameters
    slots = [s.name for statement in item.body.statements if isinstance(statement, tree.State) for s in statement.slots]
    assert slots == states


@pytest.mark.parametrize(
    ("use", "params"),
    [
        ("elman(4)", 4 * (8 + 4 + 2)),
        ("jordan(4, 2)", 4 * (8 + 1) + 4 * 2 + 2 * (4 + 1)),
        ("lstm(4, peephole = yes)", 4 * 4 * (8 + 4 + 2) + 3 * 4),
        ("lstm(4, coupled = yes, biases = 1)", 3 * 4 * (8 + 4 + 1)),
        ("gru(4, reset = before)", 3 * 4 * (8 + 4 + 1)),
        ("gru(4, reset = before, biases = 2)", 3 * 4 * (8 + 4 + 2)),
        ("gru(4)", 3 * 4 * (8 + 4 + 2)),
        ("gru(4, biases = 1)", 3 * 4 * (8 + 4 + 1)),
        ("lstm(4, layers = 2, bidirectional = concat)", 2 * 4 * 4 * (8 + 4 + 2) + 2 * 4 * 4 * (8 + 4 + 2)),
    ],
)
def test_what_a_cell_holds(use: str, params: int) -> None:
    """The second of two layers in two directions reads 2 × 4 features, as many as the first."""
    text = f"net uses {{\n  input series: f32[N, T, 8]\n  {use}\n  expect {{ params == {params} }}\n}}\n"
    assert compile_spec(Request(spec="uses.net", text=text)).diagnostics == ()
