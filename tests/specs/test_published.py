"""The bundled specs against published figures, to the unit. Each figure's source stands beside it in tests/data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.report.summary import Line, Summary, summarise

DATA = Path(__file__).parent.parent / "data"
PUBLISHED: dict[str, Any] = json.loads((DATA / "published.json").read_text("utf-8"))
ONNX: dict[str, Any] = json.loads((DATA / "onnx_networks.json").read_text("utf-8"))["networks"]
NAMES = [name for spec, variants in bundled().items() for name in (spec, *variants)]

# What the operators of the model files are called in a spec.
KINDS = {
    "conv": "conv", "fc": "fc", "maxpool": "maxpool", "avgpool": "avgpool", "global_avgpool": "avgpool", "add": "add",
    "concat": "concat", "batchnorm": "batchnorm", "relu": "relu", "lrn": "lrn",
}  # fmt: skip


@cache
def summary(name: str) -> Summary:
    compiled = compile_spec(Request(spec=name))
    assert compiled.diagnostics == ()
    return summarise(compiled.networks[0])


# Networks that no paper describes in numbers.
OWN = {
    "digits", "fashion", "bilstm_tagger", "char_gru", "char_lstm", "one_bias", "convlstm", "elman_series",
    "jordan_series", "seq2seq",
}  # fmt: skip


def test_every_network_has_a_published_figure_and_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert set(PUBLISHED["networks"]) == set(NAMES) - OWN


@pytest.mark.parametrize("name", PUBLISHED["networks"])
def test_totals(name: str) -> None:
    known = PUBLISHED["networks"][name]
    totals = summary(name).totals
    assert totals.params == known["params"]
    if "buffers" in known:
        assert totals.buffers == known["buffers"]
    if "macs" in known:
        assert totals.macs == known["macs"]
    if "gmacs" in known:
        assert isinstance(totals.macs, int)
        assert f"{totals.macs / 10**9:.3f}" == f"{known['gmacs']:.3f}"


@pytest.mark.parametrize("name", ONNX)
def test_every_layer_of_the_model_file(name: str) -> None:
    """All convolutions, pools, norms, activations, sums and fully connected layers, in the order of the file."""
    found = [
        [KINDS[line.op], list(line.output), line.params, line.macs] for line in summary(name).lines if line.op in KINDS
    ]
    assert found == ONNX[name]["layers"]
    assert sum(line.params for line in summary(name).lines) == ONNX[name]["params"]
    assert sum(line.macs for line in summary(name).lines) == ONNX[name]["macs"]


def printed(line: Line) -> list[Any]:
    return [line.op, list(line.output[1:]), line.params, line.macs]


@pytest.mark.parametrize("name", ["caffe_lenet", "lenet5_1998"])
def test_every_layer_that_is_printed(name: str) -> None:
    known = PUBLISHED["layers"][name]
    kinds = {row[0] for row in known}
    found = [printed(line) for line in summary(name).lines if line.op in kinds]
    assert [row[: len(other)] for row, other in zip(found, known, strict=True)] == known


def test_connections_of_lenet5_1998() -> None:
    """The paper counts connections: a multiply-accumulate for each weight, and one more for each bias added."""
    known = {"c1": 122_304, "c3": 151_600, "c5": 48_120}  # LeCun et al. 1998, section II.B
    lines = {line.name: line for line in summary("lenet5_1998").lines}
    for name, connections in known.items():
        outputs = 1
        for size in lines[name].output:
            outputs *= size
        assert lines[name].macs + outputs == connections


def test_stages_of_nin() -> None:
    collapsed = summarise(compile_spec(Request(spec="nin")).networks[0], depth=1)
    found = [[line.op, list(line.output[1:])] for line in collapsed.lines]
    known = PUBLISHED["layers"]["nin"]
    assert [row for row in found if row[0] in {kind for kind, _ in known}] == known


def test_resnet50_v1_differs_in_the_place_of_its_stride_alone() -> None:
    later, first = summary("resnet50"), summary("resnet50_v1")
    assert first.totals.params == later.totals.params
    strided = [line.name for line, other in zip(first.lines, later.lines, strict=True) if line.output != other.output]
    # conv1, its norm and its activation, in the first block of stages 2, 3 and 4: the 1×1 already halves the image.
    assert [name.replace("bottleneck_v1", "") for name in strided] == [
        f"{block}.main.{layer}1" for block in (4, 8, 14) for layer in ("conv", "batchnorm", "relu")
    ]
