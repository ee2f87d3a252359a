"""What convolutions write: the call of a kernel, with the scratch memory that it unfolds blocks of images in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.tensor import ITEM_BYTES, TensorType
from ..graph.window import Window
from . import direct, winograd
from .sliding import CACHE, TAPS, Sizes4, block, hanging, image, slide, spans, spread_bias

Pair = tuple[Window, Window]
# The multiplications in place of each number copied or added that a product of whole rows may take, as measured.
MANY = 64
# The numbers of a tile of a row: products of fewer columns take longer for each multiplication, as measured.
ENOUGH = 64
# The bytes of windows that a lane unfolds at a time where there is memory, as measured: more take no less time.
UNFOLDED = 3 << 20
# The fewest positions of the output for which the weight is brought into another order, as measured.
POSITIONS = 1 << 9


def write_conv(code: Code, weight: str, sizes: Sizes4, windows: Pair, groups: int, *, ordered: bool = False) -> None:
    """y = the convolution of input 0 with an array `weight` of `sizes` [maps, …kernel, channels / groups], plus the
    bias, input 2; `ordered` says that the maps of the weight lie last."""
    ins, outs = image(code.types[0]), image(code.out_types[0])
    if winograd.fits(code, ins, outs, sizes, windows, groups):
        weight = weight if code.fast else in_order(code, weight, sizes)
        winograd.write(code, weight, ins, outs, windows, flipped=False)
        return
    if direct.fits(code, sizes, windows, groups, (outs[3], direct.MAPS), outs[2]):
        direct.write(code, weight, sizes, ins, outs, windows)
        return
    x, y = code.image(0), code.image_out()
    bias = spread_bias(code, outs)
    if is_depthwise(sizes, groups):
        room = padded(code, ins, outs, windows, block(code, outs, TAPS)[0])
        tiles = code.scratch(*sizes[1:3], *outs[2:])
        code.call("convolution.depthwise_conv", x, weight, bias, y, room, tiles, **slide(windows))
        return
    if groups == 1 and is_narrow(code, sizes, ins, outs):
        band, rows = banded(code, sizes, ins, outs, windows[1])
        scratch = code.scratch(*band), framed(code, ins, outs, windows, rows), code.scratch(*rows)
        code.bind("bands.band_conv", x, weight, bias, y, *scratch, **slide(windows))
        return
    rooms = unfolded(code, ins, outs, sizes, windows, groups)
    if not ordered and not (code.fast and rooms[1]) and code.number(outs[0] * outs[1] * outs[2]) >= POSITIONS:
        weight = in_order(code, weight, sizes)
    code.call("convolution.conv", x, weight, bias, y, *rooms, **slide(windows), groups=groups)


def in_order(code: Code, weight: str, sizes: Sizes4) -> str:
    """A weight with its maps last, as products want it; for a large one that takes more time than it saves."""
    maps, *taps = map(code.number, sizes)
    if prod(taps) * maps * ITEM_BYTES[code.out_types[0].dtype] > TAPS:
        return weight
    turned = code.view(f"{code.scratch(*sizes[1:], sizes[0])}.transpose(3, 2, 0, 1)")
    code(f"np.copyto({turned}, {weight})")
    return turned


def is_depthwise(sizes: Sizes4, groups: int) -> bool:
    """Whether a weight [maps, …kernel, channels / groups] has one kernel for each channel."""
    return sizes[0] == groups and sizes[3] == 1 and groups > 1


def is_narrow(code: Code, sizes: Sizes4, long: Sizes4, short: Sizes4) -> bool:
    """Whether whole rows of one side take to whole rows of the other faster than tap by tap, by a matrix that stays in
    cache and is not taller than the images have rows. `short` is the output of the convolution, or what `deconv` reads;
    `sizes` those of the weight, [channels of short, …kernel, channels of long]."""
    if code.number(short[2] * short[3]) > code.number(short[0] * short[1]):
        return False
    band = code.number(sizes[1] * long[2] * long[3] * short[2] * short[3]) * ITEM_BYTES[code.out_types[0].dtype]
    return band <= CACHE and code.number(short[3] * long[2]) <= MANY * code.number(sizes[2])


def banded(
    code: Code, sizes: Sizes4, long: Sizes4, short: Sizes4, window: Window
) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
    """The sizes of the weight as a band, and of what is read or added by the tiles of `short` in a block; `window` is
    the one along rows."""
    width, columns, tiles = _tile(short, long, window)
    images, _ = block(code, (*short[:2], tiles * sizes[1], columns * long[3]))
    return (sizes[1], columns, long[3], width, short[3]), (images, short[1], tiles, sizes[1], columns * long[3])


def _tile(short: Sizes4, long: Sizes4, window: Window) -> tuple[Dim, Dim, int]:
    """The width of a tile of `short`, the columns of `long` that belong to it, and the tiles of a row: the narrowest
    ones that are enough numbers for a product, since of a wide one more is multiplied by 0."""
    if isinstance(short[2], int) and isinstance(short[3], int):
        for width in range(1, short[2]):
            if short[2] % width == 0 and width * short[3] >= ENOUGH:
                return width, (width - 1) * window.stride + window.reach, short[2] // width
    return short[2], long[2], 1


def framed(code: Code, ins: Sizes4, outs: Sizes4, windows: Pair, rows: tuple[Dim, ...]) -> str | None:
    """Scratch memory for a block of images with the padding that `rows` of tiles read, see `banded`."""
    above, beside = hanging(ins, outs, windows)
    height, width = spans(outs, windows)
    several = rows[2] != 1
    if not above and not (several and beside):
        return None
    return code.scratch(rows[0], height, width if several else ins[2], ins[3])


def padded(code: Code, ins: Sizes4, outs: Sizes4, windows: Pair, images: int) -> str | None:
    """Scratch memory for a block of images with their padding; None where the windows stay inside the image."""
    if not any(hanging(ins, outs, windows)):
        return None
    return code.scratch(images, *spans(outs, windows), ins[3])


def unfolded(
    code: Code, ins: Sizes4, outs: Sizes4, sizes: Sizes4, windows: Pair, groups: int
) -> tuple[str | None, str | None]:
    """Scratch memory for the padded images and the windows of a block; None for what is not needed."""
    taps = code.number(sizes[1] * sizes[2])
    numbers = ins[3] * taps
    images, rows = _blocks(code, ins, outs, sizes)
    room = padded(code, ins, outs, windows, images)
    same = taps == 1 and outs[1:3] == ins[1:3]
    whole = sizes[1:3] == ins[1:3] and groups == 1 and all(w.dilation == 1 or w.kernel == 1 for w in windows)
    if room is None and (same or whole):
        return None, None
    return room, code.scratch(images, rows, outs[2], numbers)


def _blocks(code: Code, ins: Sizes4, outs: Sizes4, sizes: Sizes4) -> tuple[int, int]:
    """The (images, rows) that are unfolded at a time.

    BLAS brings the weight into its own order anew for each block, so that a large one wants large blocks, and two lanes
    wait for each other less in large ones. The windows of a single channel lie tap by tap, far apart, and want small
    ones.
    """
    taps = code.number(sizes[1] * sizes[2])
    weight = code.number(sizes[0] * sizes[3]) * taps * ITEM_BYTES[code.out_types[0].dtype]
    if ins[3] == 1:
        size = 2 * TAPS
    elif code.wide:
        size = max(UNFOLDED, min(4 * weight, 4 * UNFOLDED)) << code.lane
    else:
        size = max(CACHE, min(2 * weight, 4 * CACHE))
    return block(code, (*outs[:3], ins[3] * taps), size)


def at_once(code: Code, ins: Sizes4, outs: Sizes4, sizes: Sizes4) -> bool:
    """Whether all images are unfolded in one block."""
    return _blocks(code, ins, outs, sizes) == (code.number(outs[0]), code.number(outs[1]))


def convolutions() -> Iterator[tuple[TensorType, TensorType, tuple[Window, ...], int, bool]]:
    """Types of x and weight, windows, groups and whether there is a bias, for the examples of convolutions."""
    plain = Window(1, 1, 1, 0, 0)
    pairs = [
        ((5, 7), (plain, plain)),
        ((5, 4), (Window(3, 1, 1, 1, 1), Window(3, 1, 1, 1, 1))),
        ((6, 5), (Window(2, 1, 1, 0, 0), Window(3, 1, 1, 0, 0))),
        ((6, 7), (Window(3, 2, 1, 1, 1), Window(3, 2, 1, 1, 1))),
        ((8, 6), (Window(2, 3, 1, 0, 0), Window(1, 2, 1, 0, 0))),
        ((7, 6), (Window(3, 1, 2, 2, 0), Window(2, 1, 3, 0, 2))),
        ((3, 4), (Window(3, 1, 1, 0, 0), Window(4, 1, 1, 0, 0))),
        ((1, 1), (Window(3, 2, 1, 1, 1), Window(1, 1, 1, 0, 0))),
        ((4, 5), (Window(2, 2, 2, 3, 1), Window(1, 1, 1, 1, 2))),
    ]
    forms = [(1, 1, 1, True), (3, 2, 1, False), (4, 6, 2, True), (3, 3, 3, True), (3, 6, 3, False)]
    for (extents, windows), (channels, maps, groups, biased) in product(pairs, forms):
        kernel = [window.kernel for window in windows]
        x, w = TensorType("f64", (2, channels, *extents)), TensorType("f64", (maps, channels // groups, *kernel))
        yield x, w, windows, groups, biased
        yield x.with_shape(3, channels, extents[1]), w.with_shape(*w.shape[:2], kernel[1]), windows[1:], groups, biased
