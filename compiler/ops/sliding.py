"""What primitives that slide windows over an image have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..graph.dims import Dim
from ..graph.field import Field, through
from ..graph.formula import Formula, named
from ..graph.op import Op, Types
from ..graph.tensor import ITEM_BYTES, TensorType
from ..graph.window import AXIS_NAMES, Sizes, Window, output_sizes, padding_sizes, sides

if TYPE_CHECKING:
    from ..graph.code import Code

# The bytes of a block that stays in a core's cache while it is worked on, once, or tap by tap.
CACHE, TAPS = 3 << 19, 1 << 18
Sizes4 = tuple[Dim, Dim, Dim, Dim]


class Sliding(Op):
    """Reads x [N, channels, …] through `windows`, one for each spatial dimension."""

    windows: tuple[Window, ...]

    def outputs(self, x: TensorType) -> Sizes:
        """The output size on each axis. Raises OpError."""
        return output_sizes(self.windows, x.shape[2:])

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        return (*padding_sizes(self.windows, ins[0].shape[2:]), *self.outputs(ins[0]))

    def padding(self) -> tuple[int, ...]:
        return sides(self.windows)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        if all(window.pointwise for window in self.windows):
            return fields[0]
        return through(fields[0], [window.reading() for window in self.windows])

    def kernel(self) -> tuple[Formula, ...]:
        """The kernel's size on each axis."""
        names = AXIS_NAMES[len(self.windows)]
        return tuple(named(f"kernel {name}", w.kernel) for name, w in zip(names, self.windows, strict=True))


def positions(which: str, type: TensorType) -> tuple[Formula, ...]:
    """The factors of the number of positions of a batch of images, one per spatial dimension and the batch."""
    names = AXIS_NAMES[type.rank - 2]
    factors = (named(f"{which} {name}", size) for name, size in zip(names, type.shape[2:], strict=True))
    return (*factors, named("batch", type.shape[0]))


def image(type: TensorType) -> Sizes4:
    """The sizes [N, height, width, channels] in which kernels see an image; with one spatial dimension, height is 1."""
    n, channels, *extents = type.shape
    height, width = (1, *extents) if len(extents) == 1 else extents
    return n, height, width, channels


def axes(windows: tuple[Window, ...]) -> tuple[Window, Window]:
    """The windows on both axes of what `image` describes."""
    first, second = windows if len(windows) == 2 else (Window(1, 1, 1, 0, 0), *windows)
    return first, second


def slide(windows: tuple[Window, Window]) -> dict[str, tuple[int, int]]:
    """How a kernel's windows move."""
    first, second = windows
    return {
        "stride": (first.stride, second.stride),
        "dilation": (first.dilation, second.dilation),
        "before": (first.before, second.before),
    }


def spans(outs: Sizes4, windows: tuple[Window, Window]) -> tuple[Dim, Dim]:
    """The positions from the first that a window reads to the last, on each axis."""
    height, width = ((size - 1) * w.stride + w.reach for size, w in zip(outs[1:3], windows, strict=True))
    return height, width


def hanging(ins: Sizes4, outs: Sizes4, windows: tuple[Window, Window]) -> tuple[bool, bool]:
    """Whether windows do not begin with the images, or hang over them, on each axis."""
    reads = spans(outs, windows)
    height, width = (
        w.before != 0 or _most(span - size) > 0 for w, size, span in zip(windows, ins[1:3], reads, strict=True)
    )
    return height, width


def _most(size: Dim) -> int:
    """A difference of sizes in which no symbol is left: only at stride 1 may a size be symbolic."""
    assert isinstance(size, int)
    return size


def block(code: Code, sizes: Sizes4, size: int = CACHE) -> tuple[int, int]:
    """How many (images, rows) of [N, height, width, numbers] make about `size` bytes: of one image, or whole images.

    Two lanes share them.
    """
    images, height, *row = (code.number(dim) for dim in sizes)
    fit = max(1, (size >> code.lane) // (row[0] * row[1] * ITEM_BYTES[code.out_types[0].dtype]))
    return (min(images, fit // height), height) if fit >= height else (1, fit)


def spread_bias(code: Code, outs: Sizes4) -> str | None:
    """The bias, input 2, repeated along the width: NumPy is slow where it has to repeat a few numbers."""
    if len(code.ins) < 3:
        return None
    repeated = code.scratch(*outs[2:])
    code(f"np.copyto({repeated}, {code.ins[2]})")
    return repeated


def onnx_pads(windows: tuple[Window, ...], hanging: Sequence[int] = ()) -> list[int]:
    """The padding in ONNX's order, all beginnings first; `hanging` is added at the ends."""
    more = hanging or [0] * len(windows)
    return [w.before for w in windows] + [w.after + extra for w, extra in zip(windows, more, strict=True)]


def onnx_window(windows: tuple[Window, ...], pads: list[int]) -> dict[str, list[int]]:
    """A pool's window as ONNX attributes."""
    return {
        "kernel_shape": [w.kernel for w in windows],
        "strides": [w.stride for w in windows],
        "dilations": [w.dilation for w in windows],
        "pads": pads,
    }
