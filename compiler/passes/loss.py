"""The loss of a `train` block as nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..graph.axes import class_axis
from ..graph.graph import Value
from ..graph.make import Make
from ..graph.op import Op
from ..ops.arithmetic import Add, Affine
from ..ops.linear import Linear
from ..ops.losses import Bce, CrossEntropy, Mae, Mse, Nll
from ..ops.steps import FromSteps, ToSteps
from ..training.settings import LossCall


def total_loss(b: Make, calls: Sequence[LossCall], of: Mapping[Value, Value], *, alone: bool = False) -> Value:
    """The weighted sum of the losses, a scalar; `of` maps the values of the network to those being made.

    With `alone` nobody wants the predictions. One that a loop makes is then compared in the order of the steps: a loss
    is a mean, and to put the targets in that order takes less than to put features in the order of the samples.
    """
    total: Value | None = None
    for call in calls:
        prediction, target = of[call.prediction], of[call.target]
        stack = _stack(b, prediction) if alone else None
        if stack is not None:
            prediction, target = stack, b(ToSteps(), target)
        term = b(_op(call, prediction), prediction, target)
        if call.weight != 1:
            term = b(Affine(factor=call.weight), term)
        total = term if total is None else b(Add(), total, term)
    assert total is not None
    return total


def _stack(b: Make, value: Value, readers: int = 0) -> Value | None:
    """The stack of the steps of a sequence [N, T, features] that a loop makes, and layers then change row by row; None
    for other values, and where so many `readers` are not all: what a layer computes would be computed twice."""
    made = b.producer(value)
    if made is None or value.type.rank != 3:
        return None
    if isinstance(made.op, FromSteps):
        return made.ins[0]
    by_row = isinstance(made.op, Linear) or (made.op.elementwise and len(made.ins) == 1 and not made.op.random)
    if not by_row or sum(value in node.ins for node in b.nodes) > readers:
        return None
    stack = _stack(b, made.ins[0], 1)
    if stack is None:
        return None
    use, b.use = b.use, made.use
    found = b(made.op, stack, *made.ins[1:])
    b.use = use
    return found


def _op(call: LossCall, prediction: Value) -> Op:
    match call.kind:
        case "cross_entropy":
            return CrossEntropy(class_axis(prediction.type), call.ignore)
        case "nll":
            return Nll(class_axis(prediction.type), call.ignore)
        case "mse":
            return Mse()
        case "mae":
            return Mae()
        case "bce":
            return Bce()
    raise AssertionError(call.kind)
