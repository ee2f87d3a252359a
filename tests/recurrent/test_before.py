"""What a loop had before each step is read where it lies; states that start from zero add nothing at the first one."""

from __future__ import annotations

import numpy as np
import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.ops.steps import Before
from netc.compiler.passes.build import computations
from netc.compiler.recurrence.order import in_order
from netc.compiler.recurrence.scan import Scan

from .cells import reading

# Of each cell the states that are copied and those that a loop reads. A product reads the states as one matrix, so
# that those which do not start from zero are copied to follow on their first values.
CELLS = {
    "lstm(3)": (0, 1),
    "lstm(3, reverse = yes)": (0, 1),
    "lstm(3, coupled = yes)": (0, 1),
    "gru(3)": (0, 1),
    "gru(3, reverse = yes)": (0, 1),
    "elman(3)": (0, 0),
    "elman(3, reverse = yes)": (0, 0),
    "elman(3, h = start)": (1, 0),
    "lstm(3, c = start, h = start)": (1, 1),
}


@pytest.mark.parametrize(("cell", "states"), CELLS.items())
def test_only_what_products_read_is_copied(cell: str, states: tuple[int, int]) -> None:
    (network,) = compile_spec(Request("own", reading(cell))).networks
    assert network.settings is not None
    nodes = in_order(computations(network.graph, network.settings.loss)["step"]).nodes
    read = sum(len(node.op.before) for node in nodes if isinstance(node.op, Scan))
    assert (sum(isinstance(node.op, Before) for node in nodes), read) == states


@pytest.mark.parametrize("cell", CELLS)
def test_shorter_sequences_have_the_gradients_of_their_own_program(cell: str) -> None:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(3, 4, 2)).astype(np.float32), rng.integers(4, size=(3, 4))
    own, longer = (netc.loads(reading(cell)).trainer(N=n, T=steps, seed=1) for n, steps in ((3, 4), (5, 9)))
    found, expected = longer.gradients(x=x, t=t), own.gradients(x=x, t=t)
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-4, atol=1e-6)
