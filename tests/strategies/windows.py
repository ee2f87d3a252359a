"""Random windows of convolutions and pools; what comes out is counted by sliding them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import prod

from netc.compiler.syntax import tree

from .shapes import SPAN, Item, Shape, flag, number, real, whole, word


def slide(size: int, kernel: int, stride: int, dilation: int, before: int, after: int, *, ceil: bool = False) -> int:
    """How many windows fit; with `ceil` one more may hang over the end, if it starts before the end padding."""
    count, start = 0, -before
    while start + dilation * (kernel - 1) < size + after:
        count, start = count + 1, start + stride
    hangs = count > 0 and start - stride + dilation * (kernel - 1) < size + after - 1
    return count + 1 if ceil and hangs and start < size else count


@dataclass(frozen=True, slots=True)
class Slid:
    arguments: tuple[tuple[str | None, Item], ...]
    taps: int
    sizes: Shape


def sizes_of(chance: random.Random, sizes: tuple[int, ...]) -> Item:
    """One number where all sizes are equal, or an extent."""
    if len(set(sizes)) == 1 and (len(sizes) == 1 or chance.random() < 0.7):
        return sizes[0]
    return tree.Extent(SPAN, (sizes[0], sizes[1]))


def windows(chance: random.Random, space: Shape, *, pool: bool) -> Slid | None:
    """A random window with its padding, and the sizes that come out."""
    if not whole(space):
        kernel = chance.choice((1, 3, 5))
        stride: tuple[tuple[str | None, Item], ...] = (("stride", 1),) if pool else ()
        return Slid(((None, kernel), *stride, ("pad", word("same"))), kernel ** len(space), space)
    axes, extent = len(space), tuple(map(real, space))
    square = chance.random() < 0.7
    kernels = tuple(chance.randint(1, 5) for _ in range(axes))
    kernels = (kernels[0],) * axes if square else kernels
    strides = (chance.choice((1, 1, 2, 3)),) * axes if square else tuple(chance.randint(1, 3) for _ in range(axes))
    dilation = chance.choice((1, 1, 1, 2))
    ceil = pool and chance.random() < 0.3
    arguments: list[tuple[str | None, Item]] = [(None, sizes_of(chance, kernels))]
    if not (pool and strides == kernels and chance.random() < 0.8) and (pool or strides != (1,) * axes):
        arguments.append(("stride", sizes_of(chance, strides)))
    if dilation > 1:
        arguments.append(("dilation", dilation))
    pads, text, sizes = _padding(chance, kernels, strides, dilation, axes, pool=pool)
    if text is not None:
        arguments.append(("pad", text))
    if ceil:
        arguments.append(("ceil", flag(True)))
    if sizes == "ceiling":
        found = tuple(-(-size // stride) for size, stride in zip(extent, strides, strict=True))
    else:
        rows = zip(extent, kernels, strides, pads, strict=True)
        found = tuple(slide(size, k, s, dilation, *pad, ceil=ceil) for size, k, s, pad in rows)
    fits = all(size + sum(pad) > dilation * (k - 1) for size, k, pad in zip(extent, kernels, pads, strict=True))
    # A dilated pool may step over a small input altogether, which is refused.
    if not fits or 0 in found or (pool and dilation > 1 and min(extent) <= dilation):
        return None
    return Slid(tuple(arguments), prod(kernels), found)


def _padding(
    chance: random.Random, kernels: tuple[int, ...], strides: tuple[int, ...], dilation: int, axes: int, *, pool: bool
) -> tuple[tuple[tuple[int, int], ...], Item | None, str]:
    """The padding of each axis, its text, and whether the output is the input over the stride, rounded up."""
    most = min(kernels) - 1 if pool else 3
    spans = [dilation * (kernel - 1) for kernel in kernels]
    match chance.randrange(8):
        case 0 | 1:
            return ((0, 0),) * axes, chance.choice((None, word("valid"))), ""
        case 2 | 3 if not pool or all(span // 2 < kernel for span, kernel in zip(spans, kernels, strict=True)):
            return tuple((span // 2, span // 2) for span in spans), word("half"), ""
        case 4 if not pool and set(strides) == {1}:
            same = chance.choice(("same_upper", "same_lower", *(["same"] if all(k % 2 for k in kernels) else [])))
            short = [(span // 2, span - span // 2) for span in spans]
            return tuple(pair[::-1] if same == "same_lower" else pair for pair in short), word(same), ""
        case 5 if not pool and dilation == 1:
            return ((9, 9),) * axes, word(chance.choice(("same_upper", "same_lower"))), "ceiling"
        case 6:
            pairs = tuple((chance.randint(0, most), chance.randint(0, most)) for _ in range(axes))
            flat = [number(side) for pair in pairs for side in pair]
            return pairs, tree.Tuple(SPAN, tuple(flat)), ""
        case _:
            side = chance.randint(0, most)
            return ((side, side),) * axes, side, ""
