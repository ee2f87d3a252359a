"""Ten independent mistakes of ten kinds in one file are ten messages at ten places, in whatever order they stand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netc.compiler.driver import Request, compile_spec

# Each is one statement on an image of 3×32×32, with the code of its message and the text that is marked.
MISTAKES = {
    "unknown layer": ("m1 = image -> konvolve(8, 3)", "unknown-layer", "konvolve"),
    "misspelt argument": ("m2 = image -> conv(8, 3, strid = 2)", "unknown-argument", "strid"),
    "shapes that do not add": ("m3 = image + good", "shape-mismatch", "image + good"),
    "kernel larger than its input": ("m4 = image -> conv(8, 40)", "window", "conv(8, 40)"),
    "same at stride 2": ("m5 = image -> conv(8, 5, stride = 2, pad = same)", "same-stride", "same"),
    "unclosed bracket": ("m6 = image -> conv(8, 3", "unclosed-bracket", "("),
    "groups that do not divide": ("m7 = image -> conv(8, 3, groups = 2)", "groups", "2"),
    "undefined name": ("m8 = image -> conv(widht, 3)", "undefined-name", "widht"),
    "missing argument": ("m9 = image -> conv(16)", "missing-argument", "conv(16)"),
    "stride 0": ("m10 = image -> conv(8, 3, stride = 0)", "bad-argument", "0"),
}
KINDS = list(MISTAKES)

Place = tuple[str, int, int]


def planted(lines: list[str]) -> list[Place]:
    """Code, line and column of every mistake that stands in the lines."""
    wanted = []
    for number, line in enumerate(lines, 1):
        for statement, code, mark in MISTAKES.values():
            if statement in line:
                inside = statement.rindex(mark) if mark != "2" else statement.index("groups = 2") + len("groups = ")
                wanted.append((code, number, line.index(statement) + inside + 1))
    return wanted


def found(lines: list[str]) -> list[Place]:
    """Code, line and column of every message, each of which gives a reason and a way out."""
    places = []
    for diagnostic in compile_spec(Request("ten.net", text="\n".join(lines), every=True)).diagnostics:
        assert diagnostic.span is not None
        assert len(diagnostic.message) > 10
        assert diagnostic.help
        places.append((diagnostic.code, *diagnostic.span.position))
    return places


def in_a_net(kinds: list[str], after: tuple[str, ...] = ()) -> list[str]:
    statements = [MISTAKES[kind][0] for kind in kinds]
    body = ["input image: f32[N, 3, 32, 32]", "good = image -> conv(64, 3)", *statements, *after, "output good"]
    return ["net ten(width = 8) {", *(f"  {line}" for line in body), "}", ""]


def in_blocks(kinds: list[str]) -> list[str]:
    """Each mistake in a block of its own, which the net uses."""
    lines = []
    for number, kind in enumerate(kinds, 1):
        lines += [f"block part{number}(width = 8) {{", "  image = in", "  good = in -> conv(64, 3)"]
        lines += [f"  {MISTAKES[kind][0]}", f"  good -> conv({number}, 1)", "}", ""]
    uses = [f"  p{number} = image -> part{number}" for number in range(1, len(kinds) + 1)]
    tuple_ = ", ".join(f"p{number}" for number in range(1, len(kinds) + 1))
    return [*lines, "net ten {", "  input image: f32[N, 3, 32, 32]", *uses, f"  ({tuple_}) -> concat", "}", ""]


def in_chains(kinds: list[str]) -> list[str]:
    """Every mistake is the head of a long pipeline, and everything is read."""
    lines = []
    for number, kind in enumerate(kinds, 1):
        statement = MISTAKES[kind][0]
        lines += [f"  {statement}", f"  m{number}b = {statement.split()[0]} -> relu -> conv(8, 1) -> batchnorm -> tanh"]
        lines += [f"  c{number} = in -> conv(16, 3, pad = 1) -> relu -> maxpool(2) -> flatten -> fc(10)"]
    sum_ = " + ".join([f"c{n}" for n in range(1, len(kinds) + 1)] + [f"m{n}b" for n in range(1, len(kinds) + 1)])
    head = ["net ten(width = 8) {", "  input image: f32[N, 3, 32, 32]", "  good = image -> conv(64, 3)"]
    return [*head, *lines, f"  total = {sum_}", "  output total", "  expect { params == 1 }", "}", ""]


FORMS = {"net": in_a_net, "blocks": in_blocks, "chains": in_chains}


def check(lines: list[str]) -> None:
    wanted = planted(lines)
    assert len(wanted) == len({code for code, _, _ in wanted}) == 10
    assert found(lines) == wanted


@pytest.mark.parametrize("form", FORMS)
def test_ten_mistakes_are_ten_messages(form: str) -> None:
    check(FORMS[form](KINDS))


@pytest.mark.parametrize("form", FORMS)
def test_the_same_without_the_mistakes_is_well(form: str) -> None:
    """So that the ten are all that is wrong."""
    lines = [line for line in FORMS[form](KINDS) if not any(line.strip() == m[0] for m in MISTAKES.values())]
    if form == "chains":
        lines = [line.split(" + m")[0] for line in lines if "b = m" not in line]
    codes = [code for code, _, _ in found(lines)]
    assert set(codes) <= {"unused-value", "expectation"}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None)
@given(kinds=st.permutations(KINDS))
def test_in_any_order(form: str, kinds: list[str]) -> None:
    check(FORMS[form](kinds))


def test_on_one_line_too() -> None:
    """Only the unclosed bracket needs its line's end."""
    kinds = [kind for kind in KINDS if kind != "unclosed bracket"]
    text = "; ".join(MISTAKES[kind][0] for kind in kinds)
    lines = ["net ten {", "input image: f32[N, 3, 32, 32]", "good = image -> conv(64, 3)", text, "output good", "}"]
    assert sorted(found(lines)) == sorted(planted(lines))
