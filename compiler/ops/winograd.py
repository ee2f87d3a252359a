"""What convolutions with 3×3 kernels write in the tier `fast`: a call of Winograd's algorithm with its scratch memory.

It pays where the tiles are many beside the weight, which is transformed as well, and the maps enough for a product.
"""

from __future__ import annotations

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.tensor import ITEM_BYTES
from ..graph.window import Window
from .sliding import Sizes4

Pair = tuple[Window, Window]

# The fewest maps and channels, and the fewest tiles: for fewer the products are small beside what surrounds them.
MAPS, TILES = 20, 192
# The bytes of a block of tiles, which stays in a core's cache with its products.
BLOCK = 3 << 18
# The tiles of a block at least.
FEWEST = 96
# The bytes of a transformed weight, each lane's own, that are spent only where memory is free.
LARGE = 4 << 20


def fits(code: Code, ins: Sizes4, outs: Sizes4, sizes: Sizes4, windows: Pair, groups: int) -> bool:
    """Whether a convolution of images `ins` to `outs` by a weight of these sizes is one that Winograd's pays for."""
    if not code.fast or groups != 1 or any((w.kernel, w.stride, w.dilation) != (3, 1, 1) for w in windows):
        return False
    if not code.wide and 16 * code.number(sizes[0] * sizes[3]) * ITEM_BYTES[code.out_types[0].dtype] >= LARGE:
        return False
    tiles = code.number(ins[0]) * _half(code, outs[1]) * _half(code, outs[2])
    return tiles >= TILES and min(code.number(sizes[0]), code.number(sizes[3])) >= MAPS


def write(code: Code, weight: str, ins: Sizes4, outs: Sizes4, windows: Pair, *, flipped: bool) -> None:
    """y = the convolution of input 0 by the array `weight`, plus the bias, input 2; `flipped` as in the kernel."""
    x, y = code.stored_image(code.image(0)), code.stored_image(code.image_out())
    bias = code.ins[2] if len(code.ins) > 2 else None
    before = (w.before for w in windows)
    work = _scratch(code, ins, outs)
    code.call("fast.winograd.winograd", x, code.stored_image(weight), bias, y, *work, *before, flipped)


def write_weight_gradient(code: Code, ins: Sizes4, outs: Sizes4, windows: Pair) -> None:
    """The gradient by the weight, from images, input 0, and the gradient by what is made of them, input 1."""
    x, gy, gw = (code.stored_image(name) for name in (code.image(0), code.image(1), code.image_out()))
    kernels, *work = _scratch(code, ins, outs)
    part = code.scratch(ins[3] * outs[3])
    before = (w.before for w in windows)
    code.call("fast.winograd.winograd_weight_gradient", x, gy, gw, kernels, part, *work, *before)


def _scratch(code: Code, ins: Sizes4, outs: Sizes4) -> list[str]:
    channels, maps = ins[3], outs[3]
    rows, width = _half(code, outs[1]), _half(code, outs[2])
    bytes = 64 * width * code.number(channels + maps)
    # Products with a large weight, which is read anew for each block, want many tiles.
    block = min(max(BLOCK // bytes, -(-FEWEST // width)), code.number(ins[0]) * rows) * width
    return [
        code.scratch(16, channels * maps),
        code.scratch(16, block * channels),
        code.scratch(16, block * maps),
        code.scratch(2, (width + 1) * channels),
        code.scratch(8, width * maps),
    ]


def _half(code: Code, size: Dim) -> int:
    """The tiles along a size."""
    return -(-code.number(size) // 2)
