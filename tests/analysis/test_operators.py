"""Every operator is one operation for each element, on whichever side a number stands."""

from __future__ import annotations

import pytest

from netc.compiler.analysis.figures import analyse
from netc.compiler.driver import Request, compile_spec


@pytest.mark.parametrize(
    "text", ["x + 2", "2 + x", "x - 2", "2 - x", "x * 2", "2 * x", "x / 2", "2 / x", "-x", "1 - x"]
)
def test_an_operator_with_a_number_is_one_operation(text: str) -> None:
    spec = f"net a {{ input x: f32[N, 7]\n y = {text}\n output y }}"
    (network,) = compile_spec(Request("a.net", text=spec)).networks
    assert analyse(network.graph).at({"N": 3}).flops == 3 * 7


@pytest.mark.parametrize("text", ["x + z", "x - z", "x * z", "x / z"])
def test_an_operator_between_tensors_is_one_operation(text: str) -> None:
    spec = f"net a {{ input x: f32[N, 7]\n input z: f32[N, 1]\n y = {text}\n output y }}"
    (network,) = compile_spec(Request("a.net", text=spec)).networks
    assert analyse(network.graph).at({"N": 3}).flops == 3 * 7
