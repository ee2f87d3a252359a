"""The model file: the one module that imports onnx."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..graph.dims import Poly
from ..graph.graph import Graph
from ..graph.onnx_code import Constant
from ..graph.tensor import DType, TensorType
from ..version import VERSION
from .fold import fold
from .nodes import Exported, nodes

Array = NDArray[Any]

# Opset 17 is of 2022: every onnxruntime from 1.12 on reads it, and it is the first with LayerNormalization.
OPSET = 17
# The lowest version of the file format that each opset goes with (onnx, docs/Versioning.md).
IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10}
# A protocol buffer is at most 2 GiB; larger weights stand beside it.
LARGE = 1_500_000_000
TYPES: dict[DType, int] = {
    "f32": TensorProto.FLOAT,
    "f64": TensorProto.DOUBLE,
    "i64": TensorProto.INT64,
    "u8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
}
NUMPY: dict[DType, Any] = {"f32": np.float32, "f64": np.float64, "i64": np.int64, "u8": np.uint8, "bool": np.bool_}


@dataclass(frozen=True, slots=True)
class Origin:
    """What the metadata say of where a model comes from."""

    net: str
    spec: str
    parameters: Mapping[str, str]


def build(
    graph: Graph, weights: Mapping[str, Array], origin: Origin, *, opset: int = OPSET, folded: bool = True
) -> onnx.ModelProto:
    """The model of a network's prediction with these weights, by the names of its checkpoint.

    With `folded` batch norms are part of the convolutions before them. Raises NotExportable.
    """
    found, arrays = nodes(graph, opset), dict(weights)
    if folded:
        found, arrays = fold(found, arrays)
    made = helper.make_graph(
        [
            helper.make_node(node.kind, list(node.ins), list(node.outs), name=name, **_attributes(node.attributes))
            for name, node in found.nodes
        ],
        origin.net,
        [_value(name, type) for name, type in found.inputs],
        [_value(name, type) for name, type in found.outputs],
        [*_parameters(found, arrays), *(_constant(constant) for constant in found.constants)],
    )
    model = helper.make_model(
        made,
        producer_name="netc",
        producer_version=VERSION,
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=IR_VERSIONS[opset],
    )
    details = {
        "netc_version": VERSION,
        "spec": origin.spec,
        **{f"parameter.{k}": v for k, v in origin.parameters.items()},
    }
    helper.set_model_props(model, details)
    return model


def _attributes(given: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple | list) else value for name, value in given}


def _value(name: str, type: TensorType) -> onnx.ValueInfoProto:
    """A typed value; a symbolic size is a named one."""
    shape = [str(dim) if isinstance(dim, Poly) else dim for dim in type.shape]
    return helper.make_tensor_value_info(name, TYPES[type.dtype], shape)


def _parameters(found: Exported, arrays: Mapping[str, Array]) -> list[onnx.TensorProto]:
    return [
        numpy_helper.from_array(np.ascontiguousarray(arrays[name], NUMPY[type.dtype]), name)
        for name, type in found.parameters
    ]


def _constant(constant: Constant) -> onnx.TensorProto:
    dtype, value = NUMPY[constant.dtype], constant.value
    whole = value if not isinstance(value, tuple) else np.array(value, dtype).reshape(constant.shape)
    return numpy_helper.from_array(np.full(constant.shape, whole, dtype), constant.name)


def check(model: onnx.ModelProto) -> dict[str, list[int | str]]:
    """Check a model in full, and infer the shape of every value strictly. Raises onnx's errors, which are defects of
    the exporter."""
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    return {
        value.name: [
            dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in value.type.tensor_type.shape.dim
        ]
        for value in (*inferred.graph.value_info, *inferred.graph.output)
    }


def to_bytes(model: onnx.ModelProto) -> bytes:
    """The same model always gives the same bytes."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def is_large(model: onnx.ModelProto) -> bool:
    """Whether the weights have to stand beside the model."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer) > LARGE


def save_beside(model: onnx.ModelProto, path: Path, weights: str) -> None:
    """Write a model with its weights in a file of their own in the same folder."""
    onnx.save_model(model, str(path), save_as_external_data=True, location=weights, size_threshold=1024)


def load(path: Path) -> onnx.ModelProto:
    """Read a model without following what it says of other files."""
    return onnx.load_model(str(path), load_external_data=False)
