"""Every primitive's own examples as ONNX models, at old and new opsets, against the NumPy statements."""

from __future__ import annotations

import zlib
from typing import Any, cast

import numpy as np
import pytest

from netc.compiler.export.model import IR_VERSIONS, Content, Origin, build, check, to_bytes
from netc.compiler.export.nodes import written
from netc.compiler.graph.op import PRIMITIVES, Example, Op
from netc.compiler.graph.tensor import TensorType
from netc.runtime.errors import RunError
from netc.runtime.record import replace
from netc.runtime.session import Session

from ..ops.harness import USE, forward
from ..ops.test_primitives import CASES, EXAMPLES, arrays, narrow

# Those that a prediction may hold; the others are gradients, losses and forms for training.
EXPORTED = {name for name, cls in PRIMITIVES.items() if cls.onnx is not Op.onnx} | {"ConnectedConv"}
INFERENCE = [case for case in CASES if type(cast(Example, case.values[0]).op).__name__ in EXPORTED]
OPSETS = list(IR_VERSIONS)
# Primitives for which onnxruntime has no float64 kernel, which docs/deployment.md lists.
NO_FLOAT64 = {
    "AvgPool", "ConnectedConv", "Conv", "Deconv", "Elu", "Gelu", "GlobalAvgPool", "GlobalMaxPool", "Lrn", "Scan",
    "Upsample",
}  # fmt: skip


def difference(example: Example, opset: int) -> float:
    """The largest difference of the model from the NumPy program, as a part of the largest entry. Raises RunError."""
    built = forward(example.op, example.ins)
    given = arrays(example)
    if example.ins and any(type.dtype == "f32" for type in example.ins):
        given = [x.astype(np.float32) if x.dtype == np.float64 else x for x in given]
    found = written(built.computation, [USE], opset)
    model = build(Content(found, {}, Origin("op", ""), opset))
    check(model)
    there = Session(to_bytes(model)).run(dict(zip((name for name, _ in found.inputs), given, strict=True)))
    worst = 0.0
    for name, wanted in zip(there, built.run(given), strict=True):
        assert there[name].shape == wanted.shape
        assert there[name].dtype == wanted.dtype
        error = np.abs(there[name].astype(np.float64) - wanted).max(initial=0)
        worst = max(worst, float(error) / max(float(np.abs(wanted).max(initial=0)), 1e-30))
    return worst


def narrowed(example: Example) -> Example:
    """The example in float32."""
    op = cast(Any, example.op)
    if isinstance(getattr(op, "type", None), TensorType):
        op = replace(op, type=narrow(op.type))
    return replace(example, op=op, ins=tuple(narrow(type) for type in example.ins))


def test_there_are_primitives_to_try() -> None:
    assert len(EXPORTED) > 35
    assert len(INFERENCE) > 700


@pytest.mark.parametrize("example", INFERENCE)
def test_float32_at_one_opset(example: Example) -> None:
    """Each example at an opset of its own, so that a primitive meets most of them."""
    opset = OPSETS[zlib.crc32(repr(example).encode()) % len(OPSETS)]
    assert difference(narrowed(example), opset) <= 1e-5


@pytest.mark.trust
@pytest.mark.parametrize("opset", OPSETS)
def test_float32_at_every_opset(opset: int) -> None:
    for case in INFERENCE:
        assert difference(narrowed(cast(Example, case.values[0])), opset) <= 1e-5


@pytest.mark.parametrize("name", sorted(EXPORTED))
def test_float64(name: str) -> None:
    """To 1e-10, or an error that says that there is no kernel, for exactly those primitives that the docs name."""
    lacking = 0
    examples = [example for label, example in EXAMPLES if label.rpartition("-")[0] == name]
    for example in examples:
        try:
            assert difference(example, 17) <= 1e-10
        except RunError as error:
            if error.code != "no-kernel":
                raise
            lacking += 1
    # Some of the loops run a convolution.
    assert (lacking > 0) == (name in NO_FLOAT64 or name == "Scan")
