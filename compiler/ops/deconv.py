"""Transposed convolution on one or two spatial dimensions."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from ..graph.code import Code
from ..graph.dims import Dim, Poly, divide
from ..graph.field import Field, Reading, through
from ..graph.formula import Formula, maximum, named, times
from ..graph.op import Along, Example, Gradients, Op, OpError, Types, Values, of_products, primitive
from ..graph.tensor import TensorType
from ..graph.window import AXIS_NAMES, Sizes, Window, halves, padding, padding_sizes, reach, sides
from . import direct, winograd
from .pad import Crop
from .sliding import CACHE, TAPS, Sizes4, axes, block, image, positions, slide, spans, spread_bias
from .unfolding import banded, convolutions, is_depthwise, is_narrow, write_conv

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import Attribute, OnnxCode

# The number of maps up to which adding what each tap makes is faster than unfolding, as measured.
FEW = 16


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
        return of_products(self.macs(ins, outs), ins, outs)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [_reading(window) for window in self.windows])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        from .conv import Conv, ConvWeightGradient, bias_gradient

        (gy,), (x, w) = gys, ins[:2]
        assert gy is not None
        gx = b(Conv(self.windows, self.groups), gy, w)
        # Output padding of a stride or more, which a dilation allows, is room for more windows than x has positions.
        more = tuple([(0, pad // w.stride) for w, pad in zip(self.windows, self.output_pads, strict=True)])
        if any(after for _, after in more):
            gx = b(Crop(more), gx)
        return gx, b(ConvWeightGradient(self.windows, self.groups), gy, x), *bias_gradient(b, ins, gy)

    def over_steps(self) -> Literal["rows"]:
        return "rows"

    def along(self) -> Along | None:
        return Along((None, 1, 0), 1) if self.groups == 1 else None

    def numpy(self, code: Code) -> None:
        windows, weight = axes(self.windows), code.image(1)
        sizes, ins, outs = image(code.types[1]), image(code.types[0]), image(code.out_types[0])
        deep = is_depthwise(sizes, self.groups)
        if direct.fits(code, sizes, windows, self.groups, (outs[3], direct.RESTORED), ins[2]):
            direct.write_deconv(code, sizes, ins, windows)
            return
        if all(w.stride == 1 for w in windows) and (deep or code.number(sizes[3]) > FEW):
            self._write_flipped(code, weight, sizes, windows)
            return
        x, y, bias = code.image(0), code.image_out(), spread_bias(code, outs)
        if self.groups == 1 and is_narrow(code, sizes, outs, ins):
            room = (code.scratch(*shape) for shape in banded(code, sizes, outs, ins, windows[1]))
            code.bind("bands.band_deconv", x, weight, bias, y, *room, **slide(windows))
            return
        numbers = ins[3] if deep else outs[3] * sizes[1] * sizes[2]
        images, rows = block(code, (*ins[:3], numbers), TAPS if deep else CACHE)
        pads = (0,) * (2 - len(self.output_pads)) + self.output_pads
        spread = None
        if any(w.before or w.after or pad for w, pad in zip(windows, pads, strict=True)):
            beyond = [max(pad - w.after, 0) for w, pad in zip(windows, pads, strict=True)]
            spread = code.scratch(images, *map(operator.add, spans(ins, windows), beyond), outs[3])
        if deep:
            scratch = code.scratch(*sizes[1:3], *ins[2:]), code.scratch(images, rows, *ins[2:])
            code.call("convolution.depthwise_deconv", x, weight, bias, y, spread, *scratch, **slide(windows))
            return
        products = code.scratch(*sizes[1:3], images, rows, ins[2], outs[3])
        code.call("convolution.deconv", x, weight, bias, y, spread, products, **slide(windows), groups=self.groups)

    def _write_flipped(self, code: Code, weight: str, sizes: Sizes4, windows: tuple[Window, Window]) -> None:
        """At stride 1 it is a convolution with the taps of the weight in the other order."""
        ins, outs = image(code.types[0]), image(code.out_types[0])
        turned_windows = turn(windows)
        if winograd.fits(code, ins, outs, sizes, turned_windows, self.groups):
            winograd.write(code, weight, ins, outs, turned_windows, flipped=True)
            return
        inputs, outputs = divide(sizes[0], self.groups), sizes[3] * self.groups
        assert inputs is not None
        flipped = code.scratch(*sizes[1:3], inputs, outputs)
        turned = code.view(f"{flipped}.transpose(3, 2, 0, 1)")
        code.call("convolution.flip", weight, turned, groups=self.groups)
        write_conv(code, turned, (outputs, *sizes[1:3], inputs), turned_windows, self.groups, ordered=True)

    def onnx(self, code: OnnxCode) -> None:
        """Output padding takes away from the padding at the end; what is left of it holds the bias alone."""
        ends = [w.after - extra for w, extra in zip(self.windows, self.output_pads, strict=True)]
        attributes: dict[str, Attribute] = {
            "kernel_shape": [w.kernel for w in self.windows],
            "strides": [w.stride for w in self.windows],
            "dilations": [w.dilation for w in self.windows],
            "pads": [*(w.before for w in self.windows), *(max(end, 0) for end in ends)],
            "group": self.groups,
        }
        more = [max(-end, 0) for end in ends]
        if not any(more):
            code.last("ConvTranspose", *code.ins, **attributes)
            return
        x, w, *bias = code.ins
        none = [0, 0, *(0 for _ in more)]
        padded = code.ints(*none, 0, 0, *more), code.scalar(0)
        y = code.node("ConvTranspose", x, w, **attributes)
        if bias:
            shape = (-1, *(1 for _ in more))
            code.last("Add", code.node("Pad", y, *padded), code.reshaped(bias[0], shape))
        else:
            code.last("Pad", y, *padded)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        from .conv import Conv

        for x, w, windows, groups, biased in convolutions():
            (y,) = Conv(windows, groups).infer((x, w))
            bias = (x.with_shape(x.shape[1]),) if biased else ()
            yield Example(restoring(windows, x, y, groups), (y, w, *bias))
        for window in (Window(3, 1, 1, 1, 1), Window(2, 1, 3, 0, 1), Window(1, 1, 1, 1, 1)):
            for groups, biased in ((1, True), (2, False)):
                x, w = TensorType("f64", (2, 4, 3, 4)), TensorType("f64", (4, FEW + 1, *(window.kernel,) * 2))
                bias = (x.with_shape(w.shape[1] * groups),) if biased else ()
                yield Example(cls((window, window), (1 - window.before,) * 2, groups), (x, w, *bias))
        far = (Window(2, 1, 4, 1, 0), Window(1, 1, 2, 0, 0))
        yield Example(cls(far, (3, 1)), (TensorType("f64", (2, 2, 3, 2)), TensorType("f64", (2, 3, 2, 1))))
        inner = (Window(3, 2, 1, 2, 2), Window(2, 1, 1, 1, 1))
        yield Example(cls(inner, (1, 0)), (TensorType("f64", (2, 2, 3, 4)), TensorType("f64", (2, 1, 3, 2))))


def turn(windows: tuple[Window, Window]) -> tuple[Window, Window]:
    """The windows of the convolution that a transposed one at stride 1 is."""
    first, second = (Window(w.kernel, 1, w.dilation, w.reach - 1 - w.before, 0) for w in windows)
    return first, second


def restoring(windows: tuple[Window, ...], x: TensorType, y: TensorType, groups: int) -> Deconv:
    """The transposed convolution that makes a gradient like x of one like y, where Conv(windows) makes y of x."""
    pads = []
    for w, size, count in zip(windows, x.shape[2:], y.shape[2:], strict=True):
        pad = size + w.before + w.after - w.reach - (count - 1) * w.stride
        assert isinstance(pad, int)
        pads.append(pad)
    return Deconv(windows, tuple(pads), groups)


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
