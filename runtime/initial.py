"""First values of parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def generator(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one parameter: its own, so that another layer more changes no other's."""
    return np.random.default_rng([seed, *name.encode()])


def fill(out: Array, kind: str, arguments: tuple[float, ...], fan: tuple[int, int], rng: np.random.Generator) -> None:
    """Fill a parameter, [units, …], by an initialiser with its arguments; `fan` is (fan in, fan out).

    The kinds are those of the language. `trunc_normal` draws again what is more than two standard deviations off.
    `orthogonal` is Saxe et al. 2014: the rows of the matrix [units, rest], or its columns, are orthonormal times gain.
    """
    fan_in, fan_out = fan
    match kind:
        case "zeros":
            out[...] = 0
        case "ones":
            out[...] = 1
        case "constant":
            out[...] = arguments[0]
        case "values":
            out[...] = np.reshape(arguments, out.shape)
        case "normal":
            std, mean = arguments
            out[...] = rng.normal(mean, std, out.shape)
        case "trunc_normal":
            std, mean = arguments
            out[...] = _truncated(rng, out.shape) * std + mean
        case "uniform":
            low, high = arguments
            out[...] = rng.uniform(low, high, out.shape)
        case "fan_in_uniform":
            bound = 1 / math.sqrt(fan_in)
            out[...] = rng.uniform(-bound, bound, out.shape)
        case "recurrent_uniform":
            bound = 1 / math.sqrt(arguments[0])
            out[...] = rng.uniform(-bound, bound, out.shape)
        case "xavier_uniform":
            bound = arguments[0] * math.sqrt(6 / (fan_in + fan_out))
            out[...] = rng.uniform(-bound, bound, out.shape)
        case "xavier_normal":
            out[...] = rng.normal(0, arguments[0] * math.sqrt(2 / (fan_in + fan_out)), out.shape)
        case "kaiming_uniform":
            bound = math.sqrt(6 / ((1 + arguments[0] ** 2) * fan_in))
            out[...] = rng.uniform(-bound, bound, out.shape)
        case "kaiming_normal":
            out[...] = rng.normal(0, math.sqrt(2 / ((1 + arguments[0] ** 2) * fan_in)), out.shape)
        case "orthogonal":
            out[...] = arguments[0] * _orthogonal(rng, out.shape)
        case _:
            raise AssertionError(kind)


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    drawn = rng.normal(size=shape)
    while (far := np.abs(drawn) > 2).any():
        drawn[far] = rng.normal(size=int(far.sum()))
    return drawn


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    rows, columns = shape[0], math.prod(shape[1:])
    drawn = rng.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    # The signs make the distribution uniform over orthogonal matrices (Mezzadri 2007).
    q *= np.sign(np.diag(r))
    return (q if rows >= columns else q.T).reshape(shape)
