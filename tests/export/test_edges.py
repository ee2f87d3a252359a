"""What an export refuses and says so, and what lies at the edge and still goes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import netc
from netc.compiler.cli.main import netc as cli
from netc.compiler.export.export import check_shapes, export
from netc.compiler.export.model import Origin, build, check, content, to_bytes
from netc.compiler.export.nodes import nodes
from netc.runtime.errors import RunError
from netc.runtime.session import Session

SMALL = "net small {\n  input x: f32[N, 4]\n  fc(3)\n}"
IMAGE = "net images {{\n  input image: f32[N, 2, {}, {}]\n  {}\n}}"


def refused(text: str, weights: dict[str, np.ndarray] | None = None, opset: int = 17) -> RunError:
    with pytest.raises(RunError) as caught:
        netc.loads(text).to_onnx(weights, opset=opset)
    assert caught.value.help
    return caught.value


@pytest.mark.parametrize("opset", [-1, 0, 12, 23, 99])
def test_an_opset_that_netc_does_not_write(opset: int) -> None:
    error = refused(SMALL, opset=opset)
    assert (error.code, error.message) == ("unknown-opset", f"opset {opset} is not one that netc writes")
    assert "from 13 to 22" in error.help


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("verify", [True, False])
def test_weights_that_are_not_finite(number: float, verify: bool) -> None:
    """NaN would make every output NaN, which no comparison can tell from another NaN."""
    net = netc.loads(SMALL)
    weights = {name: array.astype(np.float64) for name, array in net.trainer(N=1).state_dict().items()}
    weights["fc1.weight"][1, 2] = number
    with pytest.raises(RunError) as caught:
        net.to_onnx(weights, verify=verify)
    assert caught.value.code == "not-finite"
    assert caught.value.message == "`fc1.weight` has numbers that are not finite in float32"


UNSEEN = "net unseen {\n  input x: f32[N, 4]\n  y = x -> fc(3)\n  z = (x * 0 - 1) -> log\n  output y, z\n}"


def test_an_output_with_no_finite_entry_is_not_compared() -> None:
    made = export(netc.loads(UNSEEN).network)
    assert [(d.output, d.error is None) for d in made.differences] == [("y", False), ("z", True)] * 2


def test_the_command_says_what_was_not_compared(tmp_path: Path) -> None:
    spec, model, report = tmp_path / "unseen.net", tmp_path / "unseen.onnx", tmp_path / "report.json"
    spec.write_text(UNSEEN)
    done = CliRunner().invoke(cli, ["export", str(spec), "-o", str(model), "--report", str(report)])
    assert done.exit_code == 0
    assert "equal to the NumPy program within" in done.stderr
    assert done.stderr.endswith("; `z` not compared, as no entry of it is finite\n")
    assert [entry["error"] is None for entry in json.loads(report.read_text())] == [False, True] * 2
    spec.write_text(UNSEEN.replace("  y = x -> fc(3)\n", "").replace("output y, z", "output z"))
    done = CliRunner().invoke(cli, ["export", str(spec), "-o", str(model)])
    assert done.stderr.endswith("unseen.onnx: opset 17, `z` not compared, as no entry of it is finite\n")
    done = CliRunner().invoke(cli, ["export", str(spec), "-o", str(model), "--no-verify"])
    assert done.stderr.endswith("unseen.onnx: opset 17, not compared\n")


def test_shapes_that_differ_are_an_error_with_a_name() -> None:
    network = netc.loads(SMALL).network
    check_shapes(nodes(network.graph, 17), {"result": ["N", 3], "fc1": ["N", 3]})
    (name,) = [port.name for port in network.graph.outputs]
    wrongs: list[list[int | str]] = [["N", 4], ["N"], [2, 3]]
    for wrong in wrongs:
        with pytest.raises(RunError) as caught:
            check_shapes(nodes(network.graph, 17), {name: wrong})
        assert caught.value.code == "not-equal"
        assert f"`{name}` is f32[N, 3], onnx infers {wrong}" in caught.value.message


def test_a_model_that_onnx_refuses_is_an_error_with_a_name() -> None:
    net = netc.loads(SMALL)
    model = build(content(net.network.graph, net.trainer(N=1).state_dict(), Origin("x", "")))
    model.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(RunError) as caught:
        check(model)
    assert caught.value.code == "bad-model"
    assert "NoSuchOperator" in caught.value.message


@pytest.mark.parametrize("type", ["bool", "u8", "i64", "f32"])
def test_an_input_that_is_an_output_too(type: str) -> None:
    text = f"net a {{\n  input t: {type}[N, 4]\n  input x: f32[N, 4]\n  y = x -> fc(3)\n  output t, y\n}}"
    assert {d.output for d in export(netc.loads(text).network).differences} == {"t", "y"}


def test_two_float_types_in_one_network() -> None:
    error = refused("net a {\n  input t: f64[N, 4]\n  input x: f32[N, 4]\n  y = x -> fc(3)\n  output t, y\n}")
    assert error.code == "not-exportable"
    assert "f32 and f64" in error.message


def test_a_factor_beyond_float32_is_infinite_and_no_warning() -> None:
    """Warnings are errors in these tests."""
    model = netc.loads("net a {\n  input x: f32[N, 4]\n  y = x * 1e300\n  output x, y\n}").to_onnx()
    found = Session(to_bytes(model)).run({"x": np.array([[1, -1, 2, -2]], np.float32)})["y"]
    assert np.array_equal(found, [[np.inf, -np.inf, np.inf, -np.inf]])


@pytest.mark.parametrize("opset", [13, 14, 15, 16])
@pytest.mark.parametrize("arguments", ["", "(eps = 0.01)", "(shift = no)", "(scale = no)"])
def test_layer_norm_before_its_operator(opset: int, arguments: str) -> None:
    net = netc.loads(f"net a {{\n  input x: f32[N, T, 6]\n  y = x -> layernorm{arguments}\n  output y\n}}")
    kinds = {node.op_type for node in net.to_onnx(opset=opset).graph.node}
    assert "LayerNormalization" not in kinds
    assert {node.op_type for node in net.to_onnx(opset=17).graph.node} == {"LayerNormalization"}


@pytest.mark.parametrize("opset", [13, 18, 19, 22])
@pytest.mark.parametrize("counted", ["yes", "no"])
def test_a_window_that_hangs_over_by_more_than_its_kernel(opset: int, counted: str) -> None:
    """With a dilation of 3 a kernel of 2 hangs over the end by 2 or more, which onnxruntime's pools refuse."""
    layer = f"avgpool(2, stride = 3, dilation = 3, ceil = yes, count_pad = {counted})"
    for size in (8, 9):
        netc.loads(IMAGE.format(size, size, layer)).to_onnx(opset=opset)


def test_a_dilated_mean_over_a_symbolic_size() -> None:
    ceiled = "avgpool(2, stride = (1, 3), dilation = (1, 3), ceil = yes)"
    for opset in (13, 22):
        netc.loads(IMAGE.format("T", 8, ceiled)).to_onnx(opset=opset)
    padded = netc.loads(IMAGE.format("T", 8, "avgpool(2, stride = 1, dilation = 3, pad = 1)"))
    padded.to_onnx(opset=19)
    with pytest.raises(netc.SpecError) as caught:
        padded.to_onnx(opset=17)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "not-exportable"
    assert "symbolic size with padding" in diagnostic.message


def test_a_kernel_longer_than_the_length_that_is_usually_compared() -> None:
    made = export(netc.loads("net a {\n  input x: f32[N, 2, T]\n  y = x -> conv(3, 9)\n  output y\n}").network)
    assert all(d.error is not None for d in made.differences)


def test_a_length_that_nothing_reasonable_satisfies() -> None:
    text = "net a {\n  input x: f32[N, 2, T]\n  y = x -> conv(3, 20001)\n  output y\n}"
    error = refused(text)
    assert error.code == "too-small"
    assert "--dim T=" in error.help


@pytest.mark.parametrize("type", ["f32", "f64"])
def test_the_logarithm_of_a_small_sigmoid(type: str) -> None:
    """onnxruntime's Sigmoid is 0 below −18 in float32, where its logarithm would be −∞."""
    net = netc.loads(f"net a {{\n  input x: {type}[N, 5]\n  y = x -> sigmoid -> log\n  output y\n}}")
    x = np.array([[-80, -20, -1, 1, 30]], np.float32 if type == "f32" else np.float64)
    wanted = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x.astype(np.float64))))
    for found in (Session(to_bytes(net.to_onnx())).run({"x": x})["y"], net.trainer(N=1).forward(x=x)["y"]):
        assert np.abs(found - wanted).max() <= (1e-5 if type == "f32" else 1e-13)


def test_inputs_of_two_float_types_run_and_are_not_exported() -> None:
    text = "net two { input a: f32[N, 4]; input b: f64[N, 4]; y = a -> fc(3); z = b -> tanh; output y, z }"
    found = netc.loads(text).trainer(N=2).forward(a=np.ones((2, 4), np.float32), b=np.ones((2, 4)))
    assert [str(array.dtype) for array in found.values()] == ["float32", "float64"]
    with pytest.raises(RunError, match="f32 and f64 meet"):
        netc.loads(text).to_onnx()
