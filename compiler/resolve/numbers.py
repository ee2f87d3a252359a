"""Arithmetic on what is known while a network is resolved: numbers, sizes, lists, words."""

from __future__ import annotations

import math
from typing import TypeGuard

from ..graph.arguments import Word
from ..graph.dims import TERMS, Dim, Poly, product_terms, quotient
from ..graph.initial import Initial
from ..graph.tensor import SPATIAL
from ..syntax import tree
from .values import Definition, Instance, Recipe, Tensor, describe
from .words import FUNCTIONS

Number = int | float | Poly
MAGNITUDE = 2**63


class NumberError(Exception):
    """An operation on numbers has no value; the text says why, `help` what to do."""

    def __init__(self, message: str, help: str = "", code: str = "bad-operand") -> None:
        super().__init__(message)
        self.help = help
        self.code = code


def whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: object) -> TypeGuard[Number]:
    return isinstance(value, int | float | Poly) and not isinstance(value, bool)


def arithmetic(operator: str, left: object, right: object, texts: tuple[str, str] = ("", "")) -> Number:
    """`left operator right`, of which `texts` are how they are written. Raises NumberError."""
    if not number(left) or not number(right):
        wrong = right if number(left) else left
        raise NumberError(
            f"`{operator}` works on numbers and tensors, and this is {describe(wrong)}", "write a number or a value"
        )
    if operator in ("/", "//", "%") and right == 0:
        raise NumberError(f"`{operator}` by zero", "divide by another number; `a if c else b` keeps a case apart")
    if isinstance(left, Poly) or isinstance(right, Poly):
        return _symbolic(operator, left, right)
    try:
        return _within(operator, _plain(operator, left, right, texts))
    except OverflowError:
        # No float is near it.
        raise NumberError(f"`{operator}` gives a number that is too large", "work with smaller numbers") from None


def _plain(operator: str, left: int | float, right: int | float, texts: tuple[str, str]) -> int | float:
    if isinstance(left, float) or isinstance(right, float):
        return _decimal(operator, left, right)
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "//":
            return left // right
        case "%":
            return left % right
        case _:
            return _divide(left, right, texts)


def _within(what: str, result: int | float) -> int | float:
    """The result, which is no whole number over the limit. Raises NumberError."""
    if isinstance(result, int) and abs(result) >= MAGNITUDE:
        raise NumberError(f"`{what}` gives a number over 2^63 − 1", "work with smaller numbers", "limit")
    return result


def _decimal(operator: str, left: int | float, right: int | float) -> float:
    """The result as on paper, rounded once: 1 - 0.9 is 0.1, which the binary numbers next to these are not."""
    from fractions import Fraction

    a, b = (Fraction(number if isinstance(number, int) else repr(number)) for number in (left, right))
    match operator:
        case "+":
            return float(a + b)
        case "-":
            return float(a - b)
        case "*":
            return float(a * b)
        case "//":
            return float(a // b)
        case "%":
            return float(a % b)
    return float(a / b)


def _divide(left: int, right: int, texts: tuple[str, str]) -> int:
    if left % right:
        a, b = [text if 0 < len(text) < 40 else str(number) for text, number in zip(texts, (left, right), strict=True)]
        fraction = f"{a}.0" if a.isdecimal() else f"1.0 * {a}"
        raise NumberError(
            f"{left} / {right} is not a whole number",
            f"write `{a} // {b}`, which is {left // right}; where a fraction may stand, `{fraction} / {b}`",
        )
    return left // right


def _symbolic(operator: str, left: Number, right: Number) -> Number:
    if not isinstance(left, float) and not isinstance(right, float):
        if operator == "*" and product_terms((left, right)) > TERMS:
            raise NumberError(f"this product has more than {TERMS:,} terms", "take fewer symbolic sizes", "limit")
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/" | "//" if (exact := quotient(left, right)) is not None:
                return exact
    raise unbound(left if isinstance(left, Poly) else right, f"`{operator}` of it cannot be worked out")


def unbound(value: object, why: str) -> NumberError:
    name = value.symbols[0] if isinstance(value, Poly) else str(value)
    return NumberError(
        f"`{value}` is symbolic, so {why}",
        f"bind it: `--dim {name}=…`, or write the number in the input's type",
        "unbound-dimension",
    )


def compare(operator: str, left: object, right: object) -> bool:
    """`left operator right`. Raises NumberError."""
    if operator in ("==", "!="):
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            raise NumberError(
                "tensors are not compared while a network is resolved", "compare their sizes: `x.channels`"
            )
        if number(left) and number(right) and left != right and (isinstance(left, Poly) or isinstance(right, Poly)):
            raise unbound(left if isinstance(left, Poly) else right, "it cannot be compared yet")
        if not _comparable(left, right):
            raise NumberError(f"{describe(left)} cannot be compared with {describe(right)}", "compare like with like")
        return (left == right) is (operator == "==")
    if not number(left) or not number(right):
        wrong = right if number(left) else left
        raise NumberError(
            f"`{operator}` compares numbers, and this is {describe(wrong)}", "words and lists have `==` and `!=`"
        )
    difference = arithmetic("-", left, right)
    if isinstance(difference, Poly):
        raise unbound(difference, "it cannot be compared yet")
    return {"<": difference < 0, "<=": difference <= 0, ">": difference > 0, ">=": difference >= 0}[operator]


def _comparable(left: object, right: object) -> bool:
    if number(left) or number(right):
        return number(left) and number(right)
    kinds: tuple[type | tuple[type, ...], ...] = (
        bool,
        str,
        tuple,
        (Recipe, Instance),
        (Initial, Word),
    )
    return any(isinstance(left, kind) and isinstance(right, kind) for kind in kinds)


def call(name: str, values: list[object]) -> object:
    """A function of the language. Raises NumberError."""
    least, most = FUNCTIONS[name]
    if len(values) < least or (most is not None and len(values) > most):
        raise NumberError(
            f"`{name}` takes {'one value' if most == 1 else 'values'}, here are {len(values)}",
            f"write `{name}({'x' if most == 1 else 'a, b'})`",
        )
    if name == "len":
        if not isinstance(values[0], tuple):
            raise NumberError(
                f"`len` counts the items of a list, and this is {describe(values[0])}", "write `len([3, 4])`"
            )
        return len(values[0])
    items = values[0] if len(values) == 1 and isinstance(values[0], tuple) and name in ("min", "max") else values
    numbers = []
    for item in items:
        if isinstance(item, Poly):
            raise unbound(item, f"`{name}` of it cannot be worked out")
        if not isinstance(item, int | float) or isinstance(item, bool):
            raise NumberError(f"`{name}` works on numbers, and this is {describe(item)}", f"write `{name}(3)`")
        numbers.append(item)
    if not numbers:
        raise NumberError(f"`{name}` of an empty list has no value", "give it a number at least")
    match name:
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
        case "floor":
            return _within(name, math.floor(numbers[0]))
        case "ceil":
            return _within(name, math.ceil(numbers[0]))
    return _within(name, _round(numbers[0]))


def _round(number: float) -> int:
    """Halves away from zero, as in school, not to the even neighbour as Python's round."""
    from fractions import Fraction

    exact = Fraction(repr(number))
    return int(exact + Fraction(1, 2)) if exact >= 0 else -int(-exact + Fraction(1, 2))


def item_of(base: object, index: object, text: str) -> object:
    """`base[index]`, an item of a list, whose base is written as `text`. Raises NumberError."""
    if not isinstance(base, tuple):
        raise NumberError(f"`[…]` takes an item of a list, and this is {describe(base)}", _no_list(base, text, index))
    if not whole(index):
        raise NumberError(f"an item is counted by a whole number, not by {describe(index)}", "count from 0: `list[0]`")
    if not 0 <= index < len(base):
        last = f"; the last is `{text}[len({text}) - 1]`" if index < 0 and base and text.isidentifier() else ""
        raise NumberError(
            f"the list has {len(base)} items, there is no item {index}", f"count from 0 to {len(base) - 1}{last}"
        )
    return base[index]


def _no_list(base: object, text: str, index: object) -> str:
    """What to write instead of an item of what has none."""
    if isinstance(base, Recipe) and isinstance(base.target, Definition) and isinstance(base.target.item, tree.Cell):
        given = f"{text.removesuffix(')')}, " if text.endswith(")") else f"{text}("
        return f"for the last step write `{given}return = last)`"
    if isinstance(base, Recipe) and not base.arguments and number(index):
        return f"arguments stand in round brackets: write `{text}({index})`"
    if isinstance(base, Tensor) and base.value.type.rank in (3, 5):
        return f"`{text} -> last` is the last step of a sequence, `split` cuts in parts; a size is `{text}.shape[1]`"
    return "count from 0: `list[0]`; for a size of a tensor write `x.shape[1]`"


FIELDS = ("channels", "height", "width", "length", "features", "rank", "shape")


def field_of(base: object, name: str) -> object:
    """`base.name`, a size of a tensor. Raises NumberError."""
    if not isinstance(base, Tensor):
        raise NumberError(
            f"only a tensor has sizes, and this is {describe(base)}", "write `in.channels`, or the name of a value"
        )
    type = base.value.type
    spatial = SPATIAL.get(type.rank, ())
    places: dict[str, int | None] = {
        "channels": {2: 1, 3: 1, 4: 1, 5: 2}.get(type.rank),
        "height": spatial[0] if len(spatial) == 2 else None,
        "width": spatial[1] if len(spatial) == 2 else None,
        "length": spatial[0] if len(spatial) == 1 else None,
        "features": type.rank - 1,
    }
    if name == "shape":
        return type.shape
    if name == "rank":
        return type.rank
    if name not in places:
        raise NumberError(f"a tensor has no `{name}`", f"it has {', '.join(FIELDS)}", "undefined-name")
    place = places[name]
    if place is None:
        raise NumberError(f"{type} has no {name}", "write `x.shape[1]` for the size of a dimension by number")
    size: Dim = type.shape[place]
    return size
