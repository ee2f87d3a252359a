"""Specs made to hang, to exhaust or to crash the compiler: each ends soon, in figures or in a short report."""

from __future__ import annotations

import random
import re
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netc.specs
from netc.compiler.diagnostics.codes import CODES
from netc.compiler.diagnostics.formats import to_github, to_json
from netc.compiler.diagnostics.render import REPORT_LINES, report
from netc.compiler.driver import Compiled, Request, compile_spec
from netc.compiler.reading import ReadError

SPECS = {path.stem: path.read_text("utf-8") for path in sorted(Path(netc.specs.__path__[0]).glob("*.net"))}


def net(body: str, before: str = "", shape: str = "N, 3, 8, 8") -> str:
    return f"{before}net a {{\ninput x: f32[{shape}]\n{body}\n}}\n"


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
    "group": ("(", ")"), "tuple": ("(", ", in)"), "minus": ("-(", ")"), "arrow": ("in -> (", ")"), "sum": ("(in + ", ")"),
    "repeat": ("repeat 1 {\n", "\n}"), "for": ("for q in [1] {\n", "\n}"), "if": ("if c == 3 {\n", "\n}"),
    "choice": ("(", " if c == 3 else in)"), "call": ("fc(", ")"), "index": ("[", "][0]"), "else": ("if c == 3 {} else {\n", "\n}"),
}  # fmt: skip
DEEP = {
    f"{name}-{depth}-{blocks}": nested(*pair, depth, blocks)
    for name, pair in PAIRS.items()
    for depth, blocks in ((1, 99), (3, 99), (12, 99), (60, 90), (62, 1), (20_000, 1))
}
LONG = {
    "arrows": net("x" + " -> relu" * 30_000),
    "sum": net("x" + " + x" * 30_000),
    "product": net("let y = 1" + " * 1" * 30_000 + "\nx -> fc(y)"),
    "powers": net("let y = 9223372036854775807" + " * 9223372036854775807" * 30_000 + "\nx -> fc(y)"),
    "not": net("let y = " + "not " * 90_000 + "yes\nx -> relu"),
    "minus": net("let y = " + "- " * 90_000 + "1\nx -> relu"),
    "comparison": net("let y = 1" + " < 1" * 30_000 + "\nx -> relu"),
    "and": net("let y = yes" + " and yes" * 30_000 + "\nx -> relu"),
    "choice": net("let y = " + "(1 if no else " * 60 + "2" + ")" * 60 + "\nx -> fc(y)"),
    "else-if": net("if no { relu }" + " else if no { relu }" * 15_000 + "\nx -> relu"),
    "list": net("let y = [" + "1, " * 40_000 + "1]\nx -> fc(y[0])"),
    "arguments": net("x -> conv(" + "1, " * 40_000 + "1)"),
    "named": net("x -> conv(" + "kernel = 1, " * 20_000 + "1)"),
    "inputs": net("\n".join(f"input y{i}: f32[N, 3]" for i in range(8_000))),
    "blocks": net("x -> relu", "".join(f"block b{i} {{ relu }}\n" for i in range(12_000))),
    "one-name": net("\n".join(["y = x -> relu"] * 15_000)),
    "unused": net("\n".join(["x -> relu"] * 20_000)),
    "unknown-names": net("\n".join(f"x -> laier{i}" for i in range(20_000))),
    "unknown-long-names": net("\n".join(f"x -> {'ab' * 29}{i:06d}" for i in range(8_000))),
    "bad-shapes": net("\n".join("x -> conv(8, 9)" for _ in range(12_000))),
    "bad-characters": net("?" * 60_000),
    "bad-words": net("\n".join(["größe"] * 30_000)),
    "open-brackets": "(" * 60_000,
    "close-brackets": ")" * 60_000,
    "braces": "}" * 60_000,
    "open-braces": "net a {\n" * 20_000,
    "quotes": '"\n' * 60_000,
    "one-quote": '"' * 60_000,
    "digits": net("let y = " + "9" * 60_000),
    "point": net("let y = 0." + "9" * 60_000),
    "exponent": net("let y = 1e999999999\nlet z = 1e-999999999\nx -> fc(y)"),
    "underscores": net("let y = 1" + "_" * 60_000 + "1"),
    "extent": net("x -> conv(8, " + "9" * 18 + "x" + "9" * 18 + ")"),
    "commas": "," * 60_000,
    "newlines": "\n" * 1_000_000,
    "spaces": (" " * 60_000 + "\n") * 17,
    "comments": ("#" * 60_000 + "\n") * 17,
    "semicolons": net(";" * 60_000),
    "use": 'use "blocks.net"\n' * 30_000,
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
    "empty": "",
    "nul": "\0",
    "surrogate": "net \ud800",
}  # fmt: skip


def end(text: str) -> tuple[Compiled, float]:
    begin = time.perf_counter()
    try:
        found = compile_spec(Request("a.net", text=text, every=True))
    except ReadError as error:
        found = Compiled((), (error.diagnostic,))
    return found, time.perf_counter() - begin


def in_order(found: Compiled) -> None:
    """A result is figures or a report, and the report is one that a user can read."""
    assert found.networks or found.failed
    assert {diagnostic.code for diagnostic in found.diagnostics} <= set(CODES)
    assert all(diagnostic.span or diagnostic.code in ("encoding", "too-large") for diagnostic in found.diagnostics)
    text = report(found.diagnostics, 2, lines=REPORT_LINES)
    assert text.count("\n") < REPORT_LINES
    assert re.fullmatch(r"[^\n]*", text.replace("\n", "")) and text.replace("\n", "").isprintable()
    to_json(found.diagnostics)
    to_github(found.diagnostics)


@pytest.mark.parametrize("name", DEEP)
def test_nesting(name: str) -> None:
    found, seconds = end(DEEP[name])
    in_order(found)
    assert seconds < 5


@pytest.mark.parametrize("name", LONG)
def test_length(name: str) -> None:
    found, seconds = end(LONG[name])
    in_order(found)
    assert seconds < 10


@pytest.mark.parametrize("name", LARGE)
def test_numbers(name: str) -> None:
    tracemalloc.start()
    found, seconds = end(LARGE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    in_order(found)
    assert seconds < 10
    assert peak < 100 * 2**20
