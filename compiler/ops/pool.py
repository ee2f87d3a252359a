"""Pooling: the maximum or the mean of each window."""

from __future__ import annotations

from ..graph.dims import Poly
from ..graph.formula import Formula, named, times
from ..graph.op import OpError, Types, primitive
from ..graph.tensor import TensorType
from ..graph.window import AXIS_NAMES, Sizes, Window, output_sizes
from .sliding import Sliding


class Pool(Sliding):
    """Pools x [N, channels, …] map by map. With `ceil` a last window may hang over the end padding.

    Raises OpError when padding is not smaller than the kernel, or a window would see nothing but padding.
    """

    ceil: bool

    def infer(self, ins: Types) -> Types:
        x = ins[0]
        sizes = [size.value for _, size in self.outputs(x)]
        for axis, window, extent in zip(AXIS_NAMES[x.rank - 2], self.windows, x.shape[2:], strict=True):
            if max(window.before, window.after) >= window.kernel:
                raise OpError(
                    "window",
                    f"the padding of {max(window.before, window.after)} is not smaller than the kernel's {axis}, "
                    f"{window.kernel}",
                    argument="pad",
                    help=f"a window would see nothing but padding; pad by at most {window.kernel - 1}",
                )
            # As there is less padding than kernel, only a dilation can step over the input, and then the first window
            # does.
            if not isinstance(extent, Poly) and -window.before % window.dilation >= extent:
                raise OpError(
                    "window",
                    f"dilation {window.dilation} makes the first window step over an input of {axis} {extent}",
                    argument="dilation",
                    help="use a smaller dilation or no padding",
                )
        return (x.with_shape(*x.shape[:2], *sizes),)

    def outputs(self, x: TensorType) -> Sizes:
        return output_sizes(self.windows, x.shape[2:], ceil=self.ceil)


@primitive
class MaxPool(Pool):
    """The maximum of each window; padding never wins."""

    operands = ("x",)
    windows: tuple[Window, ...]
    ceil: bool = False

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One comparison less than the kernel has positions, for each output element."""
        return (times(self.kernel()) - 1) * named("output elements", outs[0].elements)


@primitive
class AvgPool(Pool):
    """The mean of each window.

    The sum is divided by the number of the window's taps that lie in the padded input, or with `count_pad` false in the
    input itself; what hangs over the end padding counts in neither, as in PyTorch and ONNX Runtime.
    """

    operands = ("x",)
    windows: tuple[Window, ...]
    ceil: bool = False
    count_pad: bool = True

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One addition less than the kernel has positions, and one division, for each output element."""
        return times((*self.kernel(), named("output elements", outs[0].elements)))
