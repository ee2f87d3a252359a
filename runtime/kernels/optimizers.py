"""Updates of parameters, in place, in chunks that stay in cache; the arithmetic is PyTorch's.

p, g and the slots are flat arrays of one length; `s` is scratch memory for two chunks. `step` counts from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def _chunks(s: Array, *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The arrays and the two halves of the scratch memory, chunk by chunk."""
    size = s.size // 2
    for start in range(0, arrays[0].size, size):
        stop = min(start + size, arrays[0].size)
        yield (*(array[start:stop] for array in arrays), s[: stop - start], s[size : size + stop - start])


def _decay(g: Array, p: Array, s: Array, weight_decay: float) -> Array:
    """g + weight_decay · p."""
    if weight_decay == 0:
        return g
    np.multiply(p, weight_decay, out=s)
    np.add(s, g, out=s)
    return s


def _move(p: Array, direction: Array, s: Array, lr: float) -> None:
    np.multiply(direction, lr, out=s)
    np.subtract(p, s, out=p)


def sgd(
    p: Array, g: Array, *rest: Array, lr: float, momentum: float, nesterov: bool, weight_decay: float, step: int
) -> None:
    """v = momentum · v + g; p −= lr · v, or with `nesterov` p −= lr · (g + momentum · v) (Sutskever et al. 2013)."""
    *slots, s = rest
    for part, gradient, *velocity, work, more in _chunks(s, p, g, *slots):
        gradient = _decay(gradient, part, work, weight_decay)
        if velocity:
            (v,) = velocity
            np.multiply(v, momentum, out=v)
            np.add(v, gradient, out=v)
            if nesterov:
                np.multiply(v, momentum, out=more)
                np.add(more, gradient, out=more)
            gradient = more if nesterov else v
        _move(part, gradient, more, lr)


def adam(
    p: Array, g: Array, m: Array, v: Array, s: Array, *, lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, step: int,
) -> None:  # fmt: skip
    """m and v are the means of g and g², each over its 1 − βᵗ; p −= lr · m / (√v + eps) (Kingma and Ba 2015)."""
    for part, gradient, first, second, work, more in _chunks(s, p, g, m, v):
        _adam(part, _decay(gradient, part, work, weight_decay), first, second, work, more, lr, beta1, beta2, eps, step)


def adamw(
    p: Array, g: Array, m: Array, v: Array, s: Array, *, lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, step: int,
) -> None:  # fmt: skip
    """adam after p −= lr · weight_decay · p, with no decay in the gradient (Loshchilov and Hutter 2019)."""
    for part, gradient, first, second, work, more in _chunks(s, p, g, m, v):
        np.multiply(part, 1 - lr * weight_decay, out=part)
        _adam(part, gradient, first, second, work, more, lr, beta1, beta2, eps, step)


def _adam(
    p: Array, g: Array, m: Array, v: Array, work: Array, more: Array, lr: float, beta1: float, beta2: float,
    eps: float, step: int,
) -> None:  # fmt: skip
    np.subtract(g, m, out=more)
    np.multiply(more, 1 - beta1, out=more)
    np.add(m, more, out=m)
    np.multiply(g, g, out=more)
    np.multiply(more, 1 - beta2, out=more)
    np.multiply(v, beta2, out=v)
    np.add(v, more, out=v)
    np.sqrt(v, out=more)
    np.divide(more, (1 - beta2**step) ** 0.5, out=more)
    np.add(more, eps, out=more)
    np.divide(m, more, out=more)
    _move(p, more, work, lr / (1 - beta1**step))


def rmsprop(
    p: Array, g: Array, v: Array, *rest: Array, lr: float, decay: float, eps: float, momentum: float,
    weight_decay: float, step: int,
) -> None:  # fmt: skip
    """v = decay · v + (1 − decay) g²; p −= lr · g / (√v + eps), or by its momentum (Tieleman and Hinton 2012)."""
    *slots, s = rest
    for part, gradient, square, *velocity, work, more in _chunks(s, p, g, v, *slots):
        gradient = _decay(gradient, part, work, weight_decay)
        np.multiply(gradient, gradient, out=more)
        np.multiply(more, 1 - decay, out=more)
        np.multiply(square, decay, out=square)
        np.add(square, more, out=square)
        np.sqrt(square, out=more)
        np.add(more, eps, out=more)
        np.divide(gradient, more, out=more)
        if velocity:
            np.multiply(velocity[0], momentum, out=velocity[0])
            np.add(velocity[0], more, out=velocity[0])
            more = velocity[0]
        _move(part, more, work, lr)


def adagrad(p: Array, g: Array, v: Array, s: Array, *, lr: float, eps: float, weight_decay: float, step: int) -> None:
    """v += g²; p −= lr · g / (√v + eps) (Duchi et al. 2011)."""
    for part, gradient, square, work, more in _chunks(s, p, g, v):
        gradient = _decay(gradient, part, work, weight_decay)
        np.multiply(gradient, gradient, out=more)
        np.add(square, more, out=square)
        np.sqrt(square, out=more)
        np.add(more, eps, out=more)
        np.divide(gradient, more, out=more)
        _move(part, more, work, lr)


def clip_norm(g: Array, limit: float, s: Array) -> None:
    """g · limit / (|g| + 1e-6) where that is smaller, |g| being the Euclidean norm of all gradients together
    (Pascanu et al. 2013, as PyTorch's `clip_grad_norm_`)."""
    total = 0.0
    for part, _, _ in _chunks(s, g):
        total += float(np.dot(part, part))
    factor = limit / (total**0.5 + 1e-6)
    if factor < 1:
        np.multiply(g, factor, out=g)
