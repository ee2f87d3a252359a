"""What the layers that slide no windows refuse, and that one mistake is told of once."""

from __future__ import annotations

from typing import Any

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.graph.dims import symbol
from netc.compiler.graph.op import OpError
from netc.compiler.limits import DEFAULT_LIMITS
from netc.compiler.ops.shape import Slice
from netc.runtime.record import replace

N = symbol("N")
SHARED = "input x: f32[N, 3, 8, 10]; let f = fc(10)"


def errors(body: str, before: str = "") -> list[tuple[str, str]]:
    found = compile_spec(Request("a.net", f"{before}net a {{ {body} }}"))
    return [(d.code, d.message) for d in found.diagnostics if d.severity == "error"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("softmax", {}),
        ("log_softmax", {}),
        ("mean", {}),
        ("concat", {}),
        ("split", {"parts": 1}),
        ("layernorm", {"scale": False, "shift": False}),
        ("scale", {}),
    ],
)
def test_nothing_works_along_n(name: str, arguments: dict[str, Any], use: Any) -> None:
    with pytest.raises(OpError) as caught:
        use(name, (N,), **arguments)
    assert caught.value.code == "shape-mismatch"
    assert "[N]" in caught.value.message
    assert caught.value.operand == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        # As many columns as f has units, but an image.
        (f"{SHARED}; a = x -> flatten -> f; x -> transposed(f)", "shape-mismatch"),
        ("input x: f32[N, 4]; input k: i64[N, 10]; let f = fc(10); a = x -> f; k -> transposed(f)", "element-type"),
    ],
)
def test_transposed_reads_what_the_layer_made(body: str, code: str) -> None:
    assert [found for found, _ in errors(body)] == [code]


@pytest.mark.parametrize(
    "rest",
    [
        "a = x -> f; x -> transposed(f)",
        "a = x -> f; x -> flatten -> f",
        "a = x -> f; b = x -> flatten -> f; b -> transposed(f)",
    ],
)
def test_a_first_use_that_fails_is_told_of_once(rest: str) -> None:
    ((code, message),) = errors(f"{SHARED}; {rest}")
    assert code == "shape-mismatch"
    assert message.startswith("`fc` reads [N, features]")


def test_a_block_whose_first_use_fails_is_told_of_once() -> None:
    (found,) = errors("input x: f32[N, 9]; let f = g; a = x -> f; x -> f", "block g { fc(4) -> conv(3, 1) }\n")
    assert found[0] == "shape-mismatch"


@pytest.mark.parametrize("sign", "+-*/")
def test_operators_name_element_types_that_differ(sign: str) -> None:
    ((code, message),) = errors(f"input x: f32[N, 3]; input y: f64[N, 3]; x {sign} y")
    assert code == "element-type"
    assert "f32[N, 3]" in message
    assert "f64[N, 3]" in message


@pytest.mark.parametrize("divisor", ["0", "0.0", "1e-320", "-1e-320"])
def test_division_by_what_has_no_reciprocal(divisor: str) -> None:
    assert [code for code, _ in errors(f"input x: f32[N, 3]; x / {divisor}")] == ["bad-operand"]


def test_a_value_spread_over_an_image_has_no_receptive_field(use: Any) -> None:
    """The 1×1 side is seen from all places, so no stretch of the input moves with the place."""
    assert use("mul", (N, 6, 4, 5), (N, 6, 1, 1)).field is None
    assert use("mul", (N, 6, 4, 5), (N, 1, 4, 5)).field is not None


def test_the_parts_of_a_split_follow_each_other(use: Any) -> None:
    nodes = use("split", (N, 12), parts=(3, 4, 5)).graph.nodes
    assert [node.op for node in nodes] == [Slice(1, 0, 3), Slice(1, 3, 7), Slice(1, 7, 12)]
    assert len(use("split", (N, 50_000), parts=50_000).graph.nodes) == 50_000


def test_an_endless_split_meets_a_limit() -> None:
    text = "net a { input x: f32[N, 2_147_483_647]; split(2_147_483_647) -> concat }"
    found = compile_spec(Request("a.net", text, limits=replace(DEFAULT_LIMITS, values=1_000)))
    assert [d.code for d in found.diagnostics if d.severity == "error"] == ["limit"]


def test_what_an_order_is() -> None:
    ((code, message),) = errors("input x: f32[N, 3, 4]; transpose([0, 1.5, 2])")
    assert code == "bad-argument"
    assert "a list of whole numbers" in message
