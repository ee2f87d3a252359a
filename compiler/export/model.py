"""The model file: the one module that makes it with onnx."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ...runtime.errors import RunError
from ...runtime.record import Record
from ..graph.dims import Poly
from ..graph.graph import Graph
from ..graph.onnx_code import OnnxNode, Subgraph
from ..graph.tensor import DType, TensorType
from ..version import VERSION
from .arrays import constant_array, stored
from .fold import fold
from .nodes import Exported, nodes
from .weights import compute_weights

Array = NDArray[Any]

# Opset 17 is of 2022: every onnxruntime from 1.12 on reads it, and it is the first with LayerNormalization.
OPSET = 17
# The lowest version of the file format that each opset goes with (onnx, docs/Versioning.md).
IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10}
# A protocol buffer is at most 2 GiB; larger weights stand beside it.
LARGE = 1_500_000_000
# What is shorter stays in the model.
SHORT = 1024
TYPES: dict[DType, int] = {
    "f32": TensorProto.FLOAT,
    "f64": TensorProto.DOUBLE,
    "i64": TensorProto.INT64,
    "u8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
}


class Origin(Record):
    """What the metadata say of where a model comes from.

    `dims` are symbolic dimensions that are numbers in it. `expanded` is the network without what other files say of it,
    where the spec uses some. `alphabet` are the characters that its numbers stand for, where it was trained on a text.
    """

    net: str
    spec: str
    parameters: Mapping[str, str] = {}
    dims: Mapping[str, int] = {}
    expanded: str = ""
    alphabet: str = ""


class Place(Record):
    """Where the numbers of a parameter stand: a file in the model's folder, and the bytes in it."""

    file: str
    offset: int
    length: int


class Content(Record, eq=False):
    """What a model is made of: its nodes, and the arrays of its parameters by name."""

    found: Exported
    arrays: Mapping[str, Array]
    origin: Origin
    opset: int

    @property
    def large(self) -> bool:
        """Whether the weights have to stand beside the model."""
        return sum(_bytes(type) for _, type in self.found.parameters) > LARGE

    def long(self) -> list[tuple[str, TensorType]]:
        """The parameters that stand beside the model where weights do."""
        return [(name, type) for name, type in self.found.parameters if _bytes(type) >= SHORT]


def content(
    graph: Graph,
    weights: Mapping[str, Array],
    origin: Origin,
    *,
    opset: int = OPSET,
    folded: bool = True,
    lower_rnn: bool = False,
) -> Content:
    """What the model of a network's prediction with these weights is made of, by the names of its checkpoint.

    With `folded` batch norms are part of the convolutions before them, and weights stand as operators read them; with
    `lower_rnn` no cell is an operator. Raises NotExportable, and RunError for an opset
    that is not known and for two float types in one network.
    """
    if opset not in IR_VERSIONS:
        first, *_, last = IR_VERSIONS
        message = f"opset {opset} is not one that netc writes"
        raise RunError("unknown-opset", message, f"take one from {first} to {last}, by default {OPSET}")
    found = nodes(graph, opset, lower_rnn=lower_rnn)
    if {"f32", "f64"} <= {type.dtype for _, type in (*found.inputs, *found.parameters)}:
        message = "f32 and f64 meet in the network, which the operators of ONNX do not allow"
        raise RunError("not-exportable", message, "declare all inputs with one of them")
    if not folded:
        return Content(found, weights, origin, opset)
    # Numbers may be too large once folded, which the comparison finds.
    with np.errstate(all="ignore"):
        return Content(*compute_weights(*fold(found, weights)), origin, opset)


def build(content: Content, places: Mapping[str, Place] | None = None) -> onnx.ModelProto:
    """The model; the numbers of parameters that have a place are there, all others in it."""
    found = content.found
    made = helper.make_graph(
        _nodes(found.nodes),
        content.origin.net,
        [_value(name, type) for name, type in found.inputs],
        [_value(name, type) for name, type in found.outputs],
        [
            *(_parameter(name, type, content.arrays, (places or {}).get(name)) for name, type in found.parameters),
            *(numpy_helper.from_array(constant_array(constant), constant.name) for constant in found.constants),
        ],
    )
    model = helper.make_model(
        made,
        producer_name="netc",
        producer_version=VERSION,
        opset_imports=[helper.make_opsetid("", content.opset)],
        ir_version=IR_VERSIONS[content.opset],
    )
    details = {
        "netc_version": VERSION,
        "spec": content.origin.spec,
        **{f"parameter.{name}": value for name, value in content.origin.parameters.items()},
        **{f"dim.{name}": str(value) for name, value in content.origin.dims.items()},
        **({"expanded": content.origin.expanded} if content.origin.expanded else {}),
        **({"alphabet": content.origin.alphabet} if content.origin.alphabet else {}),
    }
    helper.set_model_props(model, details)
    return model


def _attributes(given: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return {
        name: _subgraph(value) if isinstance(value, Subgraph) else list(value) if isinstance(value, tuple) else value
        for name, value in given
    }


def _nodes(found: Iterable[tuple[str, OnnxNode]]) -> list[onnx.NodeProto]:
    return [
        helper.make_node(node.kind, list(node.ins), list(node.outs), name=name, **_attributes(node.attributes))
        for name, node in found
    ]


def _subgraph(graph: Subgraph) -> onnx.GraphProto:
    ins, outs = ([_value(name, type) for name, type in side] for side in (graph.inputs, graph.outputs))
    return helper.make_graph(_nodes(graph.nodes), "step", ins, outs)


def _value(name: str, type: TensorType) -> onnx.ValueInfoProto:
    """A typed value; a symbolic size is a named one."""
    shape = [str(dim) if isinstance(dim, Poly) else dim for dim in type.shape]
    return helper.make_tensor_value_info(name, TYPES[type.dtype], shape)


def _parameter(name: str, type: TensorType, arrays: Mapping[str, Array], place: Place | None) -> onnx.TensorProto:
    if place is None:
        return numpy_helper.from_array(stored(arrays[name], type), name)
    tensor = TensorProto(name=name, data_type=TYPES[type.dtype], data_location=TensorProto.EXTERNAL)
    tensor.dims.extend(_sizes(type))
    for key, value in (("location", place.file), ("offset", place.offset), ("length", place.length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def _sizes(type: TensorType) -> list[int]:
    """The sizes of a parameter, which are numbers."""
    return [dim for dim in type.shape if isinstance(dim, int)]


def _bytes(type: TensorType) -> int:
    assert isinstance(type.bytes, int)
    return type.bytes


def check(model: onnx.ModelProto, path: Path | None = None) -> dict[str, list[int | str]]:
    """Check a model in full, and infer shapes strictly: those of all values that onnx can tell, by name.

    A model with weights beside it lies at `path`. Raises RunError, which is a defect of the exporter.
    """
    try:
        onnx.checker.check_model(str(path) if path else model, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        help = "please report it with the spec; nothing was written"
        raise RunError("bad-model", f"onnx refuses the model: {' '.join(str(error).split())[:300]}", help) from None
    return {
        value.name: [
            dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in value.type.tensor_type.shape.dim
        ]
        for value in (*inferred.graph.value_info, *inferred.graph.output)
        if value.type.tensor_type.HasField("shape")
    }


def to_bytes(model: onnx.ModelProto) -> bytes:
    """The same model always gives the same bytes."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data
