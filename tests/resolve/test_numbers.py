"""Fractions are worked out as on paper, and rounded once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netc.compiler.resolve import numbers

PAPER = st.decimals(-1000, 1000, places=3)


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [(1, "-", 0.9, 0.1), (0.1, "+", 0.2, 0.3), (3, "*", 1.1, 3.3), (0.3, "/", 0.1, 3), (0.3, "//", 0.1, 3)],
)
def test_fractions_are_those_that_are_written(left: float, operator: str, right: float, result: float) -> None:
    assert numbers.arithmetic(operator, left, right) == result


@given(PAPER, PAPER)
def test_sums_and_products_are_the_decimals_nearest(a: Decimal, b: Decimal) -> None:
    x, y = float(a), float(b)
    assert numbers.arithmetic("+", x, y) == float(a + b)
    assert numbers.arithmetic("-", x, y) == float(a - b)
    assert numbers.arithmetic("*", x, y) == float(a * b)


def test_ceil_and_round_see_no_noise() -> None:
    assert numbers.call("ceil", [numbers.arithmetic("*", 10, 1.1)]) == 11
    assert numbers.call("round", [numbers.arithmetic("*", 100, 1.115)]) == 112


def test_what_is_too_large_is_an_error() -> None:
    with pytest.raises(numbers.NumberError, match="too large"):
        numbers.arithmetic("*", 1e308, 10)
