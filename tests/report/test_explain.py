"""`--explain`: every figure with its formula and numbers, on one line."""

from __future__ import annotations

import re

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.report.explain import NoSuchLayer, explain
from netc.compiler.report.summary import summarise
from netc.compiler.resolve.network import Network
from tests.conftest import Snapshot


def network(spec: str, text: str | None = None, **dims: int) -> Network:
    found = compile_spec(Request(spec, text, dims=dims))
    assert not found.failed, found.diagnostics
    return found.networks[0]


def lines(text: str) -> dict[str, str]:
    return {line[:13].strip(): line[13:] for line in text.splitlines() if line.startswith("  ")}


LRN = "net t { input image: f32[N, 16, 8, 8]\n lrn(5, alpha = 5e-4, k = 2) -> relu }"


def test_a_convolution_by_hand() -> None:
    text = "net t {\n  input image: f32[N, 16, 32, 30]\n  conv(24, 5x3, stride = 2, pad = (2, 1))\n}"
    found = lines(explain(network("t.net", text, N=10), "conv1"))
    assert found["source"] == "t.net:3: conv(24, 5x3, stride = 2, pad = (2, 1))"
    assert found["input"] == "[N, 16, 32, 30]"
    # (32 − 5 + 2 · 2) / 2 + 1 = 16.5 and (30 − 3 + 2 · 1) / 2 + 1 = 15.5, rounded down.
    assert found["height"] == "⌊(input height − kernel + padding) / stride⌋ + 1 = ⌊(32 − 5 + 4) / 2⌋ + 1 = 16"
    assert found["width"] == "⌊(input width − kernel + padding) / stride⌋ + 1 = ⌊(30 − 3 + 2) / 2⌋ + 1 = 15"
    assert found["padding"] == "top 2, bottom 2, left 1, right 1"
    assert found["output"] == "[N, 24, 16, 15]"
    # 5 · 3 · 16 · 24 weights and 24 biases.
    assert found["params"].endswith(" = 24 × 16 × 5 × 3 + 24 = 5,784")
    # 5,760 weights at 16 · 15 positions of 10 images.
    assert found["MACs"].endswith(" = 5 × 3 × 16 × 24 × 16 × 15 × 10 = 13,824,000")
    # 2 · 13,824,000 and one addition for each of 24 · 16 · 15 · 10 outputs.
    assert found["FLOPs"] == "2 × MACs + bias additions = 2 × 13,824,000 + 57,600 = 27,705,600"
    # 24 · 16 · 15 · 10 numbers of 4 bytes; 230,400 / 1024 = 225.
    assert found["memory"].endswith(" = 24 × 16 × 15 × 10 × 4 = 230,400 bytes (225.0 KiB)")
    assert found["field"] == "5×3 positions of the input"


def test_a_convention_that_the_field_disagrees_on_is_noted() -> None:
    """LRN's alpha is divided by the size here, as in PyTorch; 5e-4 / 5 is the paper's."""
    found = lines(explain(network("t", LRN), "lrn1"))
    assert found["note"].startswith("alpha = 0.0005 is divided by size = 5; ")
    assert found["note"].endswith("α = 0.0001")
    assert "note" not in lines(explain(network("t", LRN), "relu1"))


def test_half_padding_is_derived() -> None:
    text = "net t { input image: f32[N, 3, 224, 224]\n conv(8, 7, stride = 2, pad = half) }"
    assert lines(explain(network("t", text)))["padding"] == "⌊(kernel − 1) / 2⌋ = ⌊(7 − 1) / 2⌋ = 3 on each side"


def test_uneven_padding_is_derived_side_by_side() -> None:
    text = "net t { input image: f32[N, 3, 224, 224]\n conv(8, 4, stride = 2, pad = same_upper) }"
    found = lines(explain(network("t", text)))
    # (112 − 1) · 2 + 4 − 224 = 2, a position on each side.
    assert found["padding"].endswith("= 1 on each side") or found["pad top"].endswith("= 1")
    text = "net t { input image: f32[N, 3, 224, 224]\n conv(8, 3, stride = 2, pad = same_upper) }"
    found = lines(explain(network("t", text)))
    assert (found["pad top"][-4:], found["pad bottom"][-4:]) == (" = 0", " = 1")
    assert found["padding"] == "top 0, bottom 1, left 0, right 1"


@pytest.mark.parametrize("spec", ["lenet5", "lenet5_1998"])
def test_whole_networks(spec: str, snapshot: Snapshot) -> None:
    snapshot(explain(network(spec)), f"{spec}.explain.txt")


@pytest.mark.parametrize(("spec", "scope"), [("resnet18", "basic3"), ("densenet121", "dense1"), ("vgg11_bn", "fc1")])
def test_scopes(spec: str, scope: str, snapshot: Snapshot) -> None:
    made = network(spec)
    names = [line.name for line in summarise(made).lines]
    chosen = scope if any(name == scope or name.startswith(f"{scope}.") for name in names) else names[1].split(".")[0]
    snapshot(explain(made, chosen), f"{spec}.{scope}.explain.txt")


ODD = """block two { conv(8, 3, pad = half, stride = 2) -> relu }
block gain { param w[3] = ones; in * w }
net odd {
  input clip: f32[N, T, 4, 20, 20]
  target label: i64[N]
  let f = two
  f
  let g = conv(8, 1x3, groups = 4, pad = (0, 1))
  g -> g -> identity
  mid = last
  body = global_avgpool -> flatten
  aux = mid -> flatten -> fc(3)
  logits = body -> fc(3) -> gain
  output logits
  train { loss = cross_entropy(logits, label) + 0.3 * cross_entropy(aux, label) }
}
"""


def test_sequences_sharing_and_what_only_the_loss_needs(snapshot: Snapshot) -> None:
    snapshot(explain(network("odd.net", ODD, N=2, T=10)), "odd.explain.txt")


@pytest.mark.parametrize("spec", ["lenet5_1998", "googlenet", "mobilenet_v2", "alexnet", "nin"])
def test_the_figures_are_those_of_the_table(spec: str) -> None:
    made = network(spec)
    texts = explain(made).split("\n\n")
    summary = summarise(made)
    assert len(texts) == len(summary.lines) + 1
    for text, line in zip(texts, summary.lines, strict=False):
        found = lines(text)
        assert text.splitlines()[0] == line.name
        for label, figure in (("params", line.params), ("MACs", line.macs), ("FLOPs", line.flops)):
            assert int(found[label].split(":")[0].rsplit("= ", 1)[-1].replace(",", "")) == figure, text
        if line.activation_bytes:
            (count,) = re.findall(r"([\d,]+) bytes", found["memory"])
            assert int(count.replace(",", "")) == line.activation_bytes


def test_every_formula_gives_its_result() -> None:
    """The numbers put in are worked out again, by Python."""
    checked = 0
    for spec in ("lenet5_1998", "googlenet", "mobilenet_v2"):
        for line in explain(network(spec)).splitlines():
            match = re.search(r" = ([^=]*\d[^=]*) = ([\d,]+)(?: bytes.*| on each side)?$", line)
            if match is None:
                continue
            worked = match[1].replace(",", "").translate(str.maketrans("×−⌊⌋/", "*-()÷")).replace("÷", "//")
            worked = re.sub(r"⌈(.*) // (\d+)⌉", r"(0 - (0 - (\1)) // \2)", worked)
            assert re.fullmatch(r"[\d +*/()-]+", worked), line
            assert compute(worked) == int(match[2].replace(",", "")), line
            checked += 1
    assert checked > 500


def compute(text: str) -> int:
    """A sum of products of whole numbers, with brackets."""
    import ast

    def value(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return value(left) + value(right)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return value(left) - value(right)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return value(left) * value(right)
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return value(left) // value(right)
        raise AssertionError(ast.dump(node))

    return value(ast.parse(text, mode="eval").body)


def test_an_unknown_layer_is_refused_with_what_is_near() -> None:
    with pytest.raises(NoSuchLayer, match="there is no layer `conv9`: did you mean `conv1`"):
        explain(network("lenet5"), "conv9")


def test_the_step_of_a_cell_and_a_sequence_are_called_so() -> None:
    text = (
        "cell c(units) {\n  state h[units]\n  h' = (in, h) -> fc(units)\n  output h'\n}\n"
        "net t {\n  input x: f32[N, T, 8]\n  c(16)\n}"
    )
    derived = explain(network("t.net", text, T=5))
    # 8 · 16 and 16 · 16 weights, at each of 5 steps.
    assert "steps × (2 × MACs of a step + bias additions + 2 × MACs of a step + elements)" in derived
    assert "= 5 × (2 × 128 + 16 + 2 × 256 + 16) = 4,000" in derived
    assert "memory     steps × features × batch × bytes each = 5 × 16 × 1 × 4 = 320 bytes" in derived
