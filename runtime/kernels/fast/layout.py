"""What a loop over steps is compiled to: its parts, and the tables of the addresses and sizes of its arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from math import prod
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from ...tiers import LARGE
from . import parts
from .chains import Array, Run, Statement
from .compiled import compiled_text
from .parts import Access, Elementwise, Part, Product, Size, Take, Turn
from .products import Strides
from .vectors import FUNCTIONS
from .views import View, divided, view

Halves = Callable[[Run, Run], None]

LINE = 64  # bytes: halves of the samples do not share one
# Stands for the bytes of a row of a half, in arrays that each half has a piece of.
OWN = -1
# The work of all steps that makes up for waking a second thread, in multiplications; an element counts as so many.
WAKING, ELEMENT = 1 << 23, 8


class NoForm(Exception):
    """A compiled loop cannot do this."""


class Plan:
    """The parts of a loop, and the tables of its addresses and sizes."""

    def __init__(
        self,
        statements: Sequence[Statement],
        arrays: Mapping[str, Any],
        lists: Mapping[str, Sequence[Array]],
        dead: Sequence[str],
        steps: int,
    ) -> None:
        numbers = {name: float(size) for name, size in arrays.items() if isinstance(size, int)}
        self.statements = [statement.with_numbers(numbers) for statement in statements]
        self.steps = steps
        self.views: dict[str, View] = {}
        self.slots: list[View] = []
        self.sizes: dict[int, int] = {}
        self.own: dict[int, tuple[int, int]] = {}
        for name in dict.fromkeys(name for statement in self.statements for name in statement.names()):
            self._name(name, lists[name] if name in lists else [arrays[name]])
        self.written = list({id(self.views[s.out]): self.views[s.out] for s in self.statements}.values())
        self.dead = {id(self.views[name]) for name in dead if name in self.views}
        floats = {slot.dtype for slot in self.slots if slot.dtype.kind == "f"}
        if len(floats) != 1:
            raise NoForm
        (self.dtype,) = floats
        if self.dtype not in (np.float32, np.float64):
            raise NoForm

    def _name(self, name: str, given: Sequence[Array]) -> None:
        found = view(given, self.steps)
        if found is None:
            raise NoForm
        known = next((slot for slot in self.slots if slot.same(found)), None)
        if known is None:
            self.slots.append(found)
        self.views[name] = known or found

    def run(self, halves: Halves) -> Run:
        samples = self.views[self.statements[-1].out].shape[0] if self.views[self.statements[-1].out].shape else 0
        groups = _groups(self.statements, self.views)
        half = self._half(samples)
        if half:
            self.own = self._own(samples)
        made = tuple(self._part(group, groups, samples if half else 0) for group in groups)
        function = _compiled(made, self.dtype.name, len(self.slots))
        if not half:
            return self._call(function, 0, samples)
        return partial(halves, self._call(function, 0, half), self._call(function, half, samples))

    def _call(self, function: Callable[..., None], first: int, stop: int) -> Run:
        """The loop for these samples."""
        item = self.dtype.itemsize
        row = (stop - first) * item
        places = np.stack([slot.places for slot in self.slots], axis=1)
        for number, slot in enumerate(self.slots):
            if id(slot) in self.own:
                start, features = self.own[id(slot)]
                before = (slot.places - start) // slot.strides[1]
                places[:, number] = start + first * features * item + before * row - first * item
        sizes = [row if size == OWN else size for size in self.sizes]
        return partial(function, places, np.array(sizes, np.int64), first, stop)

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

    def _own(self, samples: int) -> dict[int, tuple[int, int]]:
        """What only this loop reads, and lies feature by feature, by where it starts and its features: each half has a
        piece of it. Processors fetch the lines beside those that they need, which the other one changes."""
        turned = (self.dtype.itemsize, samples * self.dtype.itemsize)
        products = [s for s in self.statements if s.function == "matmul" and not _turned(self.views[s.out])]
        rows = {id(self.views[name]) for s in products for name in s.operands if isinstance(name, str)}
        found: dict[int, tuple[int, int]] = {}
        for slot in self.slots:
            start, stop = int(slot.places.min()), int(slot.places.max()) + slot.extent
            beside = [slot]
            # All that it shares memory with, itself or by others.
            for _ in self.slots:
                beside = [one for one in self.slots if one.reaches(start, stop)]
                start = min(int(one.places.min()) for one in beside)
                stop = max(int(one.places.max()) + one.extent for one in beside)
            fits = all(
                id(one) in self.dead
                and id(one) not in rows
                and (one.strides, one.dtype) == (turned, self.dtype)
                and one.places.min() == one.places.max()
                and (int(one.places[0]) - start) % turned[1] == 0
                for one in beside
            )
            if fits:
                found[id(slot)] = (start, (stop - start) // turned[1])
        return found

    def _changes(self, slot: View) -> bool:
        low, high = int(slot.places.min()), int(slot.places.max()) + slot.extent
        return any(other.reaches(low, high) for other in self.written)

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

    def _stride(self, one: View, value: int) -> int:
        return self._size(OWN if id(one) in self.own and value == one.strides[1] else value)

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
            source = operands[0]
            strides = self._stride(source, source.strides[inner]), self._stride(out, out.strides[1 - inner])
            return Turn(self._slot(operands[0]), self._slot(out), *strides, sizes[1 - inner], sizes[inner])
        others = [self.views[name] for other in groups if other is not group for s in other for name in s.names()]
        return self._elementwise(group, others, samples)

    def _product(self, a: View, b: View, out: View, samples: int) -> Part:
        if any(len(one.shape) != 2 or one.dtype != self.dtype for one in (a, b, out)):
            raise NoForm
        if not (out.apart(a) and out.apart(b)) or prod(out.shape) * a.shape[1] >= LARGE:
            raise NoForm
        (n, m), terms, item = out.shape, a.shape[1], out.item
        rows: Size = "samples" if samples else self._size(n)
        columns: Size = self._size(m)
        strides, b_row, out_row = a.strides, b.strides[0], out.strides[0]
        if out.strides[1] != item or b.strides[1] != item:
            if out.strides[0] != item or a.strides[0] != item:
                raise NoForm
            # The same product turned round: the samples are its columns.
            strides, b_row, out_row = b.strides[::-1], a.strides[1], out.strides[1]
            a, b, rows, columns = b, a, columns, rows
        return Product(
            self._slot(a),
            self._slot(b),
            self._slot(out),
            Strides(*strides),
            self._stride(b, b_row),
            self._stride(out, out_row),
            rows,
            columns,
            self._size(terms),
        )

    def _take(self, table: View, places: View, out: View, samples: int) -> Part:
        fits = len(table.shape) == len(out.shape) == 2 and places.dtype == np.int64 and len(places.shape) == 1
        if not fits or table.dtype != self.dtype or table.strides[1] != table.item or out.strides[1] != out.item:
            raise NoForm
        if not out.apart(table) or not out.apart(places):
            raise NoForm
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
                raise NoForm
            numbers[key] = len(accesses)
            steps = (self._stride(one, 0 if flat else row), self._stride(one, column))
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
            raise NoForm
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
            raise NoForm
        return 0, one.strides[0] if shape else one.item
    if len(shape) > 2:
        if one.shape != shape or one.strides[1:] != _lying(shape[1:], one.item):
            raise NoForm
        return one.strides[0], one.item
    lead = 2 - len(one.shape)
    if any(size not in (1, wanted) for size, wanted in zip((1,) * lead + one.shape, shape, strict=True)):
        raise NoForm
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

    @intrinsic
    def body(context: Any, addresses: Any, sizes: Any, steps: Any, first: Any, stop: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            parts.write(builder, dtype, made, slots, given)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 5), write

    text = """def run(addresses, sizes, first, stop):
    body(addresses.ctypes.data, sizes.ctypes.data, len(addresses), first, stop)
"""
    return compiled_text(text, {"body": body}, (made, dtype, slots))
