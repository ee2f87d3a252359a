"""What expressions are worth: each is an expectation of a net, and would fail for any other value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netc.compiler.driver import Request, compile_spec

# x is [N, 6, 8, 10], s is [N, T, 4].
NET = """block pair(c) {{ fc(c) }}
net a(count = 3, flag = yes, word = valid, list = [4, 5, 6]) {{
  input x: f32[N, 6, 8, 10]
  input s: f32[N, T, 4]
  let c = conv(4, 3)
  let p = pair(2)
  x -> relu
  expect {{ {check} }}
}}
"""


def said(check: str) -> list[tuple[str, str]]:
    found = compile_spec(Request("a.net", text=NET.format(check=check)))
    return [(d.code, d.message) for d in found.diagnostics if d.severity == "error"]


VALUES = {
    "7 // 2": 3,
    "-7 // 2": -4,
    "7 % 3": 1,
    "-7 % 3": 2,
    "7 - 2 - 1": 4,
    "2 + 3 * 4": 14,
    "12 / 4": 3,
    "7 / 2.0": 3.5,
    "0.5 * 4": 2,
    "8 / 2 / 2": 2,
    "- 3 + 5": 2,
    "min(4, 2, 3)": 2,
    "max(4, 2, 3)": 4,
    "min([4, 2, 3])": 2,
    "max(list)": 6,
    "min(-1, 1)": -1,
    "floor(2.5)": 2,
    "floor(-2.5)": -3,
    "ceil(2.5)": 3,
    "ceil(-2.5)": -2,
    "ceil(2)": 2,
    "round(2.5)": 3,
    "round(3.5)": 4,
    "round(-2.5)": -3,
    "round(2.4)": 2,
    "round(-2.4)": -2,
    "round(0.49999999999999994)": 0,
    "len(list)": 3,
    "len([])": 0,
    "list[0]": 4,
    "list[2]": 6,
    "list[len(list) - 1]": 6,
    "count if flag else 9": 3,
    "count if not flag else 9": 9,
    "1 if count > 3 else 2": 2,
    "1 if count >= 3 else 2": 1,
    "1 if count < 3 else 2": 2,
    "1 if count <= 3 else 2": 1,
    "1 if count == 3 and flag else 2": 1,
    "1 if count == 4 or flag else 2": 1,
    "1 if count == 4 or not flag else 2": 2,
    "1 if word == valid else 2": 1,
    "1 if word != valid else 2": 2,
    "1 if word == same else 2": 2,
    "1 if list == [4, 5, 6] else 2": 1,
    "1 if list == [4, 5] else 2": 2,
    "1 if flag == yes else 2": 1,
    "1 if c == c else 2": 1,
    "1 if p != p else 2": 2,
    "9223372036854775807 - 1": 2**63 - 2,
    "x.channels": 6,
    "x.height": 8,
    "x.width": 10,
    "x.rank": 4,
    "x.shape[2]": 8,
    "s.features": 4,
    "s.length": 4,
    "s.rank": 3,
}


@pytest.mark.parametrize("text", VALUES)
def test_a_value(text: str) -> None:
    value = VALUES[text]
    assert said(f"({text}) == {value}") == []
    assert [code for code, _ in said(f"({text}) == {value + 1}")] == ["expectation"]


@given(st.floats(-1e6, 1e6, allow_subnormal=False))
def test_halves_are_rounded_away_from_zero(number: float) -> None:
    """By the decimals that the number is written with, which for halves are exact."""
    halves = round(number) + 0.5
    away = round(number) + (1 if halves > 0 else 0)
    assert said(f"round({halves}) == {away}") == []


@pytest.mark.parametrize(
    "check", ["s.shape[1] == s.shape[1]", "s.shape[1] - s.shape[1] == 0", "2 * s.shape[1] // 2 == s.shape[1]"]
)
def test_a_symbolic_size_is_equal_to_itself(check: str) -> None:
    assert said(check) == []


MISTAKES = {
    "1 + yes": "`+` works on numbers and tensors",
    "word * 2": "`*` works on numbers and tensors",
    "1 // 0": "`//` by zero",
    "1 % 0": "`%` by zero",
    "1.0 / 0": "`/` by zero",
    "7 / 2": "7 / 2 is not a whole number",
    "9223372036854775807 + 1": "`+` gives a number over 2^63 − 1",
    "0 - 9223372036854775807 - 2": "`-` gives a number over 2^63 − 1",
    "1e308 * 9223372036854775807 * 9223372036854775807": "",
    "len(3)": "`len` counts the items of a list",
    "len(list, list)": "`len` takes one value, here are 2",
    "round(1, 2)": "`round` takes one value, here are 2",
    "floor(yes)": "`floor` works on numbers",
    "max([])": "`max` of an empty list has no value",
    "min(s.shape[1], 3)": "is symbolic, so `min` of it cannot be worked out",
    "s.shape[1] % 2": "is symbolic, so `%` of it cannot be worked out",
    "s.shape[1] * 0.5": "is symbolic, so `*` of it cannot be worked out",
    "list[3]": "the list has 3 items, there is no item 3",
    "list[-1]": "the list has 3 items, there is no item -1",
    "list[0.5]": "an item is counted by a whole number",
    "count[0]": "`[…]` takes an item of a list",
    "1 if yes < 2 else 3": "`<` compares numbers",
    "1 if yes == 2 else 3": "cannot be compared with",
    "1 if word == list else 3": "cannot be compared with",
    "1 if x == x else 3": "tensors are not compared",
    "1 if s.shape[1] < 3 else 2": "it cannot be compared yet",
    "1 if s.shape[1] == 3 else 2": "it cannot be compared yet",
    "count.width": "only a tensor has sizes, and this is 3",
    "x.length": "has no length",
    "s.size": "",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake(text: str) -> None:
    ((_, message),) = said(f"({text}) == 1")
    assert MISTAKES[text] in message


def test_a_name_of_the_net_hides_a_function() -> None:
    text = "net a(floor = 2) {\n  input x: f32[N, 6]\n  x -> fc(floor(2.5))\n}\n"
    (found,) = compile_spec(Request("a.net", text=text)).diagnostics
    assert (found.code, found.message) == ("not-a-layer", "only a layer takes arguments, and this is 2")
