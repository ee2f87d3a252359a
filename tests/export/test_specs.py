"""The bundled specs as ONNX models: proven, with the structure of the published model files, and honest metadata."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper

import netc
from netc.compiler.driver import bundled
from netc.compiler.export.export import export, reference
from netc.compiler.export.model import Origin, build, check, content, to_bytes
from netc.compiler.export.nodes import nodes
from netc.compiler.graph.tensor import TensorType
from netc.runtime.session import Session

from .weights import lively

NAMES = [name for stem, variants in bundled().items() for name in (stem, *variants)]
# Those that take little memory; the others are proven by `make trust`.
SMALL = [
    "mlp", "lenet5", "lenet5_1998", "caffe_lenet", "digits", "fashion", "squeezenet", "mobilenet_v2", "resnet18",
    "bilstm_tagger", "char_gru", "char_lstm", "one_bias", "convlstm", "elman_series", "jordan_series", "seq2seq",
]  # fmt: skip
# Shapes and counts of the convolutions and pools of the ONNX model zoo's light models; the source is in the file.
ONNX = json.loads((Path(__file__).parents[1] / "data" / "onnx_networks.json").read_text())["networks"]


KINDS = {"Conv": "conv", "MaxPool": "maxpool", "AveragePool": "avgpool", "GlobalAveragePool": "avgpool"}


def proven(name: str) -> None:
    """Within the plain tolerance, whatever the judge of magnified rounding would say."""
    net = netc.load(name)
    weights = lively(net.network)
    for folded in (True, False):
        made = export(net.network, weights, folded=folded)
        assert [d.error is not None and d.finite for d in made.differences] == [True] * len(made.differences)
        print(f"{name}, folded {folded}: {made.worst:.1e}")
        assert made.worst <= 1e-5


@pytest.mark.parametrize("name", SMALL)
def test_the_model_is_the_network(name: str) -> None:
    proven(name)


@pytest.mark.trust
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SMALL])
def test_the_model_is_the_network_for_large_ones(name: str) -> None:
    proven(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_has_nodes_with_names_of_their_own(name: str) -> None:
    found = nodes(netc.load(name).network.graph, 17)
    names = [path for path, _ in found.nodes]
    assert len(set(names)) == len(names)
    made = [out for _, node in found.nodes for out in node.outs]
    assert len(set(made)) == len(made)


def test_names_are_those_of_the_spec() -> None:
    model = netc.load("resnet18").to_onnx(verify=False, fold=False)
    names = {node.name for node in model.graph.node}
    assert {"conv1", "basic1/main/conv1", "basic3/shortcut1/conv1", "logits"} <= names
    assert {"basic1.main.conv1.weight", "basic1.main.batchnorm1.running_mean"} <= {
        tensor.name for tensor in model.graph.initializer
    }
    (image,), (logits,) = model.graph.input, model.graph.output
    assert (image.name, logits.name) == ("image", "logits")
    assert [d.dim_param or d.dim_value for d in image.type.tensor_type.shape.dim] == ["N", 3, 224, 224]


def test_a_cell_and_a_table_of_words_bear_the_names_of_their_uses() -> None:
    for fold in (True, False):
        model = netc.load("char_lstm").to_onnx(verify=False, fold=fold)
        kinds = {node.name: node.op_type for node in model.graph.node}
        assert [kinds[name] for name in ("embed1", "lstm1", "lstm2")] == ["Gather", "LSTM", "LSTM"]
        names = {tensor.name for tensor in model.graph.initializer}
        assert names >= ({"lstm1:W", "lstm2:R"} if fold else {"lstm1.weight_ih_l0", "lstm2.weight_hh_l0"})


def test_nothing_is_in_a_model_that_its_outputs_do_not_need() -> None:
    model = netc.load("char_lstm").to_onnx(verify=False)
    read = {name for node in model.graph.node for name in node.input} | {output.name for output in model.graph.output}
    assert all(not read.isdisjoint(node.output) for node in model.graph.node)
    assert {tensor.name for tensor in model.graph.initializer} <= read


def test_the_metadata_say_where_a_model_comes_from() -> None:
    net = netc.load("lenet5", set={"classes": 7})
    details = {entry.key: entry.value for entry in net.to_onnx(verify=False).metadata_props}
    assert details["netc_version"] == netc.__version__
    assert details["spec"] == net.network.span.source.text
    assert details["parameter.classes"] == "7"


def test_folding_leaves_no_batch_norm_behind_a_convolution() -> None:
    kinds = [node.op_type for node in netc.load("resnet18").to_onnx(verify=False).graph.node]
    assert "BatchNormalization" not in kinds
    kept = netc.load("resnet18").to_onnx(verify=False, fold=False)
    assert "BatchNormalization" in [node.op_type for node in kept.graph.node]


def test_the_same_network_gives_the_same_bytes() -> None:
    net = netc.load("digits")
    weights = reference(net.network, None).state_dict()
    assert to_bytes(net.to_onnx(weights)) == to_bytes(net.to_onnx(weights))


def test_what_a_training_step_leaves_is_exported() -> None:
    """Weights that were trained go into the model as they are, and predict what the trainer predicts at any batch."""
    net = netc.load("digits")
    trainer = net.trainer(N=16)
    rng = np.random.default_rng(0)
    for _ in range(3):
        trainer.step(image=rng.random((16, 1, 8, 8), dtype=np.float32), label=rng.integers(10, size=16))
    session = Session(to_bytes(net.to_onnx(trainer.state_dict())))
    for n in (1, 3, 7, 16):
        image = rng.random((n, 1, 8, 8), dtype=np.float32)
        own = trainer.forward(image=image)["logits"]
        assert np.abs(session.run({"image": image})["logits"] - own).max() <= 1e-5 * np.abs(own).max()


@pytest.mark.parametrize("opset", [13, 15, 17, 19, 21])
def test_older_and_newer_opsets(opset: int) -> None:
    net = netc.load("digits")
    model = net.to_onnx(opset=opset)
    assert model.opset_import[0].version == opset
    assert model.ir_version <= 10


@pytest.mark.parametrize("name", ONNX)
def test_convolutions_and_pools_are_those_of_the_published_models(name: str) -> None:
    """At every convolution and pool the shape of the result and the number of weights, in order."""
    net = netc.load(name)
    found = nodes(net.network.graph, 17)
    sizes = dict(found.parameters)
    own = []
    for _, node in found.nodes:
        if node.kind in KINDS:
            weights = sum(count(sizes[given]) for given in node.ins[1:] if given in sizes)
            own.append([KINDS[node.kind], list(found.shapes[node.outs[0]].shape[1:]), weights])
    wanted = [[kind, shape[1:], params] for kind, shape, params, _ in ONNX[name]["layers"] if kind in KINDS.values()]
    assert own == wanted


def count(type: TensorType) -> int:
    assert isinstance(type.elements, int)
    return type.elements


def test_checked_in_full() -> None:
    net = netc.load("squeezenet")
    weights = reference(net.network, None).state_dict()
    model = build(content(net.network.graph, weights, Origin("x", "")))
    assert check(model)["logits"][1:] == [1000]
    kept = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    assert all(np.array_equal(kept[name], weights[name]) for name in weights)
