"""One exported file at several batches and lengths, against the NumPy program and against onnx's own reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx.reference
import pytest
from numpy.typing import NDArray

import netc
from netc.compiler.export.export import export, reference
from netc.compiler.export.model import to_bytes
from netc.runtime.measure import random_input
from netc.runtime.session import Session

from .weights import lively

Array = NDArray[Any]
BATCHES = (1, 3, 7)

NETS = {
    "tokens": """net tokens {
  input text: i64[N, T]
  embed(11, 6) -> layernorm
  every = (it, it -> fc(6) -> silu) -> concat(axis = 2) -> fc(4) -> log_softmax
  end = every -> last -> fc(3)
  output every, end
}""",
    "signal": """net signal {
  input wave: f32[N, 3, T]
  let smooth = conv(3, 3, pad = same)
  wave -> smooth -> batchnorm -> smooth -> relu
  peaks = conv(4, 3, pad = half, groups = 1) -> maxpool(2, stride = 1) -> avgpool(3, stride = 1, pad = 1)
  flat = it -> flatten
  output peaks, flat
}""",
    "images": """net images {
  input image: f32[N, 4, H, W]
  conv(8, 3, pad = half) -> batchnorm -> relu -> channel_shuffle(2)
  up = upsample(2) -> deconv(2, 3, pad = 1)
  pooled = up -> global_avgpool -> flatten
  output up, pooled
}""",
    "video": """net video {
  input frames: f32[N, T, 3, 8, 8]
  conv(4, 3) -> batchnorm -> relu -> maxpool(2, stride = 2)
  flat = it -> flatten
  steps = it -> reshape([T, 36])
  output flat, steps
}""",
    "follows": """net follows {
  input long: f32[N, 2*T + 1, 4]
  input short: f32[N, T, 4]
  both = (long, short) -> concat(axis = 1) -> fc(3)
  flat = both -> flatten
  output both, flat
}""",
    "even": """net even {
  input pairs: f32[N, 2*T, 4]
  flat = pairs -> flatten
  output flat
}""",
}
LENGTHS: dict[str, list[dict[str, int]]] = {
    "images": [{"H": 5, "W": 6}, {"H": 9, "W": 4}],
    "video": [{"T": 2}, {"T": 5}],
}


def sizes(name: str) -> list[dict[str, int]]:
    return [chosen | {"N": batch} for chosen in LENGTHS.get(name, [{"T": 4}, {"T": 9}]) for batch in BATCHES]


def near(found: Array, wanted: Array, tolerance: float) -> None:
    assert found.shape == wanted.shape
    assert np.isfinite(wanted).all()
    assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


@pytest.mark.parametrize("opset", [13, 17, 22])
@pytest.mark.parametrize("name", NETS)
def test_one_file_serves_all_batches_and_lengths(name: str, opset: int) -> None:
    network = netc.loads(NETS[name]).network
    weights = lively(network)
    session = Session(to_bytes(export(network, weights, opset=opset).proto))
    at = sizes(name)
    trainer = reference(network, weights, None, **{symbol: max(chosen[symbol] for chosen in at) for symbol in at[0]})
    rng = np.random.default_rng(1)
    for chosen in at:
        arrays = {port.name: random_input(port, chosen, rng) for port in trainer.program.inputs}
        there, here = session.run(arrays), trainer.forward(**arrays)
        assert there.keys() == here.keys()
        for output, wanted in here.items():
            near(there[output], wanted, 1e-5)


@pytest.mark.parametrize("name", NETS)
def test_the_reference_of_onnx_agrees(name: str) -> None:
    """A third opinion, which shares no code with the other two."""
    network = netc.loads(NETS[name]).network
    weights = lively(network)
    judge = onnx.reference.ReferenceEvaluator(export(network, weights).proto)
    at = sizes(name)[:2]
    trainer = reference(network, weights, None, **{symbol: max(chosen[symbol] for chosen in at) for symbol in at[0]})
    rng = np.random.default_rng(2)
    for chosen in at:
        arrays = {port.name: random_input(port, chosen, rng) for port in trainer.program.inputs}
        there = dict(zip(judge.output_names, judge.run(None, arrays), strict=True))
        for output, wanted in trainer.forward(**arrays).items():
            near(np.asarray(there[output]), wanted, 1e-5)


# Layers for which the runtime has float64 kernels.
WIDE = """net wide {
  input x: f64[N, T, 6]
  input image: f64[N, 3, 8, 8]
  x -> fc(9) -> layernorm -> gelu(tanh) -> fc(5)
  a = it -> softmax
  b = a -> sigmoid
  c = image -> maxpool(2) -> batchnorm -> leaky_relu(0.2) -> flatten -> fc(4) -> tanh
  output a, b, c
}"""


def test_float64_to_ten_digits() -> None:
    network = netc.loads(WIDE).network
    weights = lively(network)
    made = export(network, weights)
    assert {difference.output for difference in made.differences} == {"a", "b", "c"}
    session = Session(to_bytes(made.proto))
    trainer = reference(network, weights, N=7, T=9)
    rng = np.random.default_rng(3)
    for batch, length in ((1, 2), (3, 9), (7, 4)):
        arrays = {port.name: random_input(port, {"N": batch, "T": length}, rng) for port in trainer.program.inputs}
        there = session.run(arrays)
        for output, wanted in trainer.forward(**arrays).items():
            assert wanted.dtype == np.float64
            near(there[output], wanted, 1e-10)
