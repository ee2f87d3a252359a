"""Losses: scalars from predictions and targets, each the mean over all counted positions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from ..graph.code import Code, channels_last, storage
from ..graph.formula import Formula
from ..graph.images import want_float
from ..graph.op import SHAPES, Example, Gradients, Op, OpError, Types, Values, per_element, primitive
from ..graph.tensor import TensorType
from .arithmetic import Affine

if TYPE_CHECKING:
    from ..graph.make import Make


class _Classes(Op):
    """A loss on scores along `axis` against whole numbers; those equal to `ignore` do not count.

    The classes are stored last: `axis` is the last dimension, or 1 of four.
    """

    axis: int
    ignore: int | None

    def check(self, x: TensorType, target: TensorType) -> None:
        """Check the types. Raises OpError."""
        want_float(x)
        wanted = (*x.shape[: self.axis], *x.shape[self.axis + 1 :])
        if target.dtype != "i64" or target.shape != wanted:
            message = f"the target of {x} is {TensorType('i64', wanted)}, not {target}"
            raise OpError("shape-mismatch", message, operand=1)

    def pick(self, code: Code, target: str, x: TensorType) -> tuple[str, str | None]:
        """Scratch memory: the place of each target's score among those of x, and whether it counts (None: all do)."""
        (rows,) = [type.elements for type in code.types if type.dtype == "i64"]
        labels = code.view(f"{target}.reshape({code.size(rows)})")
        places = code.scratch(rows, dtype="i64")
        counts = None if self.ignore is None else code.scratch(rows, dtype="bool")
        classes = code.size(x.shape[self.axis])
        code.call("losses.pick", labels, places, counts, classes=classes, ignore=self.ignore)
        return places, counts


def _cases() -> Iterable[tuple[int, int | None, TensorType, TensorType]]:
    shapes = (((3, 4), 1), ((1, 2), 1), ((5, 1), 1), ((7, 3), 1), ((2, 3, 4), 2), ((1, 1, 5), 2))
    for shape, axis in (*shapes, ((2, 3, 4, 5), 1), ((2, 3, 1, 1), 1), ((1, 7, 3, 1), 1)):
        for ignore in (None, 1, -1):
            labels = (*shape[:axis], *shape[axis + 1 :])
            yield axis, ignore, TensorType("f64", shape), TensorType("i64", labels)


def _range(type: TensorType, axis: int) -> tuple[float, float]:
    classes = type.shape[axis]
    assert isinstance(classes, int)
    return 0.0, classes - 1.0


@primitive
class CrossEntropy(_Classes):
    """−log softmax(x)[target], from scores; outputs the mean and, for the gradient, softmax(x).

    Source: Bridle 1990; the mean over the positions that count is that of PyTorch's `cross_entropy`.
    """

    operands = ("prediction", "target")
    axis: int
    ignore: int | None = None

    def infer(self, ins: Types) -> Types:
        self.check(*ins)
        return ins[0].with_shape(), ins[0]

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(5, ins[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        gy, gp = gys
        assert gy is not None
        assert gp is None
        return b(CrossEntropyGradient(self.axis, self.ignore), outs[1], ins[1], gy), None

    def numpy(self, code: Code) -> None:
        (x, target), (loss, p) = code.ins, code.outs
        matrix, scores = code.matrix(x, code.types[0]), code.matrix(p, code.types[0])
        rows = code.types[1].elements
        flat = code.view(f"{scores}.reshape({code.size(code.types[0].elements)})")
        places, counts = self.pick(code, target, code.types[0])
        picked, largest, total = code.scratch(rows), code.scratch(rows, 1), code.scratch(rows, 1)
        ones = code.scratch(storage(code.types[0])[-1], 1)
        scratch = (picked, largest, total, ones)
        code.call("losses.cross_entropy", matrix, scores, flat, places, counts, *scratch, loss)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for axis, ignore, x, labels in _cases():
            yield Example(cls(axis, ignore), (x, labels), ((-2, 2), _range(x, axis)))


@primitive
class CrossEntropyGradient(_Classes):
    """(softmax(x) − 1 at the target) · gy / positions that count, 0 where a target does not; from softmax(x)."""

    operands = ("p", "target", "gy")
    inplace = (0,)
    axis: int
    ignore: int | None

    def infer(self, ins: Types) -> Types:
        self.check(*ins[:2])
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(1, ins[0])

    def numpy(self, code: Code) -> None:
        p, target, gy = code.ins
        (gx,) = code.outs
        matrix, scores = code.matrix(p, code.types[0]), code.matrix(gx, code.types[0])
        places, counts = self.pick(code, target, code.types[0])
        flat = code.view(f"{scores}.reshape({code.size(code.types[0].elements)})")
        rows = code.types[1].elements
        factors = None if counts is None else code.scratch(rows)
        picked = code.scratch(rows)
        code.call("losses.cross_entropy_gradient", matrix, places, counts, factors, picked, gy, scores, flat)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for axis, ignore, x, labels in _cases():
            types = (x, labels, TensorType("f64", ()))
            yield Example(cls(axis, ignore), types, ((0, 1), _range(x, axis), (1, 1)))


@primitive
class Nll(_Classes):
    """−x[target], from logarithms of probabilities: the mean over the positions that count."""

    operands = ("prediction", "target")
    axis: int
    ignore: int | None = None

    def infer(self, ins: Types) -> Types:
        self.check(*ins)
        return (ins[0].with_shape(),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(1, ins[1])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return b(NllGradient(self.axis, self.ignore, ins[0].type), ins[1], gy), None

    def numpy(self, code: Code) -> None:
        (x, target), (loss,) = code.ins, code.outs
        places, counts = self.pick(code, target, code.types[0])
        flat = code.view(f"{code.matrix(x, code.types[0])}.reshape({code.size(code.types[0].elements)})")
        code.call("losses.mean_picked", flat, places, counts, code.scratch(code.types[1].elements), loss)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for axis, ignore, x, labels in _cases():
            yield Example(cls(axis, ignore), (x, labels), ((-2, 2), _range(x, axis)))


@primitive
class NllGradient(_Classes):
    """−gy / positions that count at each target that counts, else 0; in the shape of `type`."""

    operands = ("target", "gy")
    axis: int
    ignore: int | None
    type: TensorType

    def infer(self, ins: Types) -> Types:
        self.check(self.type, ins[0])
        return (self.type,)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(1, ins[0])

    def numpy(self, code: Code) -> None:
        target, gy = code.ins
        flat = code.view(f"{code.matrix(code.outs[0], self.type)}.reshape({code.size(self.type.elements)})")
        places, counts = self.pick(code, target, self.type)
        code.call("losses.nll_gradient", places, counts, code.scratch(code.types[0].elements), gy, flat)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for axis, ignore, x, labels in _cases():
            yield Example(cls(axis, ignore, x), (labels, TensorType("f64", ())), (_range(x, axis), (1, 1)))


class _Pair(Op):
    """A loss on each element of a prediction and a target of one type; its mean."""

    operands = ("prediction", "target")
    slope: ClassVar[type[Op]]

    def infer(self, ins: Types) -> Types:
        x, target = ins
        want_float(x)
        if x != target:
            raise OpError("shape-mismatch", f"the prediction is {x}, the target {target}", operand=1)
        return (x.with_shape(),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(3, ins[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        gx = b(self.slope(), *ins, gy)
        return gx, b(Affine(factor=-1.0), gx)

    def numpy(self, code: Code) -> None:
        work = [code.scratch(*storage(code.types[0])) for _ in range(2)]
        ordered = "{}.transpose(0, 2, 3, 1)" if channels_last(code.types[0]) else "{}"
        x, target = (code.view(ordered.format(name)) for name in code.ins)
        code.call(f"losses.{type(self).__name__.lower()}", x, target, code.outs[0], *work)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in SHAPES:
            yield Example(cls(), (TensorType("f64", shape),) * 2, cls.ranges(), apart=(0.0,))

    @classmethod
    def ranges(cls) -> tuple[tuple[float, float], ...]:
        return ()


class _PairGradient(Op):
    """The gradient of a `_Pair` by its prediction: gy · f′ / elements."""

    operands = ("prediction", "target", "gy")
    inplace = (0,)

    def infer(self, ins: Types) -> Types:
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(3, ins[0])

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in SHAPES:
            types = (TensorType("f64", shape), TensorType("f64", shape), TensorType("f64", ()))
            yield Example(cls(), types, ((-2, 2), (0, 1), (1, 1)))


@primitive
class MseGradient(_PairGradient):
    """2 (x − target) · gy / elements."""

    def numpy(self, code: Code) -> None:
        (x, target, gy), (gx,) = code.ins, code.outs
        code(f"np.subtract({x}, {target}, out={gx})")
        code(f"np.multiply({gx}, 2 / {gx}.size * {gy}, out={gx})")


@primitive
class Mse(_Pair):
    """The mean of (x − target)²."""

    slope = MseGradient


@primitive
class MaeGradient(_PairGradient):
    """sign(x − target) · gy / elements; 0 where they are equal."""

    def numpy(self, code: Code) -> None:
        (x, target, gy), (gx,) = code.ins, code.outs
        code(f"np.subtract({x}, {target}, out={gx})")
        code(f"np.sign({gx}, out={gx})")
        code(f"np.multiply({gx}, {gy} / {gx}.size, out={gx})")


@primitive
class Mae(_Pair):
    """The mean of |x − target|."""

    slope = MaeGradient


@primitive
class BceGradient(_PairGradient):
    """(sigmoid(x) − target) · gy / elements."""

    def numpy(self, code: Code) -> None:
        (x, target, gy), (gx,) = code.ins, code.outs
        probability = code.scratch(*storage(code.types[0]))
        view = code.view(f"{probability}.transpose(0, 3, 1, 2)") if channels_last(code.types[0]) else probability
        code.call("activations.sigmoid", x, view)
        code(f"np.subtract({view}, {target}, out={gx})")
        code(f"np.multiply({gx}, {gy} / {gx}.size, out={gx})")


@primitive
class Bce(_Pair):
    """The mean of −t·log sigmoid(x) − (1 − t)·log(1 − sigmoid(x)) = max(x, 0) − x·t + log(1 + e^−|x|), from scores."""

    slope = BceGradient

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return b(BceGradient(), *ins, gy), b(BceTargetGradient(), ins[0], gy)

    @classmethod
    def ranges(cls) -> tuple[tuple[float, float], ...]:
        return (-2, 2), (0, 1)


@primitive
class BceTargetGradient(Op):
    """The gradient of Bce by its target: −x · gy / elements."""

    operands = ("prediction", "gy")
    inplace = (0,)

    def infer(self, ins: Types) -> Types:
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(1, ins[0])

    def numpy(self, code: Code) -> None:
        (x, gy), (g,) = code.ins, code.outs
        code(f"np.multiply({x}, -{gy} / {g}.size, out={g})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in SHAPES:
            yield Example(cls(), (TensorType("f64", shape), TensorType("f64", ())), ((-2, 2), (1, 1)))
