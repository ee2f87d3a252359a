"""Pooling: the maximum or the mean of each window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Literal

from ..graph.code import Code
from ..graph.dims import Poly
from ..graph.formula import Formula, named, times
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import TensorType
from ..graph.window import AXIS_NAMES, Sizes, Window, output_sizes
from .sliding import TAPS, Sliding, axes, block, image, onnx_pads, onnx_window, slide

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


class Pool(Sliding):
    """Pools x [N, channels, …] map by map. With `ceil` a last window may hang over the end padding.

    Raises OpError when padding is not smaller than the kernel, or a window would see nothing but padding.
    """

    ceil: bool

    def over_steps(self) -> Literal["rows"]:
        return "rows"

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

    def hanging(self, code: OnnxCode) -> list[int]:
        """How many positions the last window hangs over the padded input, on each axis: with `ceil` alone."""
        over = []
        for w, size, count in zip(self.windows, code.types[0].shape[2:], code.out_types[0].shape[2:], strict=True):
            if isinstance(size, Poly) or isinstance(count, Poly):
                over.append(0)
            else:
                over.append(max((count - 1) * w.stride + w.reach - (size + w.before + w.after), 0))
        return over


@primitive
class MaxPool(Pool):
    """The maximum of each window; padding never wins."""

    operands = ("x",)
    windows: tuple[Window, ...]
    ceil: bool = False

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One comparison less than the kernel has positions, for each output element."""
        return (times(self.kernel()) - 1) * named("output elements", outs[0].elements)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (x,), (y,), (gy,) = ins, outs, gys
        assert gy is not None
        return (b(MaxPoolGradient(self.windows, self.ceil), x, y, gy),)

    def numpy(self, code: Code) -> None:
        x, y = code.image(0), code.image_out()
        images, _ = block(code, image(code.types[0]))
        code.call("pooling.max_pool", x, y, block=images, **pooled(self.windows))

    def onnx(self, code: OnnxCode) -> None:
        (x,), pads = code.ins, onnx_pads(self.windows, self.hanging(code))
        count = len(self.windows)
        if any(pad >= w.kernel for pad, w in zip(pads, (*self.windows, *self.windows), strict=True)):
            # The operator takes no padding as wide as its kernel.
            lowest = code.scalar(float("-inf"))
            x = code.node("Pad", x, code.ints(0, 0, *pads[:count], 0, 0, *pads[count:]), lowest)
            pads = [0] * len(pads)
        code.last("MaxPool", x, **onnx_window(self.windows, pads))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for x, windows, ceil in pools():
            yield Example(cls(windows, ceil), (x,), apart=())


@primitive
class MaxPoolGradient(Op):
    """The gradient of MaxPool, from its x and y and the gradient gy by y: all of it goes to the first maximum of each
    window, row by row."""

    operands = ("x", "y", "gy")
    windows: tuple[Window, ...]
    ceil: bool = False

    def over_steps(self) -> Literal["rows"]:
        return "rows"

    def infer(self, ins: Types) -> Types:
        return ins[:1]

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A comparison and an addition for each position of each window."""
        return times((2, *(w.kernel for w in self.windows), named("output elements", ins[1].elements)))

    def numpy(self, code: Code) -> None:
        arrays = code.image(0), code.image(1), code.image(2), code.image_out()
        _, *sizes = outs = image(code.types[1])
        images, _ = block(code, outs, TAPS)
        flags = [code.scratch(images, *sizes, dtype="bool") for _ in range(2)]
        code.call("pooling.max_pool_gradient", *arrays, code.scratch(images, *sizes), *flags, **pooled(self.windows))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for x, windows, ceil in pools():
            (y,) = MaxPool(windows, ceil).infer((x,))
            yield Example(cls(windows, ceil), (x, y, y))


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

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(AvgPoolGradient(self, ins[0].type), gy),)

    def numpy(self, code: Code) -> None:
        x, y = code.image(0), code.image_out()
        ins, outs = image(code.types[0]), image(code.out_types[0])
        lines = code.scratch(block(code, ins)[0], outs[1], *ins[2:])
        code.bind("pooling.avg_pool", x, y, lines, **pooled(self.windows), counted=self.counted())

    def _as_convolution(self, code: OnnxCode, pads: list[int]) -> None:
        """A sum by a convolution with ones, map by map, divided by how many taps count."""
        x, y = code.types[0], code.out_types[0]
        channels, kernel = x.shape[1], [w.kernel for w in self.windows]
        if not isinstance(channels, int):
            raise _symbolic("a symbolic number of channels")
        ones = code.constant(code.dtype, (channels, 1, *kernel), 1.0)
        total = code.node("Conv", code.ins[0], ones, group=channels, **onnx_window(self.windows, pads))
        rows = []
        for axis, (extent, count) in enumerate(zip(x.shape[2:], y.shape[2:], strict=True)):
            if not pads[axis] and not pads[axis + len(kernel)]:
                # All taps of all windows, however many these are.
                rows.append([kernel[axis]])
            elif isinstance(extent, Poly) or isinstance(count, Poly):
                raise _symbolic("a symbolic size with padding")
            else:
                rows.append(self._taps(axis, extent, count))
        counts = tuple(float(prod(taps)) for taps in product(*rows))
        code.last("Div", total, code.constant(code.dtype, (1, 1, *(len(row) for row in rows)), counts))

    def _taps(self, axis: int, extent: int, count: int) -> list[int]:
        """How many taps of each window count along an axis."""
        w = self.windows[axis]
        before, after = (w.before, w.after) if self.count_pad else (0, 0)
        starts = (place * w.stride - w.before for place in range(count))
        return [sum(-before <= at + k * w.dilation < extent + after for k in range(w.kernel)) for at in starts]

    def counted(self) -> tuple[tuple[int, int], ...]:
        """The padding (before, after) on each axis that counts."""
        return tuple((w.before, w.after) if self.count_pad else (0, 0) for w in axes(self.windows))

    def onnx(self, code: OnnxCode) -> None:
        hanging = self.hanging(code)
        (x,), pads = code.ins, onnx_pads(self.windows, hanging)
        # The operator dilates from opset 19 on, and takes no padding as wide as its kernel.
        wide = any(pad >= w.kernel for pad, w in zip(pads, (*self.windows, *self.windows), strict=True))
        if wide or (code.opset < 19 and any(w.dilation > 1 for w in self.windows)):
            self._as_convolution(code, pads)
            return
        if self.count_pad and any(pads):
            zeros = [0, 0, *(w.before for w in self.windows), 0, 0, *(w.after for w in self.windows)]
            x = code.node("Pad", x, code.ints(*zeros), code.scalar(0))
            pads = [0] * len(self.windows) + list(hanging)
        window = onnx_window(self.windows, pads)
        if code.opset < 19:
            window.pop("dilations")
        code.last("AveragePool", x, count_include_pad=0, **window)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for x, windows, ceil in pools():
            for count_pad in (False, True):
                yield Example(cls(windows, ceil, count_pad), (x,))


@primitive
class AvgPoolGradient(Op):
    """The gradient of an AvgPool, `pool`, of an x of `type`, from the gradient gy by its output."""

    operands = ("gy",)
    pool: AvgPool
    type: TensorType

    def over_steps(self) -> Literal["rows"]:
        return "rows"

    def infer(self, ins: Types) -> Types:
        return (self.type,)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A division for each window, and an addition for each of its positions."""
        return (times(w.kernel for w in self.pool.windows) + 1) * named("output elements", ins[0].elements)

    def numpy(self, code: Code) -> None:
        gy, gx = code.image(0), code.image_out()
        (_, *sizes), ins = image(code.types[0]), image(code.out_types[0])
        images, _ = block(code, ins)
        scratch = code.scratch(images, *sizes), code.scratch(images, sizes[0], *ins[2:])
        windows = self.pool.windows
        code.bind("pooling.avg_pool_gradient", gy, gx, *scratch, **pooled(windows), counted=self.pool.counted())

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for example in AvgPool.examples():
            assert isinstance(example.op, AvgPool)
            yield Example(cls(example.op, example.ins[0]), example.op.infer(example.ins))


def _symbolic(what: str) -> OpError:
    message = f"this `avgpool` with a dilation cannot be written on {what}"
    return OpError("not-exportable", message, help="bind it with `--dim`, or take `--opset 19` and no ceil mode")


def pooled(windows: tuple[Window, ...]) -> dict[str, tuple[int, int]]:
    """A pool's windows as a kernel's keywords."""
    first, second = axes(windows)
    return {"kernel": (first.kernel, second.kernel), **slide((first, second))}


def pools() -> Iterator[tuple[TensorType, tuple[Window, ...], bool]]:
    """Types of x, windows and `ceil`, for the examples of pools."""
    pairs = [
        ((5, 7), (Window(1, 1, 1, 0, 0), Window(1, 1, 1, 0, 0))),
        ((6, 5), (Window(2, 2, 1, 0, 0), Window(2, 2, 1, 0, 0))),
        ((7, 6), (Window(3, 2, 1, 1, 1), Window(3, 2, 1, 1, 1))),
        ((5, 8), (Window(3, 1, 1, 1, 1), Window(2, 3, 1, 0, 1))),
        ((8, 5), (Window(2, 1, 3, 1, 0), Window(3, 2, 2, 2, 1))),
        ((1, 1), (Window(3, 2, 1, 1, 1), Window(1, 1, 1, 0, 0))),
        ((4, 4), (Window(4, 1, 1, 0, 0), Window(4, 4, 1, 0, 0))),
        ((6, 4), (Window(1, 4, 1, 0, 0), Window(3, 3, 1, 2, 2))),
    ]
    for (extents, windows), ceil in product(pairs, (False, True)):
        yield TensorType("f64", (2, 3, *extents)), windows, ceil
        yield TensorType("f64", (3, 1, extents[1])), windows[1:], ceil
