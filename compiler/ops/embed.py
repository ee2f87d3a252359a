"""Looking rows up in a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from ..graph.code import Code
from ..graph.dims import Shape
from ..graph.field import Field
from ..graph.formula import NOTHING, Formula
from ..graph.op import Along, Example, Gradients, Op, OpError, Types, Values, elements, primitive
from ..graph.tensor import TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class Embed(Op):
    """y[…, :] = weight[x[…], :]: x holds whole numbers below vocab, weight is [vocab, features]."""

    operands = ("x", "weight")

    def infer(self, ins: Types) -> Types:
        x, w = ins
        if x.dtype != "i64":
            raise OpError(
                "element-type",
                f"`embed` looks up whole numbers, the input is {x}",
                operand=0,
                help="declare the input as i64: `input text: i64[N, T]`",
            )
        return (w.with_shape(*x.shape, w.shape[1]),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed: rows are copied."""
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return None, b(EmbedGradient(ins[1].type.shape), ins[0], gy)

    def numpy(self, code: Code) -> None:
        code(f'{code.ins[1]}.take({code.ins[0]}, axis=0, out={code.ordered_out()}, mode="clip")')

    def onnx(self, code: OnnxCode) -> None:
        code.last("Gather", code.ins[1], code.ins[0], axis=0)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape, table in _CASES:
            types = (TensorType("i64", shape), TensorType("f64", table))
            yield Example(cls(), types, ((0, table[0] - 1), (-2, 2)))


_CASES = tuple(
    (shape, table)
    for shape in ((2, 3), (1, 1), (6,), (2, 2, 3), (9, 9))
    for table in ((4, 5), (1, 1), (3, 2), (5, 1), (1, 7))
)
# A table of more numbers than this times the rows looked up would make too large a matrix.
_ONE_HOT = 1 << 21


@primitive
class EmbedGradient(Op):
    """The gradient of a table of `shape`: each row is the sum of gy where it was looked up.

    With `columns`, gy is [features, …] instead of […, features].
    """

    operands = ("x", "gy")
    shape: Shape
    columns: bool = False

    def infer(self, ins: Types) -> Types:
        return (ins[1].with_shape(*self.shape),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """An addition for each number that was looked up."""
        return elements(ins[1])

    def over_steps(self) -> Literal["sum"]:
        return "sum"

    def along(self) -> Along | None:
        return Along((None, 0), 1) if self.columns else None

    def numpy(self, code: Code) -> None:
        x, gw, rows = code.ins[0], code.outs[0], code.types[0].elements
        labels = code.view(f"{x}.reshape({code.size(rows)})")
        table = code.out_types[0].shape
        sizes = (table[1], rows) if self.columns else (rows, table[1])
        vectors = code.view(f"{code.ordered(1)}.reshape({', '.join(map(code.size, sizes))})")
        if self.columns:
            vectors = code.view(f"{vectors}.T")
            gw = code.view(f"{code.scratch(*reversed(table))}.T")
        if code.number(rows) * code.number(table[0]) <= _ONE_HOT:
            places, chosen = code.scratch(rows, dtype="i64"), code.scratch(rows, table[0])
            code.call("embedding.sum_rows", labels, vectors, gw, places, chosen)
        else:
            code(f"{gw}.fill(0)")
            code(f"np.add.at({gw}, {labels}, {vectors})")
        if self.columns:
            code(f"np.copyto({code.outs[0]}, {gw})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape, table in _CASES:
            for columns in (False, True):
                size = (table[1], *shape) if columns else (*shape, table[1])
                types = (TensorType("i64", shape), TensorType("f64", size))
                yield Example(cls(table, columns), types, ((0, table[0] - 1), (-2, 2)))
