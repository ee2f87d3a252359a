"""An ONNX model in the place of a trainer, to be scored: the losses of its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..program import Program, Term
from ..session import Session

Array = NDArray[Any]


class ModelJudge:
    """Evaluates a model on the inputs and targets of the program that it was made from."""

    def __init__(self, session: Session, program: Program, where: str) -> None:
        self.session = session
        self.program = program
        self.where = where

    def evaluate(self, **arrays: Array) -> tuple[float, dict[str, Array]]:
        """The loss, NaN where the outputs do not decide it, and the outputs. Raises RunError."""
        outputs = self.session.run({name: arrays[name] for name in (port.name for port in self.session.inputs)})
        for term in self.program.terms:
            self._check(term, outputs[term.output], arrays[term.target])
        if not self.program.whole:
            return float("nan"), outputs
        return sum(t.weight * _loss(t, outputs[t.output], arrays[t.target]) for t in self.program.terms), outputs

    def _check(self, term: Term, output: Array, target: Array) -> None:
        """A model need not be what it says: its outputs must go with the targets."""
        shape, classes = output.shape, 1 << 63
        if term.kind in ("cross_entropy", "nll") and output.ndim > term.axis:
            shape, classes = shape[: term.axis] + shape[term.axis + 1 :], shape[term.axis]
            target = np.where(target == term.ignore, 0, target) if term.ignore is not None else target
        if shape != target.shape or int(target.max()) >= classes:
            message = f"`{term.output}` is {list(output.shape)}, which does not go with `{term.target}`"
            raise RunError("bad-model", message, "evaluate it as the network that it was made from", self.where)


def _loss(term: Term, output: Array, target: Array) -> float:
    """The loss of one term in float64; the formulas are those of the kernels."""
    x = np.moveaxis(output.astype(np.float64), term.axis, -1) if term.kind in ("cross_entropy", "nll") else output
    match term.kind:
        case "mse":
            return float(np.mean((x - target) ** 2))
        case "mae":
            return float(np.mean(np.abs(x - target)))
        case "bce":
            return float(np.mean(np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))))
    if term.kind == "cross_entropy":
        x = x - x.max(-1, keepdims=True)
        x = x - np.log(np.exp(x).sum(-1, keepdims=True))
    counts = target != term.ignore if term.ignore is not None else np.ones(target.shape, bool)
    labels = np.where(counts, target, 0)
    picked = np.take_along_axis(x, labels[..., None], -1)[..., 0]
    return float(-(picked * counts).sum() / max(int(counts.sum()), 1))
