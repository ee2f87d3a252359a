"""The layer `conv`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..graph.arguments import Bias, Extent, Padding, Positive, Table
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import number_of_channels, on_images, per_group
from ..graph.initial import FAN_IN, Initial
from ..graph.layer import Layer
from ..graph.op import Op, OpError
from ..graph.window import AXIS_NAMES, check_same, windows
from ..ops.arithmetic import Add
from ..ops.conv import Conv

if TYPE_CHECKING:
    from dataclasses import KW_ONLY


class ConvLayer(Layer):
    """Convolution (cross-correlation) over one or two spatial dimensions.

    `maps` is the number of output maps and `kernel` the size of the window, which moves by `stride` and reads every
    `dilation`-th position. With `groups`, each group of output maps reads its own group of channels. `pad` is the
    zeros around the input: `k`, `(h, w)`, `(top, bottom, left, right)`, `half` (⌊dilation·(kernel − 1)/2⌋ on each
    side), `same` (stride 1 and odd kernels alone), `same_upper`, `same_lower` (both give input / stride, rounded up) or
    `valid` (none). Several inputs have one weight each and are summed, with one bias, or with `bias = each` one bias
    per input. `connect` lists for each output map the input maps, from 0, that it reads.

    Weights: `weight` (maps, channels / groups, kernel height, kernel width), with `connect` (connections, kernel
    height, kernel width); `bias` (maps); for further inputs `weight2`, `bias2`, …. All start from U(−1/√n, 1/√n) with
    n = channels / groups × kernel (with `connect`: the mean number of a map's weights).

    Shapes: [N, channels, height, width] → [N, maps, height', width'], where
    height' = ⌊(height + top + bottom − dilation·(kernel − 1) − 1) / stride⌋ + 1; [N, channels, length] likewise, and
    every step of [N, T, channels, height, width].
    Parameters: kernel height × kernel width × channels / groups × maps + maps; with `connect`, kernel height × kernel
    width × connections + maps. MACs: the weights × height' × width'. FLOPs: 2 × MACs + one per bias added.
    Source: LeCun et al. 1989 and 1998 (`connect`: table I); grouped: Krizhevsky et al. 2012; the initialiser is
    PyTorch's.
    Example: `conv(64, 7, stride = 2, pad = half)`
    """

    arity = (1, None)
    maps: Positive
    kernel: Extent
    stride: Extent = 1
    _: KW_ONLY
    dilation: Extent = 1
    groups: Positive = 1
    pad: Padding = 0
    bias: Bias = True
    connect: Table | None = None
    init: Initial = FAN_IN
    bias_init: Initial = FAN_IN

    def check(self) -> None:
        check_same(self.kernel, self.stride, self.pad)
        per_group("maps", self.maps, self.groups)
        if self.connect is None:
            return
        if len(self.connect) != self.maps:
            raise OpError(
                "bad-argument",
                f"`connect` lists {len(self.connect)} maps, `maps` is {self.maps}",
                argument="connect",
                help="give one list of input maps for each output map",
            )
        if self.groups > 1:
            raise OpError(
                "bad-argument",
                f"`connect` and {self.groups} groups both say which maps are read",
                argument="groups",
                help="leave `groups` out",
            )
        for place, row in enumerate(self.connect):
            if len(set(row)) != len(row):
                raise OpError(
                    "bad-argument",
                    f"`connect` lists an input map twice for output map {place}",
                    argument="connect",
                    help="list each input map once",
                )

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        if self.connect is not None and len(ins) > 1:
            raise OpError(
                "bad-argument",
                f"`connect` is about the maps of one input, here are {len(ins)}",
                argument="connect",
                help="`concat` the inputs first",
            )
        return on_images(b, ins, lambda images: self._sum(b, images))

    def _sum(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        total = self._convolve(b, ins[0], "", biased=self.bias is not False)
        for operand, x in enumerate(ins[1:], 1):
            try:
                y = self._convolve(b, x, str(operand + 1), biased=self.bias == "each")
            except OpError as error:
                error.operand = operand
                raise
            if y.type != total.type:
                raise OpError(
                    "shape-mismatch",
                    f"input {operand + 1} comes out as {y.type}, the first as {total.type}, and they are summed",
                    operand=operand,
                    help="several inputs of `conv` need the same height and width",
                )
            total = b(Add(), total, y)
        return total

    def _convolve(self, b: Builder, x: Value, suffix: str, *, biased: bool) -> Value:
        channels, extents = number_of_channels(x), x.type.shape[2:]
        sliding = windows(self.kernel, self.stride, self.dilation, self.pad, extents)
        taps = 1
        for window in sliding:
            taps *= window.kernel
        op: Op
        if self.connect is None:
            maps_in = per_group("input channels", channels, self.groups)
            weights = {"maps out": self.maps, "maps in" if self.groups == 1 else "maps in per group": maps_in}
            fan = (maps_in * taps, self.maps * taps)
            op = Conv(sliding, self.groups)
        else:
            from ..ops.connected_conv import ConnectedConv

            connections = self._connections(channels)
            weights = {"connections": connections}
            fan = (connections * taps // self.maps, connections * taps // channels)
            op = ConnectedConv(sliding, self.connect)
        axes: Mapping[str, int] = weights | {
            f"kernel {axis}": window.kernel for axis, window in zip(AXIS_NAMES[len(extents)], sliding, strict=True)
        }
        values = [x, b.param(f"weight{suffix}", axes, self.init, fan)]
        if biased:
            values.append(b.param(f"bias{suffix}", {"maps out": self.maps}, self.bias_init, fan))
        return b(op, *values)

    def _connections(self, channels: int) -> int:
        """The number of kernels that `connect` asks for. Raises OpError when it names a map that is not there."""
        assert self.connect is not None
        last = max(max(row) for row in self.connect)
        if last >= channels:
            raise OpError(
                "bad-argument",
                f"`connect` reads input map {last}, the input has {channels}, numbered from 0 to {channels - 1}",
                argument="connect",
                help=f"write numbers from 0 to {channels - 1}",
            )
        return sum(len(row) for row in self.connect)
