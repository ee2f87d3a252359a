"""What convolutions of few maps write in the tier `fast`: a call of a kernel that keeps its sums in registers, with its
scratch memory. A product of matrices with so few columns takes longer, and so does unfolding for it."""

from __future__ import annotations

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.window import Window
from .sliding import Sizes4, hanging, slide, spans

Pair = tuple[Window, Window]

# The most maps that are made, the most that a transposed one makes, and the most channels that a gradient by the weight
# is for, as measured.
MAPS, RESTORED, CHANNELS = 64, 16, 64
# The most numbers of a weight, which stays in a core's cache, and the fewest positions of a row of windows: sums of
# fewer wait for each other.
WEIGHT, POSITIONS = 1 << 17, 4


def fits(code: Code, sizes: Sizes4, windows: Pair, groups: int, few: tuple[Dim, int], row: Dim) -> bool:
    """Whether a convolution by a weight of these sizes is better done so, as it makes or reads `few` maps, which are at
    most so many; a row of windows has so many positions."""
    # Of one tap a product of matrices makes more.
    if not code.fast or groups != 1 or code.number(few[0]) > few[1] or windows[1].kernel == 1:
        return False
    weight = code.number(sizes[0] * sizes[3]) * windows[0].kernel * windows[1].kernel
    return weight <= WEIGHT and code.number(row) >= POSITIONS and all(window.before >= 0 for window in windows)


def write(code: Code, weight: str, sizes: Sizes4, ins: Sizes4, outs: Sizes4, windows: Pair) -> None:
    """y = the convolution of input 0 by the array `weight` of `sizes`, plus the bias, input 2."""
    x, y = code.stored_image(code.image(0)), code.stored_image(code.image_out())
    bias = code.ins[2] if len(code.ins) > 2 else None
    work = _scratch(code, sizes, ins, outs, windows)
    code.call("fast.direct.direct", x, code.stored_image(weight), bias, y, *work, *slide(windows).values())


def write_weight_gradient(code: Code, sizes: Sizes4, ins: Sizes4, outs: Sizes4, windows: Pair) -> None:
    """The gradient by the weight, of `sizes`, from images, input 0, and the gradient by what they make, input 1."""
    x, gy, gw = (code.stored_image(name) for name in (code.image(0), code.image(1), code.image_out()))
    work = _scratch(code, sizes, ins, outs, windows)
    code.call("fast.direct.direct_weight_gradient", x, gy, gw, *work, *slide(windows).values())


def write_deconv(code: Code, sizes: Sizes4, ins: Sizes4, windows: Pair) -> None:
    """y = the transposed convolution of input 0 by input 1, of `sizes`, plus the bias, input 2."""
    x, weight, y = (code.stored_image(name) for name in (code.image(0), code.image(1), code.image_out()))
    bias = code.ins[2] if len(code.ins) > 2 else None
    line = code.scratch(ins[2], *sizes[2:])
    code.call("fast.direct.direct_deconv", x, weight, bias, y, line, *slide(windows).values())


def _scratch(code: Code, sizes: Sizes4, ins: Sizes4, outs: Sizes4, windows: Pair) -> tuple[str, str | None]:
    """For a weight in another order, and for an image with its columns of padding."""
    maps, *taps = sizes
    wide = hanging(ins, outs, windows)[1]
    room = code.scratch(ins[1], spans(outs, windows)[1], ins[3]) if wide else None
    return code.scratch(*taps, maps), room
