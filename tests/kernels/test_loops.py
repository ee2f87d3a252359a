"""Compiled loops do what NumPy does step by step, whatever the sizes and however the arrays lie."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numba
import numpy as np
import pytest
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from netc.runtime.kernels.activations import sigmoid
from netc.runtime.kernels.fast import layout, loops
from netc.runtime.kernels.fast.compiled import OPTIONS
from netc.runtime.kernels.fast.loops import loop
from netc.runtime.kernels.fast.products import Matrices, Strides, product
from netc.runtime.kernels.fast.vectors import INT, Emitter
from netc.runtime.kernels.lanes import in_turn
from netc.runtime.kernels.recurrence import steps

Array = NDArray[Any]
Arrays = dict[str, Any]
Lists = dict[str, Sequence[Array]]
# Of the largest number: sums in another order, and functions within some units in the last place.
ROUNDING = {"float32": 1e-6, "float64": 1e-15}


def by_numpy(lines: Sequence[str], arrays: Mapping[str, Any], lists: Lists) -> None:
    for here in zip(*lists.values(), strict=True):
        for line in lines:
            exec(line, {"np": np, "sigmoid": sigmoid, **arrays, **dict(zip(lists, here, strict=True))})


Making = Callable[[], tuple[Sequence[str], Arrays, Lists]]


def compared(make: Making, halves: Any = in_turn, factor: int = 20, dead: Sequence[str] = ()) -> Arrays:
    """Both from the same numbers; the arrays of the compiled one that somebody reads afterwards."""
    lines, arrays, lists = make()
    loop(*lines, arrays=arrays, lists=lists, dead=dead, halves=halves)()
    lines, wanted, wanted_lists = make()
    with np.errstate(all="ignore"):
        by_numpy(lines, wanted, wanted_lists)
    made = {**arrays, **{name: np.stack(items) for name, items in lists.items()}}
    for name, array in {**wanted, **{name: np.stack(items) for name, items in wanted_lists.items()}}.items():
        if name not in dead:
            limit = factor * ROUNDING.get(array.dtype.name, 0) * max(1.0, float(np.abs(array).max()))
            np.testing.assert_allclose(made[name], array, rtol=0, atol=limit, err_msg=name)
    return {name: array for name, array in made.items() if name not in dead}


@pytest.fixture
def no_other_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that is left to NumPy fails."""

    def refused(*_: Any) -> Any:
        raise AssertionError("this loop was not compiled")

    monkeypatch.setattr(loops, "_by_steps", refused)


def lstm(n: int, units: int, dtype: str, count: int = 3, turned: bool = True) -> Making:
    """The step of an LSTM, its values lying feature by feature or sample by sample."""

    def array(rng: np.random.Generator, features: int) -> Array:
        if turned:
            return rng.normal(size=(features, n)).astype(dtype).T
        return rng.normal(size=(n, features)).astype(dtype)

    def make() -> tuple[Sequence[str], Arrays, Lists]:
        rng = np.random.default_rng(n + units)
        weight = rng.normal(size=(4 * units, units)).astype(dtype)
        stack = rng.normal(size=(count * n, units)).astype(dtype)
        kept = rng.normal(size=(count * n, units)).astype(dtype)
        gates = array(rng, 4 * units)
        arrays = {
            "p1": rng.normal(size=(5, 4 * units)).astype(dtype),
            "w1": np.ascontiguousarray(weight.T) if not turned else weight.T,
            "b1": rng.normal(size=4 * units).astype(dtype),
            "s1": rng.normal(size=(n, 4 * units)).astype(dtype),
            "g1": gates,
            **{f"g{2 + part}": gates[:, part * units : (part + 1) * units] for part in range(4)},
            **{name: array(rng, units) for name in ("h1", "c1", "t1")},
        }
        rows = steps(kept, count, turned=turned)
        lists: Lists = {
            "i1": list(rng.integers(-2, 8, size=(count, n))),
            "x1": steps(stack, count, reverse=True),
            "k1": rows,
            "k2": [arrays["t1"], *rows[:-1]],
        }
        return LINES, arrays, lists

    return make


LINES = (
    'p1.take(i1, axis=0, out=s1, mode="clip")',
    "np.matmul(h1, w1, out=g1)",
    "np.add(g1, s1, out=g1)",
    "np.add(g1, b1, out=g1)",
    "sigmoid(g1, g1)",
    "np.tanh(g5, out=g5)",
    "np.multiply(g3, c1, out=g3)",
    "np.multiply(g2, g5, out=g2)",
    "np.add(g3, g2, out=c1)",
    "np.add(c1, k2, out=c1)",
    "np.tanh(c1, out=k1)",
    "np.multiply(g4, k1, out=h1)",
    "np.copyto(x1, h1)",
)


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "units"), [(1, 3), (7, 5), (16, 24), (33, 20), (70, 9)])
def test_a_cell(n: int, units: int, dtype: str, turned: bool, no_other_form: None) -> None:
    compared(lstm(n, units, dtype, turned=turned))


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [17, 33, 64, 70])
@pytest.mark.parametrize("dead", [(), ("g1", "g2", "g3", "g4", "g5")])
def test_halves_have_the_bits_of_the_whole(
    dead: Sequence[str], n: int, dtype: str, turned: bool, no_other_form: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "WAKING", 0)
    divided = []

    def halves(first: Any, second: Any) -> None:
        divided.append((first.args[-2:], second.args[-2:]))
        thread = threading.Thread(target=second)
        thread.start()
        first()
        thread.join()

    made = compared(lstm(n, 10, dtype, turned=turned), halves, dead=dead)
    (((start, half), (again, stop)),) = divided
    assert (start, again, stop) == (0, half, n)
    assert half * np.dtype(dtype).itemsize % 64 == 0
    monkeypatch.setattr(layout, "WAKING", 1 << 60)
    whole = compared(lstm(n, 10, dtype, turned=turned), halves, dead=dead)
    assert len(divided) == 1
    for name, array in whole.items():
        assert np.array_equal(made[name], array), name


@pytest.mark.parametrize("n", [33, 70])
def test_halves_have_scratch_memory_of_their_own(n: int, no_other_form: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "WAKING", 0)
    lines, arrays, lists = lstm(n, 10, "float32")()
    changed = []

    def halves(*both: Any) -> None:
        for half in both:
            arrays["g1"].fill(np.nan)
            half()
            changed.append(~np.isnan(arrays["g1"]))

    loop(*lines, arrays=arrays, lists=lists, dead=("g1", "g2", "g3", "g4", "g5"), halves=halves)()
    first, second = changed
    assert (first != second).all()
    # A half is one piece of memory.
    assert (np.diff(first.T.reshape(-1).astype(int)) != 0).sum() == 1


def memory(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).normal(size=shape)


def one(*lines: str, **arrays: Array) -> Making:
    """A loop of two steps over copies of these arrays."""
    return lambda: (lines, {name: array.copy() for name, array in arrays.items()}, {"z1": [np.zeros(1), np.zeros(1)]})


@pytest.mark.parametrize(
    "line",
    [
        *(f"np.{name}(a1, a2, out=a3)" for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum")),
        *(f"np.{name}(a1, out=a3)" for name in ("negative", "abs", "exp", "tanh")),
        "np.sqrt(a4, out=a3)",
        "sigmoid(a1, a3)",
        "np.subtract(1.0, a1, out=a3)",
        "a3.fill(2.0)",
        "np.copyto(a3, a1)",
        "np.add(a1, a5, out=a3)",
        "np.add(a1, a6, out=a3)",
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions(line: str, dtype: str, no_other_form: None) -> None:
    arrays = {"a1": memory(5, 7), "a2": memory(5, 7) + 1, "a3": memory(5, 7), "a5": memory(7), "a6": memory(5, 1)}
    arrays["a4"] = np.abs(arrays["a1"])
    given = {name: array.astype(dtype) for name, array in arrays.items()}

    def make() -> tuple[Sequence[str], Arrays, Lists]:
        return (line,), {name: a.copy() for name, a in given.items()}, {"z1": [np.zeros(1, dtype)] * 2}

    compared(make)


def test_what_is_greater_is_a_truth_value(no_other_form: None) -> None:
    lines = ("np.greater(a1, 0.0, out=b1)", "np.multiply(a1, b1, out=a2)", "np.less(a2, a1, out=b1)")
    compared(one(*lines, a1=memory(3, 9), a2=memory(3, 9), b1=np.zeros((3, 9), np.bool_)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_at_the_ends(dtype: str, no_other_form: None) -> None:
    x = np.array([0.0, -0.0, 1e-30, -1e-5, 0.6, -0.65, 9, -30, 87.5, -88, 1000, -1000, np.inf, -np.inf, np.nan], dtype)
    for line in ("np.tanh(a1, out=a2)", "sigmoid(a1, a2)", "np.exp(a1, out=a2)"):
        arrays: dict[str, Array] = {"a1": x, "a2": np.empty_like(x)}
        loop(line, arrays=arrays, lists={"z1": [x[:1]]}, dead=(), halves=in_turn)()
        wanted = np.empty_like(x)
        with np.errstate(all="ignore"):
            exec(line, {"np": np, "sigmoid": sigmoid, "a1": x, "a2": wanted})
        np.testing.assert_allclose(arrays["a2"], wanted, rtol=float(16 * np.finfo(dtype).eps), atol=1e-37, err_msg=line)
        if "tanh" in line:
            assert np.array_equal(np.signbit(arrays["a2"][:14]), np.signbit(wanted[:14]))


@pytest.mark.parametrize(("line", "exact"), [("np.tanh(a1, out=a2)", np.tanh), ("np.exp(a1, out=a2)", np.exp)])
def test_functions_are_within_units_in_the_last_place(line: str, exact: Any, no_other_form: None) -> None:
    x = np.concatenate([np.linspace(-80, 80, 40_001), np.linspace(-1, 1, 40_001)]).astype(np.float32)
    made = np.empty_like(x)
    loop(line, arrays={"a1": x, "a2": made}, lists={"z1": [x[:1]]}, dead=(), halves=in_turn)()
    wanted = exact(x.astype(np.float64))
    assert float(np.nanmax(np.abs(made - wanted) / np.spacing(np.abs(wanted).astype(np.float32)))) <= 4


@pytest.mark.parametrize(
    ("lines", "arrays"),
    [
        # An operand lies turned over the result.
        (("np.add(a1, b1, out=a1)",), lambda: _turned_over(memory(6, 6))),
        # A product in the place of an operand.
        (("np.matmul(a1, b1, out=a1)",), lambda: {"a1": memory(4, 4), "b1": memory(4, 4)}),
        # Numbers of two types.
        (("np.multiply(a1, b1, out=a1)",), lambda: {"a1": memory(4, 4), "b1": memory(4, 4).astype(np.float32)}),
        # Neither the rows nor the columns of the result lie together.
        (
            ("np.matmul(a1, b1, out=c1)",),
            lambda: {"a1": memory(3, 3), "b1": memory(3, 3), "c1": memory(6, 6)[::2, ::2]},
        ),
        (("np.matmul(a1, b1, out=c1)",), lambda: {name: memory(2, 3, 3) for name in ("a1", "b1", "c1")}),
    ],
)
def test_what_has_no_compiled_form_is_left_to_numpy(
    lines: Sequence[str], arrays: Callable[[], Arrays], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = []
    by_steps = loops._by_steps

    def counted(*given: Any) -> Any:
        left.append(given)
        return by_steps(*given)

    monkeypatch.setattr(loops, "_by_steps", counted)
    compared(lambda: ((*lines, "np.tanh(a1, out=a1)"), arrays(), {"z1": [memory(1)] * 3}))
    assert left


def _turned_over(array: Array) -> Arrays:
    return {"a1": array, "b1": array.T}


def test_steps_that_lie_differently_are_left_to_numpy() -> None:
    def make() -> tuple[Sequence[str], Arrays, Lists]:
        return ("np.add(a1, b1, out=a1)",), {"a1": memory(3, 4)}, {"b1": [memory(3, 4), memory(4, 3).T]}

    compared(make)


def test_large_products_are_left_to_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "LARGE", 0)
    monkeypatch.setattr(layout, "_compiled", None)
    compared(lstm(4, 3, "float64"))


@pytest.mark.parametrize(
    "line",
    [
        # The right operand of a product is written, and every row reads all of it.
        "np.matmul(a1, c1, out=b1)",
        # The samples are the columns here.
        "np.add(c1, c1.T, out=c1)",
    ],
)
def test_rows_that_depend_on_each_other_are_not_divided(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "WAKING", 0)
    lines = ("np.add(b1, 1.0, out=c1)", line.replace("c1.T", "d1"), "np.tanh(b1, out=b1)")

    def make() -> tuple[Sequence[str], Arrays, Lists]:
        square = memory(64, 64)
        return lines, {"a1": memory(64, 64), "b1": memory(64, 64), "c1": square, "d1": square.T}, {"z1": [memory(1)]}

    def halves(first: Any, second: Any) -> None:
        raise AssertionError("this loop was divided")

    compared(make, halves, factor=100)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_products(dtype: str, order: Any) -> None:
    """Of every number of rows and columns around those that are summed at a time, and of parts of the columns."""
    rng = np.random.default_rng(0)
    for k in (1, 6):
        a = np.asarray(rng.normal(size=(40, k)), dtype, order=order)
        multiply = _product(dtype, a.strides)
        for rows in (1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 40):
            for columns in (1, 7, 8, 9, 16, 17, 31, 33, 64, 65, 100):
                b, out = rng.normal(size=(k, columns)).astype(dtype), np.zeros((rows, columns), dtype)
                start, stop = (0, columns) if rows % 2 else (columns // 3, columns - columns // 4)
                given = (a.ctypes.data, b.ctypes.data, out.ctypes.data, b.strides[0], out.strides[0])
                multiply(*given, rows, start, stop, k)
                wanted = a[:rows] @ b
                wanted[:, :start] = wanted[:, stop:] = 0
                assert np.abs(out - wanted).max() <= 10 * ROUNDING[dtype], (rows, columns, k)


def _product(dtype: str, strides: tuple[int, ...]) -> Any:
    @intrinsic
    def body(
        context: Any, a: Any, b: Any, out: Any, b_row: Any, out_row: Any, m: Any, start: Any, stop: Any, k: Any
    ) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            matrices, (rows, first, last, terms) = Matrices(*given[:5]), given[5:]
            product(Emitter(builder, dtype), matrices, Strides(*strides), (INT(0), rows), (first, last), terms)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), write

    @numba.njit(**OPTIONS)
    def run(a: int, b: int, out: int, b_row: int, out_row: int, m: int, start: int, stop: int, k: int) -> None:
        body(a, b, out, b_row, out_row, m, start, stop, k)

    return run
