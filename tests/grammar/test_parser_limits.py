"""The parser's limits, where they could be met by a text that is within them, or slow it down."""

from __future__ import annotations

import pytest

from netc.compiler.limits import DEFAULT_LIMITS, Limits
from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.grammar.parser import parse


def codes(text: str, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    return [diagnostic.code for diagnostic in parse(Source("limits", text), limits)[1]]


def test_unclosed_brackets_do_not_add_up_over_statements() -> None:
    assert codes("net a {\n" + "f(\n\nlet b = 3\n" * 200 + "}") == ["unclosed-bracket"] * 200
    assert codes("net a {\n" + "f(3\n" * 200 + "}") == ["unclosed-bracket"] * 200


def test_closers_do_not_pay_for_openers() -> None:
    text = "net a {\n" + ") " * 100 + "\n" + "(" * 64 + "a" + ")" * 64 + "\n}"
    assert codes(text) == ["limit"]


@pytest.mark.parametrize(("opener", "closer"), ["()", "[]"])
def test_bodies_count_as_brackets(opener: str, closer: str) -> None:
    def text(count: int) -> str:
        bodies = 20
        rest = count - bodies - 1
        return "net a {" + "if b {" * bodies + opener * rest + "c" + closer * rest + "}" * bodies + "}"

    assert codes(text(64)) == []
    assert codes(text(65)) == ["limit"]


def test_a_limit_is_reported_with_the_mistakes_before_it() -> None:
    assert codes("net a {\n  b = $\n  " + "n" * 65 + "\n}") == ["bad-character", "limit"]


def test_a_raised_limit_on_digits_does_not_reach_what_python_refuses() -> None:
    """Python converts at most 4,300 digits to an int."""
    limits = Limits(integer_digits=100_000)
    assert codes(f"net a {{ b({'9' * 5000}, {'9' * 5000}x3, 0.{'9' * 5000}K) }}", limits) == ["limit"] * 3


def test_a_text_over_a_limit_has_no_items() -> None:
    file, _ = parse(Source("limits", "net a { b }\nnet c { d }"), Limits(tokens=5))
    assert file == tree.File(file.span, ())
