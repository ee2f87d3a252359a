"""The loss of a `train` block as nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..graph.graph import Value
from ..graph.make import Make
from ..graph.op import Op
from ..ops.arithmetic import Add, Affine
from ..ops.losses import Bce, CrossEntropy, Mae, Mse, Nll
from ..training.settings import LossCall


def total_loss(b: Make, calls: Sequence[LossCall], of: Mapping[Value, Value]) -> Value:
    """The weighted sum of the losses, a scalar; `of` maps the values of the network to those being made."""
    total: Value | None = None
    for call in calls:
        term = b(_op(call), of[call.prediction], of[call.target])
        if call.weight != 1:
            term = b(Affine(factor=call.weight), term)
        total = term if total is None else b(Add(), total, term)
    assert total is not None
    return total


def _op(call: LossCall) -> Op:
    match call.kind:
        case "cross_entropy":
            return CrossEntropy(class_axis(call.prediction), call.ignore)
        case "nll":
            return Nll(class_axis(call.prediction), call.ignore)
        case "mse":
            return Mse()
        case "mae":
            return Mae()
        case "bce":
            return Bce()
    raise AssertionError(call.kind)


def class_axis(prediction: Value) -> int:
    """The dimension that holds the classes: 1 for images, else the last."""
    return 1 if prediction.type.rank >= 4 else prediction.type.rank - 1
