"""What every primitive owes, on its own examples: shapes, gradient, memory. A new file in `compiler/ops` is covered by
being there."""

from __future__ import annotations

import pkgutil
import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from netc.compiler import ops
from netc.compiler.emit import blocks
from netc.compiler.graph.field import START
from netc.compiler.graph.graph import Value
from netc.compiler.graph.make import Make
from netc.compiler.graph.op import PRIMITIVES, Example, Gradients, Op, Values
from netc.compiler.graph.tensor import SPATIAL, TensorType
from netc.compiler.ops.arithmetic import Affine
from netc.compiler.ops.dropout import Dropout, DropoutTrain
from netc.compiler.ops.norm import BatchNorm, BatchNormTrain
from netc.compiler.ops.reshape import Reshape
from netc.compiler.ops.shape import Transpose
from netc.runtime.record import replace

from ..conftest import Promise
from .harness import Built, backward, forward, trained

Array = NDArray[Any]


def cls_of(case: Any) -> type[Op]:
    return type(case.values[0].op)


for found in pkgutil.iter_modules(ops.__path__):
    import_module(f"{ops.__name__}.{found.name}")
import_module("netc.compiler.recurrence.scan")

EXAMPLES = [(f"{name}-{number}", e) for name, cls in PRIMITIVES.items() for number, e in enumerate(cls.examples())]
CASES = [pytest.param(example, id=name) for name, example in EXAMPLES]
# What has a form of its own in training has its rule there.
RULE_OF: dict[type[Op], type[Op]] = {BatchNorm: BatchNormTrain, Dropout: DropoutTrain}
DIFFERENTIABLE = [case for case in CASES if RULE_OF.get(cls_of(case), cls_of(case)).gradient is not Op.gradient]
# Central differences of this step lose about 1e-11 of the function's size in float64.
STEP = 1e-5


def arrays(example: Example) -> list[Array]:
    """Inputs for an example; the same each time."""
    rng = np.random.default_rng(zlib.crc32(repr(example).encode()))
    made: list[Array] = []
    for number, type in enumerate(example.ins):
        low, high = example.ranges[number] if number < len(example.ranges) else (-2.0, 2.0)
        shape = shape_of(type)
        if type.dtype == "i64":
            made.append(rng.integers(int(low), int(high) + 1, size=shape))
        elif type.dtype == "bool":
            made.append(rng.random(shape) < 0.5)
        elif example.apart is not None:
            made.append(apart(rng, shape, low, high, example.apart))
        else:
            made.append(np.asarray(rng.uniform(low, high, size=shape)))
    return made


def shape_of(type: TensorType) -> tuple[int, ...]:
    """The sizes of an example's type, none of which is a symbol."""
    return tuple(int(size) for size in type.shape if isinstance(size, int))


def seeds_of(built: Built, given: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """What the float outputs are weighted by: what is fed after the inputs."""
    return [rng.normal(size=shape_of(port.value.type)) for port in built.computation.feeds[len(given) :]]


def apart(rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float, kinks: Sequence[float]) -> Array:
    """Numbers that differ from each other and from every kink by more than a difference's step."""
    count = int(np.prod(shape, dtype=int))
    grid = np.linspace(low, high, count + 2)[1:-1] if count > 1 else np.array([(2 * low + high) / 3])
    width = (high - low) / (4 * (count + 1))
    grid = grid + rng.uniform(-width / 2, width / 2, size=count)
    for kink in kinks:
        grid = np.where(np.abs(grid - kink) < 10 * STEP, grid + 20 * STEP, grid)
    return rng.permutation(grid).reshape(shape)


def runs_only_in_training(op: Op) -> bool:
    return type(op).__name__ in ("BatchNorm", "Dropout")


def ready(example: Example) -> Built:
    return trained(example.op, example.ins) if runs_only_in_training(example.op) else forward(example.op, example.ins)


@pytest.mark.parametrize("example", CASES)
def test_shapes_and_memory(example: Example) -> None:
    """Every output has its type; neither what the memory held before nor working in place changes a number."""
    built = ready(example)
    given = arrays(example)
    once = built.run(given, fill=0x00)
    for array, port in zip(once, built.computation.outputs, strict=True):
        assert array.shape == port.value.type.shape
        assert np.isfinite(array).all()
    again = built.run(given, fill=0xA5)
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    apart_from_inputs = ready_without_reuse(example).run(given)
    assert all(np.array_equal(a, b) for a, b in zip(once, apart_from_inputs, strict=False))


def ready_without_reuse(example: Example) -> Built:
    """The same with every input still wanted afterwards, so that nothing can be done in place."""
    maker = trained if runs_only_in_training(example.op) else forward
    return maker(example.op, example.ins, keep=True)


ELEMENTWISE = [case for case in DIFFERENTIABLE if cls_of(case).elementwise]


@pytest.mark.parametrize("example", ELEMENTWISE)
def test_blocks(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elementwise operations compute the same block by block; the last block is a shorter one."""
    given = arrays(example)
    results = []
    for bytes, least in ((blocks.BYTES, blocks.LEAST), (5 * 8, 0)):
        monkeypatch.setattr(blocks, "BYTES", bytes)
        monkeypatch.setattr(blocks, "LEAST", least)
        built = backward(example.op, example.ins)[0]
        seeds = seeds_of(built, given, np.random.default_rng(1))
        results.append([*forward(example.op, example.ins).run(given), *built.run([*given, *seeds])])
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


def slope(example: Example, number: int, given: list[Array], seeds: list[Array], direction: Array) -> float:
    """The central difference of Σ seed · y as an input moves."""
    built = ready(example)

    def value(size: float) -> float:
        moved = [x + size * direction if n == number else x for n, x in enumerate(given)]
        floats = [y for y in built.run(moved) if y.dtype.kind == "f"]
        return float(sum(np.vdot(a, b) for a, b in zip(seeds, floats, strict=False)))

    return (value(STEP) - value(-STEP)) / (2 * STEP)


def errors(example: Example) -> list[tuple[float, float]]:
    """For each input that has a gradient: how far it is from the difference in a random direction, and what 1e-6 of its
    largest entry may make there."""
    given = arrays(example)
    rng = np.random.default_rng(1)
    built, numbers = backward(example.op, example.ins, train=runs_only_in_training(example.op))
    seeds = seeds_of(built, given, rng)
    found = []
    for number, gradient in zip(numbers, built.run([*given, *seeds]), strict=True):
        direction = rng.normal(size=gradient.shape)
        wanted = slope(example, number, given, seeds, direction)
        allowed = 1e-6 * max(float(np.abs(gradient).max()), 1e-3) * max(float(np.linalg.norm(direction)), 1.0)
        found.append((abs(wanted - float(np.vdot(gradient, direction))), allowed))
    return found


@pytest.mark.promise("P6", "gradients of operations on shapes", 800)
@pytest.mark.parametrize("example", DIFFERENTIABLE)
def test_gradients(example: Example, promise: Promise) -> None:
    """Every gradient is that of central differences in float64, in a random direction."""
    found = errors(example)
    promise(len(found), part_of_what_is_allowed=max((error / allowed for error, allowed in found), default=0.0))
    for error, allowed in found:
        assert error <= allowed


# Its output depends on no number, so there is no gradient to break.
FLAT = {"FillLike"}
RULES: dict[type[Op], list[Example]] = {}
for case in DIFFERENTIABLE:
    if cls_of(case).__name__ not in FLAT:
        RULES.setdefault(cls_of(case), []).append(cast(Example, case.values[0]))


def test_every_rule_is_tried_on_enough_shapes() -> None:
    assert len(RULES) > 40
    assert {cls.__name__: len(examples) for cls, examples in RULES.items() if len(examples) < 20} == {}


def negated(b: Make, gradient: Value) -> Value:
    return b(Affine(factor=-1.0), gradient)


def slightly_off(b: Make, gradient: Value) -> Value:
    return b(Affine(factor=1.001), gradient)


def transposed(b: Make, gradient: Value) -> Value:
    """The same numbers in another order."""
    order = tuple(reversed(range(gradient.type.rank)))
    return b(Reshape(gradient.type.shape), b(Transpose(order), gradient))


def large(type: TensorType) -> bool:
    """Whether a transposition moves any of its numbers."""
    return sum(size != 1 for size in type.shape) > 1


@pytest.mark.promise("P6", "rules broken in sign, by 1.001 and by transposing", 120)
@pytest.mark.parametrize("break_it", [negated, slightly_off, transposed])
@pytest.mark.parametrize("cls", RULES, ids=lambda cls: cls.__name__)
def test_a_broken_rule_is_found(
    cls: type[Op], break_it: Callable[[Make, Value], Value], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above fails for some example of every primitive once its rule is wrong."""
    ruled = RULE_OF.get(cls, cls)
    rule = ruled.gradient

    def broken(self: Op, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        return tuple(g if g is None else break_it(b, g) for g in rule(self, b, ins, outs, gys))

    monkeypatch.setattr(ruled, "gradient", broken)
    examples = RULES[cls]
    if break_it is transposed:
        # What moves one number or reads all alike gives the same in any order.
        examples = [e for e in examples if any(large(type) for type in e.ins)]
        if cls.__name__ in ("Mean", "Sum"):
            return
    assert any(error > allowed for example in examples[:12] for error, allowed in errors(example))


def narrow(type: TensorType) -> TensorType:
    return TensorType("f32", type.shape) if type.dtype == "f64" else type


@pytest.mark.parametrize("example", [case for case in CASES if cls_of(case) is not Dropout])
def test_float32(example: Example) -> None:
    """In float32 the outputs are those of float64, as far as it can tell; dropout draws other numbers there."""
    op = cast(Any, example.op)
    if isinstance(getattr(op, "type", None), TensorType):
        op = replace(op, type=narrow(op.type))
    short = Example(op, tuple(narrow(type) for type in example.ins))
    given = [x.astype(np.float32) if x.dtype == np.float64 else x for x in arrays(example)]
    wide = [x.astype(np.float64) if x.dtype == np.float32 else x for x in given]
    for found, wanted in zip(ready(short).run(given), ready(example).run(wide), strict=True):
        assert found.dtype == (np.float32 if wanted.dtype == np.float64 else wanted.dtype)
        size = float(np.abs(wanted).max(initial=0.0))
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * size)


@pytest.mark.parametrize("cls", PRIMITIVES.values(), ids=lambda cls: cls.__name__)
def test_figures_are_counts(cls: type[Op]) -> None:
    """Operations and multiply-accumulates of every example are whole numbers, of which a product of sums has both;
    what sees an image sees a stretch of each of its axes."""
    for example in cls.examples():
        outs = example.op.infer(example.ins)
        flops, macs = (figure(example.ins, outs).value for figure in (example.op.flops, example.op.macs))
        assert isinstance(flops, int)
        assert isinstance(macs, int)
        assert flops >= macs >= 0
        seen = [tuple(START for _ in SPATIAL.get(type.rank, ())) or None for type in example.ins]
        field = example.op.field(example.ins, outs, seen)
        assert field is None or all(axis.size >= 1 and axis.advance >= 1 for axis in field)
        for _, size in example.op.sizes(example.ins, outs):
            assert size.value in (*outs[0].shape, *(example.op.padding() or ()))
