"""Normalisation of each row by its own statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import product
from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.images import want_float
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, elements, per_element, primitive
from ..graph.tensor import TensorType
from .norm import factors

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class LayerNorm(Op):
    """y = (x − mean) / √(var + eps) · weight + bias over the last dimension (Ba et al. 2016), with the biased variance.

    Inputs: x, then weight if `scale` and bias if `shift`, each [features].
    """

    operands = ("x", "weight", "bias")
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        for statistic in ins[1:]:
            if statistic.shape != ins[0].shape[-1:]:
                raise OpError("shape-mismatch", f"{statistic} does not have one number for each feature of {ins[0]}")
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Per element: 1 for the mean, 3 for the variance (− mean, square, sum), 2 to subtract the mean and multiply by
        1/√(var + eps), 1 each to scale and shift; per row 5: two divisions by the size, + eps, root, reciprocal."""
        rows = named("rows", ins[0].with_shape(*ins[0].shape[:-1]).elements)
        return (6 + self.scale + self.shift) * elements(outs[0]) + 5 * rows

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """None: where the last dimension is a spatial one, all of it is seen."""
        return None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        op = LayerNormGradient(self.eps, self.scale, self.shift)
        return b.all(op, gy, ins[0], *(ins[1:2] if self.scale else ()))

    def numpy(self, code: Code) -> None:
        x, y = (code.matrix(name, type) for name, type in self._flat(code))
        weight, bias = factors(code.ins[1:], self.scale, self.shift)
        rows = product(code.types[0].shape[:-1])
        work = code.scratch(rows, code.types[0].shape[-1])
        code.call("norm.layernorm", x, weight, bias, y, code.scratch(rows, 1), work, eps=repr(self.eps))

    def _flat(self, code: Code) -> Iterable[tuple[str, TensorType]]:
        return ((name, _as_rows(code.types[0])) for name in (code.ordered(0), code.ordered_out()))

    def onnx(self, code: OnnxCode) -> None:
        x, *factors = code.ins
        features = code.types[0].shape[-1]
        assert isinstance(features, int)
        weight = factors[0] if self.scale else code.constant(code.dtype, (features,), 1.0)
        bias = factors[-1:] if self.shift else []
        # The operator's eps is a float32, which float64 would show; before opset 17 there is none.
        if code.dtype == "f32" and code.opset >= 17:
            code.last("LayerNormalization", x, weight, *bias, axis=-1, epsilon=float(self.eps))
            return
        center = code.node("Sub", x, self._mean(code, x))
        var = self._mean(code, code.node("Mul", center, center))
        normal = code.node("Div", center, code.node("Sqrt", code.node("Add", var, code.scalar(self.eps))))
        code.last("Add", code.node("Mul", normal, weight), bias[0] if bias else code.scalar(0))

    def _mean(self, code: OnnxCode, x: str) -> str:
        if code.opset >= 18:
            return code.node("ReduceMean", x, code.ints(-1), keepdims=1)
        return code.node("ReduceMean", x, axes=(-1,), keepdims=1)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((2, 3), (1, 4), (2, 3, 4), (1, 1, 5), (2, 3, 2, 4), (2, 2, 2, 2, 3)):
            for scale, shift in ((True, True), (False, True), (True, False), (False, False)):
                types = (TensorType("f64", shape), *(TensorType("f64", shape[-1:]) for _ in range(scale + shift)))
                yield Example(cls(1e-5, scale, shift), types)


def _as_rows(type: TensorType) -> TensorType:
    return type.with_shape(product(type.shape[:-1]), type.shape[-1])


@primitive
class LayerNormGradient(Op):
    """The gradients of LayerNorm by x, and by weight if `scale` and bias if `shift`."""

    operands = ("gy", "x", "weight")
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        return (ins[0], *(ins[0].with_shape(ins[0].shape[-1]),) * (self.scale + self.shift))

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(14, outs[0])

    def numpy(self, code: Code) -> None:
        type = _as_rows(code.types[0])
        gy, x, gx = (code.matrix(name, type) for name in (code.ordered(0), code.ordered(1), code.ordered_out()))
        gw = code.outs[1] if self.scale else code.scratch(type.shape[1])
        gb = code.outs[-1] if self.shift else code.scratch(type.shape[1])
        weight = code.ins[2] if self.scale else None
        rows, features = type.shape
        work = (
            code.scratch(rows, 1),
            code.scratch(rows, 1),
            code.scratch(rows, features),
            code.scratch(rows, features),
        )
        code.call("norm.layernorm_gradient", gy, x, weight, gx, gw, gb, *work, eps=repr(self.eps))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Those of LayerNorm run this."""
        return ()
