"""Normalisation by statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Dim, product
from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.images import want_float
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, elements, per_element, primitive
from ..graph.tensor import ITEM_BYTES, TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class BatchNorm(Op):
    """y = (x − mean) / √(var + eps) · weight + bias, per channel (Ioffe and Szegedy 2015).

    Inputs: x with its channels in dimension `axis`, running mean and running variance, then weight if `scale` and bias
    if `shift`, each [channels]. In training the mean and the biased variance of the batch are used, and
    running = decay · running + (1 − decay) · batch, with the unbiased variance.
    """

    operands = ("x", "running_mean", "running_var", "weight", "bias")
    axis: int
    decay: float
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        for statistic in ins[1:]:
            if statistic.shape != (ins[0].shape[self.axis],):
                raise OpError("shape-mismatch", f"{statistic} does not have one number for each channel of {ins[0]}")
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """At inference the statistics fold into a factor and a shift per channel: 2 operations per element."""
        return per_element(2, outs[0])

    def train(self, b: Make, ins: Values) -> Values:
        x, running_mean, running_var, *factors = ins
        y, mean, var = b.all(BatchNormTrain(self.axis, self.eps, self.scale, self.shift), x, *factors)
        count = product(size for place, size in enumerate(x.type.shape) if place != self.axis)
        b.updates[running_mean] = b(RunningMean(self.decay), b.current(running_mean), mean)
        b.updates[running_var] = b(RunningVar(self.decay, count), b.current(running_var), var)
        return (y,)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        raise NotImplementedError("training has a form of its own")

    def numpy(self, code: Code) -> None:
        x, y = code.channels(0, self.axis), code.channels_out(self.axis)
        weight, bias = _factors(code.ins[3:], self.scale, self.shift)
        channels = code.types[0].shape[self.axis]
        work = [code.scratch(_width(code, self.axis), channels) for _ in range(2)]
        code.call("norm.batchnorm_predict", x, *code.ins[1:3], weight, bias, y, *work, eps=repr(self.eps))

    def onnx(self, code: OnnxCode) -> None:
        x, mean, var, *factors = code.ins
        channels = code.types[0].shape[self.axis]
        assert isinstance(channels, int)
        weight = factors[0] if self.scale else code.constant(code.dtype, (channels,), 1.0)
        bias = factors[-1] if self.shift else code.constant(code.dtype, (channels,), 0.0)
        # The operator's eps is a float32, which float64 would show.
        if self.axis == 1 and code.dtype == "f32":
            code.last("BatchNormalization", x, weight, bias, mean, var, epsilon=float(self.eps))
            return
        shape = (-1, *(1 for _ in range(code.types[0].rank - 1 - self.axis)))
        root = code.node("Sqrt", code.node("Add", var, code.scalar(self.eps)))
        factor, center, shift = (code.reshaped(name, shape) for name in (code.node("Div", weight, root), mean, bias))
        code.last("Add", code.node("Mul", code.node("Sub", x, center), factor), shift)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for axis, shape in _CASES:
            for scale, shift in ((True, True), (False, True), (True, False), (False, False)):
                types = [TensorType("f64", shape), *(TensorType("f64", (shape[axis],)) for _ in range(4))]
                kept = (*types[:3], *types[3 : 3 + scale + shift])
                yield Example(cls(axis, 0.9, 1e-5, scale, shift), kept, ((-2, 2), (-1, 1), (0.5, 2)))


_CASES: tuple[tuple[int, tuple[int, ...]], ...] = (
    (1, (4, 3)),
    (1, (7, 1)),
    (1, (4, 3, 5)),
    (1, (4, 1, 1)),
    (1, (2, 3, 4, 5)),
    (1, (4, 3, 1, 1)),
    (1, (1, 2, 3, 3)),
    (2, (2, 3, 2, 3, 2)),
)


def _factors(names: Sequence[str], scale: bool, shift: bool) -> tuple[str, str]:
    """The names of the weight and the bias, None for one that there is not."""
    weight = names[0] if scale else "None"
    return weight, names[-1] if shift else "None"


def _width(code: Code, axis: int) -> Dim:
    """The second size of `Code.channels`: rows of so many times the channels are long enough to be fast."""
    type = code.types[0]
    if type.rank == 2:
        return 1
    return type.shape[-1] if axis != type.rank - 1 else type.shape[-2]


def _block(code: Code, axis: int) -> str:
    """Scratch memory for as many rows as stay in cache."""
    type = code.types[0]
    width, channels = _width(code, axis), type.shape[axis]
    row = code.number(width * channels) * ITEM_BYTES[type.dtype]
    rows = code.number(type.elements) // max(code.number(width * channels), 1)
    return code.scratch(max(min(rows, _CACHE // row), 1), width, channels)


_CACHE = 1 << 17


@primitive
class BatchNormTrain(Op):
    """BatchNorm by the statistics of the batch; outputs y, the mean and the biased variance of each channel.

    Inputs: x, then weight if `scale` and bias if `shift`. Raises an error when run on one value for each channel.
    """

    operands = ("x", "weight", "bias")
    axis: int
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        x = ins[0]
        channels = x.with_shape(x.shape[self.axis])
        return x, channels, channels

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Per element: 1 for the mean, 3 for the variance, 2 to normalise, 1 each to scale and shift."""
        return per_element(6 + self.scale + self.shift, outs[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        gy, gmean, gvar = gys
        assert gy is not None
        assert gmean is None
        assert gvar is None
        op = BatchNormGradient(self.axis, self.eps, self.scale, self.shift)
        return b.all(op, gy, ins[0], outs[1], outs[2], *(ins[1:2] if self.scale else ()))

    def again(self, ins: Values, outs: Values) -> tuple[Op, Values]:
        return BatchNormAgain(self.axis, self.eps, self.scale, self.shift), (ins[0], *outs[1:], *ins[1:])

    def numpy(self, code: Code) -> None:
        x, y = code.channels(0, self.axis), code.channels_out(self.axis)
        weight, bias = _factors(code.ins[1:], self.scale, self.shift)
        work = [code.scratch(_width(code, self.axis), code.types[0].shape[self.axis]) for _ in range(3)]
        arrays = (x, weight, bias, y, *code.outs[1:], _block(code, self.axis), *work)
        code.call("norm.batchnorm", *arrays, eps=repr(self.eps))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Those of BatchNorm run this."""
        return ()


@primitive
class BatchNormAgain(Op):
    """The y of BatchNormTrain once more, from x and the statistics of the batch."""

    operands = ("x", "mean", "var", "weight", "bias")
    axis: int
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        return ins[:1]

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(2 + self.scale + self.shift, outs[0])

    def numpy(self, code: Code) -> None:
        x, y = code.channels(0, self.axis), code.channels_out(self.axis)
        weight, bias = _factors(code.ins[3:], self.scale, self.shift)
        work = [code.scratch(_width(code, self.axis), code.types[0].shape[self.axis]) for _ in range(3)]
        arrays = (x, *code.ins[1:3], weight, bias, y, _block(code, self.axis), *work)
        code.call("norm.normalise", *arrays, eps=repr(self.eps))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """The tests of recomputation hold it to BatchNormTrain, bit for bit."""
        return ()


@primitive
class BatchNormGradient(Op):
    """The gradients of BatchNormTrain by x, and by weight if `scale` and bias if `shift`."""

    operands = ("gy", "x", "mean", "var", "weight")
    inplace = (0,)
    axis: int
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        return (ins[0], *(ins[2],) * (self.scale + self.shift))

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(11, outs[0])

    def numpy(self, code: Code) -> None:
        gy, x, gx = code.channels(0, self.axis), code.channels(1, self.axis), code.channels_out(self.axis)
        channels = code.types[0].shape[self.axis]
        gw = code.outs[1] if self.scale else code.scratch(channels)
        gb = code.outs[-1] if self.shift else code.scratch(channels)
        work = [code.scratch(_width(code, self.axis), channels) for _ in range(4)]
        weight = code.ins[4] if self.scale else None
        block = _block(code, self.axis)
        arrays = (gy, x, *code.ins[2:4], weight, gx, gw, gb, block, *work)
        code.call("norm.batchnorm_gradient", *arrays, eps=repr(self.eps))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Those of BatchNorm run this."""
        return ()


@primitive
class RunningMean(Op):
    """decay · running + (1 − decay) · mean."""

    operands = ("running", "mean")
    inplace = (0,)
    decay: float

    def infer(self, ins: Types) -> Types:
        return ins[:1]

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(3, outs[0])

    def numpy(self, code: Code) -> None:
        (running, mean), (new,) = code.ins, code.outs
        part = code.like_scratch()
        code(f"np.multiply({mean}, {1 - self.decay!r}, out={part})")
        code(f"np.multiply({running}, {self.decay!r}, out={new})")
        code(f"np.add({new}, {part}, out={new})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        yield Example(cls(0.9), (TensorType("f64", (3,)), TensorType("f64", (3,))))


@primitive
class RunningVar(Op):
    """decay · running + (1 − decay) · var · count / (count − 1): from the biased variance of `count` values."""

    operands = ("running", "var")
    inplace = (0,)
    decay: float
    count: Dim

    def infer(self, ins: Types) -> Types:
        return ins[:1]

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(3, outs[0])

    def numpy(self, code: Code) -> None:
        (running, var), (new,) = code.ins, code.outs
        part, count = code.like_scratch(), code.size(self.count)
        code(f"np.multiply({var}, {1 - self.decay!r} * {count} / ({count} - 1), out={part})")
        code(f"np.multiply({running}, {self.decay!r}, out={new})")
        code(f"np.add({new}, {part}, out={new})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        yield Example(cls(0.9, 4), (TensorType("f64", (3,)), TensorType("f64", (3,))))


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
        weight, bias = _factors(code.ins[1:], self.scale, self.shift)
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
