"""A loop over steps as one compiled function, which lets go of the interpreter for all of its steps.

Where the samples do not depend on each other, the loop runs in two halves of them, side by side.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from math import prod
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from . import parts
from .chains import EXPRESSIONS, Array, Run, Statement, chain, parse
from .compiled import OPTIONS
from .parts import Access, Elementwise, Part, Product, Size, Take, Turn
from .products import Strides
from .vectors import FUNCTIONS
from .views import View, divided, view

Halves = Callable[[Run, Run], None]

LINE = 64  # bytes: halves of the samples do not share one
# The multiplications of a product from which BLAS, which brings matrices to blocks of memory first, is as fast.
LARGE = 1 << 26
# The work of all steps that makes up for waking a second thread, in multiplications; an element counts as so many.
WAKING, ELEMENT = 1 << 23, 8


def loop(
    *lines: str, arrays: Mapping[str, Any], lists: Mapping[str, Sequence[Array]], dead: Sequence[str], halves: Halves
) -> Run:
    """What runs these statements once for each item of the lists, which the names of `lists` stand for in turn.

    Statements are those of a chain, `np.tanh`, `np.matmul` and `x.take(…, axis=0, mode="clip")`. What `dead` names hold
    is read by no other statement of the program. `halves` runs the two halves of the samples. Arrays that a compiled
    loop has no form for are left to NumPy.
    """
    steps = min(map(len, lists.values()))
    try:
        return _Plan(lines, arrays, lists, dead, steps).run(halves)
    except _NoForm:
        return _by_steps(lines, arrays, lists, steps)


class _NoForm(Exception):
    """A compiled loop cannot do this."""


def read(line: str) -> Statement:
    """A statement of a loop, see `chains.parse`; a look-up is `take` of the table and the places."""
    call = ast.parse(line, mode="eval").body
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "take":
        names = [call.func.value, call.args[0], *(given.value for given in call.keywords if given.arg == "out")]
        table, places, out = [name.id for name in names if isinstance(name, ast.Name)]
        return Statement("take", (table, places), out)
    return parse(line)


class _Plan:
    """The parts of a loop, and the tables of its addresses and sizes."""

    def __init__(
        self,
        lines: Sequence[str],
        arrays: Mapping[str, Any],
        lists: Mapping[str, Sequence[Array]],
        dead: Sequence[str],
        steps: int,
    ) -> None:
        numbers = {name: float(size) for name, size in arrays.items() if isinstance(size, int)}
        self.statements = [read(line).with_numbers(numbers) for line in lines]
        self.steps = steps
        self.views: dict[str, View] = {}
        self.slots: list[View] = []
        self.sizes: dict[int, int] = {}
        self.work = 0
        for name in dict.fromkeys(name for statement in self.statements for name in statement.names()):
            self._name(name, lists[name] if name in lists else [arrays[name]])
        self.written = list({id(self.views[s.out]): self.views[s.out] for s in self.statements}.values())
        self.dead = {id(self.views[name]) for name in dead if name in self.views}
        floats = {slot.dtype for slot in self.slots if slot.dtype.kind == "f"}
        if len(floats) != 1:
            raise _NoForm
        (self.dtype,) = floats
        if self.dtype not in (np.float32, np.float64):
            raise _NoForm

    def _name(self, name: str, given: Sequence[Array]) -> None:
        found = view(given, self.steps)
        if found is None:
            raise _NoForm
        known = next((slot for slot in self.slots if slot.same(found)), None)
        if known is None:
            self.slots.append(found)
        self.views[name] = known or found

    def run(self, halves: Halves) -> Run:
        samples = self.views[self.statements[-1].out].shape[0] if self.views[self.statements[-1].out].shape else 0
        groups = _groups(self.statements, self.views)
        half = self._half(samples)
        made = tuple(self._part(group, groups, samples if half else 0) for group in groups)
        function = _compiled(made, self.dtype.name, len(self.slots))
        places = np.stack([slot.places for slot in self.slots], axis=1)
        sizes = np.array(list(self.sizes), np.int64)
        call = partial(function, np.ascontiguousarray(places), sizes)
        if not half:
            return partial(call, 0, samples)
        return partial(halves, partial(call, 0, half), partial(call, half, samples))

    # Halves.

    def _half(self, samples: int) -> int:
        """The samples of the first half; 0 where the loop is not divided."""
        line = LINE // self.dtype.itemsize
        half = -(-samples // (2 * line)) * line
        work = self.steps * sum(self._cost(statement) for statement in self.statements)
        if half >= samples or work < WAKING:
            return 0
        for statement in self.statements:
            if self.views[statement.out].shape[:1] != (samples,):
                return 0
            read = [self.views[name] for name in statement.operands if isinstance(name, str)]
            whole = {"matmul": read[1:], "take": read[:1]}.get(statement.function, ())
            if any(self._changes(one) for one in whole):
                return 0
        # Tables, weights and what has one row for all samples are only read.
        seen = [slot for slot in self.slots if self._changes(slot)]
        return half if divided(seen, self.written, samples) else 0

    def _changes(self, slot: View) -> bool:
        low, high = slot.places.min(), slot.places.max() + slot.extent
        return any(low < other.places.max() + other.extent and other.places.min() < high for other in self.written)

    def _cost(self, statement: Statement) -> int:
        size = prod(self.views[statement.out].shape)
        if statement.function == "matmul":
            first = statement.operands[0]
            assert isinstance(first, str)
            return size * self.views[first].shape[-1]
        return size * ELEMENT

    # Parts.

    def _slot(self, one: View) -> int:
        return next(number for number, slot in enumerate(self.slots) if slot is one)

    def _size(self, value: int) -> int:
        return self.sizes.setdefault(value, len(self.sizes))

    def _part(self, group: list[Statement], groups: list[list[Statement]], samples: int) -> Part:
        first, out = group[0], self.views[group[0].out]
        operands = [self.views[name] for name in first.operands if isinstance(name, str)]
        if first.function == "matmul":
            return self._product(operands[0], operands[1], out, samples)
        if first.function == "take":
            return self._take(operands[0], operands[1], out, samples)
        if _turns(first, self.views):
            sizes: list[Size] = [self._size(size) for size in out.shape]
            if samples:
                sizes[0] = "samples"
            inner = 0 if _turned(out) else 1
            strides = self._size(operands[0].strides[inner]), self._size(out.strides[1 - inner])
            return Turn(self._slot(operands[0]), self._slot(out), *strides, sizes[1 - inner], sizes[inner])
        others = [self.views[name] for other in groups if other is not group for s in other for name in s.names()]
        return self._elementwise(group, others, samples)

    def _product(self, a: View, b: View, out: View, samples: int) -> Part:
        if any(len(one.shape) != 2 or one.dtype != self.dtype for one in (a, b, out)):
            raise _NoForm
        if not (out.apart(a) and out.apart(b)) or prod(out.shape) * a.shape[1] >= LARGE:
            raise _NoForm
        (n, m), terms, item = out.shape, a.shape[1], out.item
        rows: Size = "samples" if samples else self._size(n)
        columns: Size = self._size(m)
        strides, b_row, out_row = a.strides, b.strides[0], out.strides[0]
        if out.strides[1] != item or b.strides[1] != item:
            if out.strides[0] != item or a.strides[0] != item:
                raise _NoForm
            # The same product turned round: the samples are its columns.
            strides, b_row, out_row = b.strides[::-1], a.strides[1], out.strides[1]
            a, b, rows, columns = b, a, columns, rows
        return Product(
            self._slot(a),
            self._slot(b),
            self._slot(out),
            Strides(*strides),
            self._size(b_row),
            self._size(out_row),
            rows,
            columns,
            self._size(terms),
        )

    def _take(self, table: View, places: View, out: View, samples: int) -> Part:
        fits = len(table.shape) == len(out.shape) == 2 and places.dtype == np.int64 and len(places.shape) == 1
        if not fits or table.dtype != self.dtype or table.strides[1] != table.item or out.strides[1] != out.item:
            raise _NoForm
        if not out.apart(table) or not out.apart(places):
            raise _NoForm
        return Take(
            self._slot(table),
            self._slot(places),
            self._slot(out),
            self._size(table.strides[0]),
            self._size(places.strides[0]),
            self._size(out.strides[0]),
            self._size(table.shape[0]),
            "samples" if samples else self._size(out.shape[0]),
            self._size(out.shape[1]),
        )

    def _elementwise(self, group: list[Statement], others: list[View], samples: int) -> Part:
        out = self.views[group[0].out]
        turned = _turned(out)
        used = {id(self.views[name]): self.views[name] for s in group for name in s.names()}
        strides = {key: _strides(one, out.shape, turned) for key, one in used.items()}
        rows, columns = _matrix(out.shape)[:: -1 if turned else 1]
        flat = not samples and all(
            one.shape == out.shape and strides[key] == (columns * one.item, one.item) for key, one in used.items()
        )
        if flat:
            rows, columns = 1, rows * columns
        accesses: list[Access] = []
        numbers: dict[int, int] = {}
        for key, one in used.items():
            row, column = strides[key]
            kind: Any = "line" if column == one.item else "apart" if column else "one"
            flags = one.dtype == np.bool_
            if (flags and kind != "line") or (not flags and one.dtype != self.dtype):
                raise _NoForm
            numbers[key] = len(accesses)
            steps = (self._size(0 if flat else row), self._size(column))
            accesses.append(Access(self._slot(one), *steps, kind, flags))
        statements = tuple(
            (
                s.function,
                tuple([numbers[id(self.views[o])] if isinstance(o, str) else o for o in s.operands]),
                numbers[id(self.views[s.out])],
            )
            for s in group
        )
        kept = [
            numbers[key]
            for key in dict.fromkeys(id(self.views[s.out]) for s in group)
            if key not in self.dead or self._read_first(group, key) or not all(used[key].apart(o) for o in others)
        ]
        sizes: list[Size] = [self._size(rows), self._size(columns)]
        if samples:
            sizes[1 if turned else 0] = "samples"
        return Elementwise(tuple(accesses), statements, tuple(kept), *sizes)

    def _read_first(self, group: list[Statement], key: int) -> bool:
        """Whether an array is read here before it is written, and so holds what the step before left."""
        first = next(s for s in group if key in (id(self.views[name]) for name in s.names()))
        return key in (id(self.views[o]) for o in first.operands if isinstance(o, str))


def _groups(statements: Sequence[Statement], views: Mapping[str, View]) -> list[list[Statement]]:
    """Statements that follow each other and can be done element by element: what they share in memory are whole
    arrays."""
    groups: list[list[Statement]] = []
    for statement in statements:
        if statement.function not in FUNCTIONS:
            groups.append([statement])
            continue
        last = groups[-1] if groups else []
        alone = _turns(statement, views) or (bool(last) and _turns(last[0], views))
        if last and last[0].function in FUNCTIONS and not alone and _joins(statement, last, views):
            last.append(statement)
        elif _joins(statement, [], views):
            groups.append([statement])
        else:
            raise _NoForm
    return groups


def _turns(statement: Statement, views: Mapping[str, View]) -> bool:
    """Whether this copies what lies row by row to where it lies column by column, or the other way round."""
    if statement.function != "copyto" or not isinstance(statement.operands[0], str):
        return False
    source, out = views[statement.operands[0]], views[statement.out]
    if source.shape != out.shape or len(out.shape) != 2 or source.dtype != out.dtype or out.dtype.kind != "f":
        return False
    inner = 0 if _turned(out) else 1
    ends = (out.strides[inner], source.strides[1 - inner])
    return ends == (out.item, out.item) and source.strides[inner] != out.item and out.apart(source)


def _joins(statement: Statement, group: Sequence[Statement], views: Mapping[str, View]) -> bool:
    out = views[statement.out]
    if group and (out.shape != views[group[0].out].shape or _turned(out) != _turned(views[group[0].out])):
        return False
    every = [*group, statement]
    changed = {id(views[s.out]): views[s.out] for s in every}
    seen = {id(views[name]): views[name] for s in every for name in s.names()}
    return all(one is other or one.apart(other) for one in changed.values() for other in seen.values())


def _turned(out: View) -> bool:
    """Whether the elements of a column, not of a row, lie one after the other."""
    if len(out.shape) != 2 or out.strides[1] == out.item:
        return False
    return out.strides[0] == out.item


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """The sizes of an array as a matrix."""
    return (1, prod(shape)) if len(shape) < 2 else (shape[0], prod(shape[1:]))


def _strides(one: View, shape: tuple[int, ...], turned: bool) -> tuple[int, int]:
    """The bytes from a row, and from an element of it, to the next, of an array as a matrix of this shape."""
    if len(shape) <= 1:
        if one.shape != shape:
            raise _NoForm
        return 0, one.strides[0] if shape else one.item
    if len(shape) > 2:
        if one.shape != shape or one.strides[1:] != _lying(shape[1:], one.item):
            raise _NoForm
        return one.strides[0], one.item
    lead = 2 - len(one.shape)
    if any(size not in (1, wanted) for size, wanted in zip((1,) * lead + one.shape, shape, strict=True)):
        raise _NoForm
    first, second = (
        0 if size != wanted else stride
        for size, stride, wanted in zip((1,) * lead + one.shape, (0,) * lead + one.strides, shape, strict=True)
    )
    return (second, first) if turned else (first, second)


def _lying(shape: tuple[int, ...], item: int) -> tuple[int, ...]:
    """The strides of an array in C order."""
    return tuple([item * prod(shape[place + 1 :]) for place in range(len(shape))])


@cache
def _compiled(made: tuple[Part, ...], dtype: str, slots: int) -> Callable[..., None]:
    """A loop of these parts."""

    @intrinsic  # type: ignore[untyped-decorator]
    def body(context: Any, addresses: Any, sizes: Any, steps: Any, first: Any, stop: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            parts.write(builder, dtype, made, slots, given)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 5), write

    @numba.njit(**OPTIONS)  # type: ignore[untyped-decorator]
    def run(addresses: NDArray[np.int64], sizes: NDArray[np.int64], first: int, stop: int) -> None:
        body(addresses.ctypes.data, sizes.ctypes.data, len(addresses), first, stop)

    function: Callable[..., None] = run
    return function


def _by_steps(lines: Sequence[str], arrays: Mapping[str, Any], lists: Mapping[str, Sequence[Array]], steps: int) -> Run:
    """The same by NumPy, step by step: elementwise statements that follow each other are a chain."""
    runs: list[Run] = []
    for step in range(steps):
        here = {**arrays, **{name: items[step] for name, items in lists.items()}}
        waiting: list[str] = []
        for line in lines:
            statement = read(line)
            if statement.function in EXPRESSIONS:
                waiting.append(line)
                continue
            if waiting:
                runs.append(chain(*waiting, arrays=here))
            waiting = []
            runs.append(_by_numpy(statement, here))
        if waiting:
            runs.append(chain(*waiting, arrays=here))

    def run() -> None:
        for part in runs:
            part()

    return run


def _by_numpy(statement: Statement, arrays: Mapping[str, Any]) -> Run:
    first, *rest = [arrays[name] for name in statement.operands if isinstance(name, str)]
    out = arrays[statement.out]
    if statement.function == "take":
        return partial(first.take, *rest, axis=0, out=out, mode="clip")
    return partial(getattr(np, statement.function), first, *rest, out=out)
