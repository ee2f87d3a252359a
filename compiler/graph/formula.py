"""Figures that carry their derivation: a value, the formula in words, and the formula with its numbers put in.

A rule writes `named("maps out", 64) * named("kernel", 25)` once; the figure, the formula
`maps out × kernel` and the substitution `64 × 25` all follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .dims import Dim, Poly, bind, product, total

_STRENGTH = {"+": 1, "−": 1, "×": 2, "/": 2, "⌊/⌋": 4, "⌈/⌉": 4, "max": 4, "leaf": 5}


class Formula:
    """An immutable expression over named sizes; `value` is exact, and symbolic where a size is."""

    __slots__ = ("arguments", "name", "operator", "value")

    def __init__(self, value: Dim, name: str = "", operator: str = "leaf", arguments: tuple[Formula, ...] = ()) -> None:
        self.value = value
        self.name = name
        self.operator = operator
        self.arguments = arguments

    def _join(self, operator: str, other: Formula | Dim, value: Dim) -> Formula:
        other = formula(other)
        if self.operator == operator and operator in ("+", "×"):
            return Formula(value, operator=operator, arguments=(*self.arguments, other))
        return Formula(value, operator=operator, arguments=(self, other))

    def __add__(self, other: Formula | Dim) -> Formula:
        return self._join("+", other, self.value + value_of(other))

    def __sub__(self, other: Formula | Dim) -> Formula:
        return self._join("−", other, self.value - value_of(other))

    def __mul__(self, other: Formula | Dim) -> Formula:
        return self._join("×", other, self.value * value_of(other))

    def __radd__(self, other: Dim) -> Formula:
        return formula(other) + self

    def __rsub__(self, other: Dim) -> Formula:
        return formula(other) - self

    def __rmul__(self, other: Dim) -> Formula:
        return formula(other) * self

    def floor(self, by: Formula | int) -> Formula:
        """`⌊self / by⌋`, of integers."""
        return self._join("⌊/⌋", by, _integer(self.value) // _integer(value_of(by)))

    def over(self, by: Formula | int) -> Formula:
        """`self / by`, of integers where it is exact."""
        return self._join("/", by, _integer(self.value) // _integer(value_of(by)))

    def ceil(self, by: Formula | int) -> Formula:
        """`⌈self / by⌉`, of integers."""
        return self._join("⌈/⌉", by, -(-_integer(self.value) // _integer(value_of(by))))

    def words(self) -> str:
        """The formula in names: `kernel height × kernel width × maps out`."""
        return self._write(lambda leaf: leaf.name or show(leaf.value))

    def numbers(self, dims: Mapping[str, int]) -> str:
        """The formula with the numbers put in: `5 × 5 × 6`."""
        return self._write(lambda leaf: show(bind(leaf.value, dims)))

    def _write(self, leaf: Callable[[Formula], str]) -> str:
        if self.operator == "leaf":
            return leaf(self)
        if self.operator == "max":
            return f"max({', '.join(argument._write(leaf) for argument in self.arguments)})"
        rounding = self.operator in ("⌊/⌋", "⌈/⌉")
        strength = _STRENGTH["/" if rounding else self.operator]
        texts = []
        for place, argument in enumerate(self.arguments):
            text = argument._write(leaf)
            # A polynomial put in for a name is a sum of its own.
            weak = (
                1
                if argument.operator == "leaf" and " " in text and text != argument.name
                else _STRENGTH[argument.operator]
            )
            tight = place > 0 and self.operator not in ("+", "×")
            texts.append(f"({text})" if weak < strength or (tight and weak == strength) else text)
        if rounding:
            return f"{self.operator[0]}{texts[0]} / {texts[1]}{self.operator[2]}"
        return f" {self.operator} ".join(texts)


def show(value: Dim) -> str:
    """`117,600`, or a polynomial as it is."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def named(name: str, value: Dim) -> Formula:
    return Formula(value, name)


def formula(value: Formula | Dim) -> Formula:
    return value if isinstance(value, Formula) else Formula(value)


def value_of(value: Formula | Dim) -> Dim:
    return value.value if isinstance(value, Formula) else value


def _integer(value: Dim) -> int:
    if isinstance(value, Poly):
        raise TypeError(f"rounding needs an integer, got {value}")
    return value


def maximum(a: Formula | int, b: Formula | int) -> Formula:
    a, b = formula(a), formula(b)
    return Formula(max(_integer(a.value), _integer(b.value)), operator="max", arguments=(a, b))


def times(factors: Iterable[Formula | Dim]) -> Formula:
    """The product of the factors; of none, 1."""
    items = tuple(formula(factor) for factor in factors)
    if len(items) < 2:
        return items[0] if items else Formula(1)
    return Formula(product([item.value for item in items]), operator="×", arguments=items)


def plus(terms: Iterable[Formula | Dim]) -> Formula:
    """The sum of the terms; of none, 0."""
    items = tuple(formula(term) for term in terms)
    if len(items) < 2:
        return items[0] if items else Formula(0)
    return Formula(total([item.value for item in items]), operator="+", arguments=items)


NOTHING = Formula(0)
