"""Products of small tiles whose sums stay in registers, as LLVM's vector instructions.

What a convolution and its gradients have in common is Σ a · b over some steps, in which `a` is a number for each of a
few rows and `b` a vector for all of them. A compiled loop cannot say that its sums are not to be stored, so the tile is
written in LLVM's own language: numbers are spread over a vector as they are read, and each row has a register.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from .compiled import FEATURES, compiled

Array = NDArray[Any]
# The bytes of the widest vector, and the rows that leave a few of the registers for what is read.
BYTES, ROWS = (64, 15) if FEATURES.get("avx512f") else (32, 12)
INT = ir.IntType(64)
# A tile's arguments: pointers, steps and counts.
_POINTERS = ("out", "first", "a", "b")
_NUMBERS = ("out_step", "first_step", "a_step", "columns", *(f"{what}{n}" for n in range(3) for what in "nab"))
_LOOPS = types.UniTuple(types.UniTuple(types.intp, 3), 3)


@compiled
def lanes(array: Array) -> int:
    """The numbers of a vector."""
    return BYTES // array.itemsize


@intrinsic
def tile(
    context: Any,
    rows: Any,
    columns: Any,
    out: Any,
    out_at: Any,
    out_step: Any,
    first: Any,
    first_at: Any,
    first_step: Any,
    a: Any,
    a_at: Any,
    a_step: Any,
    b: Any,
    b_at: Any,
    loops: Any,
) -> Any:
    """out[r, c] = first[r, c] + Σ a[r + steps] · b[c + steps], for up to `ROWS` rows and as many columns as `lanes`.

    All arrays lie together. A row of an array begins its step behind the one before it, the first one at the place
    given. The sum goes over three loops, each (count, step in a, step in b), the last one innermost. Without `first`
    it begins at 0.
    """
    if not _together(out, first, a, b):
        return None
    size = types.intp
    signature = types.void(size, size, out, size, size, first, size, size, a, size, size, b, size, _LOOPS)

    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = signature.args
        element = context.get_data_type(out.dtype)

        def pointer(number: int) -> Any:
            if kinds[number] == types.none:
                return ir.Constant(ir.PointerType(), None)
            data = context.make_array(kinds[number])(context, builder, given[number]).data
            return builder.gep(data, [given[number + 1]], source_etype=element)

        steps = [builder.extract_value(given[13], [n, k]) for n in range(3) for k in range(3)]
        arguments = [pointer(n) for n in (2, 5, 8, 11)] + [given[4], given[7], given[10], given[1], *steps]
        vector = ir.VectorType(element, BYTES // (out.dtype.bitwidth // 8))
        _choose(builder, given[0], vector, first != types.none, arguments)
        return context.get_dummy_value()

    return signature, write


@intrinsic
def put_vector(context: Any, count: Any, out: Any, out_at: Any, b: Any, b_at: Any, factor: Any) -> Any:
    """out[c] = factor · b[c] for up to `lanes` numbers from these places on."""
    return _combined(out, b, added=False)


@intrinsic
def add_vector(context: Any, count: Any, out: Any, out_at: Any, b: Any, b_at: Any, factor: Any) -> Any:
    """out[c] += factor · b[c] for up to `lanes` numbers from these places on."""
    return _combined(out, b, added=True)


def _combined(out: Any, b: Any, added: bool) -> Any:
    if not _together(out, b):
        return None
    size = types.intp

    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        element = context.get_data_type(out.dtype)
        vector = _Vector(builder, ir.VectorType(element, BYTES // (out.dtype.bitwidth // 8)), given[0])
        to, of = (
            builder.gep(context.make_array(kind)(context, builder, given[n]).data, [given[n + 1]], source_etype=element)
            for n, kind in ((1, out), (3, b))
        )
        product = builder.fmul(vector.spread(given[5]), vector.load(of), flags=("contract",))
        vector.store(builder.fadd(vector.load(to), product, flags=("contract",)) if added else product, to)
        return context.get_dummy_value()

    return types.void(size, out, size, b, size, out.dtype), write


def _together(*kinds: Any) -> bool:
    """Whether arrays of these types lie together, which the addresses here rely on."""
    return all(kind == types.none or kind.layout == "C" for kind in kinds)


def _choose(builder: Any, rows: Any, vector: Any, begun: bool, arguments: list[Any]) -> None:
    """A call of the function for this number of rows."""
    end = builder.append_basic_block("end")
    choice = builder.switch(rows, end)
    for count in range(1, ROWS + 1):
        block = builder.append_basic_block(f"rows{count}")
        choice.add_case(INT(count), block)
        builder.position_at_end(block)
        builder.call(_function(builder.module, vector, count, begun), arguments)
        builder.branch(end)
    builder.position_at_end(end)


def _function(module: Any, vector: Any, rows: int, begun: bool) -> Any:
    """The function of a module that makes a tile of so many rows and columns."""
    name = f"netc_tile_{vector.element}_{rows}_{'on' if begun else 'new'}"
    if name in module.globals:
        return module.globals[name]
    kinds = [ir.PointerType()] * len(_POINTERS) + [INT] * len(_NUMBERS)
    made = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    made.linkage = "linkonce_odr"
    made.attributes.add("noinline")
    _Tile(made, vector, rows, begun).write()
    return made


class _Vector:
    """As many numbers as there are columns, in a vector."""

    def __init__(self, builder: Any, kind: Any, columns: Any) -> None:
        self.builder, self.kind = builder, kind
        self.align = ir.IntType(32)(4 if kind.element == ir.FloatType() else 8)
        self.mask = builder.icmp_signed(
            "<", ir.Constant(ir.VectorType(INT, kind.count), list(range(kind.count))), self.spread(columns)
        )

    def spread(self, number: Any) -> Any:
        """A vector of one number."""
        single = ir.Constant(ir.VectorType(number.type, self.kind.count), ir.Undefined)
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.kind.count), [0] * self.kind.count)
        return self.builder.shuffle_vector(
            self.builder.insert_element(single, number, ir.IntType(32)(0)), single, zeros
        )

    def load(self, pointer: Any) -> Any:
        return self._masked("load", self.kind, pointer, self.align, self.mask, ir.Constant(self.kind, None))

    def store(self, value: Any, pointer: Any) -> None:
        self._masked("store", ir.VoidType(), value, pointer, self.align, self.mask)

    def _masked(self, what: str, result: Any, *given: Any) -> Any:
        """What LLVM does with those numbers of a vector in memory that there are."""
        kind = ir.FunctionType(result, [value.type for value in given])
        name = f"llvm.masked.{what}.v{self.kind.count}f{8 * self.align.constant}.p0"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), given)


class _Tile:
    """The text of one function."""

    def __init__(self, function: Any, vector: Any, rows: int, begun: bool) -> None:
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.rows, self.begun = rows, begun
        self.given = dict(zip(_POINTERS + _NUMBERS, function.args, strict=True))
        self.vector = _Vector(self.builder, vector, self.given["columns"])
        module = self.builder.module
        self.once = module.add_metadata([module.add_metadata(["llvm.loop.unroll.disable"])])

    def write(self) -> None:
        builder, given = self.builder, self.given
        sums = [builder.alloca(self.vector.kind) for _ in range(self.rows)]
        for row, total in enumerate(sums):
            zero = ir.Constant(self.vector.kind, None)
            builder.store(self.vector.load(self._row("first", row)) if self.begun else zero, total)
        ahead = self._ahead()
        with self._loop(0, given["a"], given["b"]) as one, self._loop(1, *one) as two, self._loop(2, *two) as (a, b):
            vector = self.vector.load(b)
            for total, place in zip(sums, ahead, strict=True):
                number = self.vector.spread(builder.load(self._move(a, place), typ=self.vector.kind.element))
                product = builder.fmul(number, vector, flags=("contract",))
                before = builder.load(total, typ=self.vector.kind)
                builder.store(builder.fadd(before, product, flags=("contract",)), total)
        for row, total in enumerate(sums):
            self.vector.store(builder.load(total, typ=self.vector.kind), self._row("out", row))
        builder.ret_void()

    def _ahead(self) -> list[Any]:
        """How far each row of `a` is from the first: odd multiples of the step, times what an address can hold.

        LLVM must not know what they are, or else it goes from row to row by additions that wait for each other.
        """
        same = ir.FunctionType(INT, [INT])
        odd = {
            count: self.builder.asm(same, "", "=r,0", [self.builder.mul(INT(count), self.given["a_step"])], False)
            for count in range(1, self.rows, 2)
        }
        ahead = [INT(0)]
        for row in range(1, self.rows):
            power = row & -row
            ahead.append(self.builder.mul(odd[row // power], INT(power)))
        return ahead

    @contextmanager
    def _loop(self, level: int, a: Any, b: Any) -> Iterator[tuple[Any, Any]]:
        """The pointers at each step of a loop that begins with these."""
        builder, count = self.builder, self.given[f"n{level}"]
        steps = [self.given[f"{name}{level}"] for name in "ab"]
        before, body, after = (builder.block, *(builder.append_basic_block() for _ in range(2)))
        builder.cbranch(builder.icmp_signed(">", count, INT(0)), body, after)
        builder.position_at_end(body)
        number, *places = (builder.phi(kind) for kind in (INT, ir.PointerType(), ir.PointerType()))
        yield places[0], places[1]
        following = [builder.add(number, INT(1)), *map(self._move, places, steps)]
        for value, start, next_ in zip((number, *places), (INT(0), a, b), following, strict=True):
            value.add_incoming(start, before)
            value.add_incoming(next_, builder.block)
        branch = builder.cbranch(builder.icmp_signed("<", following[0], count), body, after)
        branch.set_metadata("llvm.loop", self.once)
        builder.position_at_end(after)

    def _row(self, name: str, row: int) -> Any:
        return self._move(self.given[name], self.builder.mul(INT(row), self.given[f"{name}_step"]))

    def _move(self, pointer: Any, count: Any) -> Any:
        return self.builder.gep(pointer, [count], source_etype=self.vector.kind.element)
