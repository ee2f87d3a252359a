"""`netc expand`: the text that it writes is the same network, and its own expansion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from netc.compiler.cli.expand import expand as command
from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.expand.expand import CannotExpand, expand
from netc.compiler.expand.same import difference
from netc.compiler.graph.graph import Graph
from netc.compiler.limits import DEFAULT_LIMITS
from netc.compiler.report.data import to_dict
from netc.compiler.report.summary import summarise
from netc.compiler.resolve.network import Network
from netc.compiler.syntax.printer import print_tree
from netc.runtime.record import replace

from ..recurrent.cells import texts
from ..strategies.cells import cells
from ..strategies.programs import Program, programs

RECURRENT = texts()

VARIANTS = [(spec, variant) for spec, variants in bundled().items() for variant in (None, *variants)]


def network_of(request: Request) -> Network:
    found = compile_spec(request)
    errors = [d.message for d in found.diagnostics if d.severity == "error"]
    assert not errors, f"{errors}\n{request.text}"
    return found.networks[0]


def layers(network: Network) -> list[dict[str, Any]]:
    """All that the analysis says of each layer and each equation, but where it stands. A cell at other arguments has
    another name, which is left out."""
    rows: list[dict[str, Any]] = to_dict(summarise(network))["layers"]
    rows += [part for row in rows for part in row.get("parts", ())]
    left_out = ("source", "parts")
    return [
        {key: v for key, v in row.items() if key not in left_out and not (key == "op" and "parts" in row)}
        for row in rows
    ]


def weights(network: Network) -> list[tuple[str, str]]:
    return [(parameter.name, str(parameter.value.type)) for parameter in network.graph.parameters]


def expanded(request: Request) -> str:
    """The expansion of a spec, which is held against it and against its own expansion."""
    network = network_of(request)
    text = expand(network, DEFAULT_LIMITS)
    dims = {name: size for name, size in request.dims.items() if name not in network.fixed}
    again = network_of(Request("expanded", text, dims=dims))
    assert layers(again) == layers(network), text
    assert weights(again) == weights(network), text
    assert [port.name for port in again.graph.outputs] == [port.name for port in network.graph.outputs]
    assert expand(again, DEFAULT_LIMITS) == text
    return text


@pytest.mark.parametrize(("spec", "variant"), VARIANTS)
def test_bundled_specs(spec: str, variant: str | None) -> None:
    text = expanded(Request(spec, variant=variant))
    assert not re.search(r"\b(if|for|repeat|variant)\b", text)
    assert re.search(r"^net \w+ \{$", text, re.MULTILINE)
    assert not re.search(r"^block \w+\(", text, re.MULTILINE)


NET = "net t { input x: f32[N, 4, 8, 8]; "
CASES = {
    "two inputs of a block": "block b(m) from p, q { s = (p -> conv(m, 1)) + (q -> conv(m, 1)); s -> relu }\n"
    + NET
    + "a = conv(3, 1); c = x -> conv(5, 3, pad = 1); (a, c) -> b(6); (c, a) -> b(7) }",
    "one value twice": "block b from p, q { p + q }\n" + NET + "(x, x) -> b }",
    "several outputs of a block": "block b { l = in -> conv(2, 1); r = in -> relu; output r, l }\n"
    + NET
    + "p, q = b; c = p -> conv(2, 1); output q, c }",
    "a block passes its input": "block b(deep) { if deep { conv(4, 1) -> relu } }\n"
    + NET
    + "b(no); b(yes); b(no); b(yes) }",
    "a shared layer that hands on": "net t { input x: f32[N, 4]; -x; let f = identity; f -> f; y = it; output y, x }",
    "a shared block that ends by handing on": "block b { conv(4, 1) -> identity }\n"
    + NET
    + "let f = b; f -> f; y = it; output y }",
    "a block hands on": "block b { identity -> conv(4, 1) }\n" + NET + "y = relu; b; y -> b; y + it }",
    "a shared block of which one use is read less": "block b { l = conv(4, 1); r = l -> relu; output l, r }\n"
    + NET
    + "let f = b; p, q = f; r, s = q -> f; p + s }",
    "split": NET + "a, b = x -> split([1, 3]); c = a -> conv(3, 1); c + b; split(3) -> concat }",
    "a shared layer": NET + "let f = conv(4, 3, pad = 1); a = f -> relu; b = a -> f; c = b -> f; output a, c }",
    "a shared block": "block b(m) { y = conv(m, 1) -> relu; let g = conv(m, 1); y -> g -> g }\n"
    + NET
    + "let f = b(4); f; f; relu -> f }",
    "a shared layer inside and outside of a binding": NET
    + "let f = conv(4, 1); f; y = relu -> f -> tanh -> f; y + x -> f }",
    "a shared layer as an argument": "block b(g) { relu -> g -> relu }\n"
    + NET
    + "let f = conv(4, 1); f; b(f); b(f); f }",
    "a shared block that is given a shared layer": "block b(g) { relu -> g -> relu }\n"
    + NET
    + "let f = conv(4, 1); let h = b(f); h; h; f }",
    "transposed": "net t { input x: f32[N, 16]; let f = fc(4); y = f -> relu; output y; z = transposed(f) }",
    "transposed in a block": "block dec(f) { transposed(f) -> sigmoid }\n"
    "net t { input x: f32[N, 16]; let f = fc(4); f -> relu -> dec(f) }",
    "shared in each round, once": NET + "repeat 3 { let f = conv(4, 1); f -> relu } }",
    "shared in each round, twice": NET + "repeat 3 { let f = conv(4, 1); a = f -> relu; b = a -> f; a + b } }",
    "shared in nested rounds": NET
    + "repeat 2 { let f = conv(4, 1); f; repeat 2 { let g = conv(4, 1); g -> g -> f }; let h = conv(4, 3, pad = 1); "
    "f -> h -> f -> h } }",
    "two shared in each round": NET
    + "repeat 2 { let f = conv(4, 1); let g = conv(4, 3, pad = 1); f -> g -> f -> g } }",
    "names in rounds": NET + "repeat 3 as i { y = conv(4 + i, 1); z = y -> relu -> tanh }; y2b = relu }",
    "conditionals": "block b(m) { skip = (in -> conv(m, 1)) if in.channels != m else in; skip + (in -> conv(m, 1)) }\n"
    + NET
    + "for m in [4, 8] { b(m) }; if x.channels == 4 { y = relu } else { y = tanh -> relu }; y -> tanh }",
    "operators with numbers": NET + "y = -x; z = 1 - y; w = 2 * z + 0.5; v = w / 4 - x; 3.5 / (v * v) - -1 }",
    "an operator has the name of a layer": NET + "y = conv(4, 1) + 1; output y }",
    "an output has the name of a layer with more": NET + "y = conv(4, 1) * 2 -> (it + x); z = y -> relu; output y, z }",
    "blocks as parameters": "block u(m) { conv(m, 1) -> relu }\nblock v(m) { conv(m, 3, pad = same) }\n"
    "block w(unit, act, m) { unit(m) -> act -> unit(m) }\n" + NET + "w(u, tanh, 3); w(v, leaky_relu(0.2), 3) }",
    "a layer as a word": "net t { input x: i64[N, T]; embed(10, 4) -> fc(3) -> softmax(axis = 2) }",
    "param": "block gain(s) { param f[in.channels, 1, 1] = normal(0.1); in * f + s }\n" + NET + "gain(1); gain(2.0) }",
    "two params": "net t { input x: f32[N, 3]; param p[3], q[1] = ones; x * p + q }",
    "initialisers": NET + "conv(4, 1, init = normal(1e-5), bias_init = constant(-0.5)); conv(2, 1, init = ones) }",
    "extents and margins": NET + "conv(4, 1x3, stride = [2, 1], pad = (0, 1)) -> maxpool(2x1) -> pad([0, 1, 0, 1]) }",
    "sixth of a kind": NET + "repeat 6 { relu }; relu6; relu }",
    "an input with a layer's name": "net t { input fc1: f32[N, 4]; fc(3); fc(2); fc1 -> fc(1) }",
    "a local name of a layer": NET + "repeat 2 { relu = conv(4, 1) }; tanh; softmax -> relu6 }",
    "a block with a layer's name": "block inner { relu }\nblock outer { relu -> inner }\n"
    + NET
    + "outer; inner; outer }",
    "two outputs of one value": NET + "y = relu; z = y; output y, z, x }",
    "an output of several": NET + "a = relu; b = tanh; output b, a }",
    "no layer": NET + "output x }",
    "no output statement": NET + "y = relu; z = tanh; y }",
    "two inputs of a layer": "net t { input a: f32[N, 3]; input b: f32[N, 4]; (a, b) -> fc(5, bias = each) }",
    "a binding in a binding's block": "block b { y = (relu -> tanh, sigmoid -> tanh) -> concat; y -> relu }\n"
    + NET
    + "z = b -> b -> relu; output z }",
    "symbolic sizes": "block flat { reshape([in.shape[1] * in.channels]) }\nblock b(n) { reshape([n, 8]) -> relu }\n"
    "net t { input x: f32[N, T, 4, 2]; y = x -> reshape([T, 8]); y -> b(x.shape[1]) }",
    "weights alone in a block": "block b { param p[4]; p }\n" + "net t { input x: f32[N, 4]; w = x -> b; x + w }",
    "a dead layer": NET + "y = conv(4, 1); z = y -> relu -> tanh; x -> relu }",
    "a loss over parameters": "net t(w = 0.3, classes = 5) { input x: f32[N, 3]; target t: i64[N]\n"
    "aux = fc(classes) -> relu; y = fc(classes); output y\n"
    "train { loss = cross_entropy(y, t) + w * cross_entropy(aux, t)\n"
    'optimizer = sgd(lr = w); rule "*.bias" { lr = w } }; expect { shape(aux) == [N, classes]; params == 50 } }',
}


CELL = "cell c(m) { state h[m]; h' = (in, h) -> fc(m) -> tanh; output h' }\n"
SERIES = "net t { input x: f32[N, T, 3]; "
CELLS = {
    "a use in a block": "block enc(m, n) { y, h = in -> gru(m, lengths = n, states = yes); y -> fc(2); h -> fc(2) }\n"
    + "net t { input x: f32[N, T, 3]; input n: i64[N]; a = x -> enc(4, n); b = x -> enc(4, n); a + b }",
    "a state in a block": "block b(s) { y, h = in -> elman(3, states = yes, h = s); y -> fc(2); h }\n"
    + SERIES
    + "h = x -> elman(3, return = last); x -> b(s = h) }",
    "a shared cell with lengths": "net t { input x: f32[N, T, 3]; input n: i64[N]; let f = lstm(3, lengths = n)\n"
    "a = x -> f; b = a -> fc(3) -> f; a + b }",
    "a shared layer in a bundled cell": SERIES + "let g = fc(3); a = x -> elman(3, activation = g); a -> g }",
    "a shared layer in cells": "cell c(g) { state h[3]; h' = (in + h) -> g -> tanh; output h' }\n"
    + SERIES
    + "let g = fc(3); a = x -> g; a -> c(g, layers = 2) -> c(g, bidirectional = sum) -> g }",
    "a cell of a loop": CELL + SERIES + "for m in [2, 3] { c(m) -> c(m, reverse = yes) }; last }",
    "a cell as a parameter": "block deep(unit, m) { repeat 2 { unit(m) } }\n"
    + CELL
    + SERIES
    + "deep(c, 2); deep(gru, 2) }",
    "a dimension that a state binds": "cell c { state h[in.shape[1], in.shape[2]]; h' = 0.5 * h + in; output h' }\n"
    "net t { input x: f32[N, T, 2, H]; c -> c }",
    "a name that a state has": "cell c { state h[3], tanh1[3]; v = tanh(h); tanh1' = in * tanh(v); h' = h * tanh1'\n"
    "output h' }\n" + SERIES + "c }",
    "an equation with layers and numbers": "cell c { state h[3]; h' = 1 - 0.5 * (sigmoid(in) + h) * 2 }\n"
    + SERIES
    + "c }",
    "no layer at all": "cell c { state h[3], g[3] = -1; h' = in; g' = h; output g }\n" + SERIES + "c }",
    "the input is the output": "cell c { state h[3]; h' = in + h; (h', in) }\n" + SERIES + "a, b = x -> c; a * b }",
    "sizes of the input": "cell c { state h[in.channels, in.height, in.width]; h' = 0.5 * h + in; output h' }\n"
    "block b { c -> c }\nnet t { input x: f32[N, T, 2, 4, 5]; b; c }",
    "a cell in a cell": "cell inner(m) { state h[m]; h' = (in, h) -> fc(m) -> tanh; output h' }\n"
    "cell outer(m) { state s[m]; e = in -> inner(m, return = last); s' = (e, s) -> fc(m); output s' }\n"
    "net t { input x: f32[N, T, 3, 2]; outer(2); last }",
    "the names of bundled cells": "cell gru(m) { state h[m]; h' = (in, h) -> fc(m) -> tanh; output h' }\n"
    + SERIES
    + "gru(2); gru(3); gru(2) }",
    "a weight outside": SERIES + "param p[4]; x -> gru(4, return = last); it * p }",
    "a block that hands on before a cell": "block b { y = it; y -> identity }\n"
    + SERIES
    + "a = x -> relu -> tanh; x -> b; gru(3); it + a }",
    "a shared block with a weight": "block gain { param f[1, 3]; in * f }\n"
    + SERIES
    + "let g = gain; a = x -> g; a -> g }",
}


@pytest.mark.parametrize("case", CELLS)
def test_cells(case: str) -> None:
    expanded(Request("case", CELLS[case], dims={"H": 5} if "H]" in CELLS[case] else {}))


@pytest.mark.parametrize("case", RECURRENT)
def test_recurrent_layers(case: str) -> None:
    expanded(Request("case", RECURRENT[case]))


@pytest.mark.parametrize("case", CASES)
def test_constructs(case: str) -> None:
    expanded(Request("case", CASES[case]))


def test_the_text() -> None:
    text = """block b(m, deep = no) { main = in -> conv(m, 1) -> relu; if deep { main -> tanh } }
net t(maps = [2, 3]) {
  input x: f32[N, 4, 8, 8]
  for m in maps { b(m, deep = m > 2) }
  y = -(b(2))
  variant wide { maps = [2, 3, 4] }
}
"""
    wanted = """block main_1 {
  conv1 = in -> conv(2, 1)
  relu1 = conv1 -> relu
}

block b {
  main = in -> main_1
}

block main_2 {
  conv1 = in -> conv(3, 1)
  relu1 = conv1 -> relu
}

block b_1 {
  main = in -> main_2
  tanh1 = main -> tanh
}

net t {
  input x: f32[N, 4, 8, 8]
  b1 = x -> b
  b2 = b1 -> b_1
  y = b2 -> b
  mul1 = (-1) * y
}
"""
    assert expanded(Request("t", text)) == wanted
    assert "b3 = b2 -> b_2\n" in expanded(Request("t", text, variant="wide"))
    assert "conv(7, 1)" in expanded(Request("t", text, sets={"maps": "[7]"}))


@pytest.mark.parametrize("dims", [{}, {"H": 16, "W": 9}, {"H": 16, "W": 9, "N": 3}])
def test_dimensions(dims: dict[str, int]) -> None:
    """A dimension that had to be put in is a number in the text; others stay symbolic."""
    if not dims:
        text = expand(network_of(Request("s", NET.replace("8, 8", "H, W") + "relu }")), DEFAULT_LIMITS)
        assert "f32[N, 4, H, W]" in text
        return
    checks = "expect { macs(H = 16, W = 9) > 1; shape(y) == [N, 2, (H - 3) // 2 + 1, 4] }"
    spec = NET.replace("8, 8", "H, W") + f"y = conv(2, 3, stride = 2); output y\n{checks} }}"
    assert "f32[N, 4, 16, 9]" in expanded(Request("s", spec, dims=dims))


REFUSED = {
    "an equation that is no expression": (
        "cell c { state h[3]; h' = in -> tanh -> (it * it) }\n" + SERIES + "c }",
        "the next value of the state `h` is more than one expression",
    ),
    "layers that differ": (
        "cell c(m) { state h[m]; if in.features == m { h' = in + h } else { h' = (in -> fc(m)) + h }; output h' }\n"
        + SERIES
        + "c(4, layers = 2) }",
        "the layers of `c1` have different equations",
    ),
    "a bundled cell that is given a block": (
        "block act { relu -> tanh }\n" + SERIES + "elman(3, activation = act) }",
        "the block `act` is given to a bundled cell",
    ),
    "a shared block that differs": (
        "block b { if in.height > 4 { relu } else { tanh } }\n" + NET + "let f = b; f -> maxpool(2) -> f }",
        "`let f` shares a block that is not the same at each of its uses",
    ),
    "a block with an input's name": (
        "block b { relu -> relu }\nnet t { input b1: f32[N, 4]; b }",
        "in line 9 of the result `b1` is bound twice",
    ),
}


def test_a_text_that_is_larger_than_a_file_may_be_is_refused() -> None:
    network = network_of(Request("s", NET + "repeat 9 { relu } }"))
    with pytest.raises(CannotExpand, match="`expanded` is over the limit of 100 bytes"):
        expand(network, replace(DEFAULT_LIMITS, file_bytes=100))


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_refused(case: str, tmp_path: Path) -> None:
    text, message = REFUSED[case]
    with pytest.raises(CannotExpand, match=re.escape(message)):
        expand(network_of(Request("case", text)), DEFAULT_LIMITS)
    (tmp_path / "case.net").write_text(text)
    done = CliRunner().invoke(command, [str(tmp_path / "case.net")])
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"error[not-expandable]: the net `t` cannot be written out: {message}" in done.stderr
    assert "help: " in done.stderr


def test_the_result_keeps_the_limits() -> None:
    network = network_of(Request("lenet5"))
    with pytest.raises(CannotExpand, match="in line"):
        expand(network, replace(DEFAULT_LIMITS, tokens=50))


def test_the_difference_of_networks_is_found() -> None:
    def graph(body: str) -> Graph:
        return network_of(Request("d", NET + body + " }")).graph

    one = graph("y = conv(3, 1); z = relu; output z")
    assert difference(one, graph("y = conv(3, 1); z = relu; output z")) is None
    for other in (
        "y = conv(2, 1); z = relu; output z",
        "y = conv(3, 1); z = tanh; output z",
        "y = conv(3, 1, init = ones); z = relu; output z",
        "y = conv(3, 1, pad = 1) -> crop(1); z = relu; output z",
        "conv(3, 1); z = relu; output z",
        "y = conv(3, 1); z = relu; output y",
        "y = conv(3, 1); z = relu; output z, y",
        "y = conv(3, 1); z = relu; z -> relu; output z",
    ):
        assert difference(one, graph(other)) is not None, other
    assert difference(graph("x * 2"), graph("x * 3")) == "mul1"
    assert difference(graph("a = relu; b = x -> relu; a - b"), graph("a = relu; b = x -> relu; b - a")) == "sub1"


def test_the_command() -> None:
    done = CliRunner().invoke(command, ["resnet50", "--set", "classes=10"])
    assert done.exit_code == 0
    assert done.stdout == expanded(Request("resnet50", sets={"classes": "10"}))
    assert CliRunner().invoke(command, ["-"], input=NET + "conv(4, 9) }").exit_code == 1
    failing = CliRunner().invoke(command, ["-"], input=NET + "relu; expect { params == 1 } }")
    assert (failing.exit_code, "params == 1" in failing.stdout) == (1, True)


@given(programs)
@settings(max_examples=150, deadline=None)
def test_random_programs(program: Program) -> None:
    expanded(Request("made", print_tree(program.file), sets=program.sets, dims=program.dims))


@given(cells)
@settings(max_examples=150, deadline=None)
def test_random_cells(text: str) -> None:
    expanded(Request("made", text))
