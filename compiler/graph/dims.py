"""Exact sizes: Python integers, and polynomials with integer coefficients in the symbolic dimensions `N`, `T`, …"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from math import prod

Monomial = tuple[str, ...]

# What a product of sizes may have: thirty factors such as `(A + B)` would have a billion terms.
TERMS = 1000


class Unbound(Exception):
    """A figure was asked for while the dimension `symbol` has no value."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"the dimension {symbol} has no value")
        self.symbol = symbol


class Poly:
    """A polynomial that is not a plain integer, such as `2*N*T + 3`.

    `terms` pairs each product of symbols (sorted names, repeated for powers) with its coefficient, in a canonical
    order, so equal polynomials compare and hash equal. Arithmetic returns an int as soon as no symbol is left.
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: tuple[tuple[Monomial, int], ...]) -> None:
        self.terms = terms
        self._hash = hash(terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Poly) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __add__(self, other: Dim) -> Dim:
        if isinstance(other, Poly):
            # Most sums are of like terms, such as counts that are all multiples of N.
            ((monomial, coefficient), *more) = self.terms
            if not more and len(other.terms) == 1 and other.terms[0][0] == monomial:
                total = coefficient + other.terms[0][1]
                return Poly(((monomial, total),)) if total else 0
        elif other == 0:
            return self
        return _collect((*self.terms, *_terms(other)))

    def __mul__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            if other == 1:
                return self
            return Poly(tuple((m, c * other) for m, c in self.terms)) if other else 0
        return _collect((tuple(sorted(m + n)), c * d) for m, c in self.terms for n, d in other.terms)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + -other

    def __rsub__(self, other: Dim) -> Dim:
        return -self + other

    def __str__(self) -> str:
        parts = []
        for monomial, coefficient in self.terms:
            factors = [str(abs(coefficient))] if abs(coefficient) != 1 or not monomial else []
            sign = " - " if coefficient < 0 else " + "
            parts.append(sign + "*".join([*factors, *monomial]))
        text = "".join(parts)
        return "-" + text[3:] if text.startswith(" - ") else text[3:]

    __repr__ = __str__

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols in it, sorted."""
        return tuple(sorted({name for monomial, _ in self.terms for name in monomial}))

    def bind(self, values: Mapping[str, int]) -> Dim:
        """Put in the values; symbols that have none stay."""
        terms: list[tuple[Monomial, int]] = []
        for monomial, coefficient in self.terms:
            rest = []
            for name in monomial:
                if name in values:
                    coefficient *= values[name]
                else:
                    rest.append(name)
            terms.append((tuple(rest), coefficient))
        return _collect(terms)

    def rename(self, old: str, new: str) -> Dim:
        """The same polynomial of another symbol."""
        return _collect(
            (tuple(sorted(new if name == old else name for name in monomial)), c) for monomial, c in self.terms
        )


Dim = int | Poly
Shape = tuple[Dim, ...]


def product_terms(dims: Iterable[Dim]) -> int:
    """The most terms that the product of the sizes can have."""
    return prod(len(dim.terms) for dim in dims if isinstance(dim, Poly))


def _terms(dim: Dim) -> tuple[tuple[Monomial, int], ...]:
    return dim.terms if isinstance(dim, Poly) else (((), dim),)


def _collect(terms: Iterable[tuple[Monomial, int]]) -> Dim:
    sums: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        sums[monomial] = sums.get(monomial, 0) + coefficient
    kept = sorted(((m, c) for m, c in sums.items() if c), key=lambda term: (-len(term[0]), term[0]))
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    return Poly(tuple(kept))


def symbol(name: str) -> Poly:
    """The polynomial that is just this symbol."""
    return Poly((((name,), 1),))


def product(dims: Iterable[Dim]) -> Dim:
    """The product of the sizes; of none, 1."""
    # Symbols stand in front, in a shape: from the end on, all but the last step is one of integers.
    result: Dim = prod(tuple(dims)[::-1])
    return result


def total(dims: Iterable[Dim]) -> Dim:
    """The sum of the sizes; of none, 0."""
    return _collect(chain.from_iterable([_terms(dim) for dim in dims]))


def divide(dim: Dim, by: int) -> Dim | None:
    """`dim / by` when it is exact (for a polynomial: in every coefficient), else None."""
    if any(coefficient % by for _, coefficient in _terms(dim)):
        return None
    return _collect((monomial, coefficient // by) for monomial, coefficient in _terms(dim))


def quotient(dim: Dim, by: Dim) -> Dim | None:
    """The exact quotient where `by` is an integer or a single product of symbols, else None."""
    ((monomial, coefficient), *more) = _terms(by)
    if more or coefficient == 0:
        return None
    result = []
    for term, factor in _terms(dim):
        rest = list(term)
        for name in monomial:
            if name not in rest:
                return None
            rest.remove(name)
        if factor % coefficient:
            return None
        result.append((tuple(rest), factor // coefficient))
    return _collect(result)


def bind(dim: Dim, values: Mapping[str, int]) -> Dim:
    return dim.bind(values) if isinstance(dim, Poly) else dim


def bound(dim: Dim, values: Mapping[str, int]) -> int:
    """The integer that `dim` is at these values.

    Raises Unbound when one of its symbols has none.
    """
    result = bind(dim, values)
    if isinstance(result, Poly):
        raise Unbound(result.symbols[0])
    return result


def show_shape(shape: Iterable[Dim]) -> str:
    """`[N, 6, 28, 28]`."""
    return f"[{', '.join(str(dim) for dim in shape)}]"
