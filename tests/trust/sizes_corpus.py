"""Hostile sizes in specs: deep, long, few words that mean much, and figures that are beyond all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .spec import Entry, net

# Nesting and length

DEEP = 100_000
_NESTS = {
    "round": ("(", "relu", ")"),
    "square": ("[", "1", "]"),
    "tuple": ("(", "relu", ", relu)"),
    "call": ("conv(", "3", ")"),
    "index": ("x[", "0", "]"),
    "minus": ("-(", "x", ")"),
    "not": ("not (", "yes", ")"),
    "sum": ("(x + ", "x", ")"),
    "arrow": ("x -> (", "relu", ")"),
    "choice": ("(x if ", "yes", " else x)"),
    "if": ("if yes {\n", "relu", "\n}"),
    "else": ("if no { } else {\n", "relu", "\n}"),
    "repeat": ("repeat 1 {\n", "relu", "\n}"),
    "for": ("for i in [1] {\n", "relu", "\n}"),
    "block": ("block b {\n", "relu", "\n}\n"),
    "net": ("net b {\n", "relu", "\n}\n"),
}
_CHAINS = {
    "arrows": "x" + " -> relu" * 45_000,
    "arrow-signs": "x " + "-> " * DEEP,
    "sums": "x" + " + x" * 45_000,
    "products": "x" + " * 2" * 45_000,
    "signs": "let y = " + "-" * DEEP + "1",
    "spaced-signs": "let y = " + "- " * 90_000 + "1\nx -> relu",
    "nots": "let y = " + "not " * 90_000 + "yes\nx -> relu",
    "ands": "let y = yes" + " and yes" * 45_000 + "\nx -> relu",
    "comparisons": "let y = 1" + " < 1" * 45_000,
    "ranges": "let y = 1" + " .. 1" * 45_000,
    "choices": "let y = 1" + " if no else 1" * 20_000,
    "else-ifs": "if no { relu }" + "\nelse if no { relu }" * 14_000 + "\nx -> relu",
    "else-ifs-too-many": "if no { relu }" + "\nelse if no { relu }" * 40_000,
    "fields": "let y = x" + ".shape" * 45_000,
    "calls": "relu" + "()" * 45_000,
    "indexes": "let y = x.shape" + "[0]" * 30_000,
    "primes": "x" + "'" * DEEP,
    "commas": "x -> conv(" + "," * DEEP + ")",
    "equals": "y" + " = x" * 45_000,
    "semicolons": "x -> relu" + ";\n" * 90_000,
    "names": "x " * DEEP,
    "list": "let y = [" + "1, " * 45_000 + "]\nx -> relu",
    "strings": '"a" ' * 50_000,
    "quotes": '"' * DEEP,
    "backslashes": "\\" * DEEP,
    "question-marks": "? " * 50_000,
    "digits": "let y = " + "9" * 60_000,
    "fraction": "let y = 0." + "9" * 60_000 + "\nx -> relu",
    "exponent": "let y = 1e" + "9" * 60_000,
    "underscores": "let y = 1" + "_" * 60_000 + "1",
    "long-name": "y" * 60_000 + " = x -> relu",
    "long-string": f'use "{"y" * 60_000}.net"',
    "hashes": "x -> relu #" + "#" * 60_000,
    "spaces": "x" + " " * 60_000 + "-> relu",
    "tabs": "x" + "\t" * 60_000 + "-> relu",
    "statements": "x -> relu\n" * 24_000,
    "mistakes": "x -> rellu\n" * 24_000,
    "shape-mistakes": "x -> conv(8, 99)\n" * 12_000,
    "bound-twice": "y = x -> relu\n" * 16_000,
    "names-bound": "".join(f"y{i} = x -> relu\n" for i in range(16_000)),
    "inputs": "".join(f"input y{i}: f32[N]\n" for i in range(10_000)) + "x -> relu",
    "outputs": "y = x -> relu\noutput y" + ", y" * 40_000,
    "expectations": "x -> relu\nexpect {" + " params == 1;" * 20_000 + "}",
    "settings": "x -> relu\ntrain {" + " epochs = 1;" * 20_000 + "}",
    "rules": "x -> conv(8, 3)\ntrain {" + ' rule "*" { lr = 1 };' * 10_000 + "}",
    "rules-for-nothing": "x -> relu\ntrain {" + ' rule "*" { lr = 1 };' * 10_000 + "}",
    "patterns": f'{"a" * 60} = x -> conv(8, 3)\ntrain {{ loss = mse(x, x); rule "{"*a" * 2000}*b" {{ lr = 1 }} }}',
    "states": "x -> relu\n" + "state h[1]\n" * 16_000,
    "weights": "".join(f"param p{i}[3]\n" for i in range(14_000)) + "x -> relu",
}
_ACCEPTED = {"arrows", "sums", "products", "list", "hashes", "spaces", "tabs", "statements", "names-bound", "fraction"}
_ACCEPTED |= {"inputs", "outputs", "weights", "ands", "else-ifs", "rules"}


def _long() -> Iterator[Entry]:
    for name, (opened, inside, closed) in _NESTS.items():
        for depth in (10, 63, 64, 65, 1000, DEEP):
            # A line end after each bracket keeps the lines short.
            text = (opened + "\n" * (depth > 65)) * depth + inside + closed * depth
            text = re.sub(r"((?:\)|\]|\})[^)\]}]{0,12}){2000}", r"\1\n", text)
            fits = depth <= 63 and name in ("round", "minus", "sum", "arrow", "if", "else", "repeat")
            status = 2 if len(text) > 2**20 else 0 if fits else 1
            yield Entry(f"nest-{name}-{depth}", status, text if name in ("block", "net") else net(f"  {text}"))
        yield Entry(f"open-{name}", 1, net(f"  {opened * 200}"))
        yield Entry(f"close-{name}", 1, net(f"  x -> relu {closed * 200}"))
    for name, text in _CHAINS.items():
        status = 0 if name in _ACCEPTED else 1
        many = name in ("arrows", "sums", "products", "statements")
        yield Entry(f"chain-{name}", status, _broken(net(f"  {text}")), large=True, many_layers=many)
    yield Entry("line-over-limit", 1, "#" * 70_000)
    yield Entry("file-over-limit", 2, "# ----\n" * 200_000)


def _broken(text: str) -> str:
    """The text with line ends where a statement goes on anyway, so that no line is over the limit."""
    if max(map(len, text.split("\n"))) < 60_000:
        return text
    for sign in (" + ", " -> ", "-> ", ", ", " and ", " < ", " .. ", " * ", " = ", "- ", "not "):
        text = text.replace(sign, sign + "\n")
    return text


# Few words that mean much


def _laughs() -> Iterator[Entry]:
    for depth in (10, 40, 64, 99, 3000):
        for name, head, use, last in (
            ("plain", "block b{i} {{", "b{j} -> b{j}", "relu"),
            ("tuple", "block b{i} {{", "(b{j}, b{j}) -> concat", "relu"),
            ("sum", "block b{i} {{", "b{j} + b{j}", "relu"),
            ("parameter", "block b{i}(act = relu) {{", "b{j}(act = act) -> b{j}(act = act)", "act"),
            ("layer-parameter", "block b{i}(act = b{j}) {{", "act -> act", "relu"),
            ("repeat", "block b{i} {{", "repeat 10 {{ b{j} }}", "relu"),
            ("repeat-parameter", "block b{i}(n = 2) {{", "repeat n {{ b{j}(n) }}", "repeat n {{ relu }}"),
            ("for", "block b{i} {{", "for c in [1, 2] {{ b{j} }}", "relu"),
            ("for-parameter", "block b{i}(l = [1, 2]) {{", "for c in l {{ b{j}(l) }}", "relu"),
            ("if", "block b{i}(c = yes) {{", "if c {{ b{j} -> b{j} }} else {{ b{j} }}", "relu"),
            ("choice", "block b{i}(c = yes) {{", "b{j} -> (b{j} if c else relu)", "relu"),
            ("nothing", "block b{i} {{", "repeat 10 {{ b{j} -> identity }}", "repeat 0 {{ relu }}"),
            ("let", "block b{i} {{", "let f = b{j}\n  in -> f -> f", "relu"),
        ):  # fmt: skip
            lines = []
            for i in range(depth):
                text = f"{head}\n  {use if i < depth - 1 else last}\n}}}}\n"
                lines.append(text.format(i=i, j=i + 1 if i < depth - 1 else 0))
            if name == "layer-parameter":
                lines[-1] = f"block b{depth - 1} {{\n  relu\n}}\n"
            few = depth == 10 and name not in ("repeat", "nothing")
            spec = net("  x -> b0", "".join(lines))
            yield Entry(f"laugh-{name}-{depth}", 0 if few else 1, spec, large=depth > 10, many_layers=depth > 10)
    for count in (100, 101, 9_000):
        uses = "".join(f"block b{i} {{ b{i + 1} }}\n" for i in range(count - 1)) + f"block b{count - 1} {{ relu }}\n"
        yield Entry(f"each-next-{count}", 0 if count == 100 else 1, net("  x -> b0", uses), large=True)
    all_next = "".join(f"block b{i}(f = b{i + 1}) {{ f }}\n" for i in range(5_000)) + "block b5000 { relu }\n"
    yield Entry("each-next-by-default", 1, net("  x -> b0", all_next), large=True)
    circle = "".join(f"block b{i} {{ b{(i + 1) % 5000} }}\n" for i in range(5_000))
    yield Entry("circle", 1, net("  x -> b0", circle), large=True)
    every = "".join(f"block b{i} {{ {' -> '.join(f'b{j}' for j in range(i + 1, 120))} -> relu }}\n" for i in range(120))
    yield Entry("each-all-later", 1, net("  x -> b0", every), large=True)
    passed = "block twice(f) { f -> f }\n"
    for depth in (3, 14, 40):
        inside = "twice(" * depth + "relu" + ")" * depth
        yield Entry(f"twice-{depth}", 1 if depth == 40 else 0, net(f"  x -> {inside}", passed), large=True)


def _doubled(name: str) -> str:
    """A list of two lists of two lists …: 2^60 numbers."""
    lines = [f"  let {name}{i + 1} = [{name}{i}, {name}{i}]\n" for i in range(60)]
    return f"  let {name}0 = [1, 1]\n" + "".join(lines)


_DEFAULTS = "".join(f", a{i + 1} = [a{i}, a{i}]" for i in range(60))
_PASSED = "".join(f"block b{i}(f) {{ b{i + 1}(f) -> b{i + 1}(f) }}\n" for i in range(90)) + "block b90(f) { f }\n"
_FIGURES = {
    "dim-1e12": net("  x -> relu", shape="N, 1000000000000"),
    "dims-1e12": net("  x -> relu", shape="N, 1000000000000, 1000000000000, 1000000000000"),
    "product": net("  x -> relu", shape="N, 2147483647, 2147483647"),
    "rank-1000": net("  x -> relu", shape="N" + ", 1" * 1000),
    "zero": net("  x -> relu", shape="N, 0"),
    "negative": net("  x -> relu", shape="N, -1"),
    "fraction": net("  x -> relu", shape="N, 0.5"),
    "symbol-product": net("  x -> relu", shape="N, " + " * ".join(f"A{i}" for i in range(500))),
    "symbol-power": net("  x -> relu", shape="N, " + " * ".join(["A + B"] * 200)),
    "symbol-sums": net("  x -> relu", shape="N, " + " * ".join(f"(A{i} + B{i})" for i in range(30))),
    "units": net("  x -> flatten -> fc(1000000000000)"),
    "maps": net("  x -> conv(9223372036854775807, 3)"),
    "kernel": net("  x -> conv(8, 1000000000000)"),
    "extent": net("  x -> conv(8, 999999999999x999999999999)"),
    "stride": net("  x -> conv(8, 3, stride = 1000000000000)"),
    "padding": net("  x -> conv(8, 3, pad = 1000000000000)"),
    "padding-negative": net("  x -> conv(8, 3, pad = -1000000000000)"),
    "dilation": net("  x -> conv(8, 3, dilation = 1000000000000)"),
    "groups": net("  x -> conv(8, 3, groups = 1000000000000)"),
    "pad-layer": net("  x -> pad(1000000000)"),
    "upsample": net("  x -> upsample(1000000000)"),
    "upsample-often": net("  x" + " -> upsample(2)" * 40),
    "deconv": net("  x -> deconv(8, 3, stride = 1000000000)"),
    "channels": net("  x" + " -> (identity, identity) -> concat" * 40),
    "split": net("  a = x -> split(1000000000)"),
    "split-list": net("  a = x -> split([" + "1, " * 10_000 + "])"),
    "concat": net("  (" + "x, " * 10_000 + ") -> concat"),
    "connect": net("  x -> conv(10000, 1, connect = [" + "[0], " * 10_000 + "])"),
    "codes": net("  x -> rbf(10, codes = [" + "[1, -1], " * 5_000 + "])", shape="N, 2"),
    "rbf": net("  x -> rbf(1000000000)", shape="N, 84"),
    "embed": net("  x -> fc(3)\n  t -> embed(1000000000000, 1000000000000)\n  input t: i64[N, T]"),
    "reshape": net("  x -> reshape([" + "1, " * 5_000 + "192])"),
    "reshape-large": net("  x -> reshape([-1, 1000000000000])"),
    "reshape-negative": net("  x -> reshape([-1, -1])"),
    "transpose": net("  x -> transpose([" + "0, " * 5_000 + "])"),
    "fractional": net("  x -> fractional_maxpool(1.0000000001)"),
    "fractional-large": net("  x -> fractional_maxpool(1.5, seed = 9223372036854775807)", shape="N, 3, 2000000, 2"),
    "lrn": net("  x -> lrn(9223372036854775807)"),
    "shuffle": net("  x -> channel_shuffle(1000000000000)"),
    "last-axis": net("  x -> softmax(axis = 9223372036854775807)"),
    "repeat": net("  repeat 1000000000 { relu }"),
    "repeat-nothing": net("  repeat 1000000000 { }\n  x -> relu"),
    "repeat-let": net("  repeat 9223372036854775807 { let y = 1 }\n  x -> relu"),
    "repeats": net("  " + "repeat 1000 { " * 60 + "relu" + " }" * 60),
    "repeat-by-size": net("  repeat x.shape[1] * 1000000000 { relu }"),
    "for": net("  for i in 0..1000000000000 { relu }"),
    "for-range-let": net("  let l = 0..9223372036854775807\n  x -> fc(l[0])"),
    "for-in-for": net("  let l = 0..90000\n  for i in l { for j in l { let y = i + j } }\n  x -> relu"),
    "lists": net("  let l = 0..90000\n  let m = [" + "l, " * 60 + "]\n  let n = [" + "m, " * 60 + "]\n  x -> fc(n)"),
    "overflow": net("  let y = 9223372036854775807 * 9223372036854775807\n  x -> fc(y)"),
    "over-2^63": net("  let y = 9223372036854775808\n  x -> relu"),
    "suffix": net("  let y = 9223372036854775807G\n  x -> relu"),
    "exponents": net("  let y = 1e308 * 10.0\n  x -> dropout(y)"),
    "huge-exponent": net("  let y = 1e999999999\n  x -> dropout(y)"),
    "tiny-exponent": net("  let y = 1e-999999999\n  x -> dropout(y)"),
    "divide-0": net("  let y = 1 / 0\n  x -> fc(y)"),
    "modulo-0": net("  let y = 1 % 0.0\n  x -> fc(y)"),
    "divide-tensor": net("  x / 0"),
    "infinity": net("  let y = 1e308 * 1e308 - 1e308 * 1e308\n  x -> dropout(y)"),
    "round": net("  let y = round(1e300)\n  x -> fc(y)"),
    "empty-list": net("  let y = []\n  x -> fc(y[0])"),
    "empty-lists": net("  for a, b in [[], []] { relu }"),
    "empty-max": net("  let y = max([])\n  x -> fc(y)"),
    "empty-kernel": net("  x -> conv(8, [])"),
    "empty-reshape": net("  x -> reshape([])"),
    "empty-split": net("  x -> split([])"),
    "empty-connect": net("  x -> conv(8, 3, connect = [[], []])"),
    "empty-normalize": net("  x -> normalize([], [])"),
    "empty-tuple": net("  () -> concat"),
    "empty-type": net("  x -> relu", shape=""),
    "empty-body": "net a { }\n",
    "empty-block": net("  x -> b", "block b { }\n"),
    "negative-index": net("  let y = [1, 2]\n  x -> fc(y[-1])"),
    "huge-index": net("  let y = [1, 2]\n  x -> fc(y[9223372036854775807])"),
    "expect-huge": net("  x -> relu\n  expect { macs(N = 9223372036854775807) <= 1 }"),
    "expect-recursion": net("  x -> relu\n  expect { " + "(" * 60 + "params" + ")" * 60 + " == 0 }"),
    "default-of-itself": net("  x -> b", "block b(n = n) { fc(n) }\n"),
    "default-laugh": net("  x -> b", f"block b(a0 = [1, 1]{_DEFAULTS}) {{ relu }}\n"),
    "let-laugh": net(f"{_doubled('a')}  x -> fc(a60)"),
    "let-laugh-compared": net(f"{_doubled('a')}{_doubled('b')}  if a60 == b60 {{ relu }}"),
    "let-laugh-unused": net(f"{_doubled('a')}  x -> relu"),
    "let-laugh-block": net(f"{_doubled('a')}  x -> b(a60)", "block b(n) { fc(n) }\n"),
    "tuple-laugh": net("  a0 = x -> relu\n" + "".join(f"  a{i + 1} = (a{i}, a{i}) -> concat\n" for i in range(60))),
    "recipe-laugh": net("  x -> b0(relu)", _PASSED),
    "long-argument": net("  x -> nothing(" + "y" * 60 + " = " + "1 + " * 10_000 + "1)"),
    "many-variants": net("  x -> relu\n" + "".join(f"  variant v{i} {{ }}\n" for i in range(5_000))),
}  # fmt: skip
_FINE = {"stride", "concat", "connect", "fractional", "fractional-large", "lrn", "tiny-exponent", "empty-block"}
_FINE |= {"expect-huge", "many-variants", "expect-recursion"}


def _figures() -> Iterator[Entry]:
    for name, text in _FIGURES.items():
        yield Entry(f"figure-{name}", 0 if name in _FINE else 1, text, large=True)


ENTRIES = {entry.name: entry for make in (_long, _laughs, _figures) for entry in make()}
