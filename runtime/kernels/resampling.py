"""Up-sampling by whole factors, and its gradients. Images are logical [N, channels, height, width], stored
channels-last; `factors` has a number for each axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]


def nearest(x: Array, y: Array, *, factors: Pair) -> None:
    """Each position of x, repeated."""
    np.copyto(repeats(y, factors), x.transpose(0, 2, 3, 1)[:, :, None, :, None])


def nearest_gradient(gy: Array, gx: Array, *, factors: Pair) -> None:
    """The sum over the copies of each position."""
    copies, total = repeats(gy, factors), gx.transpose(0, 2, 3, 1)
    for i, j in np.ndindex(factors):
        if i == j == 0:
            np.copyto(total, copies[:, :, i, :, j])
        else:
            total += copies[:, :, i, :, j]


def repeats(images: Array, factors: Pair) -> Array:
    """[N, channels, height, width] as [N, height / factor, factor, width / factor, factor, channels]."""
    n, channels, height, width = images.shape
    shape = (n, height // factors[0], factors[0], width // factors[1], factors[1], channels)
    return images.transpose(0, 2, 3, 1).reshape(shape)


def bilinear(x: Array, y: Array, tall: Array, part: Array, *, factors: Pair) -> None:
    """Linear interpolation along the height, then along the width. Scratch memory: `tall`, a block of images
    [images, height of y, width of x, channels], and `part`, as many numbers."""
    for image, middle, out in image_blocks(x, tall, y):
        rows, columns = lines(image, middle, factors[0], 1), lines(middle, out, factors[1], 2)
        stretch(*rows, part)
        stretch(*columns, part)


def bilinear_gradient(gy: Array, gx: Array, tall: Array, part: Array, *, factors: Pair) -> None:
    """The same weights the other way round; scratch memory as in `bilinear`."""
    for image, middle, out in image_blocks(gx, tall, gy):
        rows, columns = lines(image, middle, factors[0], 1), lines(middle, out, factors[1], 2)
        shrink(*columns, part)
        shrink(*rows, part)


def image_blocks(small: Array, tall: Array, large: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Blocks of images, channels-last, as many at a time as `tall` has room for."""
    ins, outs = small.transpose(0, 2, 3, 1), large.transpose(0, 2, 3, 1)
    for start in range(0, len(ins), len(tall)):
        image = ins[start : start + len(tall)]
        yield image, tall[: len(image)], outs[start : start + len(tall)]


def lines(small: Array, large: Array, factor: int, axis: int) -> tuple[Array, Array]:
    """One axis of channels-last images and of images `factor` times as large there: [before, size, after] and [before,
    size, factor, after]."""
    size, after = small.shape[axis], int(np.prod(small.shape[axis + 1 :]))
    return small.reshape(-1, size, after), large.reshape(-1, size, factor, after)


def stretch(x: Array, y: Array, part: Array) -> None:
    """Output factor·i + p lies (p + ½) / factor − ½ beside position i, and weighs it and the neighbour on that side by
    their nearness; beyond the border the border repeats."""
    factor = y.shape[2]
    far = part.reshape(-1)[: x.size].reshape(x.shape)
    for p in range(factor):
        beside = (p + 0.5) / factor - 0.5
        out = y[:, :, p]
        np.multiply(x, 1 - abs(beside), out=out)
        if beside:
            np.multiply(x, abs(beside), out=far)
            inner, border, neighbours, last = sides(out, far, beside)
            inner += neighbours
            border += last


def shrink(gx: Array, gy: Array, part: Array) -> None:
    """The gradient of `stretch`."""
    factor = gy.shape[2]
    share = part.reshape(-1)[: gx.size].reshape(gx.shape)
    gx.fill(0.0)
    for p in range(factor):
        beside = (p + 0.5) / factor - 0.5
        np.multiply(gy[:, :, p], 1 - abs(beside), out=share)
        gx += share
        if beside:
            np.multiply(gy[:, :, p], abs(beside), out=share)
            inner, border, neighbours, last = sides(share, gx, beside)
            neighbours += inner
            last += border


def sides(here: Array, there: Array, beside: float) -> tuple[Array, Array, Array, Array]:
    """What has a neighbour on a side and what has none, and the neighbours; the border is its own."""
    if beside < 0:
        return here[:, 1:], here[:, :1], there[:, :-1], there[:, :1]
    return here[:, :-1], here[:, -1:], there[:, 1:], there[:, -1:]
