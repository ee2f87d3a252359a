"""Convolution in which each output map reads only some of the input maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.formula import NOTHING, Formula, named, times
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, of_products, primitive
from ..graph.tensor import TensorType
from ..graph.window import Window
from .conv import Conv
from .sliding import Sliding, positions

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode

Table = tuple[tuple[int, ...], ...]


@primitive
class ConnectedConv(Sliding):
    """Like Conv, where `table[m]` lists the input maps that map m reads; w is [connections, …kernel].

    w holds one kernel per connection, those of the first output map first, in the order of its list.
    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, table I.
    """

    operands = ("x", "weight", "bias")
    windows: tuple[Window, ...]
    table: Table

    def infer(self, ins: Types) -> Types:
        x, w = ins[:2]
        connections = sum(len(row) for row in self.table)
        if w.shape[0] != connections:
            raise OpError("shape-mismatch", f"the table has {connections} connections, the weight {w.shape[0]}")
        return (x.with_shape(x.shape[0], len(self.table), *(size.value for _, size in self.outputs(x))),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        """The kernel of each connection at each output position; taps in the padding count too."""
        return times((*self.kernel(), named("connections", ins[1].shape[0]), *positions("output", outs[0])))

    def flops(self, ins: Types, outs: Types) -> Formula:
        return of_products(self.macs(ins, outs), ins, outs)

    def lower(self, b: Make, ins: Values) -> Values:
        x, w, *bias = ins
        channels = x.type.shape[1]
        assert isinstance(channels, int)
        return (b(Conv(self.windows), x, b(SpreadConnections(self.table, channels), w), *bias),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        window = Window(2, 1, 1, 1, 0)
        for table, channels in _tables():
            w = TensorType("f64", (sum(map(len, table)), 2, 2))
            bias = w.with_shape(len(table))
            yield Example(cls((window, window), table), (w.with_shape(2, channels, 3, 4), w, bias))
            yield Example(cls((window,), table), (w.with_shape(2, channels, 5), w.with_shape(w.shape[0], 2)))


class _Weight(Op):
    table: Table

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def places(self, code: Code, dense: str) -> str:
        """The kernels of the connections in a weight [maps, channels, …]."""
        maps = [place for place, row in enumerate(self.table) for _ in row]
        channels = [channel for row in self.table for channel in row]
        return f"{dense}[{code.view(f'np.array({maps})')}, {code.view(f'np.array({channels})')}]"


@primitive
class SpreadConnections(_Weight):
    """The kernels [connections, …] of a ConnectedConv as the weight [maps, channels, …] of a Conv, with zeros where no
    map is read."""

    operands = ("weight",)
    table: Table
    channels: int

    def infer(self, ins: Types) -> Types:
        (w,) = ins
        return (w.with_shape(len(self.table), self.channels, *w.shape[1:]),)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(GatherConnections(self.table), gy),)

    def numpy(self, code: Code) -> None:
        (w,), (dense,) = code.ins, code.outs
        code(f"{dense}.fill(0)")
        code(f"{self.places(code, dense)} = {w}")

    def onnx(self, code: OnnxCode) -> None:
        (w,), (type,) = code.ins, code.types
        kernel = tuple(int(size) for size in type.shape[1:] if isinstance(size, int))
        none = code.constant(code.dtype, (1, *kernel), 0.0)
        connections = sum(len(row) for row in self.table)
        places = [connections] * (len(self.table) * self.channels)
        number = 0
        for place, row in enumerate(self.table):
            for channel in row:
                places[place * self.channels + channel] = number
                number += 1
        chosen = code.constant("i64", (len(self.table), self.channels), tuple(places))
        code.last("Gather", code.node("Concat", w, none, axis=0), chosen, axis=0)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for table, channels in _tables():
            for kernel in ((2, 3), (1, 1), (3,), (1, 4), (1,)):
                yield Example(cls(table, channels), (TensorType("f64", (sum(map(len, table)), *kernel)),))


@primitive
class GatherConnections(_Weight):
    """The kernels [connections, …] from a weight [maps, channels, …]: the gradient of SpreadConnections."""

    operands = ("weight",)
    table: Table

    def infer(self, ins: Types) -> Types:
        (w,) = ins
        return (w.with_shape(sum(map(len, self.table)), *w.shape[2:]),)

    def numpy(self, code: Code) -> None:
        (dense,), (w,) = code.ins, code.outs
        code(f"np.copyto({w}, {self.places(code, dense)})")

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for table, channels in _tables():
            for kernel in ((2, 3), (1, 1), (3,), (1, 4), (1,)):
                yield Example(cls(table), (TensorType("f64", (len(table), channels, *kernel)),))


def _tables() -> Iterator[tuple[Table, int]]:
    yield ((0,),), 1
    yield ((0, 1), (1, 2), (2, 0)), 3
    yield ((2,), (0, 1, 2, 3)), 4
    yield ((3, 0),), 5
