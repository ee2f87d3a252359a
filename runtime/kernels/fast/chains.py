"""Chains of elementwise statements as one compiled loop, which reads every array once and writes it once."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...record import Record, fresh, replace
from .. import activations, lanes
from . import elementary
from .compiled import compiled_text

Array = NDArray[Any]
Run = Callable[[], None]

# What takes several times as long as a second thread needs to wake.
WAKING = 2 << 20
# Each function as an expression of its operands; a comparison with itself finds what is not a number.
EXPRESSIONS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",
    "minimum": "({0} if {0} <= {1} or {0} != {0} else {1})",
    "greater": "{0} > {1}",
    "less": "{0} < {1}",
    "negative": "-{0}",
    "abs": "abs({0})",
    "sqrt": "np.sqrt({0})",
    "exp": "exp({0})",
    "sigmoid": "sigmoid({0})",
    "copyto": "{0}",
    "fill": "{0}",
}


class Statement(Record):
    """`out` = `function` of names and numbers."""

    function: str
    operands: tuple[str | float, ...]
    out: str

    def with_numbers(self, known: Mapping[str, float]) -> Statement:
        """The same with these names as numbers."""
        return replace(self, operands=tuple([known.get(o, o) if isinstance(o, str) else o for o in self.operands]))

    def names(self) -> list[str]:
        return [*(operand for operand in self.operands if isinstance(operand, str)), self.out]


@cache
def parse(line: str) -> Statement:
    """A statement of a program: `np.add(x, 1.0, out=y)`, `np.copyto(y, x)`, `y.fill(1)` or `sigmoid(x, y)`."""
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call)
    if isinstance(call.func, ast.Name):
        *operands, out = map(_operand, call.args)
        function = call.func.id
    else:
        assert isinstance(call.func, ast.Attribute)
        function = call.func.attr
        operands = [_operand(argument) for argument in call.args]
        if function == "copyto":
            out, *operands = operands
        elif function == "fill":
            out = _operand(call.func.value)
        else:
            out = _operand(call.keywords[0].value)
    assert isinstance(out, str)
    return Statement(function, tuple(operands), out)


def _operand(node: ast.expr) -> str | float:
    return node.id if isinstance(node, ast.Name) else float(ast.literal_eval(node))


def chain(*lines: str, arrays: Mapping[str, Any], dead: Iterable[str] = (), two: bool = False) -> Run:
    """What runs these statements on these arrays.

    Statements whose arrays lie alike, and are the same memory or apart, are one loop. What `dead` names hold nobody
    reads afterwards: it is written for a later loop alone. With `two` a large loop is divided between two threads.
    Among the arrays there may be sizes, which are numbers.
    """
    sizes = {name: float(size) for name, size in arrays.items() if isinstance(size, int)}
    loops: list[_Loop] = []
    for statement in (parse(line).with_numbers(sizes) for line in lines):
        if not loops or not loops[-1].takes(statement, arrays):
            loops.append(_Loop())
            loops[-1].takes(statement, arrays)
    runs: list[Run] = []
    for number, loop in enumerate(loops):
        later = [_place(arrays[name]) for other in loops[number + 1 :] for s in other.statements for name in s.names()]
        unread = {name for name in dead if not any(_meet(_place(arrays[name]), place) for place in later)}
        runs += loop.runs(arrays, unread, two)
    if len(runs) == 1:
        return runs[0]

    def run() -> None:
        for part in runs:
            part()

    return run


class _Loop(Record, frozen=False):
    """Statements over arrays of one shape, laid out in one of the ways in `orders`; `places` are their addresses.

    `rows` are those of arrays that hold one row, which is the operand for each row of the others.
    """

    statements: list[Statement] = fresh(factory=list)
    shape: tuple[int, ...] | None = None
    orders: frozenset[tuple[int, ...]] = frozenset()
    places: dict[tuple[int, int], str] = fresh(factory=dict)
    rows: dict[tuple[int, int], str] = fresh(factory=dict)

    def takes(self, statement: Statement, arrays: Mapping[str, Array]) -> bool:
        """Add a statement, if it fits; one that is the first of no loop stays alone, and NumPy runs it."""
        if self.statements and not self.orders:
            return False
        out = arrays[statement.out]
        shape = self.shape or out.shape
        orders = self.orders if self.shape is not None else _orders(out)
        places, rows = dict(self.places), dict(self.rows)
        for name in statement.names():
            array, place = arrays[name], _place(arrays[name])
            one = name != statement.out and len(shape) > 1 and array.shape == shape[-1:]
            orders &= frozenset({tuple(range(len(shape)))}) if one else _orders(array)
            if not one and array.shape != shape:
                orders = frozenset()
            mine = rows if one else places
            if place not in mine and any(_meet(place, other) for other in (*places, *rows)):
                orders = frozenset()
            mine.setdefault(place, name)
        if self.statements and not orders:
            return False
        self.statements.append(statement)
        self.shape, self.orders, self.places, self.rows = shape, orders, places, rows
        return True

    def runs(self, arrays: Mapping[str, Array], dead: set[str], two: bool) -> list[Run]:
        large = two and self.shape is not None and arrays[self.statements[-1].out].nbytes >= WAKING
        worthy = len(self.statements) > 1 or self.statements[0].function == "sigmoid" or large or self.rows
        if not worthy or not self.orders:
            return [_by_numpy(statement, arrays) for statement in self.statements]
        order = min(self.orders)
        slots = {place: f"a{number}" for number, place in enumerate(self.places)}
        slots |= {place: f"b{number}" for number, place in enumerate(self.rows)}
        of = {name: slots[_place(arrays[name])] for s in self.statements for name in s.names()}
        shape = (-1, arrays[self.statements[0].out].shape[-1]) if self.rows else -1
        flat = [arrays[name].transpose(order).reshape(shape) for name in self.places.values()]
        rows = [arrays[name] for name in self.rows.values()]
        floats = [array.dtype for array in flat if array.dtype != np.bool_]
        kept = {of[s.out] for s in self.statements if s.out not in dead}
        text, numbers = _text(self.statements, of, (len(flat), len(rows)), kept)
        function = _function(text, numbers, floats[0].name)
        if not large:
            return [partial(function, *flat, *rows)]
        half = -(-len(flat[0]) // 2)
        first, second = (
            partial(function, *(array[part] for array in flat), *rows) for part in (slice(half), slice(half, None))
        )
        return [partial(lanes.together, first, second)]


def _place(array: Array) -> tuple[int, int]:
    return array.ctypes.data, array.ctypes.data + array.nbytes


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _orders(array: Array) -> frozenset[tuple[int, ...]]:
    """The orders of the dimensions in which an array lies together: as they are, turned round, or channels last."""
    wanted = {tuple(range(array.ndim)), tuple(reversed(range(array.ndim)))}
    if array.ndim == 4:
        wanted.add((0, 2, 3, 1))
    return frozenset(order for order in wanted if array.transpose(order).flags.c_contiguous)


def _by_numpy(statement: Statement, arrays: Mapping[str, Array]) -> Run:
    operands = [arrays[name] if isinstance(name, str) else name for name in statement.operands]
    out = arrays[statement.out]
    if statement.function == "copyto":
        return partial(np.copyto, out, operands[0])
    if statement.function == "fill":
        return partial(out.fill, operands[0])
    if statement.function == "sigmoid":
        (given,) = operands
        assert not isinstance(given, float)
        return partial(activations.sigmoid, given, out)
    return partial(getattr(np, statement.function), *operands, out=out)


def _text(
    statements: list[Statement], of: Mapping[str, str], counts: tuple[int, int], kept: set[str]
) -> tuple[str, tuple[float, ...]]:
    """The loop as the text of a function, and the numbers that it calls c0, c1, …"""
    numbers: list[float] = []
    now: dict[str, str] = {}
    lines = []
    for number, statement in enumerate(statements):
        operands = []
        for operand in statement.operands:
            if isinstance(operand, str):
                slot = of[operand]
                if slot not in now:
                    now[slot] = f"r{slot}"
                    lines.append(f"r{slot} = {slot}[i]")
                operands.append(now[slot])
            else:
                operands.append(f"c{len(numbers)}")
                numbers.append(operand)
        lines.append(f"v{number} = {EXPRESSIONS[statement.function].format(*operands)}")
        now[of[statement.out]] = f"v{number}"
    lines += [f"{slot}[i] = {value}" for slot, value in now.items() if value.startswith("v") and slot in kept]
    whole, rows = ([f"{letter}{number}" for number in range(count)] for letter, count in zip("ab", counts, strict=True))
    body = [f"        {line}" for line in lines]
    if not rows:
        text = [f"def run({', '.join(whole)}):", "    for i in range(a0.size):", *body]
    else:
        parts = [f"        {name} = m{name}[row]" for name in whole]
        loops = ["    for row in range(len(ma0)):", *parts, "        for i in range(a0.size):"]
        text = [
            f"def run({', '.join([*(f'm{name}' for name in whole), *rows])}):",
            *loops,
            *(f"    {line}" for line in body),
        ]
    return "".join(f"{line}\n" for line in text), tuple(numbers)


@cache
def _function(text: str, numbers: tuple[float, ...], dtype: str) -> Callable[..., None]:
    kind = np.dtype(dtype).type
    named = {f"c{place}": kind(number) for place, number in enumerate(numbers)}
    return compiled_text(text, {**named, "exp": elementary.exp, "sigmoid": elementary.sigmoid}, (numbers, dtype))
