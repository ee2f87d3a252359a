"""The parts of a compiled loop: elementwise statements together, a product, a copy turned round, rows looked up.

Each is a form, which code is made from, and finds its addresses and sizes in the tables of a call.
"""

from __future__ import annotations

from typing import Any, Literal

from ...record import Record
from .products import Matrices, Strides, product
from .vectors import INT, Emitter, Number, Vector

# A number of the table of sizes, or the samples of the call: those from its first to below its last.
Size = int | Literal["samples"]


class Tables(Record):
    """What a call is given: the addresses of a step, the sizes, and the samples."""

    e: Emitter
    addresses: Number
    sizes: Number
    samples: tuple[Number, Number]

    def address(self, slot: int) -> Number:
        return self._item(self.addresses, slot)

    def size(self, number: int) -> Number:
        return self._item(self.sizes, number)

    def range(self, size: Size) -> tuple[Number, Number]:
        return self.samples if size == "samples" else (INT(0), self.size(size))

    def _item(self, table: Number, number: int) -> Number:
        return self.e.read(self.e.address(table, INT(8 * number)))


class Access(Record):
    """An array by its column in the table of addresses; `row` and `column` are the numbers of its strides. Along a row
    its elements lie one after the other (`line`), further apart, or there is one for the whole row (`one`)."""

    slot: int
    row: int
    column: int
    kind: Literal["line", "apart", "one"]
    flags: bool


class Elementwise(Record):
    """Statements (function, operands, out) over `rows` × `columns`, where an operand is an access or a number; `kept`
    are the accesses whose last values are stored."""

    accesses: tuple[Access, ...]
    statements: tuple[tuple[str, tuple[int | float, ...], int], ...]
    kept: tuple[int, ...]
    rows: Size
    columns: Size

    def write(self, tables: Tables) -> None:
        e, builder = tables.e, tables.e.builder
        bases = [tables.address(access.slot) for access in self.accesses]
        start, stop = tables.range(self.columns)
        last = builder.sub(stop, INT(e.width - 1))
        with e.counting(*tables.range(self.rows)) as row:
            offsets = {number: e.times(row, tables.size(number)) for number in {a.row for a in self.accesses}}
            rows = [e.address(base, offsets[access.row]) for base, access in zip(bases, self.accesses, strict=True)]
            place = e.variable(start)
            with e.counting(start, last, e.width) as column:
                self._block(tables, rows, column, None)
                builder.store(builder.add(column, INT(e.width)), place)
            column = builder.load(place)
            with builder.if_then(builder.icmp_signed("<", column, stop)):
                self._block(tables, rows, column, e.mask(builder.sub(stop, column)))

    def _block(self, tables: Tables, rows: list[Number], column: Number, mask: Vector | None) -> None:
        e = tables.e
        now: dict[int, Vector] = {}
        for function, operands, out in self.statements:
            given = []
            for operand in operands:
                if isinstance(operand, float):
                    given.append(e.constant(operand))
                    continue
                if operand not in now:
                    now[operand] = self._load(tables, operand, rows, column, mask)
                given.append(now[operand])
            now[out] = e.apply(function, *given)
        for number in self.kept:
            access = self.accesses[number]
            if access.kind == "line":
                place = self._place(tables, access, rows[number], column)
                e.store(now[number], place, mask, flags=access.flags)
            else:
                stride = tables.size(access.column)
                e.scatter(now[number], e.address(rows[number], e.times(column, stride)), stride, mask)

    def _load(self, tables: Tables, number: int, rows: list[Number], column: Number, mask: Vector | None) -> Vector:
        e, access = tables.e, self.accesses[number]
        if access.kind == "one":
            return e.spread(e.read(rows[number], e.float))
        if access.kind == "line":
            return e.load(self._place(tables, access, rows[number], column), mask, flags=access.flags)
        stride = tables.size(access.column)
        return e.gather(e.address(rows[number], e.times(column, stride)), stride, mask)

    def _place(self, tables: Tables, access: Access, row: Number, column: Number) -> Number:
        return tables.e.address(row, tables.e.times(column, 1 if access.flags else tables.e.item))


class Product(Record):
    """out = a · b, where the columns of b and out lie one after the other; `strides` are those of a in bytes."""

    a: int
    b: int
    out: int
    strides: Strides
    b_row: int
    out_row: int
    rows: Size
    columns: Size
    terms: int

    def write(self, tables: Tables) -> None:
        matrices = Matrices(
            tables.address(self.a),
            tables.address(self.b),
            tables.address(self.out),
            tables.size(self.b_row),
            tables.size(self.out_row),
        )
        rows, columns = tables.range(self.rows), tables.range(self.columns)
        product(tables.e, matrices, self.strides, rows, columns, tables.size(self.terms))


class Turn(Record):
    """out[r, c] = source[c, r], where the columns of both lie one after the other."""

    source: int
    out: int
    source_row: int
    out_row: int
    rows: Size
    columns: Size

    def write(self, tables: Tables) -> None:
        e, builder = tables.e, tables.e.builder
        (first, bottom), (start, stop) = tables.range(self.rows), tables.range(self.columns)
        with e.counting(first, bottom, e.width) as row, e.counting(start, stop, e.width) as column:
            left = builder.sub(bottom, row), builder.sub(stop, column)
            whole = builder.icmp_signed(">=", e.lowest(*left), INT(e.width))
            with builder.if_else(whole) as (full, rest):
                with full:
                    self._tile(tables, row, column, None)
                with rest:
                    self._tile(tables, row, column, left)

    def _tile(self, tables: Tables, row: Number, column: Number, left: tuple[Number, Number] | None) -> None:
        """As many rows and columns as a vector has elements, or those that are `left`."""
        e, builder = tables.e, tables.e.builder
        source = e.address(tables.address(self.source), e.times(row, e.item))
        out = e.address(tables.address(self.out), e.times(column, e.item))
        masks = [e.mask(count) for count in left] if left else [None, None]
        lines = []
        for number in range(e.width):
            mask = masks[0]
            if left:
                mask = e.mask_where(builder.icmp_signed(">", left[1], INT(number)), masks[0])
            place = e.times(e.address(column, INT(number)), tables.size(self.source_row))
            lines.append(e.load(e.address(source, place), mask))
        for number, line in enumerate(e.turn(lines)):
            mask = masks[1]
            if left:
                mask = e.mask_where(builder.icmp_signed(">", left[0], INT(number)), masks[1])
            e.store(line, e.address(out, e.times(e.address(row, INT(number)), tables.size(self.out_row))), mask)


class Take(Record):
    """out[i] = table[places[i]], a place outside of the table being the first or last row; strides as in Access."""

    table: int
    places: int
    out: int
    table_row: int
    places_row: int
    out_row: int
    entries: int
    rows: Size
    columns: int

    def write(self, tables: Tables) -> None:
        e, builder = tables.e, tables.e.builder
        highest = builder.sub(tables.size(self.entries), INT(1))
        size = e.times(tables.size(self.columns), e.item)
        with e.counting(*tables.range(self.rows)) as row:
            place = e.read(e.address(tables.address(self.places), e.times(row, tables.size(self.places_row))))
            place = builder.select(builder.icmp_signed("<", place, INT(0)), INT(0), e.lowest(place, highest))
            source = e.address(tables.address(self.table), e.times(place, tables.size(self.table_row)))
            target = e.address(tables.address(self.out), e.times(row, tables.size(self.out_row)))
            e.copy(source, target, size)


Part = Elementwise | Product | Turn | Take


def write(builder: Any, dtype: str, parts: tuple[Part, ...], slots: int, given: list[Any]) -> None:
    """Write the whole loop; `given` are the addresses of both tables, the steps, the first sample and the last."""
    e = Emitter(builder, dtype)
    addresses, sizes, steps, first, stop = given
    with e.counting(INT(0), steps) as step:
        here = e.address(addresses, e.times(step, 8 * slots))
        tables = Tables(e, here, sizes, (first, stop))
        for part in parts:
            part.write(tables)
