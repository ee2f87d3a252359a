"""Convolution on one or two spatial dimensions, and its gradient by the weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from ..graph.code import Code
from ..graph.dims import divide
from ..graph.formula import Formula, named, times
from ..graph.graph import Value
from ..graph.op import Along, Example, Gradients, Op, OpError, Types, Values, of_products, primitive
from ..graph.tensor import TensorType
from ..graph.window import Window
from . import direct, winograd
from .deconv import restoring
from .reduce import Sum
from .sliding import TAPS, Sliding, axes, block, image, onnx_pads, positions, slide
from .unfolding import at_once, banded, convolutions, framed, is_depthwise, is_narrow, padded, unfolded, write_conv

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class Conv(Sliding):
    """Cross-correlation of x [N, channels, …] with w [maps, channels / groups, …kernel], and a bias [maps] if given.

    y[n, m, i] = b[m] + Σ w[m, c, k] · x[n, c, stride·i + dilation·k − before], over the channels c of m's group and
    the kernel positions k; `windows` holds one window per spatial dimension.
    """

    operands = ("x", "weight", "bias")
    windows: tuple[Window, ...]
    groups: int = 1

    def infer(self, ins: Types) -> Types:
        x, w = ins[:2]
        if x.shape[1] != w.shape[1] * self.groups:
            raise OpError("shape-mismatch", f"the weight reads {w.shape[1] * self.groups} channels, x has {x.shape[1]}")
        return (x.with_shape(x.shape[0], w.shape[0], *(size.value for _, size in self.outputs(x))),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        """Each weight at each output position; taps in the padding count too."""
        maps_in = named("maps in per group" if self.groups > 1 else "maps in", ins[1].shape[1])
        return times((*self.kernel(), maps_in, named("maps out", ins[1].shape[0]), *positions("output", outs[0])))

    def flops(self, ins: Types, outs: Types) -> Formula:
        return of_products(self.macs(ins, outs), ins, outs)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,), (x, w) = gys, ins[:2]
        assert gy is not None
        gx = b(restoring(self.windows, x.type, gy.type, self.groups), gy, w)
        return gx, b(ConvWeightGradient(self.windows, self.groups), x, gy), *bias_gradient(b, ins, gy)

    def over_steps(self) -> Literal["rows"]:
        return "rows"

    def along(self) -> Along | None:
        return Along((None, 0, 0), 1) if self.groups == 1 else None

    def numpy(self, code: Code) -> None:
        write_conv(code, code.image(1), image(code.types[1]), axes(self.windows), self.groups)

    def onnx(self, code: OnnxCode) -> None:
        code.last(
            "Conv",
            *code.ins,
            kernel_shape=[w.kernel for w in self.windows],
            strides=[w.stride for w in self.windows],
            dilations=[w.dilation for w in self.windows],
            pads=onnx_pads(self.windows),
            group=self.groups,
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for x, w, windows, groups, biased in convolutions():
            bias = (TensorType("f64", w.shape[:1]),) if biased else ()
            yield Example(cls(windows, groups), (x, w, *bias))


@primitive
class ConvWeightGradient(Op):
    """The gradient of Conv by its weight, from x and the gradient gy by its output, [N, maps, …].

    gw[m, c, k] = Σ gy[n, m, i] · x[n, c, stride·i + dilation·k − before], over the images n and output positions i.
    """

    operands = ("x", "gy")
    windows: tuple[Window, ...]
    groups: int = 1

    def infer(self, ins: Types) -> Types:
        x, gy = ins
        channels = divide(x.shape[1], self.groups)
        assert channels is not None
        return (x.with_shape(gy.shape[1], channels, *(window.kernel for window in self.windows)),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A multiplication and an addition for each weight at each output position."""
        return times((2, named("weights", outs[0].elements), *positions("output", ins[1])))

    def over_steps(self) -> Literal["sum"]:
        return "sum"

    def along(self) -> Along | None:
        return Along((None, 1), 0) if self.groups == 1 else None

    def numpy(self, code: Code) -> None:
        windows = axes(self.windows)
        ins, outs, sizes = image(code.types[0]), image(code.types[1]), image(code.out_types[0])
        if winograd.fits(code, ins, outs, sizes, windows, self.groups):
            winograd.write_weight_gradient(code, ins, outs, windows)
            return
        if direct.fits(code, sizes, windows, self.groups, (ins[3], direct.CHANNELS), outs[2]):
            direct.write_weight_gradient(code, sizes, ins, outs, windows)
            return
        arrays = code.image(0), code.image(1), code.image_out()
        if is_depthwise(sizes, self.groups):
            code.call(
                "convolution.depthwise_weight_gradient",
                *arrays,
                padded(code, ins, outs, windows, block(code, outs, TAPS)[0]),
                *(code.scratch(*sizes[1:3], *outs[2:]) for _ in range(2)),
                **slide(windows),
            )
            return
        if self.groups == 1 and is_narrow(code, sizes, ins, outs):
            band, rows = banded(code, sizes, ins, outs, windows[1])
            part = None if rows[0] == code.number(outs[0]) else code.scratch(*band)
            room = code.scratch(*band), part, framed(code, ins, outs, windows, rows), code.scratch(*rows)
            code.bind("bands.band_weight_gradient", *arrays, *room, **slide(windows))
            return
        part = None if at_once(code, ins, outs, sizes) else code.scratch(*sizes)
        scratch = (part, *unfolded(code, ins, outs, sizes, windows, self.groups))
        code.call("convolution.conv_weight_gradient", *arrays, *scratch, **slide(windows), groups=self.groups)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for x, w, windows, groups, _ in convolutions():
            yield Example(cls(windows, groups), (x, *Conv(windows, groups).infer((x, w))))


def bias_gradient(b: Make, ins: Values, gy: Value) -> Values:
    """The gradient by the bias, if there is one."""
    return (b(Sum((0, *range(2, gy.type.rank)), keep=False), gy),) if len(ins) == 3 else ()
