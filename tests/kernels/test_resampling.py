"""Up-sampling and local response normalisation against their definitions, written out as loops."""

from __future__ import annotations

import numpy as np
import pytest

from netc.runtime.kernels import local_response, resampling

from .images import Array, empty_image, garbage, random_image

FACTORS = [(1, 1), (2, 2), (3, 1), (1, 4), (2, 5)]


def weights(size: int, factor: int) -> Array:
    """The matrix of bilinear interpolation on one axis: half-pixel centres, with the border repeated."""
    found = np.zeros((size * factor, size))
    for i in range(size * factor):
        place = (i + 0.5) / factor - 0.5
        low = int(np.floor(place))
        for neighbour, share in ((low, 1 - (place - low)), (low + 1, place - low)):
            found[i, min(max(neighbour, 0), size - 1)] += share
    return found


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("extents", [(3, 4), (1, 1), (2, 1)])
@pytest.mark.parametrize("block", [1, 2, 5])
def test_bilinear(factors: tuple[int, int], extents: tuple[int, int], block: int) -> None:
    x, tall = random_image(1, 3, 2, *extents), garbage(block, extents[0] * factors[0], extents[1], 2)
    gy = random_image(2, 3, 2, *(size * factor for size, factor in zip(extents, factors, strict=True)))
    y, gx = empty_image(*gy.shape), empty_image(*x.shape)
    resampling.bilinear(x, y, tall, garbage(tall.size), factors=factors)
    resampling.bilinear_gradient(gy, gx, tall, garbage(tall.size), factors=factors)
    rows, columns = (weights(size, factor) for size, factor in zip(extents, factors, strict=True))
    np.testing.assert_allclose(y, rows @ x @ columns.T, rtol=0, atol=1e-14)
    np.testing.assert_allclose(gx, rows.T @ gy @ columns, rtol=0, atol=1e-13)


@pytest.mark.parametrize("factors", FACTORS)
def test_nearest(factors: tuple[int, int]) -> None:
    x, gy = random_image(1, 2, 3, 3, 4), random_image(2, 2, 3, 3 * factors[0], 4 * factors[1])
    y, gx = empty_image(*gy.shape), empty_image(*x.shape)
    resampling.nearest(x, y, factors=factors)
    resampling.nearest_gradient(gy, gx, factors=factors)
    expected = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*y.shape):
        assert y[n, c, i, j] == x[n, c, i // factors[0], j // factors[1]]
        expected[n, c, i // factors[0], j // factors[1]] += gy[n, c, i, j]
    np.testing.assert_allclose(gx, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("channels", [1, 2, 7])
@pytest.mark.parametrize("reach", [0, 1, 2])
def test_local_response_normalisation(channels: int, reach: int) -> None:
    x, y = random_image(1, 2, channels, 2, 3), empty_image(2, channels, 2, 3)
    local_response.lrn(x, y, empty_image(*x.shape), reach=reach, alpha=0.2, beta=0.75, k=1.5)
    for n, c, i, j in np.ndindex(*y.shape):
        around = x[n, max(0, c - reach) : c + reach + 1, i, j]
        np.testing.assert_allclose(y[n, c, i, j], x[n, c, i, j] / (1.5 + 0.2 * (around**2).sum()) ** 0.75, rtol=1e-13)
