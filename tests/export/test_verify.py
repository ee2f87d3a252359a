"""The comparison itself: it finds what differs, and does not take magnified rounding for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import netc
from netc.compiler.cli.main import netc as cli
from netc.compiler.export.export import export, reference
from netc.compiler.export.model import to_bytes
from netc.compiler.export.verify import Difference, compare, tolerance
from netc.compiler.resolve.network import Network
from netc.runtime.errors import RunError
from netc.runtime.session import Session

AT = [{"N": batch} for batch in (1, 3)]
# The last digits of numbers near 1, which `layernorm` with a small eps brings to the size of 1.
MAGNIFIES = """net magnifies {
  input x: f32[N, 6]
  fc(6) -> tanh
  it * 0.001 + 1 -> layernorm(eps = 1e-12) -> fc(4)
}"""
PLAIN = "net plain {\n  input x: f32[N, 6]\n  fc(6) -> tanh -> fc(4)\n}"
WEIGHT = "fc1.weight"


def compared(network: Network, model: Mapping[str, np.ndarray], program: Mapping[str, np.ndarray]) -> list[Difference]:
    """A model with some weights against the program with others."""
    session = Session(to_bytes(export(network, model, verified=False).proto))
    return compare(session, reference(network, program), lambda: reference(network, program, "f64"), AT)


def moved(weights: Mapping[str, np.ndarray], by: float) -> dict[str, np.ndarray]:
    """The same weights with one number in another place by a part of itself."""
    found = {name: array.copy() for name, array in weights.items()}
    found[WEIGHT][2, 3] *= 1 + by
    return found


def test_magnified_rounding_is_not_taken_for_a_difference() -> None:
    network = netc.loads(MAGNIFIES).network
    weights = reference(network, None).state_dict()
    found = compared(network, weights, weights)
    assert all(d.equal(1e-5) for d in found)
    judged = [d for d in found if d.error is not None and d.error > 1e-5]
    assert judged
    assert all(d.rounding is not None and d.rounding > 1e-5 for d in judged)


def test_the_command_says_that_rounding_is_magnified(tmp_path: Path) -> None:
    spec, report = tmp_path / "magnifies.net", tmp_path / "report.json"
    spec.write_text(MAGNIFIES)
    arguments = ["export", str(spec), "-o", str(tmp_path / "m.onnx"), "--report", str(report)]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0
    assert "more than rounding makes in most networks: in float32 the model is " in done.stderr
    judged = [entry for entry in json.loads(report.read_text()) if entry["model"] is not None]
    assert judged
    assert all(
        entry["error"] > 1e-5 and entry["model"] <= 4 * max(entry["program"], entry["rounding"]) for entry in judged
    )


def test_a_wrong_weight_is_found_behind_magnified_rounding_too() -> None:
    network = netc.loads(MAGNIFIES).network
    weights = reference(network, None).state_dict()
    assert not all(d.equal(1e-5) for d in compared(network, moved(weights, 0.1), weights))


@pytest.mark.parametrize("by", [1e-3, -1e-3])
def test_a_wrong_weight_is_found(by: float) -> None:
    network = netc.loads(PLAIN).network
    weights = reference(network, None).state_dict()
    trainer = reference(network, weights)
    assert all(d.equal(tolerance(trainer)) and d.rounding is None for d in compared(network, weights, weights))
    assert not any(d.equal(tolerance(trainer)) for d in compared(network, moved(weights, by), weights))


def test_a_second_batch_of_positive_numbers_reaches_what_a_logarithm_hides() -> None:
    """At batch 3 inputs are positive, so that more than half of the logarithms are numbers."""
    network = netc.loads("net a {\n  input x: f32[N, 40]\n  y = x -> log\n  output y\n}").network
    weights = reference(network, None).state_dict()
    assert [d.finite for d in compared(network, weights, weights)] == [False, True]


def test_numbers_that_are_not_finite_are_named_as_the_reason() -> None:
    """onnxruntime's LRN carries a NaN on from channel to channel, NumPy's does not."""
    net = netc.loads("net a {\n  input x: f32[N, 9, 5]\n  y = (x - 0.5) -> log -> lrn(3)\n  output y\n}")
    with pytest.raises(RunError) as caught:
        net.to_onnx()
    assert caught.value.code == "not-equal"
    assert caught.value.message.endswith(", where the network makes numbers that are not finite")
    assert "keep these out" in caught.value.help
    assert len(net.to_onnx(verify=False).graph.node) > 0
