"""Diagnostics are collected once each, in the order of the text, with codes that are declared."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import netc.compiler
from netc.compiler.diagnostics.codes import CODES
from netc.compiler.diagnostics.collect import Collector
from netc.compiler.diagnostics.diagnostic import Diagnostic, SpecError
from netc.compiler.source import Source, Span

ONE, TWO = Source("one.net", "abc\ndef"), Source("two.net", "ghi")


def at(source: Source, start: int, code: str = "syntax", severity: str = "error") -> Diagnostic:
    return Diagnostic(code, f"at {start}", Span(source, start, start + 1), severity=severity)  # type: ignore[arg-type]


def test_order_is_by_file_as_first_seen_and_then_by_place() -> None:
    collector = Collector()
    nowhere = Diagnostic("missing-file", "no file", None)
    found = [at(TWO, 1), at(ONE, 4), nowhere, at(TWO, 0), at(ONE, 2)]
    for diagnostic in found:
        collector.add(diagnostic)
    assert collector.ordered() == (nowhere, found[3], found[0], found[4], found[1])


def test_the_same_code_at_the_same_place_is_one_mistake() -> None:
    collector = Collector()
    first = at(ONE, 1)
    for diagnostic in (first, at(ONE, 1), at(ONE, 1, "number"), at(TWO, 1)):
        collector.add(diagnostic)
    assert len(collector) == 3
    assert collector.ordered()[0] is first


def test_two_sources_of_equal_text_are_two_places() -> None:
    collector = Collector()
    collector.add(at(ONE, 1))
    collector.add(at(Source("one.net", "abc\ndef"), 1))
    assert len(collector) == 2


def test_a_warning_is_no_failure() -> None:
    collector = Collector()
    assert not collector.failed
    collector.add(at(ONE, 1, "unused-value", "warning"))
    assert not collector.failed
    collector.add(at(ONE, 2))
    assert collector.failed


def test_an_undeclared_code_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="`nonsense` is not declared"):
        Collector().add(at(ONE, 1, "nonsense"))


def test_a_spec_error_says_all() -> None:
    error = SpecError((at(ONE, 4), Diagnostic("missing-file", "no file", None)))
    assert str(error) == "one.net:2:1: at 4; no file"


def _texts() -> set[str]:
    """Every string constant in the compiler and the grammar, the declaration of the codes aside."""
    compiler = Path(netc.compiler.__file__).resolve().parent
    files = [*compiler.rglob("*.py"), *(compiler.parent / "grammar").rglob("*.py")]
    return {
        node.value
        for file in files
        if file.name != "codes.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_codes_are_sorted_and_in_use() -> None:
    assert list(CODES) == sorted(CODES)
    assert sorted(set(CODES) - _texts()) == []


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained_in_a_line_without_full_stop(code: str) -> None:
    meaning = CODES[code]
    assert "\n" not in meaning
    assert not meaning.endswith(".")
    assert meaning[0].islower() or meaning[0] == "`"
    assert "illegal" not in meaning
    assert "invalid" not in meaning
