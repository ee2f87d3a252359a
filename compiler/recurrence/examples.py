"""Loops for the tests of the primitive: each has what another lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from ..graph.graph import Value
from ..graph.make import Make
from ..graph.op import Values
from ..graph.tensor import TensorType
from ..graph.window import Window
from ..ops.arithmetic import Add, Affine, Mul
from ..ops.conv import Conv
from ..ops.cut import Cut
from ..ops.linear import Linear
from ..ops.select import Select
from ..ops.unary import Sigmoid, Tanh
from .body import Body

# Makes the nodes of a step from its leaves: the states after it, and its outputs.
Step = Callable[[Make, Values], tuple[Values, Values]]
Shape = tuple[int, ...]


def examples() -> Iterable[tuple[Body, int, bool]]:
    """(body, steps, reverse)."""
    for (n, steps), reverse in product(((2, 3), (1, 1), (3, 4), (1, 2)), (False, True)):
        yield _made(_elman, [(n, 4)], [(n, 3)], [(4, 3), (4, 4), (4,), (4,)]), steps, reverse
        yield _made(_lstm, [(n, 2)] * 2, [(n, 3)], [(2, 3), (2, 2), (2,), (2,)] * 4), steps, reverse
        yield _made(_delay, [(n, 3)] * 3, [(n, 3)], []), steps, reverse
        yield _made(_context, [(n, 4)], [(n, 4)], [(n, 4), (1, 4), (4, 4)]), steps, reverse
        yield _made(_masked, [(n, 4)], [(n, 4)], [(4, 4)], mask=True), steps, reverse
        yield _made(_images, [(n, 2, 3, 4)], [(n, 1, 3, 4)], [(4, 1, 1, 1), (4, 2, 1, 1), (4,)]), steps, reverse


def _made(step: Step, states: list[Shape], inputs: list[Shape], captured: list[Shape], *, mask: bool = False) -> Body:
    b = Make()

    def leaves(shapes: list[Shape]) -> Values:
        return tuple([b.leaf(TensorType("f64", shape)) for shape in shapes])

    before, given, same = leaves(states), leaves(inputs), leaves(captured)
    if mask:
        given = (*given, b.leaf(TensorType("bool", (inputs[0][0], 1))))
    after, outputs = step(b, (*before, *given, *same))
    return Body(before, given, same, tuple(b.nodes), after, outputs)


def _elman(b: Make, leaves: Values) -> tuple[Values, Values]:
    h, x, w, u, c, d = leaves
    after = b(Tanh(), b(Add(), b(Linear(), x, w, c), b(Linear(), h, u, d)))
    return (after,), (after,)


def _lstm(b: Make, leaves: Values) -> tuple[Values, Values]:
    h, c, x, *weights = leaves

    def gate(place: int) -> Value:
        w, u, c, d = weights[4 * place : 4 * place + 4]
        return b(Add(), b(Linear(), x, w, c), b(Linear(), h, u, d))

    i, g, f, o = b(Sigmoid(), gate(0)), b(Tanh(), gate(1)), b(Sigmoid(), gate(2)), b(Sigmoid(), gate(3))
    memory = b(Add(), b(Mul(), f, c), b(Mul(), i, g))
    after = b(Mul(), o, b(Tanh(), memory))
    return (after, memory), (after,)


def _delay(b: Make, leaves: Values) -> tuple[Values, Values]:
    """States that take each other's values, the input's, and none that changes."""
    first, second, still, x = leaves
    return (second, b(Affine(factor=0.5), x), still), (first, b(Mul(), second, still), x)


def _context(b: Make, leaves: Values) -> tuple[Values, Values]:
    """The same vector at every step, an explicit weight, a weight that is used twice, an output that no state needs."""
    h, x, context, p, w = leaves
    inside = b(Add(), b(Linear(), x, w), b(Linear(), h, w))
    after = b(Tanh(), b(Add(), b(Mul(), inside, p), context))
    return (after,), (b(Sigmoid(), b(Linear(), after, w)), h)


def _masked(b: Make, leaves: Values) -> tuple[Values, Values]:
    h, x, running, w = leaves
    after = b(Select(), running, b(Tanh(), b(Add(), x, b(Linear(), h, w))), h)
    return (after,), (after,)


def _images(b: Make, leaves: Values) -> tuple[Values, Values]:
    """Two maps of state, from four maps of a product: ConvLSTM's form."""
    h, x, w, u, c = leaves
    one = Conv((Window(1, 1, 1, 0, 0),) * 2)
    wide = b(Add(), b(one, x, w, c), b(one, h, u))
    a, d = b.all(Cut(1, (2, 2)), wide)
    after = b(Mul(), b(Sigmoid(), a), b(Tanh(), d))
    return (after,), (after,)
