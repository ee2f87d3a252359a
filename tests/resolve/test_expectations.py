"""Expectations mean the same whatever the command line says, and a figure stands wherever a number may."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from netc.compiler.driver import Request, compile_spec

# fc: 8 × 4 weights and 4 biases; 8 × 4 MACs for each row.
NET = "net a {{ input x: f32[N, T, 8]\n y = fc(4)\n output y\n expect {{ {check} }} }}"


def said(check: str, dims: Mapping[str, int] | None = None) -> list[str]:
    text = NET.format(check=check)
    return [d.message for d in compile_spec(Request("a.net", text=text, dims=dims or {})).diagnostics]


@pytest.mark.parametrize(
    "check",
    [
        "max(params, 5) == 36",
        "floor(params / 4) == 9",
        "-params < -35",
        "[params, 36] == [36, params]",
        "(params if params > 4 else 0) == 36",
        "2 * (macs - 2) == 60 and macs(N = 2) != macs",
    ],
)
def test_a_figure_stands_wherever_a_number_may(check: str) -> None:
    assert said(check) == []
    wrong = check.replace("36", "37").replace("9", "8").replace("35", "37").replace("60", "61")
    assert len(said(wrong)) == 1


@pytest.mark.parametrize("figure", ["macs", "flops", "memory.inference", "memory.inference.activations"])
def test_a_bare_figure_is_that_of_one_sample_and_one_step(figure: str) -> None:
    check = f"{figure} == {figure}(N = 1, T = 1) and {figure} < {figure}(N = 64, T = 10)"
    for dims in ({}, {"N": 64}, {"N": 64, "T": 10}):
        assert said(check, dims) == []


def test_a_dimension_that_has_to_be_a_number_is_what_it_is() -> None:
    text = "net a { input x: f32[N, C, 4]\n flatten -> fc(2)\n expect { macs == 40 and macs(N = 2) == 80 } }"
    assert compile_spec(Request("a.net", text=text, dims={"C": 5, "N": 7})).diagnostics == ()


def test_a_step_stays_open_where_another_dimension_has_to_be_a_number() -> None:
    text = "net a { input x: f32[N, T, C]\n fc(2)\n expect { macs == 10 and macs(T = 3) == 30 } }"
    assert compile_spec(Request("a.net", text=text, dims={"C": 5, "T": 7})).diagnostics == ()


@pytest.mark.parametrize("wrong", ["schedule = multistep([3])", "schedule = step(0.1, [3])", "epoch = 3"])
def test_a_net_with_a_mistake_in_its_train_block_is_held_to_nothing(wrong: str) -> None:
    text = (
        "net a { input x: f32[N, 8]\n target y: i64[N]\n fc(2)\n expect { params == 3 }\n"
        f" train {{ loss = cross_entropy; optimizer = adam; {wrong} }} }}"
    )
    found = compile_spec(Request("a.net", text=text))
    assert [d.code for d in found.diagnostics if d.code == "expectation"] == []
    assert [(u.count, u.reason) for u in found.unchecked] == [(1, "the net has errors")]
