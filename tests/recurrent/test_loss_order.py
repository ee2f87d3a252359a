"""A loss alone is taken in the order of the steps. Where others read the prediction, nothing is computed twice."""

from __future__ import annotations

import numpy as np
import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.graph.computation import Computation
from netc.compiler.ops.linear import Linear
from netc.compiler.ops.steps import FromSteps
from netc.compiler.passes.build import computations

LOSSES = {
    "cross_entropy": ("i64[N, T]", "cross_entropy"),
    "some labels": ("i64[N, T]", "cross_entropy(y, t, ignore = 2)"),
    "mse": ("f32[N, T, 3]", "mse"),
}
HEADS = {"fc": "y = fc(3)", "fc of an activation": "y = relu -> fc(3)", "the loop itself": "y = identity"}


def spec(target: str, loss: str, head: str) -> str:
    return f"""net own {{
  input x: f32[N, T, 2]
  target t: {target}
  gru(3)
  {head}
  output y
  train {{ loss = {loss}; optimizer = sgd(lr = 0.1) }}
}}
"""


def trained(text: str) -> Computation:
    (network,) = compile_spec(Request("own", text)).networks
    assert network.settings is not None
    return computations(network.graph, network.settings.loss)["step"]


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize(("target", "loss"), LOSSES.values(), ids=LOSSES)
def test_features_stay_in_the_order_of_the_steps(target: str, loss: str, head: str) -> None:
    text = spec(target, loss, head)
    assert not any(isinstance(node.op, FromSteps) for node in trained(text).nodes)
    trainer = netc.loads(text).trainer(N=4, T=5, seed=1)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 5, 2)).astype(np.float32)
    labels = rng.integers(3, size=(4, 5)) if "i64" in target else rng.normal(size=(4, 5, 3)).astype(np.float32)
    assert trainer.differentiate(x=x, t=labels) == pytest.approx(trainer.evaluate(x=x, t=labels)[0], rel=1e-6)


def test_a_product_with_other_readers_is_made_once() -> None:
    text = spec("i64[N, T]", "cross_entropy", "y = fc(3)").replace("output y", "more = y -> fc(5)\n  output y")
    text = text.replace("loss = cross_entropy;", "loss = cross_entropy(y, t) + mse(more, u);")
    text = text.replace("target t: i64[N, T]", "target t: i64[N, T]\n  target u: f32[N, T, 5]")
    found = trained(text)
    assert sum(isinstance(node.op, Linear) and node.ins[0].type.rank == 3 for node in found.nodes[: found.forward]) == 2
