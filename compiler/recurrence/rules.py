"""How the loop over the steps of a sequence runs: its forms for inference and training, its gradient, its source."""

from __future__ import annotations

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.make import Make
from ..graph.op import Gradients, Values
from .arrange import Loop, arrange
from .body import Body, made_anew
from .loop import Loop as Rows
from .loop_by_features import LoopByFeatures
from .loop_by_gates import LoopByGates
from .overwrite import with_gates_joined
from .places import by_features
from .reverse import backward, saving
from .scan import Scan


def lower(scan: Scan, b: Make, ins: Values) -> Values:
    """The loop at inference."""
    body = made_anew(scan.body, tuple([value.type for value in ins]), training=False)
    return arrange(b, body, ins, _loop(scan.steps, scan.reverse))


def train(scan: Scan, b: Make, ins: Values) -> Values:
    """The loop in training, which also keeps what its gradient reads."""

    def loop(b: Make, body: Body, ins: Values) -> Values:
        saved = Scan(saving(with_gates_joined(body)), scan.steps, scan.reverse, True)
        return b.all(saved, *ins)[: len(body.results)]

    body = made_anew(scan.body, tuple([value.type for value in ins]), training=True)
    return arrange(b, body, ins, loop, tables=True)


def gradient(scan: Scan, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
    """The gradients by the inputs, from a loop back."""
    body = scan.body
    if not scan.saves:
        body = saving(body)
        outs = b.all(Scan(body, scan.steps, scan.reverse, True), *ins)
        gys = (*gys, *(None for _ in outs[len(gys) :]))
    back = backward(b, body, ins, outs, gys, scan.reverse)
    return back.gradients(arrange(b, back.body, back.ins, _loop(scan.steps, not scan.reverse)))


def _loop(steps: Dim, reverse: bool) -> Loop:
    return lambda b, body, ins: b.all(Scan(body, steps, reverse), *ins)


def numpy(scan: Scan, code: Code) -> None:
    """The statements of the loop, by how the values of a step lie."""
    form = LoopByGates if scan.gate else LoopByFeatures if by_features(scan.body) else Rows
    form(code, scan.body, scan.steps, scan.reverse, scan.turned, scan.gate).write(scan.before)
