"""Every cell in onnxruntime, as an operator where there is one and as a Scan: one file at several sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.compiler.export.export import export, reference
from netc.compiler.export.model import to_bytes
from netc.runtime.session import Session

from .cells import INVENTED, batch, lively, texts

TEXTS = texts()
SIZES = [{"N": n, "T": steps} for steps in (7, 2, 1) for n in (1, 3)]
OPERATORS = {"LSTM", "GRU", "RNN"}


def kinds(proto: Any) -> set[str]:
    """The recurrent operators of a model."""
    return {node.op_type for node in proto.graph.node} & (OPERATORS | {"Scan"})


def near(found: NDArray[Any], wanted: NDArray[Any]) -> None:
    assert found.shape == wanted.shape
    assert np.isfinite(wanted).all()
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("lower_rnn", [False, True], ids=["operator", "scan"])
@pytest.mark.parametrize("name", TEXTS)
def test_one_file_is_the_network_at_all_sizes(name: str, lower_rnn: bool) -> None:
    network = netc.loads(TEXTS[name]).network
    weights = lively(reference(network, None).state_dict())
    proto = export(network, weights, lower_rnn=lower_rnn).proto
    assert kinds(proto) == expected(name, lower_rnn=lower_rnn)
    session = Session(to_bytes(proto))
    trainer = reference(network, weights, N=3, T=7)
    for number, sizes in enumerate(SIZES):
        arrays = {
            key: array.astype(np.float32) if array.dtype.kind == "f" else array
            for key, array in batch(trainer.program.inputs, sizes, number).items()
        }
        there = session.run(arrays)
        for output, wanted in trainer.forward(**arrays).items():
            near(there[output], wanted)


def expected(name: str, *, lower_rnn: bool) -> set[str]:
    """The operators that a network should become."""
    bundled = {"elman": "RNN", "lstm": "LSTM", "gru": "GRU"}
    kind = {"encoder and decoder": "GRU", "states of an lstm": "LSTM"}.get(name)
    if name not in INVENTED and name != "elman gelu":
        kind = bundled.get(name.split()[0].removesuffix(","))
    return {kind or "Scan"} if not lower_rnn else {"Scan"}


@pytest.mark.parametrize("cell", ["lstm(3, peephole = yes)", "gru(3)", "elman(3)"])
def test_float64_to_ten_digits(cell: str) -> None:
    """As a loop: onnxruntime's operators of cells refuse float64 when they run."""
    network = netc.loads(f"net a {{\n  input x: f64[N, T, 4]\n  {cell} -> fc(2)\n}}").network
    made = export(network, lively(reference(network, None).state_dict()))
    assert kinds(made.proto) == {"Scan"}
    assert made.worst <= 1e-10


def test_a_cell_that_reads_one_sequence_twice() -> None:
    cell = """cell joined(units) from a, b {
  state h[units], s[units]
  s' = 0.5 * s + (a -> fc(units))
  h' = (s', b, h) -> fc(units) -> tanh
  output h', s'
}
"""
    net = netc.loads(f"{cell}net a {{\n  input x: f32[N, T, 4]\n  y, z = (x, x) -> joined(3)\n  output y, z\n}}")
    assert export(net.network).worst <= 1e-5
