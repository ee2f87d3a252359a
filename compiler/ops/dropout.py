"""Dropout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..graph.code import NUMPY_TYPES, Code, storage
from ..graph.formula import NOTHING, Formula
from ..graph.images import want_float
from ..graph.op import Example, Gradients, Op, Types, Values, per_element, primitive
from ..graph.tensor import TensorType

if TYPE_CHECKING:
    from ..graph.make import Make


@primitive
class Dropout(Op):
    """In training each value (or, with `per_sample`, each whole sample) is 0 with probability `rate`, and what stays is
    divided by 1 − rate; at inference y = x (Srivastava et al. 2014, in the inverted form)."""

    operands = ("x",)
    rate: float
    per_sample: bool

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing at inference."""
        return NOTHING

    def lower(self, b: Make, ins: Values) -> Values:
        return ins

    def train(self, b: Make, ins: Values) -> Values:
        if self.rate == 0:
            return ins
        return b.all(DropoutTrain(self.rate, self.per_sample, b.serial()), *ins)[:1]

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in _SHAPES:
            for rate in (0.5, 0.1, 0.0, 1.0):
                for per_sample in (False, True):
                    yield Example(cls(rate, per_sample), (TensorType("f64", shape),))


_SHAPES = ((3, 4), (1, 1), (7, 1), (2, 3, 5), (2, 3, 4, 5), (1, 3, 1, 1))


@primitive
class DropoutTrain(Op):
    """Dropout in training; outputs y and which values stayed. `serial` keeps two of them apart."""

    operands = ("x",)
    inplace = (0,)
    random = True
    rate: float
    per_sample: bool
    serial: int

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        kept = (x.shape[0], *(1 for _ in x.shape[1:])) if self.per_sample else storage(x)
        return x, TensorType("bool", kept)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(2, outs[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        gy = gys[0]
        assert gy is not None
        return (b(DropoutGradient(self.rate), outs[1], gy),)

    def again(self, ins: Values, outs: Values) -> tuple[Op, Values]:
        """By what was drawn, which is multiplied in as it is with a gradient."""
        return DropoutGradient(self.rate), (outs[1], *ins)

    def numpy(self, code: Code) -> None:
        x, y = (code.stored(name, code.types[0]) for name in (code.ins[0], code.outs[0]))
        kept = code.outs[1]
        drawn = code.scratch(*code.out_types[1].shape)
        code(f"rng.random(out={drawn}, dtype=np.{NUMPY_TYPES[code.types[0].dtype]})")
        code(f"np.greater_equal({drawn}, {self.rate!r}, out={kept})")
        code(f"np.multiply({x}, {kept}, out={y})")
        if self.rate < 1:
            code(f"np.multiply({y}, {1 / (1 - self.rate)!r}, out={y})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Those of Dropout run this."""
        return ()


@primitive
class DropoutGradient(Op):
    """gy / (1 − rate) where the value stayed, else 0."""

    operands = ("kept", "gy")
    inplace = (1,)
    rate: float

    def infer(self, ins: Types) -> Types:
        return (ins[1],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(2, outs[0])

    def numpy(self, code: Code) -> None:
        gy, gx = (code.stored(name, code.types[1]) for name in (code.ins[1], code.outs[0]))
        code(f"np.multiply({gy}, {code.ins[0]}, out={gx})")
        if self.rate < 1:
            code(f"np.multiply({gx}, {1 / (1 - self.rate)!r}, out={gx})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Those of Dropout run this."""
        return ()
