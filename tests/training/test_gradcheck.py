"""`gradcheck` finds a wrong rule, and is not misled by a gradient that is zero."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import netc
from netc.compiler.emit.program import program
from netc.compiler.graph.graph import Value
from netc.compiler.graph.make import Make
from netc.compiler.graph.op import Gradients, Values
from netc.compiler.ops.arithmetic import Affine
from netc.compiler.ops.linear import Linear
from netc.runtime.training.gradcheck import gradcheck

TEXT = """net t {
  input image: f32[N, 2, 6, 6]
  target label: i64[N]
  conv(3, 3) -> batchnorm -> tanh -> dropout(0.5) -> flatten -> fc(4)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }
}"""


def wrong() -> set[str]:
    """The parameters whose gradient is not that of the differences."""
    network = netc.loads(TEXT).network
    made = program(network.name, network.graph, network.settings, {"N": 4}, "f64")
    return {entry.name for entry in gradcheck(made, 0, 20) if entry.error > 1e-6}


def test_every_gradient_is_right_also_where_it_is_zero() -> None:
    """The bias before the batch norm moves nothing: its gradient and its differences are rounding alone."""
    assert wrong() == set()


@pytest.mark.parametrize(("place", "named"), [(1, {"fc1.weight"}), (2, {"fc1.bias"})])
@pytest.mark.parametrize("factor", [-1.0, 1.001])
def test_a_wrong_rule_is_named(place: int, named: set[str], factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rule: Callable[[Linear, Make, Values, Values, Gradients], Gradients] = Linear.gradient

    def broken(self: Linear, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        found: list[Value | None] = list(rule(self, b, ins, outs, gys))
        wanted = found[place]
        assert wanted is not None
        found[place] = b(Affine(factor=factor), wanted)
        return tuple(found)

    monkeypatch.setattr(Linear, "gradient", broken)
    assert wrong() == named
