"""Symbolic dimensions from the text to the figures: bound, too small, unknown; and what `expect` makes of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.report.summary import summarise
from netc.compiler.report.table import render

SIGNAL = "net t {\n  input x: f32[N, 8, T]\n  conv(4, 3) -> relu\n}"
IMAGE = "net t {\n  input x: f32[N, 3, H, 9]\n  conv(4, 5) -> relu\n}"


def messages(text: str, dims: Mapping[str, int] | None = None) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in compile_spec(Request("t.net", text, dims=dims or {})).diagnostics]


def test_a_dimension_that_is_too_small_is_reported_where_it_does_not_fit() -> None:
    found = compile_spec(Request("t.net", IMAGE, dims={"H": 4}))
    (diagnostic,) = found.diagnostics
    assert diagnostic.code == "window"
    assert diagnostic.message == "a kernel of height 5 does not fit into an input of height 4"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "conv(4, 5)"
    assert not compile_spec(Request("t.net", IMAGE, dims={"H": 5})).failed


def test_the_default_of_one_may_be_too_small() -> None:
    with pytest.raises(netc.SpecError) as caught:
        netc.loads(SIGNAL).analyze()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == "at T = 1 the result [N, 4, T - 2] of `conv1` has no positions"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "conv(4, 3)"
    # 3·8·4 weights at one position.
    assert netc.loads(SIGNAL).analyze(T=3).totals.macs == 96


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ({"n": 2}, "the net `t` has no dimension `n`"),
        ({"T": 3, "H": 2}, "the net `t` has no dimension `H`"),
        ({"T": 0}, "T is a whole number from 1 up, not 0"),
        ({"T": -3}, "T is a whole number from 1 up, not -3"),
        ({"T": True}, "T is a whole number from 1 up, not True"),
        ({"T": 3.0}, "T is a whole number from 1 up, not 3.0"),
    ],
)
def test_dimensions_from_python_are_checked(dims: dict[str, int], message: str) -> None:
    with pytest.raises(netc.SpecError, match=message):
        netc.loads(SIGNAL).analyze(**dims)


def test_a_sum_in_a_shape_stands_in_brackets() -> None:
    (network,) = compile_spec(Request("t.net", SIGNAL, dims={"T": 5})).networks
    assert "N×4×(T - 2)" in render(summarise(network))


def expecting(check: str, text: str = SIGNAL) -> str:
    return text.replace("\n}", f"\n  expect {{ {check} }}\n}}")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("macs(T = 2) <= 5", "at T = 2 the result [N, 4, T - 2] of `conv1` has no positions"),
        ("flops <= 5", "at T = 1 the result [N, 4, T - 2] of `conv1` has no positions"),
        ("macs(Q = 9) <= 5", "the net `t` has no dimension `Q`"),
        ("macs(t = 9) <= 5", "the net `t` has no dimension `t`"),
        ("macs(T = 3) == 95", "`macs(T = 3) == 95` does not hold"),
    ],
)
def test_an_expectation_of_an_impossible_figure_fails(check: str, message: str) -> None:
    assert messages(expecting(check)) == [("expectation", message)]


def test_an_expectation_at_another_size_than_the_one_put_in_fails() -> None:
    strided = "net t {\n  input x: f32[N, 3, H, 9]\n  conv(4, 5, stride = 2) -> relu\n}"
    check = expecting("macs(H = 9) == 1", strided)
    assert messages(check, {"H": 7}) == [("expectation", "H is 7 in the whole network here, not 9")]
    # 5·5·3·4 weights at 3·3 positions.
    assert messages(check.replace("== 1", "== 2_700"), {"H": 9}) == []


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        ("params == 100 and macs(T = 3) == 96", True),
        ("params == 1 or params == 100", True),
        ("params == 1 or params == 2", False),
        ("(params == 1 and params == 100) or params == 2", False),
        ("params == 100 and params > 1 or params == 2", True),
        ("(params == 1 or params == 100) and params == 2", False),
        ("not (params == 1)", True),
        ("not (params == 100)", False),
    ],
)
def test_expectations_joined_by_words(check: str, holds: bool) -> None:
    # 3·8·4 weights and 4 biases: 100 parameters.
    assert (messages(expecting(check)) == []) is holds


def test_a_dimension_without_a_number_is_asked_for_at_the_net() -> None:
    with pytest.raises(netc.SpecError) as caught:
        netc.loads(IMAGE).analyze(N=2)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("unbound-dimension", "the dimension H has no value")
    assert diagnostic.help == "give H a number: `--dim H=…`, in Python `analyze(H=…)`"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "t"
