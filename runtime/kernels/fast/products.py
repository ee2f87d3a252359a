"""A product of small matrices within a loop: out[r, c] = Σ a[r, k] b[k, c].

Some rows by some vectors of `out` are summed in registers at a time: each step of k loads the vectors of b once, and
multiplies them by one number of a for each row. Every element is summed from the first k to the last, wherever it lies
and whatever is computed beside it.
"""

from __future__ import annotations

from ...record import Record
from .vectors import INT, REGISTERS, Emitter, Number, Vector

# The sums that are kept in registers: half of these leave enough for the vectors, and hide how long a sum takes.
SUMS = REGISTERS // 2
# The vectors of a row that are summed at a time, the most first.
ACROSS = (4, 2, 1)


class Strides(Record):
    """Bytes from one row or column to the next, which the code is made for: those of `a`."""

    rows: int
    columns: int


class Matrices(Record):
    """Addresses, and bytes from one row of `b` and of `out` to the next; their columns lie one after the other."""

    a: Number
    b: Number
    out: Number
    b_row: Number
    out_row: Number


def product(
    e: Emitter,
    given: Matrices,
    strides: Strides,
    rows: tuple[Number, Number],
    columns: tuple[Number, Number],
    k: Number,
) -> None:
    """Write the product of these rows and columns, from the first to below the last; the sums have `k` terms."""
    _Product(e, given, strides, rows, k).run(*columns)


class _Product(Record):
    e: Emitter
    given: Matrices
    strides: Strides
    rows: tuple[Number, Number]
    k: Number

    def run(self, start: Number, stop: Number) -> None:
        e, builder = self.e, self.e.builder
        place = e.variable(start)
        for across in ACROSS:
            first = builder.load(place)
            last = builder.sub(stop, INT(across * e.width - 1))
            with e.counting(first, last, across * e.width) as column:
                self._columns(column, across)
                builder.store(builder.add(column, INT(across * e.width)), place)
        column = builder.load(place)
        with builder.if_then(builder.icmp_signed("<", column, stop)):
            self._columns(column, 1, e.mask(builder.sub(stop, column)))

    def _columns(self, column: Number, across: int, mask: Vector | None = None) -> None:
        """All rows of some columns. Where the last rows are fewer than are summed at a time, some are made twice."""
        e, builder = self.e, self.e.builder
        start, stop = self.rows
        down = SUMS // across
        with builder.if_else(builder.icmp_signed(">=", builder.sub(stop, start), INT(down))) as (many, few):
            with many, e.counting(start, stop, down) as row:
                self._block(e.lowest(row, builder.sub(stop, INT(down))), down, column, across, mask)
            with few, e.counting(start, stop) as row:
                self._block(row, 1, column, across, mask)

    def _block(self, row: Number, down: int, column: Number, across: int, mask: Vector | None) -> None:
        e, given = self.e, self.given
        offset = e.times(column, e.item)
        zero = e.constant(0)
        sums = [[e.variable(zero) for _ in range(across)] for _ in range(down)]
        first_a = e.address(given.a, e.times(row, self.strides.rows))
        first_b = e.address(given.b, offset)
        with e.counting(INT(0), self.k) as k:
            a = e.address(first_a, e.times(k, self.strides.columns))
            b = e.address(first_b, e.times(k, given.b_row))
            vectors = [e.load(e.address(b, INT(n * e.item * e.width)), mask) for n in range(across)]
            for number, line in enumerate(sums):
                factor = e.spread(e.read(e.address(a, INT(number * self.strides.rows)), e.float))
                for sum, vector in zip(line, vectors, strict=True):
                    e.builder.store(e.fma(factor, vector, e.builder.load(sum)), sum)
        for number, line in enumerate(sums):
            out = e.address(given.out, offset, e.times(e.address(row, INT(number)), given.out_row))
            for n, sum in enumerate(line):
                e.store(e.builder.load(sum), e.address(out, INT(n * e.item * e.width)), mask)
