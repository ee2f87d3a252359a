"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Dim, product
from ..graph.formula import Formula
from ..graph.images import want_float
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, per_element, primitive
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
        weight, bias = factors(code.ins[3:], self.scale, self.shift)
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


def factors(names: Sequence[str], scale: bool, shift: bool) -> tuple[str, str]:
    """The names of the weight and the bias, None for one that there is not."""
    weight = names[0] if scale else "None"
    return weight, names[-1] if shift else "None"


def _width(code: Code, axis: int) -> Dim:
    """The second size of `Code.channels`: rows of so many times the channels are long enough to be fast."""
    type = code.types[0]
    if type.rank == 2:
        return 1
    return type.shape[-1] if axis != type.rank - 1 else type.shape[-2]


def _work(code: Code, axis: int, sums: int) -> list[str]:
    """Scratch memory: for each of two lanes as many rows as stay in cache, one row, and each `sums` of a row."""
    type = code.types[0]
    row = _width(code, axis), type.shape[axis]
    numbers = code.number(row[0] * row[1])
    rows = -(-code.number(type.elements) // max(2 * numbers, 1))
    fit = _CACHE // max(numbers * ITEM_BYTES[type.dtype], 1)
    return [
        code.scratch(2, max(min(rows, fit), 1), *row),
        code.scratch(*row),
        *(code.scratch(2, *row) for _ in range(sums)),
    ]


_CACHE = 1 << 19


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
        weight, bias = factors(code.ins[1:], self.scale, self.shift)
        arrays = (x, weight, bias, y, *code.outs[1:], *_work(code, self.axis, 2), code.run())
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
        weight, bias = factors(code.ins[3:], self.scale, self.shift)
        arrays = (x, *code.ins[1:3], weight, bias, y, *_work(code, self.axis, 2), code.run())
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
        weight = code.ins[4] if self.scale else None
        arrays = (gy, x, *code.ins[2:4], weight, gx, gw, gb, *_work(code, self.axis, 3), code.run())
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
