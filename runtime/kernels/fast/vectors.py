"""Vector instructions: what LLVM makes of plain loops depends on what it can prove, so these are written one by one.

An `Emitter` writes them into a function that Numba compiles; a vector is as long as the widest register there is. Of a
float32 exponential functions are polynomials, of a float64 those of the standard library. Source of the polynomials:
Moshier, "Cephes mathematical library", expf and tanhf; they are within three units in the last place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, SupportsFloat

import numpy as np
from llvmlite import ir
from numba.core import cgutils

from .compiled import FEATURES
from .elementary import EXP, HIGHEST, LOG2_E, LOG_2, LOG_2_REST, LOWEST

# IR is untyped here: what llvmlite makes has no types that mypy knows.
Number = Any
Vector = Any

# The bytes of a vector register, and how many there are.
BYTES, REGISTERS = (64, 32) if FEATURES.get("avx512f") else (32, 16) if FEATURES.get("avx") else (16, 16)
INT = ir.IntType(64)
TANH = (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)


class Emitter:
    """Writes instructions on vectors of `dtype`, float32 or float64, with `builder`."""

    def __init__(self, builder: Any, dtype: str) -> None:
        self.builder = builder
        self.dtype = dtype
        self.single = dtype == "float32"
        self.item = 4 if self.single else 8
        self.width = BYTES // self.item
        self.float = ir.FloatType() if self.single else ir.DoubleType()
        self.vector = ir.VectorType(self.float, self.width)
        self.wholes = ir.VectorType(ir.IntType(8 * self.item), self.width)
        self.places = ir.VectorType(INT, self.width)
        self.bytes = ir.VectorType(ir.IntType(8), self.width)
        self.bits = ir.VectorType(ir.IntType(1), self.width)

    # Addresses and counts.

    def address(self, base: Number, *offsets: Number) -> Number:
        for offset in offsets:
            base = self.builder.add(base, offset)
        return base

    def times(self, count: Number, size: Number | int) -> Number:
        return self.builder.mul(count, INT(size) if isinstance(size, int) else size)

    def read(self, address: Number, type: Any = INT) -> Number:
        """The number of this type at an address."""
        return self.builder.load(self._pointer(address, type))

    def _pointer(self, address: Number, type: Any) -> Number:
        return self.builder.inttoptr(address, type.as_pointer())

    @contextmanager
    def counting(self, start: Number, stop: Number, step: int = 1) -> Iterator[Number]:
        """A loop over the numbers from `start` to below `stop`."""
        builder = self.builder
        before = builder.block
        head, body, end = (builder.append_basic_block() for _ in range(3))
        builder.branch(head)
        builder.position_at_end(head)
        number = builder.phi(INT)
        number.add_incoming(start, before)
        builder.cbranch(builder.icmp_signed("<", number, stop), body, end)
        builder.position_at_end(body)
        yield number
        number.add_incoming(builder.add(number, INT(step)), builder.block)
        builder.branch(head)
        builder.position_at_end(end)

    def variable(self, value: Number) -> Number:
        """A place for a number that changes; LLVM keeps it in a register."""
        place = cgutils.alloca_once(self.builder, value.type)
        self.builder.store(value, place)
        return place

    def lowest(self, a: Number, b: Number) -> Number:
        return self.builder.select(self.builder.icmp_signed("<", a, b), a, b)

    # Memory. A mask says which elements there are.

    def mask(self, count: Number) -> Vector:
        """The first `count` elements."""
        numbers = ir.Constant(self.places, list(range(self.width)))
        return self.builder.icmp_signed("<", numbers, self._spread(count, self.places))

    def mask_where(self, holds: Number, mask: Vector) -> Vector:
        """A mask, or none of it."""
        return self.builder.and_(mask, self._spread(holds, self.bits))

    def load(self, address: Number, mask: Vector | None = None, *, flags: bool = False) -> Vector:
        """Elements that lie one after the other; truth values become 1 and 0."""
        type = self.bytes if flags else self.vector
        pointer = self._pointer(address, type)
        if mask is None:
            found = self.builder.load(pointer, align=1 if flags else self.item)
        else:
            given = [pointer, *self._align(flags), mask, ir.Constant(type, None)]
            found = self._call("llvm.masked.load", type, given, f"{_name(type)}.p0")
        return self.builder.uitofp(found, self.vector) if flags else found

    def store(self, value: Vector, address: Number, mask: Vector | None = None, *, flags: bool = False) -> None:
        if flags:
            zero = ir.Constant(self.vector, None)
            value = self.builder.zext(self.builder.fcmp_unordered("!=", value, zero), self.bytes)
        pointer = self._pointer(address, value.type)
        if mask is None:
            self.builder.store(value, pointer, align=1 if flags else self.item)
            return
        arguments = [value, pointer, *self._align(flags), mask]
        self._call("llvm.masked.store", ir.VoidType(), arguments, f"{_name(value.type)}.p0")

    def gather(self, address: Number, stride: Number, mask: Vector | None = None) -> Vector:
        """Elements that lie `stride` bytes apart."""
        pointers = self._apart(address, stride)
        arguments = [pointers, *self._align(), self._all(mask), ir.Constant(self.vector, None)]
        return self._call("llvm.masked.gather", self.vector, arguments, f"{_name(self.vector)}.v{self.width}p0")

    def scatter(self, value: Vector, address: Number, stride: Number, mask: Vector | None = None) -> None:
        pointers = self._apart(address, stride)
        arguments = [value, pointers, *self._align(), self._all(mask)]
        self._call("llvm.masked.scatter", ir.VoidType(), arguments, f"{_name(self.vector)}.v{self.width}p0")

    def copy(self, source: Number, target: Number, size: Number) -> None:
        """Copy bytes to where they do not meet."""
        bytes = ir.IntType(8)
        arguments = [self._pointer(target, bytes), self._pointer(source, bytes), size, ir.IntType(1)(0)]
        self._call("llvm.memcpy", ir.VoidType(), arguments, "p0.p0.i64")

    def _apart(self, address: Number, stride: Number) -> Vector:
        numbers = ir.Constant(self.places, list(range(self.width)))
        offsets = self.builder.mul(numbers, self._spread(stride, self.places))
        places = self.builder.add(offsets, self._spread(address, self.places))
        return self.builder.inttoptr(places, ir.VectorType(self.float.as_pointer(), self.width))

    def _all(self, mask: Vector | None) -> Vector:
        return ir.Constant(self.bits, [1] * self.width) if mask is None else mask

    def _align(self, flags: bool = False) -> list[Number]:
        return [ir.IntType(32)(1 if flags else self.item)]

    def _call(self, name: str, type: Any, arguments: list[Any], suffix: str) -> Any:
        """What an intrinsic of LLVM gives, whose name ends in the types that it is for."""
        signature = ir.FunctionType(type, [argument.type for argument in arguments])
        function = cgutils.get_or_insert_function(self.builder.module, signature, f"{name}.{suffix}")
        return self.builder.call(function, arguments)

    # Arithmetic.

    def constant(self, value: SupportsFloat) -> Vector:
        return ir.Constant(self.vector, [float(np.dtype(self.dtype).type(float(value)))] * self.width)

    def spread(self, value: Number) -> Vector:
        """A vector of one number."""
        return self._spread(value, self.vector)

    def _spread(self, value: Number, type: Any) -> Vector:
        first = self.builder.insert_element(ir.Constant(type, ir.Undefined), value, ir.IntType(32)(0))
        every = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.builder.shuffle_vector(first, ir.Constant(type, ir.Undefined), every)

    def turn(self, lines: list[Vector]) -> list[Vector]:
        """The columns of as many lines as a vector has elements: smaller and smaller blocks change places."""
        apart = self.width // 2
        while apart:
            low = [n if not n & apart else self.width + n - apart for n in range(self.width)]
            high = [n + apart if not n & apart else self.width + n for n in range(self.width)]
            for number in range(self.width):
                if not number & apart:
                    pair = lines[number], lines[number + apart]
                    lines[number], lines[number + apart] = self._mixed(*pair, low), self._mixed(*pair, high)
            apart //= 2
        return lines

    def _mixed(self, a: Vector, b: Vector, places: list[int]) -> Vector:
        numbers = ir.Constant(ir.VectorType(ir.IntType(32), self.width), places)
        return self.builder.shuffle_vector(a, b, numbers)

    def fma(self, a: Vector, b: Vector, c: Vector) -> Vector:
        """a · b + c, rounded once."""
        return self._call("llvm.fma", self.vector, [a, b, c], _name(self.vector))

    def apply(self, function: str, *operands: Vector) -> Vector:
        """A function by its name in a chain, see `chains.EXPRESSIONS`."""
        made: Vector = FUNCTIONS[function](self, *operands)
        return made

    def pick(self, comparison: str, a: Vector, b: Vector) -> Vector:
        """`a` where the comparison holds or `a` is not a number, else `b`."""
        builder = self.builder
        holds = builder.or_(builder.fcmp_ordered(comparison, a, b), builder.fcmp_unordered("uno", a, a))
        return builder.select(holds, a, b)

    def compare(self, comparison: str, a: Vector, b: Vector) -> Vector:
        return self.builder.select(self.builder.fcmp_ordered(comparison, a, b), self.constant(1), self.constant(0))

    def whole(self, function: str, value: Vector) -> Vector:
        """An intrinsic of one vector."""
        return self._call(f"llvm.{function}", self.vector, [value], _name(self.vector))

    def signed(self, size: Vector, sign: Vector) -> Vector:
        """The first with the sign of the second."""
        return self._call("llvm.copysign", self.vector, [size, sign], _name(self.vector))

    def polynomial(self, x: Vector, coefficients: Iterable[SupportsFloat]) -> Vector:
        highest, *rest = map(self.constant, coefficients)
        for coefficient in rest:
            highest = self.fma(highest, x, coefficient)
        return highest

    def elements(self, function: str, x: Vector) -> Vector:
        """A function of the standard library, element by element."""
        called = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(self.float, [self.float]), function
        )
        for place in range(self.width):
            number = ir.IntType(32)(place)
            made = self.builder.call(called, [self.builder.extract_element(x, number)])
            x = self.builder.insert_element(x, made, number)
        return x

    def power(self, x: Vector) -> Vector:
        """e^x for |x| < 88: 2^n e^r with |r| <= log 2 / 2."""
        builder = self.builder
        n = self.whole("floor", self.fma(x, self.constant(LOG2_E), self.constant(0.5)))
        r = self.fma(n, self.constant(-LOG_2), x)
        r = self.fma(n, self.constant(-LOG_2_REST), r)
        p = self.polynomial(r, EXP)
        p = builder.fadd(self.fma(builder.fmul(p, r), r, r), self.constant(1))
        bits = builder.add(builder.fptosi(n, self.wholes), ir.Constant(self.wholes, [127] * self.width))
        scale = builder.shl(bits, ir.Constant(self.wholes, [23] * self.width))
        return builder.fmul(p, builder.bitcast(scale, self.vector))

    def between(self, x: Vector, lowest: SupportsFloat, highest: SupportsFloat) -> Vector:
        """x brought to these bounds; what is not a number becomes one of them."""
        low, high, builder = self.constant(lowest), self.constant(highest), self.builder
        x = builder.select(builder.fcmp_ordered(">", x, low), x, low)
        return builder.select(builder.fcmp_ordered("<", x, high), x, high)


def _name(type: Any) -> str:
    """A vector's type in the name of an intrinsic."""
    letter = "i" if isinstance(type.element, ir.IntType) else "f"
    size = type.element.width if letter == "i" else 32 if isinstance(type.element, ir.FloatType) else 64
    return f"v{type.count}{letter}{size}"


def _same(e: Emitter, x: Vector) -> Vector:
    return x


def _exp(e: Emitter, x: Vector) -> Vector:
    if not e.single:
        return e.elements("exp", x)
    builder = e.builder
    half = e.power(builder.fmul(e.between(x, LOWEST, HIGHEST), e.constant(0.5)))
    made = builder.fmul(half, half)
    made = builder.select(builder.fcmp_ordered(">", x, e.constant(HIGHEST)), e.constant(float("inf")), made)
    made = builder.select(builder.fcmp_ordered("<", x, e.constant(LOWEST)), e.constant(0), made)
    return builder.select(builder.fcmp_unordered("uno", x, x), x, made)


def _sigmoid(e: Emitter, x: Vector) -> Vector:
    """1 / (1 + e^-x)."""
    builder, one = e.builder, e.constant(1)
    if e.single:
        made = e.power(e.between(builder.fneg(x), -87, 87))
        made = builder.fdiv(one, builder.fadd(one, made))
        return builder.select(builder.fcmp_unordered("uno", x, x), x, made)
    return builder.fdiv(one, builder.fadd(one, e.elements("exp", builder.fneg(x))))


def _tanh(e: Emitter, x: Vector) -> Vector:
    """x + x^3 P(x^2) for small |x|, else 1 - 2 / (e^2|x| + 1) with the sign of x."""
    if not e.single:
        return e.elements("tanh", x)
    builder, one = e.builder, e.constant(1)
    size = e.whole("fabs", x)
    square = builder.fmul(x, x)
    small = e.fma(builder.fmul(e.polynomial(square, TANH), square), x, x)
    made = e.power(e.between(builder.fadd(size, size), 0, 40))
    made = builder.fsub(one, builder.fdiv(e.constant(2), builder.fadd(made, one)))
    made = builder.select(builder.fcmp_ordered("<", size, e.constant(0.625)), small, made)
    made = e.signed(made, x)
    return builder.select(builder.fcmp_unordered("uno", x, x), x, made)


FUNCTIONS: dict[str, Callable[..., Vector]] = {
    "add": lambda e, a, b: e.builder.fadd(a, b),
    "subtract": lambda e, a, b: e.builder.fsub(a, b),
    "multiply": lambda e, a, b: e.builder.fmul(a, b),
    "divide": lambda e, a, b: e.builder.fdiv(a, b),
    "maximum": lambda e, a, b: e.pick(">=", a, b),
    "minimum": lambda e, a, b: e.pick("<=", a, b),
    "greater": lambda e, a, b: e.compare(">", a, b),
    "less": lambda e, a, b: e.compare("<", a, b),
    "negative": lambda e, a: e.builder.fneg(a),
    "abs": lambda e, a: e.whole("fabs", a),
    "sqrt": lambda e, a: e.whole("sqrt", a),
    "exp": _exp,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "copyto": _same,
    "fill": _same,
}
