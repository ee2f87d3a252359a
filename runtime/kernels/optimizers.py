"""Updates of parameters, in place, in chunks that stay in cache; the arithmetic is PyTorch's.

Of a rule, p, g and the slots are chunks of the parameters, their gradients and what the rule keeps; `work` and `more`
are scratch memory like them, of which `s` is enough for both. `step` counts from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def bound(rule: Callable[..., None], s: Array, *arrays: Array) -> Callable[..., None]:
    """What runs a rule on the arrays, chunk by chunk, given its settings; the views of the chunks are made once."""
    size, chunks = s.size // 2, []
    for start in range(0, arrays[0].size, size):
        parts = [array[start : start + size] for array in arrays]
        chunks.append((*parts, s[: parts[0].size], s[size : size + parts[0].size]))

    def run(**settings: object) -> None:
        for chunk in chunks:
            rule(*chunk, **settings)

    return run


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
    *velocity, work, more = rest
    g = _decay(g, p, work, weight_decay)
    if velocity:
        (v,) = velocity
        np.multiply(v, momentum, out=v)
        np.add(v, g, out=v)
        if nesterov:
            np.multiply(v, momentum, out=more)
            np.add(more, g, out=more)
        g = more if nesterov else v
    _move(p, g, more, lr)


def adam(
    p: Array, g: Array, m: Array, v: Array, work: Array, more: Array, *, lr: float, beta1: float, beta2: float,
    eps: float, weight_decay: float, step: int,
) -> None:  # fmt: skip
    """m and v are the means of g and g², each over its 1 − βᵗ; p −= lr · m / (√v + eps) (Kingma and Ba 2015)."""
    _adam(p, _decay(g, p, work, weight_decay), m, v, work, more, lr, beta1, beta2, eps, step)


def adamw(
    p: Array, g: Array, m: Array, v: Array, work: Array, more: Array, *, lr: float, beta1: float, beta2: float,
    eps: float, weight_decay: float, step: int,
) -> None:  # fmt: skip
    """adam after p −= lr · weight_decay · p, with no decay in the gradient (Loshchilov and Hutter 2019)."""
    np.multiply(p, 1 - lr * weight_decay, out=p)
    _adam(p, g, m, v, work, more, lr, beta1, beta2, eps, step)


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
    *velocity, work, more = rest
    g = _decay(g, p, work, weight_decay)
    np.multiply(g, g, out=more)
    np.multiply(more, 1 - decay, out=more)
    np.multiply(v, decay, out=v)
    np.add(v, more, out=v)
    np.sqrt(v, out=more)
    np.add(more, eps, out=more)
    np.divide(g, more, out=more)
    if velocity:
        np.multiply(velocity[0], momentum, out=velocity[0])
        np.add(velocity[0], more, out=velocity[0])
        more = velocity[0]
    _move(p, more, work, lr)


def adagrad(
    p: Array, g: Array, v: Array, work: Array, more: Array, *, lr: float, eps: float, weight_decay: float, step: int
) -> None:
    """v += g²; p −= lr · g / (√v + eps) (Duchi et al. 2011)."""
    g = _decay(g, p, work, weight_decay)
    np.multiply(g, g, out=more)
    np.add(v, more, out=v)
    np.sqrt(v, out=more)
    np.add(more, eps, out=more)
    np.divide(g, more, out=more)
    _move(p, more, work, lr)


def clip_norm(g: Array, limit: float, s: Array) -> None:
    """g · limit / (|g| + 1e-6) where that is smaller, |g| being the Euclidean norm of all gradients together
    (Pascanu et al. 2013, as PyTorch's `clip_grad_norm_`)."""
    total = 0.0
    for start in range(0, g.size, s.size):
        part = g[start : start + s.size]
        total += float(np.dot(part, part))
    factor = limit / (total**0.5 + 1e-6)
    if factor < 1:
        np.multiply(g, factor, out=g)
