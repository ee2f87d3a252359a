"""What is made of weights alone, computed once: a model holds the matrices that its operators read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runtime.record import replace
from ..graph.onnx_code import OnnxNode
from ..graph.tensor import TensorType
from .arrays import NUMPY, constant_array
from .nodes import Exported

Array = NDArray[Any]

_COMPUTE: dict[str, Callable[[list[Array], dict[str, Any]], Array | list[Array]]] = {
    "Split": lambda ins, given: np.split(ins[0], np.cumsum(ins[1])[:-1], axis=given["axis"]),
    "Concat": lambda ins, given: np.concatenate(ins, axis=given["axis"]),
    "Transpose": lambda ins, given: np.transpose(ins[0], given["perm"]),
    "Unsqueeze": lambda ins, _: np.expand_dims(ins[0], tuple(int(axis) for axis in ins[1])),
    "Reshape": lambda ins, _: ins[0].reshape([int(size) for size in ins[1]]),
    "Expand": lambda ins, _: np.broadcast_to(ins[0], [int(size) for size in ins[1]]),
    "Add": lambda ins, _: np.add(*ins),
}


def compute_weights(found: Exported, weights: Mapping[str, Array]) -> tuple[Exported, dict[str, Array]]:
    """The model without the nodes that only rearrange or add weights, and the weights with what these made."""
    arrays = dict(weights)
    known = {name: arrays[name] for name, _ in found.parameters}
    known |= {constant.name: constant_array(constant) for constant in found.constants}
    wanted = {name for name, _ in found.outputs}
    types = dict(found.parameters)
    kept: list[tuple[str, OnnxNode]] = []
    for path, node in found.nodes:
        compute = _COMPUTE.get(node.kind)
        if compute is None or wanted.intersection(node.outs) or any(name not in known for name in node.ins):
            kept.append((path, node))
            continue
        made = compute([known[name] for name in node.ins], dict(node.attributes))
        for out, array in zip(node.outs, made if isinstance(made, list) else [made], strict=True):
            known[out] = arrays[out] = array
            types[out] = _type(array)
    read = set[str]().union(*(node.reads() for _, node in kept))
    return (
        replace(
            found,
            parameters=tuple((name, type) for name, type in types.items() if name in read),
            constants=tuple(constant for constant in found.constants if constant.name in read),
            nodes=tuple(kept),
            shapes={name: type for name, type in found.shapes.items() if name not in known},
        ),
        arrays,
    )


def _type(array: Array) -> TensorType:
    (dtype,) = [name for name, numpy in NUMPY.items() if array.dtype == numpy]
    return TensorType(dtype, array.shape)
