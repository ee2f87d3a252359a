"""Specs made to hang, to exhaust or to crash the compiler: each ends soon, in figures or in a short report."""

from __future__ import annotations

import re
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netc.specs
from netc.compiler.diagnostics.codes import CODES
from netc.compiler.diagnostics.formats import to_github, to_json
from netc.compiler.diagnostics.render import REPORT_LINES, report
from netc.compiler.driver import Compiled, Request, compile_spec
from netc.compiler.reading import ReadError

from ..conftest import Promise
from .spec import net

SPECS = {path.stem: path.read_text("utf-8") for path in sorted(Path(netc.specs.__path__[0]).glob("*.net"))}


def nested(opened: str, closed: str, depth: int, blocks: int, inside: str = "") -> str:
    """Blocks that use each other, each use inside `depth` brackets."""
    uses = [f"b{i + 1}(c)" for i in range(blocks - 1)] + ["relu"]
    texts = [f"block b{i}(c) {{\n{opened * depth}{use}{closed * depth}\n{inside}}}\n" for i, use in enumerate(uses)]
    return net("x -> b0(3)", "".join(texts))


def doubling(count: int) -> str:
    """Two-line blocks that mean 2^count layers."""
    texts = [f"block b{i} {{\nb{i + 1} -> b{i + 1}\n}}\n" for i in range(count)]
    return net("x -> b0", "".join(texts) + f"block b{count} {{ relu }}\n")


PAIRS = {
    "group": ("(", ")"),
    "tuple": ("(", ", in)"),
    "minus": ("-(", ")"),
    "arrow": ("in -> (", ")"),
    "sum": ("(in + ", ")"),
    "repeat": ("repeat 1 {\n", "\n}"),
    "for": ("for q in [1] {\n", "\n}"),
    "if": ("if c == 3 {\n", "\n}"),
    "else": ("if c == 4 {} else {\n", "\n}"),
    "choice": ("(", " if c == 3 else in)"),
    "call": ("fc(", ")"),
    "index": ("[", "][0]"),
}
DEEP = {
    f"{name}-{depth}-{blocks}": nested(*pair, depth, blocks)
    for name, pair in PAIRS.items()
    for depth, blocks in ((1, 99), (3, 99), (12, 99), (60, 90), (62, 1), (20_000, 1))
}
# Each gives a text of about so many tokens.
LONG: dict[str, Callable[[int], str]] = {
    "arrows": lambda n: net("x" + " -> relu" * (n // 2)),
    "sum": lambda n: net("x" + " + x" * (n // 2)),
    "product": lambda n: net("let y = 1" + " * 1" * (n // 2) + "\nx -> fc(y)"),
    "powers": lambda n: net("let y = 9223372036854775807" + " * 9223372036854775807" * (n // 2) + "\nx -> fc(y)"),
    "not": lambda n: net("let y = " + "not " * n + "yes\nx -> relu"),
    "minus": lambda n: net("let y = " + "- " * n + "1\nx -> relu"),
    "comparison": lambda n: net("let y = 1" + " < 1" * (n // 2) + "\nx -> relu"),
    "and": lambda n: net("let y = yes" + " and yes" * (n // 2) + "\nx -> relu"),
    "choice": lambda n: net(("let y = " + "(1 if no else " * 60 + "2" + ")" * 60 + "\n") * (n // 360) + "x -> fc(y)"),
    "else-if": lambda n: net("if no { relu }" + " else if no { relu }" * (n // 6) + "\nx -> relu"),
    "list": lambda n: net("let y = [" + "1, " * (n // 2) + "1]\nx -> fc(y[0])"),
    "arguments": lambda n: net("x -> conv(" + "1, " * (n // 2) + "1)"),
    "named": lambda n: net("x -> conv(" + "kernel = 1, " * (n // 4) + "1)"),
    "inputs": lambda n: net("\n".join(f"input y{i}: f32[N, 3]" for i in range(n // 10))),
    "blocks": lambda n: net("x -> relu", "".join(f"block b{i} {{ relu }}\n" for i in range(n // 6))),
    "lets": lambda n: net("".join(f"let y{i} = 1\nx -> z{i}\n" for i in range(n // 9))),
    "one-name": lambda n: net("\n".join(["y = x -> relu"] * (n // 6))),
    "unused": lambda n: net("\n".join(["x -> relu"] * (n // 4))),
    "unknown-names": lambda n: net("\n".join(f"x -> laier{i}" for i in range(n // 4))),
    "unknown-long-names": lambda n: net("\n".join(f"x -> {'ab' * 29}{i:06d}" for i in range(n // 8))),
    "bad-shapes": lambda n: net("\n".join("x -> conv(8, 9)" for _ in range(n // 9))),
    "bad-characters": lambda n: net("?" * (n // 2)),
    "bad-words": lambda n: net("\n".join(["größe"] * (n // 2))),
    "open-brackets": lambda n: "(" * n,
    "close-brackets": lambda n: ")" * (n // 2),
    "braces": lambda n: "}" * (n // 2),
    "open-braces": lambda n: "net a {\n" * (n // 3),
    "quotes": lambda n: '"\n' * (n // 2),
    "one-quote": lambda n: '"' * (n // 2),
    "digits": lambda n: net("let y = " + "9" * (n // 2)),
    "point": lambda n: net("let y = 0." + "9" * (n // 2)),
    "underscores": lambda n: net("let y = 1" + "_" * (n // 2) + "1"),
    "commas": lambda n: "," * (n // 2),
    "newlines": lambda n: net("\n" * (n * 20)),
    "spaces": lambda n: net((" " * 100 + "\n") * (n // 20)),
    "comments": lambda n: net(("#" * 100 + "\n") * (n // 20)),
    "semicolons": lambda n: net("x -> relu" + ";" * (n // 2)),
    "use": lambda n: 'use "blocks.net"\n' * (n // 3),
    "statement-mistakes": lambda n: net("x relu;" * (n // 3)),
    "header-mistakes": lambda n: net("if x = 3 { relu }\n" * (n // 8)),
    "unclosed-calls": lambda n: net("f(1\n" * (n // 4)),
    "items-in-a-net": lambda n: net("block b { relu }\n" * (n // 6)),
    "mixed-brackets": lambda n: "net a { )\n" * (n // 5),
    "closers-first": lambda n: "}" * (n // 2) + "\n" + "net a { )\n" * (n // 10),
}  # fmt: skip
LARGE = {
    "doubling-64": doubling(64),
    "doubling-98": doubling(98),
    "doubling-2000": doubling(2000),
    "repeat": net("x -> relu\nrepeat 1000000000 { relu }"),
    "repeat-in-repeat": net("x -> relu\n" + "repeat 1000000000 {\n" * 60 + "relu" + "\n}" * 60),
    "repeat-nothing": net("x -> relu\nrepeat 1000000000 { }"),
    "repeat-let": net("x -> relu\nrepeat 1000000000 { let y = 1 }"),
    "repeat-in-repeat-nothing": net("x -> relu\n" + "repeat 1000000 {\n" * 60 + "}\n" * 60),
    "for": net("x -> relu\nfor i in 0..1000000000 { relu }"),
    "for-large": net("x -> relu\nfor i in 0..9223372036854775807 { let y = i }"),
    "computed-repeat": net("let n = 1000000 * 1000000\nx -> relu\nrepeat n { relu }"),
    "range": net("let y = 0..1000000000000\nx -> fc(y[0])"),
    "list-of-lists": net("let y = " + "[" * 60 + "1" + ", 1]" * 60 + "\nx -> fc(y)"),
    "fc": net("x -> flatten -> fc(9223372036854775807)"),
    "fc-twice": net("x -> flatten -> fc(2147483647) -> fc(2147483647)"),
    "conv": net("x -> conv(2147483647, 3)"),
    "kernel": net("x -> conv(8, 9223372036854775807)"),
    "padding": net("x -> conv(8, 3, pad = 9223372036854775807)"),
    "stride": net("x -> conv(8, 3, stride = 9223372036854775807)"),
    "stride-0": net("x -> conv(8, 3, stride = 0)"),
    "dilation": net("x -> conv(8, 3, dilation = 9223372036854775807)"),
    "groups-0": net("x -> conv(8, 3, groups = 0)"),
    "negative": net("x -> conv(-8, -3, stride = -1, pad = -1)"),
    "divide": net("let y = 1 // 0\nlet z = 1 % 0\nlet w = 1 / 0\nx -> fc(y)"),
    "shape": net("x -> relu", shape="N, " + "2147483647, " * 5 + "1"),
    "rank": net("x -> relu", shape="N" + ", 1" * 1000),
    "empty-dim": net("x -> relu", shape="N, 0, 8, 8"),
    "upsample": net("x -> upsample(2147483647)"),
    "recursion": net("x -> b", "block b { b -> b }\n"),
    "mutual": net("x -> b", "block b { d -> d }\nblock d { b -> b }\n"),
    "symbols": net("x -> relu", shape=", ".join(f"N{i}" for i in range(8))),
    "exponent": net("let y = 1e999999999\nlet z = 1e-999999999\nx -> fc(y)"),
    "extent": net("x -> conv(8, " + "9" * 18 + "x" + "9" * 18 + ")"),
    "nul": "\0",
    "surrogate": "net \ud800",
}  # fmt: skip


def end(text: str) -> Compiled:
    try:
        return compile_spec(Request("a.net", text=text, every=True))
    except ReadError as error:
        return Compiled((), (error.diagnostic,))


def in_order(found: Compiled) -> None:
    """A result is figures or a report, and the report is one that a user can read."""
    assert found.networks or found.failed or not found.diagnostics
    assert {diagnostic.code for diagnostic in found.diagnostics} <= set(CODES)
    assert all(diagnostic.span or diagnostic.code in ("encoding", "too-large") for diagnostic in found.diagnostics)
    text = report(found.diagnostics, 2, lines=REPORT_LINES)
    assert text.count("\n") < REPORT_LINES
    assert text.replace("\n", "").isprintable()
    to_json(found.diagnostics)
    to_github(found.diagnostics)


@pytest.mark.parametrize("name", DEEP)
def test_nesting(name: str) -> None:
    in_order(end(DEEP[name]))


@pytest.mark.parametrize("name", LONG)
def test_length(name: str) -> None:
    in_order(end(LONG[name](20_000)))


@pytest.mark.promise("P2", "kinds of text, and twice as much of it", 12)
@pytest.mark.parametrize("name", LONG)
def test_twice_the_text_takes_twice_the_work(name: str, promise: Promise) -> None:
    """Work is counted in calls of functions, so that the figure does not depend on the machine."""
    end(LONG[name](100))
    one, two = calls(LONG[name](2_000)), calls(LONG[name](4_000))
    promise(ratio=two / one)
    assert two <= 2.3 * one + 1_000


def calls(text: str) -> int:
    """How many functions, Python's and built-in ones, are called to compile a text."""
    count = 0

    def event(frame: object, kind: str, argument: object) -> None:
        nonlocal count
        count += kind in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(event)
    try:
        end(text)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", LARGE)
def test_numbers(name: str) -> None:
    tracemalloc.start()
    found = end(LARGE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    in_order(found)
    assert peak < 100 * 2**20


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(SPECS)), st.randoms(use_true_random=False))
def test_mutants_of_the_bundled_specs(name: str, random: Random) -> None:
    """Characters, words and lines of a good spec are lost, doubled, swapped and replaced."""
    text = SPECS[name]
    for _ in range(random.randint(1, 4)):
        parts = random.choice([list(text), re.findall(r"\w+|\s+|.", text), text.splitlines(keepends=True)])
        at, other = random.randrange(len(parts)), random.randrange(len(parts))
        match random.randrange(4):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, parts[other])
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                parts[at] = random.choice(
                    ["(", ")", "{", "}", "[", "]", "->", "\n", ",", "=", "0", "-1", "99999", "é", '"', "in", "if"]
                )
        text = "".join(parts)
    found = end(text)
    in_order(found)
