"""Random uses of layers with a model of their own of what comes out: windows are counted by sliding them, weights by
multiplying their sizes. Nothing here reads the compiler's rules."""

from __future__ import annotations

import random
from collections.abc import Callable

from netc.compiler.syntax import tree

from .shapes import (
    SPAN,
    Item,
    Made,
    Shape,
    channel_axis,
    extents,
    feature_axis,
    flag,
    is_image,
    number,
    real,
    volume,
    whole,
    with_extents,
    word,
)  # fmt: skip
from .windows import sizes_of, slide, windows


def conv(chance: random.Random, shape: Shape) -> Made | None:
    slid = windows(chance, extents(shape), pool=False) if is_image(shape) else None
    if slid is None:
        return None
    channels = real(shape[channel_axis(shape)])
    groups = chance.choice([size for size in (1, 1, 2, 3, channels) if channels % size == 0])
    maps = groups * chance.randint(1, 8 if groups < 8 else 1)
    arguments: list[tuple[str | None, Item]] = [(None, maps), *slid.arguments]
    kernels = maps * channels // groups
    if groups > 1:
        arguments.append(("groups", groups))
    elif chance.random() < 0.15:
        table = [sorted(chance.sample(range(channels), chance.randint(1, channels))) for _ in range(maps)]
        kernels = sum(map(len, table))
        lists = tuple(tree.List(SPAN, tuple(number(place) for place in row)) for row in table)
        arguments.append(("connect", tree.List(SPAN, lists)))
    bias = chance.random() < 0.6
    if not bias:
        arguments.append(("bias", flag(False)))
    out = with_extents(shape, slid.sizes, maps)
    weights = slid.taps * kernels
    macs = weights * volume(out) // maps
    return Made("conv", tuple(arguments), out, weights + maps * bias, macs)


def deconv(chance: random.Random, shape: Shape) -> Made | None:
    if not is_image(shape) or not whole(extents(shape)) or volume(extents(shape)) > 400:
        return None
    channels, space = real(shape[channel_axis(shape)]), tuple(map(real, extents(shape)))
    kernel, stride, dilation = chance.randint(2, 4), chance.randint(1, 3), chance.choice((1, 1, 2))
    pad, extra = chance.randint(0, 1), chance.randint(0, max(stride, dilation) - 1)
    maps = chance.randint(1, 6)
    sizes = tuple((size - 1) * stride + dilation * (kernel - 1) + 1 - 2 * pad + extra for size in space)
    if min(sizes) - extra < 1:
        return None
    arguments: list[tuple[str | None, Item]] = [(None, maps), (None, kernel), ("stride", stride), ("pad", pad)]
    if dilation > 1:
        arguments.append(("dilation", dilation))
    if extra and chance.random() < 0.5:
        arguments.append(("size", sizes_of(chance, sizes)))
    elif extra:
        arguments.append(("output_pad", extra))
    weights = kernel ** len(space) * channels * maps
    macs = weights * volume(shape) // channels
    return Made("deconv", tuple(arguments), with_extents(shape, sizes, maps), weights + maps, macs)


def pool(chance: random.Random, shape: Shape) -> Made | None:
    slid = windows(chance, extents(shape), pool=True) if is_image(shape) else None
    if slid is None:
        return None
    kind = chance.choice(("maxpool", "avgpool"))
    arguments = slid.arguments
    if kind == "avgpool" and chance.random() < 0.3:
        arguments = (*arguments, ("count_pad", flag(False)))
    return Made(kind, arguments, with_extents(shape, slid.sizes))


def subsample(chance: random.Random, shape: Shape) -> Made | None:
    if not is_image(shape) or not whole(extents(shape)):
        return None
    space = tuple(map(real, extents(shape)))
    kernel = chance.randint(1, min(3, *space, 3))
    sizes = tuple(slide(size, kernel, kernel, 1, 0, 0) for size in space)
    return Made("subsample", ((None, kernel),), with_extents(shape, sizes), 2 * real(shape[channel_axis(shape)]))


def global_pool(chance: random.Random, shape: Shape) -> Made | None:
    if not is_image(shape):
        return None
    ones = (1,) * len(extents(shape))
    return Made(chance.choice(("global_avgpool", "global_maxpool")), (), with_extents(shape, ones))


def resized(chance: random.Random, shape: Shape) -> Made | None:
    """Layers for images that only change their extents."""
    if not is_image(shape) or not whole(extents(shape)):
        return None
    space = tuple(map(real, extents(shape)))
    match chance.randrange(4):
        case 0 if volume(space) < 400:
            factor = chance.randint(1, 3)
            mode: tuple[tuple[str | None, Item], ...] = (("mode", word(chance.choice(("nearest", "bilinear")))),)
            return Made("upsample", ((None, factor), *mode), with_extents(shape, tuple(s * factor for s in space)))
        case 1:
            cut = tuple(chance.randint(max(1, size // 2), size) for size in space)
            return Made("crop", ((None, sizes_of(chance, cut)),), with_extents(shape, cut))
        case 2:
            sides = [chance.randint(0, 3) for _ in range(2 * len(space))]
            sizes = tuple(size + sum(sides[2 * i : 2 * i + 2]) for i, size in enumerate(space))
            text = tree.Tuple(SPAN, tuple(number(side) for side in sides))
            return Made("pad", ((None, text),), with_extents(shape, sizes))
    sizes = tuple(chance.randint(1, size) for size in space)
    return Made("fractional_maxpool", (("size", sizes_of(chance, sizes)),), with_extents(shape, sizes))


def channelwise(chance: random.Random, shape: Shape) -> Made | None:
    """Layers with a figure for each channel, which keep the shape."""
    if len(shape) < 2 or not isinstance(shape[channel_axis(shape)], int):
        return None
    channels = real(shape[channel_axis(shape)])
    match chance.randrange(5):
        case 0:
            on = [chance.random() < 0.8 for _ in range(2)]
            names = zip(("scale", "shift"), on, strict=True)
            return Made("batchnorm", tuple((n, flag(False)) for n, yes in names if not yes), shape, channels * sum(on))
        case 1:
            return Made("scale", (("bias", flag(False)),), shape, channels)
        case 2:
            return Made("normalize", ((None, number(0.5)), (None, number(0.25))), shape)
        case 3 if is_image(shape):
            return Made("lrn", ((None, chance.choice((3, 5))),), shape)
        case 4 if is_image(shape):
            groups = chance.choice([size for size in range(1, channels + 1) if channels % size == 0])
            return Made("channel_shuffle", ((None, groups),), shape)
    return None


PLAIN = (
    "relu",
    "relu6",
    "silu",
    "sigmoid",
    "tanh",
    "hardsigmoid",
    "hardswish",
    "abs",
    "exp",
    "log",
    "sqrt",
    "identity",
)


def elementwise(chance: random.Random, shape: Shape) -> Made:
    rest: tuple[Made, ...] = (
        Made("leaky_relu", ((None, number(0.1)),), shape),
        Made("elu", (("alpha", number(0.5)),), shape),
        Made("gelu", (("approximate", word("tanh")),), shape),
        Made("dropout", ((None, number(0.5)),), shape),
        Made("dropout", ((None, number(0.2)), ("per", word("sample"))), shape),
        Made("softmax", (), shape),
        Made("log_softmax", (("axis", 1),), shape),
    )
    return chance.choice((*(Made(kind, (), shape) for kind in PLAIN), *rest))


def fc(chance: random.Random, shape: Shape) -> Made | None:
    if len(shape) not in (2, 3) or not isinstance(shape[-1], int):
        return None
    units, bias = chance.randint(1, 12), chance.random() < 0.7
    arguments: tuple[tuple[str | None, Item], ...] = ((None, units), *(() if bias else (("bias", flag(False)),)))
    weights = units * shape[-1]
    return Made("fc", arguments, (*shape[:-1], units), weights + units * bias, weights * volume(shape[:-1]))


def rbf(chance: random.Random, shape: Shape) -> Made | None:
    if len(shape) not in (2, 3) or not isinstance(shape[-1], int) or shape[-1] > 40:
        return None
    rows = tuple(tree.List(SPAN, tuple(_sign(chance) for _ in range(shape[-1]))) for _ in range(chance.randint(1, 3)))
    return Made("rbf", ((None, len(rows)), ("codes", tree.List(SPAN, rows))), (*shape[:-1], len(rows)))


def _sign(chance: random.Random) -> tree.Expr:
    return number(1) if chance.random() < 0.5 else tree.Negative(SPAN, number(1))


def layernorm(chance: random.Random, shape: Shape) -> Made | None:
    if not isinstance(shape[-1], int):
        return None
    return Made("layernorm", (), shape, 2 * shape[-1])


def moved(chance: random.Random, shape: Shape) -> Made | None:
    """Layers that only move elements, or drop a dimension."""
    rank = len(shape)
    match chance.randrange(6):
        case 0 if whole(shape[1:]):
            return Made("flatten", (), (shape[0], volume(shape[1:])))
        case 1 if whole(shape[1:]):
            total = volume(shape[1:])
            first = chance.choice([size for size in range(1, 9) if total % size == 0])
            second = chance.choice([size for size in range(1, 9) if total // first % size == 0])
            sizes = chance.choice(((first, second, total // first // second), (first, total // first), (total,)))
            text = [number(size) for size in sizes]
            if chance.random() < 0.3:
                written: list[tree.Expr] = [*text[:-1], tree.Negative(SPAN, number(1))]
            else:
                written = [*text]
            return Made("reshape", ((None, tree.List(SPAN, tuple(written))),), (shape[0], *sizes))
        case 2 if rank == 3 and chance.random() < 0.6:
            return Made("transpose", (), (shape[0], shape[2], shape[1]))
        case 2 | 3 if rank > 2:
            order = [0, *chance.sample(range(1, rank), rank - 1)]
            text = [number(axis) for axis in order]
            return Made("transpose", ((None, tree.List(SPAN, tuple(text))),), tuple(shape[axis] for axis in order))
        case 4 if rank > 2:
            return Made("last", (), (shape[0], *shape[2:]))
        case 5 if rank > 2:
            axis = feature_axis(shape)
            given = chance.randint(1, rank - 1)
            if chance.random() < 0.5:
                return Made("mean", (), (*shape[:axis], *shape[axis + 1 :]))
            return Made("mean", (("axis", given),), (*shape[:given], *shape[given + 1 :]))
    return None


Maker = Callable[[random.Random, Shape], Made | None]
LAYERS: tuple[Maker, ...] = (
    conv, conv, conv, deconv, pool, pool, subsample, global_pool, resized, channelwise, channelwise, elementwise,
    elementwise, fc, fc, fc, rbf, layernorm, moved, moved,
)  # fmt: skip


def any_layer(chance: random.Random, shape: Shape) -> Made:
    """A layer that reads a tensor of this shape."""
    while True:
        made = chance.choice(LAYERS)(chance, shape)
        if made is not None and volume(made.shape) < 40_000:
            return made


def keeping(chance: random.Random, shape: Shape) -> Made:
    """A layer that keeps the shape."""
    for _ in range(20):
        made = _wide(chance, shape) if chance.random() < 0.3 else chance.choice(LAYERS)(chance, shape)
        if made is not None and made.shape == shape:
            return made
    return Made("relu", (), shape)


def _wide(chance: random.Random, shape: Shape) -> Made | None:
    """A layer with weights that keeps the shape."""
    if is_image(shape):
        kernel, channels = chance.choice((1, 3)), real(shape[channel_axis(shape)])
        arguments: tuple[tuple[str | None, Item], ...] = ((None, channels), (None, kernel), ("pad", word("same")))
        weights = kernel ** len(extents(shape)) * channels**2
        return Made("conv", arguments, shape, weights + channels, weights * volume(shape) // channels)
    if len(shape) == 2 and isinstance(shape[-1], int):
        units = shape[-1]
        return Made("fc", ((None, units),), shape, units * units + units, units * units * volume(shape[:-1]))
    return None
