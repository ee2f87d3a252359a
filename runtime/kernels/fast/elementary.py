"""Exponential functions of one number, in forms that LLVM makes vector instructions of where that is a float32.

Of a float64 they are those of the standard library. Source of the polynomial: Moshier, "Cephes mathematical library",
expf; it is within two units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

# No other order of operations: the two parts of log 2 are taken off one after the other.
_OPTIONS = {"fastmath": {"contract"}}
LOG2_E = np.float32(1.44269504088896341)
LOG_2, LOG_2_REST = np.float32(0.693359375), np.float32(-2.12194440e-4)
HIGHEST, LOWEST = np.float32(88.72283), np.float32(-87.33654)
EXP = tuple(
    np.float32(c)
    for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
ONE, HALF = np.float32(1), np.float32(0.5)
INFINITE, NOTHING = np.float32(np.inf), np.float32(0)


@register_jitable(**_OPTIONS)
def exp32(x: Any) -> Any:
    """eˣ = 2ⁿ eʳ with |r| ≤ log 2 / 2; 0 where it is below the smallest normal number."""
    inside = min(max(x, LOWEST), HIGHEST)
    n = np.floor(inside * LOG2_E + HALF)
    r = inside - n * LOG_2
    r = r - n * LOG_2_REST
    p = EXP[0]
    p = p * r + EXP[1]
    p = p * r + EXP[2]
    p = p * r + EXP[3]
    p = p * r + EXP[4]
    p = p * r + EXP[5]
    p = p * r * r + r + ONE
    # 2ⁿ in two factors, as n may be 128.
    half = np.int32(n) >> 1
    rest = np.int32(n) - half
    made = p * np.int32((half + 127) << 23).view(np.float32) * np.int32((rest + 127) << 23).view(np.float32)
    if x > HIGHEST:
        made = INFINITE
    if x < LOWEST:
        made = NOTHING
    return made if x == x else x


def exp(x: Any) -> Any:
    """eˣ."""
    return math.exp(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + math.exp(-x))


# An implementation has the very arguments, annotations too, of the function that picks it.
@overload(exp, jit_options=_OPTIONS)
def _exp(x: Any) -> Callable[[Any], Any]:
    def single(x: Any) -> Any:
        return exp32(x)

    def double(x: Any) -> Any:
        return math.exp(x) if x < 709.8 else np.inf if x == x else x

    return single if x == types.float32 else double


@overload(sigmoid, jit_options=_OPTIONS)
def _sigmoid(x: Any) -> Callable[[Any], Any]:
    def single(x: Any) -> Any:
        return ONE / (ONE + exp32(min(-x, HIGHEST)))

    def double(x: Any) -> Any:
        return 1.0 / (1.0 + math.exp(min(-x, 709.0)))

    return single if x == types.float32 else double
