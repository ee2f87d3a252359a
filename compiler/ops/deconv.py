"""Transposed convolution on one or two spatial dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.dims import Dim, Poly
from ..graph.field import Field, Reading, through
from ..graph.formula import Formula, maximum, named, times
from ..graph.op import Op, OpError, Types, primitive
from ..graph.window import AXIS_NAMES, Sizes, Window, halves, padding, padding_sizes, reach, sides
from .sliding import positions


@primitive
class Deconv(Op):
    """The gradient of a convolution with respect to its input, as a layer: each input position adds its kernel.

    x [N, channels, …], w [channels, maps / groups, …kernel], a bias [maps] if given:
    y[n, m, stride·i + dilation·k − before] gathers w[c, m, k] · x[n, c, i] over the channels c of m's group, the
    positions i and k; then b[m] is added. `output_pads` are positions added at the end of each axis.
    Source: Dumoulin and Visin 2016, section 4; the operand order is that of ONNX ConvTranspose.
    """

    operands = ("x", "weight", "bias")
    windows: tuple[Window, ...]
    output_pads: tuple[int, ...]
    groups: int = 1

    def infer(self, ins: Types) -> Types:
        x, w = ins[:2]
        if x.shape[1] != w.shape[0]:
            raise OpError("shape-mismatch", f"the weight reads {w.shape[0]} channels, x has {x.shape[1]}")
        extents = (size.value for _, size in self.outputs(ins))
        return (x.with_shape(x.shape[0], w.shape[1] * self.groups, *extents),)

    def outputs(self, ins: Types) -> Sizes:
        """The output size on each axis. Raises OpError when the padding leaves nothing."""
        extents = ins[0].shape[2:]
        axes = zip(AXIS_NAMES[len(extents)], self.windows, extents, self.output_pads, strict=True)
        return tuple((axis, transposed_size(window, axis, extent, extra)) for axis, window, extent, extra in axes)

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        return (*padding_sizes(self.windows, ins[0].shape[2:], transposed_padding), *self.outputs(ins))

    def padding(self) -> tuple[int, ...]:
        return sides(self.windows)

    def macs(self, ins: Types, outs: Types) -> Formula:
        """Each weight at each input position."""
        x, w = ins[:2]
        names = AXIS_NAMES[len(self.windows)]
        kernel = (named(f"kernel {name}", size) for name, size in zip(names, w.shape[2:], strict=True))
        maps_out = named("maps out per group" if self.groups > 1 else "maps out", w.shape[1])
        return times((*kernel, named("maps in", w.shape[0]), maps_out, *positions("input", x)))

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A multiplication and an addition for each multiply-accumulate, and one addition for each bias added."""
        twice = 2 * named("MACs", self.macs(ins, outs).value)
        return twice + named("bias additions", outs[0].elements) if len(ins) == 3 else twice

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [_reading(window) for window in self.windows])


def transposed_size(window: Window, axis: str, extent: Dim, output_pad: int) -> Formula:
    """(input − 1) × stride − padding + dilation × (kernel − 1) + 1 + output padding, on one axis. Raises OpError."""
    sides = named("padding", window.before + window.after)
    size = (named(f"input {axis}", extent) - 1) * named("stride", window.stride) - sides
    size = size + reach(window.kernel, window.dilation)
    if output_pad:
        size = size + named("output padding", output_pad)
    if not isinstance(size.value, Poly) and size.value < 1:
        raise OpError(
            "window",
            f"padding of {sides.value} leaves nothing of an output of {axis} {size.value + sides.value}",
            operand=0,
            argument="pad",
            help="padding makes the output of `deconv` smaller: use less of it, or a larger kernel or stride",
        )
    return size


def transposed_padding(
    word: str, kernel: int, stride: int, dilation: int, axis: str, extent: Dim
) -> tuple[Formula, Formula]:
    """The padding (before, after) that a word means here; `same_*` is what gives an output of input × stride."""
    if word in ("half", "same"):
        return padding(word, kernel, 1, dilation, axis, extent)
    return halves(word, maximum(reach(kernel, dilation) - named("stride", stride), 0))


def _reading(window: Window) -> Reading:
    """Output i is reached from the input positions p with 0 ≤ i + before − stride·p < reach."""

    def reads(i: int) -> tuple[int, int]:
        last = i + window.before
        return -((window.reach - 1 - last) // window.stride), last // window.stride

    return window.stride, 1, reads
