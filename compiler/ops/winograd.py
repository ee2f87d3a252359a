"""What convolutions with 3×3 kernels write where Winograd's algorithm pays: a call of it with its scratch memory.

It pays where the tiles are many beside the weight, which is transformed as well, and the maps enough for a product.
"""

from __future__ import annotations

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.tensor import ITEM_BYTES
from ..graph.window import Window
from .sliding import Sizes4, spread_bias

Pair = tuple[Window, Window]

# The fewest maps and channels, and the fewest tiles, of each tier: for fewer the products are small beside what
# surrounds them. Of NumPy's own kernels 32 maps and channels take 0.8 of the time of windows that are unfolded, 64 and
# more 0.55 to 0.65.
MAPS, TILES = {"numpy": 32, "fast": 20}, {"numpy": 64, "fast": 192}
# The bytes of a block of tiles, which stays in a core's cache with its products.
BLOCK = 3 << 18
# The tiles of a block at least.
FEWEST = 96
# The bytes of a transformed weight, each lane's own, that are spent only where memory is free. NumPy's kernels take
# larger blocks than the windows would, and are always left to where it is.
LARGE = {"numpy": 0, "fast": 4 << 20}
# The bytes of the tiles of a block of NumPy's kernels, and the most and the fewest tiles: two lanes wait for each other
# in small ones, and larger ones leave the cache.
TOGETHER, MOST, LEAST = 1 << 20, 512, 128


def fits(code: Code, ins: Sizes4, outs: Sizes4, sizes: Sizes4, windows: Pair, groups: int) -> bool:
    """Whether a convolution of images `ins` to `outs` by a weight of these sizes is one that Winograd's pays for."""
    if groups != 1 or any((w.kernel, w.stride, w.dilation) != (3, 1, 1) for w in windows):
        return False
    tier = code.names.tier
    if not code.wide and _weight_bytes(code, sizes) >= LARGE[tier]:
        return False
    tiles = code.number(ins[0]) * _half(code, outs[1]) * _half(code, outs[2])
    maps = min(code.number(sizes[0]), code.number(sizes[3]))
    if not code.fast:
        # Of 9 multiplications for a position whole tiles take 4 and their transforms the time of 2, as measured; what
        # hangs over the border of an image is in vain.
        positions = code.number(outs[0] * outs[1] * outs[2])
        maps = maps * (7 * positions - 16 * tiles) // (3 * positions)
    return tiles >= TILES[tier] and maps >= MAPS[tier]


def write(code: Code, weight: str, ins: Sizes4, outs: Sizes4, windows: Pair, *, flipped: bool) -> None:
    """y = the convolution of input 0 by the array `weight`, plus the bias, input 2; `flipped` as in the kernel."""
    if not code.fast:
        x, y, bias = code.image(0), code.image_out(), spread_bias(code, outs)
        arrays = x, weight, bias, y, *_blocks(code, ins, outs, flipped=flipped)
        code.bind("winograd.winograd_conv", *arrays, before=_before(windows), flipped=flipped)
        return
    x, y = code.stored_image(code.image(0)), code.stored_image(code.image_out())
    bias = code.ins[2] if len(code.ins) > 2 else None
    work = _scratch(code, ins, outs)
    code.call("fast.winograd.winograd", x, code.stored_image(weight), bias, y, *work, *_before(windows), flipped)


def write_weight_gradient(code: Code, ins: Sizes4, outs: Sizes4, windows: Pair) -> None:
    """The gradient by the weight, from images, input 0, and the gradient by what is made of them, input 1."""
    images = code.image(0), code.image(1), code.image_out()
    if not code.fast:
        kernels, *work = _blocks(code, ins, outs)
        part = None if _block(code, ins, outs) == _all(code, outs) else code.scratch(4, outs[3], ins[3])
        code.bind("winograd.winograd_weight_gradient", *images, kernels, part, *work, before=_before(windows))
        return
    x, gy, gw = map(code.stored_image, images)
    kernels, *work = _scratch(code, ins, outs)
    part = code.scratch(ins[3] * outs[3])
    code.call("fast.winograd.winograd_weight_gradient", x, gy, gw, kernels, part, *work, *_before(windows))


def _blocks(code: Code, ins: Sizes4, outs: Sizes4, *, flipped: bool = False) -> list[str]:
    """Scratch memory of NumPy's kernels: the transformed weight, as it is stored, and what a block of tiles takes."""
    images, rows = _block(code, ins, outs)
    width, channels, maps = _half(code, outs[2]), ins[3], outs[3]
    return [
        code.scratch(16, channels, maps) if flipped else code.scratch(16, maps, channels),
        code.scratch(2, images, rows + 1, 2, width + 1, channels),
        code.scratch(16, images, rows, width, channels),
        code.scratch(images * rows, max(8 * (width + 1) * channels, 16 * width * maps, key=code.number)),
        code.scratch(4, images, rows, width, maps),
    ]


def _block(code: Code, ins: Sizes4, outs: Sizes4) -> tuple[int, int]:
    """The (images, rows of tiles) of a block: rows of one image, or whole images; half as many where less memory is
    free."""
    bytes = 16 * code.number(max(ins[3], outs[3], key=code.number)) * ITEM_BYTES[code.out_types[0].dtype]
    images, height = _all(code, outs)
    tiles = max(min(TOGETHER // bytes, MOST), LEAST) // (2 if code.wide == 1 else 1)
    rows = tiles // _half(code, outs[2])
    return (min(images, rows // height), height) if rows >= height else (1, max(rows, 1))


def _all(code: Code, outs: Sizes4) -> tuple[int, int]:
    return code.number(outs[0]), _half(code, outs[1])


def _scratch(code: Code, ins: Sizes4, outs: Sizes4) -> list[str]:
    """Scratch memory of compiled kernels."""
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


def _weight_bytes(code: Code, sizes: Sizes4) -> int:
    """The bytes of a transformed weight."""
    return 16 * code.number(sizes[0] * sizes[3]) * ITEM_BYTES[code.out_types[0].dtype]


def _before(windows: Pair) -> tuple[int, int]:
    return windows[0].before, windows[1].before


def _half(code: Code, size: Dim) -> int:
    """The tiles along a size."""
    return -(-code.number(size) // 2)
