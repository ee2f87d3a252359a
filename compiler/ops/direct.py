"""What convolutions of few maps write in the tier `fast`: a call of the kernel that goes tap by tap, with its scratch
memory. A product of matrices with so few columns takes longer, and so does unfolding for it."""

from __future__ import annotations

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.window import Window
from .sliding import Sizes4

Pair = tuple[Window, Window]

# The most maps that are made, and the most channels that a gradient by the weight is for.
FEW = 8
# The numbers of a plane that images are put side by side for.
PLANE = 2048


def fits(code: Code, maps: Dim, windows: Pair, groups: int) -> bool:
    """Whether a convolution that makes, or with its gradient by the weight reads, so many maps is better done so."""
    # Of one or two taps in a row a product of matrices makes more.
    if not code.fast or groups != 1 or code.number(maps) > FEW or windows[1].kernel < 3:
        return False
    return all(window.stride == 1 and window.before >= 0 for window in windows)


def write(code: Code, weight: str, ins: Sizes4, outs: Sizes4, windows: Pair, *, flipped: bool) -> None:
    """y = the convolution of input 0 by the array `weight`, plus the bias, input 2; `flipped` as in the kernel."""
    x, y = code.stored_image(code.image(0)), code.stored_image(code.image_out())
    size, around = _extent(code, ins, outs, windows)
    work = (
        code.scratch(ins[3], size + around),
        code.scratch(outs[3], ins[3], windows[0].kernel, windows[1].kernel),
        code.scratch(2, size),
    )
    bias = code.ins[2] if len(code.ins) > 2 else None
    code.call("fast.direct.direct", x, code.stored_image(weight), bias, y, *work, *_steps(windows), flipped)


def write_weight_gradient(code: Code, ins: Sizes4, outs: Sizes4, windows: Pair) -> None:
    """The gradient by the weight, from images, input 0, and the gradient by what is made of them, input 1."""
    x, gy, gw = (code.stored_image(name) for name in (code.image(0), code.image(1), code.image_out()))
    size, around = _extent(code, ins, outs, windows)
    work = code.scratch(ins[3], size + around), code.scratch(outs[3], size)
    code.call("fast.direct.direct_weight_gradient", x, gy, gw, *work, *_steps(windows))


def _extent(code: Code, ins: Sizes4, outs: Sizes4, windows: Pair) -> tuple[int, int]:
    """The numbers of a plane of some images beside each other, and those around them; as in the kernel."""
    rows = [
        max(given + max(window.before, made + window.reach - 1 - given - window.before), made)
        for window, given, made in zip(windows, map(code.number, ins[1:3]), map(code.number, outs[1:3]), strict=True)
    ]
    area = rows[0] * rows[1]
    images = max(1, min(code.number(ins[0]), PLANE // area))
    return images * area, (windows[0].reach - 1) * rows[1] + windows[1].reach - 1


def _steps(windows: Pair) -> tuple[tuple[int, int], tuple[int, int]]:
    first, second = windows
    return (first.dilation, second.dilation), (first.before, second.before)
