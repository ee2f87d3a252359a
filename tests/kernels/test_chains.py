"""Chains of statements do what NumPy does with them one after the other, also where arrays meet or are not numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from netc.runtime.kernels import activations
from netc.runtime.kernels.fast import chains, elementary
from netc.runtime.kernels.fast.chains import chain

Array = NDArray[np.float32]
SPECIAL = [0.0, -0.0, 1.0, -1.5, 88.0, 89.0, -87.0, -104.0, math.inf, -math.inf, math.nan, 1e-40]


def apply(lines: tuple[str, ...], arrays: dict[str, Array]) -> None:
    with np.errstate(all="ignore"):
        for line in lines:
            exec(line, {"np": np, "sigmoid": activations.sigmoid, **arrays})


def compared(lines: tuple[str, ...], made: dict[str, Array], wanted: dict[str, Array], rounding: float = 0.0) -> None:
    apply(lines, wanted)
    with np.errstate(all="ignore"):
        chain(*lines, arrays=made)()
    for name, array in wanted.items():
        np.testing.assert_allclose(made[name], array, rtol=rounding, atol=0, equal_nan=True, err_msg=name)


@pytest.mark.parametrize(
    "lines",
    [
        ("np.maximum(x1, 0.0, out=y1)", "np.multiply(y1, x2, out=y1)"),
        ("np.minimum(x1, x2, out=y1)", "np.maximum(x1, x2, out=x2)"),
        ("np.subtract(1.0, x1, out=y1)", "np.divide(y1, x2, out=x1)", "np.add(x1, y1, out=y1)"),
        ("np.negative(x1, out=y1)", "np.abs(y1, out=y1)", "np.sqrt(y1, out=x2)"),
        ("y1.fill(2.0)", "np.multiply(y1, x1, out=x2)", "np.copyto(x1, x2)"),
    ],
)
def test_the_bits_are_those_of_numpy(lines: tuple[str, ...]) -> None:
    special = np.array(SPECIAL, np.float32)
    x1, x2 = (grid.reshape(-1) for grid in np.meshgrid(special, special))
    made = {"x1": x1.copy(), "x2": x2.copy(), "y1": np.zeros_like(x1)}
    compared(lines, made, {name: array.copy() for name, array in made.items()})


@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("shape", [(7, 5), (3, 2, 16), (4, 1), (1, 3)])
def test_a_row_is_added_to_each(shape: tuple[int, ...], two: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "WAKING", 0)
    rng = np.random.default_rng(0)
    x1, y1 = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    made = {"x1": x1, "y1": y1, "p1": rng.normal(size=shape[-1]).astype(np.float32)}
    wanted = {name: array.copy() for name, array in made.items()}
    lines = ("np.add(x1, p1, out=x1)", "np.multiply(p1, x1, out=y1)", "np.maximum(y1, 0.0, out=x1)")
    apply(lines, wanted)
    chain(*lines, arrays=made, two=two)()
    for name, array in wanted.items():
        np.testing.assert_array_equal(made[name], array)


def test_a_row_that_is_written_too_is_not_one_loop() -> None:
    """The first row of x1 is what is added to all of them."""
    lines = ("np.add(x1, p1, out=x1)", "np.add(x1, p1, out=y1)")
    x1 = np.arange(12, dtype=np.float32).reshape(3, 4)
    made, wanted = ({"x1": x, "p1": x[0], "y1": np.zeros_like(x)} for x in (x1, x1.copy()))
    compared(lines, made, wanted)


def test_rows_of_what_lies_otherwise_are_not_one_loop() -> None:
    lines = ("np.add(x1, p1, out=x1)", "np.maximum(x1, 0.0, out=x1)")
    x1 = np.arange(-6, 6, dtype=np.float32).reshape(3, 4)
    p1 = np.array([1, -2, 3, -4], np.float32)
    made, wanted = ({"x1": x1.copy().T.copy().T, "p1": p1} for _ in range(2))
    compared(lines, made, wanted)


def test_arrays_that_overlap_are_not_one_loop() -> None:
    lines = ("np.add(x1, x2, out=x2)", "np.add(x2, x1, out=x1)")
    memory = [np.arange(9, dtype=np.float32) for _ in range(2)]
    made, wanted = ({"x1": given[1:], "x2": given[:-1]} for given in memory)
    compared(lines, made, wanted)


def test_arrays_that_lie_differently_are_not_one_loop() -> None:
    lines = ("np.add(x1, 1.0, out=x1)", "np.multiply(x1, x2, out=y1)")
    rng = np.random.default_rng(0)
    x1, x2, y1 = (rng.normal(size=(3, 4)).astype(np.float32) for _ in range(3))
    wanted = {"x1": x1.copy(), "x2": x2.T.copy().T, "y1": y1.copy()}
    compared(lines, {"x1": x1, "x2": x2.T.copy().T, "y1": y1}, wanted)


def test_scratch_memory_that_a_later_loop_reads_is_written() -> None:
    """The last statement cannot be part of the loop before: its arrays lie otherwise."""
    lines = ("np.add(x1, 1.0, out=s1)", "np.multiply(s1, x1, out=x1)", "np.add(t1, x2, out=x2)")
    scratch = np.zeros((2, 6), np.float32)
    arrays = {
        "x1": np.ones((2, 6), np.float32),
        "s1": scratch,
        "t1": scratch[:, :3],
        "x2": np.zeros((2, 3), np.float32),
    }
    chain(*lines, arrays=arrays, dead=("s1", "t1"))()
    assert (arrays["x2"] == 2).all()


def test_two_threads_do_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "WAKING", 0)
    x1 = np.random.default_rng(0).normal(size=1001).astype(np.float32)
    made, wanted = x1.copy(), x1.copy()
    lines = ("np.multiply(x1, 3.0, out=x1)", "np.add(x1, 1.0, out=x1)")
    chain(*lines, arrays={"x1": made}, two=True)()
    chain(*lines, arrays={"x1": wanted})()
    assert np.array_equal(made, wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponential_functions(dtype: type) -> None:
    """Within two units in the last place of e^x; a sum of it and 1 rounds once more."""
    x: NDArray[Any] = np.concatenate([np.linspace(-87, 88, 20_001), [0.0, -0.0]]).astype(dtype)
    out, half = np.empty_like(x), np.empty_like(x)
    chain("np.exp(x1, out=y1)", "np.multiply(y1, 1.0, out=y1)", arrays={"x1": x, "y1": out})()
    chain("sigmoid(x1, y1)", arrays={"x1": x, "y1": half})()
    exact = np.exp(x.astype(np.longdouble))
    ulp = np.finfo(dtype).eps
    assert float(np.abs(out / exact - 1).max()) <= 2 * ulp
    assert float(np.abs(half * (1 + 1 / exact) - 1).max()) <= 4 * ulp


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponential_functions_at_the_ends(dtype: type) -> None:
    x: NDArray[Any] = np.array([math.inf, -math.inf, math.nan, 1000, -1000], dtype)
    out = np.empty_like(x)
    chain("np.exp(x1, out=y1)", "np.multiply(y1, 1.0, out=y1)", arrays={"x1": x, "y1": out})()
    assert np.array_equal(out, np.array([math.inf, 0, math.nan, math.inf, 0], dtype), equal_nan=True)
    chain("sigmoid(x1, y1)", arrays={"x1": x, "y1": out})()
    assert np.allclose(out, np.array([1, 0, math.nan, 1, 0], dtype), atol=1e-38, rtol=0, equal_nan=True)
    assert elementary.sigmoid(0.0) == 0.5
