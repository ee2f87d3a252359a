"""Did you mean: near names are found, far ones are not, and the work is bounded."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netc.compiler.diagnostics.suggest import CANDIDATES, closest, likely

from ..work import lines_run

LAYERS = [
    "avgpool",
    "batchnorm",
    "concat",
    "conv",
    "dropout",
    "fc",
    "flatten",
    "gelu",
    "maxpool",
    "relu",
    "relu6",
    "rnn",
]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Conv", "conv"),
        ("ReLU", "relu"),
        ("con", "conv"),
        ("covn", "conv"),
        ("convv", "conv"),
        ("kconv", "conv"),
        ("batch_norm", "batchnorm"),
        ("bacthnrom", "batchnorm"),
        ("maxpol", "maxpool"),
        ("cf", "fc"),
        ("linear", None),
        ("dense", None),
        ("x", None),
        ("poolmax", None),
    ],
)
def test_typing_mistakes(name: str, found: str | None) -> None:
    assert closest(name, LAYERS) == found


def test_equal_but_for_case_wins_over_near() -> None:
    assert closest("relu6", ["relu", "ReLU6"]) == "ReLU6"
    assert closest("CONV", ["conw", "conv"]) == "conv"


def test_the_nearest_wins_and_then_the_first() -> None:
    assert closest("kernels", ["kernals", "kernel"]) == "kernals"
    assert closest("stridd", ["strides", "stride"]) == "stride"


def test_no_more_than_three_edits_however_long_the_name() -> None:
    name = "a" * 60
    assert closest(name, ["a" * 57 + "bbb"]) is not None
    assert closest(name, ["a" * 56 + "bbbb"]) is None


def _plain_distance(a: str, b: str) -> int:
    """The optimal string alignment distance by its recursive definition (Boytsov 2011, section 2.1)."""

    @cache
    def d(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        cost = min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
        swapped = i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]
        return min(cost, d(i - 2, j - 2) + 1) if swapped else cost

    return d(len(a), len(b))


@given(st.text("abc", min_size=1, max_size=14), st.text("abc", min_size=1, max_size=14))
def test_near_is_what_the_definition_says(name: str, candidate: str) -> None:
    near = name == candidate or _plain_distance(name, candidate) <= min(max(1, len(name) // 3), 3, len(name) - 1)
    assert (closest(name, [candidate]) is not None) == near


def test_only_the_first_200_are_looked_at() -> None:
    far = ["qqqqqqqq"] * (CANDIDATES - 1)
    assert closest("convx", [*far, "conv"]) == "conv"
    assert closest("convx", [*far, "qqqqqqqq", "conv"]) is None
    endless = iter(lambda: "qqqqqqqq", None)
    assert closest("convx", endless) is None


def test_the_longest_names_take_little_work() -> None:
    name = "ab" * 32
    names = [f"{'ba' * 30}{i:04d}" for i in range(CANDIDATES)]
    # A whole table would take 64 × 64 cells for each name; three edits keep to a band of seven.
    assert lines_run(lambda: closest(name, names)) < CANDIDATES * 64 * 7 * 8


def test_the_beginning_of_one_name_is_enough_on_the_command_line() -> None:
    codes = ["bad-argument", "bad-character", "limit"]
    assert likely("bad-arg", codes) == "bad-argument"
    assert likely("bad-", codes) is None
    assert likely("limti", codes) == "limit"
    assert likely("xyz", codes) is None
