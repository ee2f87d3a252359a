"""Networks as people write them and a little odder: one file of them, each exported and run as a user would."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import onnx.reference
import onnxruntime
import pytest

import netc
from netc.compiler.export.export import reference
from netc.compiler.report.summary import symbols
from netc.runtime.measure import random_input

from .weights import lively

FILE = Path(__file__).with_name("odd.net")
TEXT = FILE.read_text("utf-8")
NAMES = re.findall(r"^net (\w+)", TEXT, re.MULTILINE)
# What onnx's own reference has no right answer to: its LRN leaves the last channels out of its sums, its ConvTranspose
# takes the second group's numbers from the wrong places, and its RNN does not know Relu.
UNKNOWN_TO_REFERENCE = {"no_weights", "waves", "windows", "sequences"}


@pytest.mark.parametrize("opset", [13, 17, 22])
@pytest.mark.parametrize("name", NAMES)
def test_stock_onnxruntime_runs_it_at_any_size(name: str, opset: int) -> None:
    net = netc.loads(TEXT, net=name)
    weights, free = lively(net.network), symbols(net.network)
    trainer = reference(net.network, weights, None, **dict.fromkeys(free, 7))
    model = net.to_onnx(trainer.state_dict(), opset=opset)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert [given.name for given in session.get_inputs()] == [port.name for port in trainer.program.inputs]
    for batch, length in product((1, 3, 7), (3, 7)):
        sizes = dict.fromkeys(free, length) | {"N": batch}
        rng = np.random.default_rng(batch)
        arrays = {port.name: random_input(port, sizes, rng) for port in trainer.program.inputs}
        wanted = trainer.forward(**arrays)
        found = session.run(list(wanted), arrays)
        for there, here in zip(found, wanted.values(), strict=True):
            assert there.shape == here.shape
            assert there.dtype == here.dtype
            assert np.isfinite(here).all()
            tolerance = 1e-10 if here.dtype == np.float64 else 1e-5
            error = np.abs(there.astype(np.float64) - here).max(initial=0)
            assert error <= tolerance * np.abs(here.astype(np.float64)).max(initial=0)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNKNOWN_TO_REFERENCE])
def test_the_reference_of_onnx_agrees(name: str) -> None:
    """A third opinion, which shares no code with the other two."""
    net = netc.loads(TEXT, net=name)
    weights, sizes = lively(net.network), dict.fromkeys(symbols(net.network), 3)
    judge = onnx.reference.ReferenceEvaluator(net.to_onnx(weights))
    trainer = reference(net.network, weights, None, **sizes)
    rng = np.random.default_rng(0)
    arrays = {port.name: random_input(port, sizes, rng) for port in trainer.program.inputs}
    found = dict(zip(judge.output_names, judge.run(None, arrays), strict=True))
    for output, wanted in trainer.forward(**arrays).items():
        there = np.asarray(found[output])
        assert there.shape == wanted.shape
        assert np.abs(there.astype(np.float64) - wanted).max(initial=0) <= 1e-5 * np.abs(wanted).max(initial=0)


@pytest.mark.parametrize("name", ["bytes", "shared_everything", "sequences"])
def test_from_the_command_line(name: str, tmp_path: Path) -> None:
    """With weights that a Python program has saved."""
    net = netc.loads(TEXT, net=name)
    np.savez(tmp_path / "weights.npz", allow_pickle=False, **lively(net.network))
    arguments = ["export", str(FILE), "--net", name, "--weights", "weights.npz", "-o", "m.onnx"]
    done = subprocess.run(
        [sys.executable, "-m", "netc", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("m.onnx: opset 17, equal to the NumPy program within ")
    onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])


def test_a_batch_norm_behind_a_shared_convolution_stays() -> None:
    """What it would be folded into is read by another use as it is."""
    model = netc.loads(TEXT, net="shared_everything").to_onnx()
    assert [node.op_type for node in model.graph.node].count("BatchNormalization") == 2
