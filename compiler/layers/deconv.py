"""The layer `deconv`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graph.arguments import Extent, Flag, Margins, Padding, Positive
from ..graph.builder import Builder, OpenUse
from ..graph.dims import Dim, Poly, Shape
from ..graph.graph import Value
from ..graph.images import number_of_channels, on_images, per_group
from ..graph.initial import FAN_IN, Initial
from ..graph.layer import Layer
from ..graph.op import OpError
from ..graph.window import AXIS_NAMES, Window, check_same, per_axis, unbound, windows
from ..ops.deconv import Deconv, transposed_padding, transposed_size
from .conv import ConvLayer

if TYPE_CHECKING:
    from dataclasses import KW_ONLY


class DeconvLayer(Layer):
    """Transposed convolution, which makes images larger: each input position adds its kernel to the output.

    `maps` is the number of output maps, `kernel` the size of what each position adds, `stride` how far apart,
    `dilation` how far apart the kernel's own positions are. `groups` is as in `conv`. Padding
    is cut off the output: `pad` is `k`, `(h, w)`, `(top, bottom, left, right)`, `half`, `same`, `valid`, or
    `same_upper` and `same_lower`, which give an output of input × stride. `output_pad` adds positions at the end of an
    axis, fewer than the stride or dilation; `size` asks for a size of the output and finds the `output_pad` for it.

    Weights: `weight` (channels, maps / groups, kernel height, kernel width) and `bias` (maps). Both start from
    U(−1/√n, 1/√n) with n = maps / groups × kernel.

    Shapes: [N, channels, height, width] → [N, maps, height', width'], where
    height' = (height − 1)·stride − top − bottom + dilation·(kernel − 1) + output_pad + 1; [N, channels, length]
    likewise, and every step of [N, T, channels, height, width].
    Parameters: kernel height × kernel width × channels × maps / groups + maps. MACs: the weights × height × width, the
    input's. FLOPs: 2 × MACs + one per bias added.
    Source: Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, section 4; the initialiser is
    PyTorch's.
    Example: `deconv(64, 2, stride = 2)`
    """

    maps: Positive
    kernel: Extent
    stride: Extent = 1
    _: KW_ONLY
    dilation: Extent = 1
    groups: Positive = 1
    pad: Padding = 0
    output_pad: Margins = 0
    size: Extent | None = None
    bias: Flag = True
    init: Initial = FAN_IN
    bias_init: Initial = FAN_IN

    def check(self) -> None:
        check_same(self.kernel, self.stride, self.pad)
        per_group("maps", self.maps, self.groups)
        wanted = "size" if self.size is not None else "output_pad" if self.output_pad != 0 else None
        if wanted == "size" and self.output_pad != 0:
            raise OpError(
                "bad-argument",
                "`size` and `output_pad` both decide the size of the output",
                argument="size",
                help="give one of them",
            )
        if wanted is not None and str(self.pad).startswith("same"):
            raise OpError(
                "bad-argument",
                f"`{wanted}` and `pad = {self.pad}` both decide the size of the output",
                argument=wanted,
                help=f"leave `{wanted}` out, or write the padding as numbers or `half`",
            )

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: self._deconvolve(b, images[0]))

    def _deconvolve(self, b: Builder, x: Value) -> Value:
        channels, extents = number_of_channels(x), x.type.shape[2:]
        per_group("input channels", channels, self.groups)
        sliding = windows(self.kernel, self.stride, self.dilation, self.pad, extents, transposed_padding)
        op = Deconv(sliding, self._output_pads(sliding, extents), self.groups)
        taps = 1
        for window in sliding:
            taps *= window.kernel
        maps = self.maps // self.groups
        fan = (maps * taps, channels * taps)
        axes = {"maps in": channels, "maps out" if self.groups == 1 else "maps out per group": maps}
        axes |= {f"kernel {axis}": w.kernel for axis, w in zip(AXIS_NAMES[len(extents)], sliding, strict=True)}
        weight = b.param("weight", axes, self.init, fan)
        if not self.bias:
            return b(op, x, weight)
        return b(op, x, weight, b.param("bias", {"maps out": self.maps}, self.bias_init, fan))

    def _output_pads(self, sliding: tuple[Window, ...], extents: Shape) -> tuple[int, ...]:
        if self.pad in ("same_upper", "same_lower"):
            return tuple(max(window.stride - window.reach, 0) for window in sliding)
        if self.size is not None:
            return output_pads_for(sliding, extents, per_axis(self.size, len(extents), "size"), "size")
        pads = per_axis(self.output_pad, len(extents), "output_pad")
        for window, pad in zip(sliding, pads, strict=True):
            if pad and pad >= max(window.stride, window.dilation):
                raise OpError(
                    "bad-argument",
                    f"`output_pad` of {pad} is not smaller than the stride, {window.stride}, or the dilation, "
                    f"{window.dilation}",
                    argument="output_pad",
                    help="use a larger stride or kernel, or the layer `pad`",
                )
        return pads


def output_pads_for(sliding: tuple[Window, ...], extents: Shape, sizes: Shape, argument: str | None) -> tuple[int, ...]:
    """The output padding on each axis that makes these sizes of these input extents. Raises OpError."""
    pads = []
    for axis, window, extent, size in zip(AXIS_NAMES[len(extents)], sliding, extents, sizes, strict=True):
        least = transposed_size(window, axis, extent, 0).value
        pad: Dim = size - least
        most = max(window.stride, window.dilation) - 1
        if isinstance(pad, Poly):
            symbolic = extent if isinstance(extent, Poly) else pad
            raise unbound(axis, symbolic, f"an output of {axis} {size} needs a number to compare with")
        if not 0 <= pad <= most:
            reachable = f"{least}" if most == 0 else f"{least} to {least + most}"
            raise OpError(
                "shape-mismatch",
                f"an output of {axis} {size} cannot be made of an input of {axis} {extent}, which gives {reachable}",
                operand=0,
                argument=argument,
                help="the kernel, stride and padding decide which sizes can be had",
            )
        pads.append(pad)
    return tuple(pads)


def transposed_conv(b: Builder, x: Value, made: ConvLayer, first: OpenUse, *, bias: bool, bias_init: Initial) -> Value:
    """`conv` the other way round, with the weights of its use `first`: the result has the size of that use's input.

    Raises OpError.
    """
    if made.connect is not None:
        raise OpError(
            "bad-argument",
            "a `conv` with a `connect` table cannot be used transposed",
            argument="layer",
            help="use a `conv` without `connect`",
        )
    source, weight = first.ins[0].type, first.made["weight"].value

    def build(images: tuple[Value, ...]) -> Value:
        (image,) = images
        extents, sizes = image.type.shape[2:], source.shape[-(image.type.rank - 2) :]
        channels, maps = number_of_channels(image), weight.type.shape[0]
        if image.type.rank != weight.type.rank or channels != maps:
            raise OpError(
                "shape-mismatch",
                f"the transposed layer reads {maps} channels, the input is {x.type}",
                operand=0,
                help="feed it what the layer itself made",
            )
        resolved = windows(made.kernel, made.stride, made.dilation, made.pad, sizes)
        # The words for padding mean something else for a transposed convolution: keep the numbers alone.
        sliding = tuple(Window(w.kernel, w.stride, w.dilation, w.before, w.after) for w in resolved)
        op = Deconv(sliding, output_pads_for(sliding, extents, sizes, None), made.groups)
        if not bias:
            return b(op, image, weight)
        per_map, *kernel = (size for size in weight.type.shape[1:] if isinstance(size, int))
        taps = 1
        for size in kernel:
            taps *= size
        fan = (per_map * taps, channels * taps)
        return b(op, image, weight, b.param("bias", {"maps out": per_map * made.groups}, bias_init, fan))

    return on_images(b, (x,), build)
