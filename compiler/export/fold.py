"""Batch normalisation folded into the convolution before it: one operation less, and the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runtime.record import replace
from ..graph.onnx_code import OnnxNode
from .arrays import constant_array
from .nodes import Exported

Array = NDArray[Any]


def fold(found: Exported, weights: Mapping[str, Array]) -> tuple[Exported, dict[str, Array]]:
    """The model without the batch norms that follow a convolution whose result nothing else reads, and its weights.

    With factor = weight / √(var + eps): W′ = factor · W for each map, b′ = factor · (b − mean) + bias.
    """
    folded = dict(weights)
    for constant in found.constants:
        if constant.name.endswith((":c0", ":c1")) and constant.dtype in ("f32", "f64"):
            folded.setdefault(constant.name, constant_array(constant))
    readers: dict[str, int] = {}
    for name in (*(name for _, node in found.nodes for name in node.reads()), *(name for name, _ in found.outputs)):
        readers[name] = readers.get(name, 0) + 1
    makers = {node.outs[0]: place for place, (_, node) in enumerate(found.nodes)}
    nodes = list(found.nodes)
    types = dict(found.parameters)
    dropped = set()
    for place, (_, node) in enumerate(found.nodes):
        before = makers.get(node.ins[0]) if node.kind == "BatchNormalization" else None
        if before is None or nodes[before][1].kind != "Conv":
            continue
        path, conv = nodes[before]
        own = all(readers[name] == 1 for name in conv.ins[1:]) and readers[conv.outs[0]] == 1
        if not own or any(name not in folded for name in (*conv.ins[1:], *node.ins[1:])):
            continue
        scale, shift, mean, var = (folded[name] for name in node.ins[1:])
        epsilon = dict(node.attributes)["epsilon"]
        assert isinstance(epsilon, float)
        factor = scale / np.sqrt(var + np.asarray(epsilon, var.dtype))
        weight, *bias = conv.ins[1:]
        name = bias[0] if bias else f"{weight.removesuffix('weight')}bias"
        start = folded[bias[0]] if bias else np.zeros_like(mean)
        folded[name] = factor * (start - mean) + shift
        folded[weight] = folded[weight] * factor.reshape(-1, *(1 for _ in folded[weight].shape[1:]))
        types[name] = types[weight].with_shape(len(mean))
        nodes[before] = (path, OnnxNode("Conv", (*conv.ins[:2], name), node.outs, conv.attributes))
        dropped.add(place)
    kept = tuple(node for place, node in enumerate(nodes) if place not in dropped)
    read = {name for _, node in kept for name in node.reads()}
    made = {name for _, node in kept for name in node.outs}
    return (
        replace(
            found,
            parameters=tuple((name, type) for name, type in types.items() if name in read),
            constants=tuple(constant for constant in found.constants if constant.name in read),
            nodes=kept,
            shapes={name: type for name, type in found.shapes.items() if name in made},
        ),
        folded,
    )
