"""The kind of a collapsed row: the block's name, or `block` for a binding of several layers."""

from __future__ import annotations

from netc.compiler.driver import Request, compile_spec
from netc.compiler.report.summary import summarise

TEXT = """block conv3x3(c) { conv(c, 3, pad = half) -> relu }
block pair(unit) { unit(4) -> unit(4) }
net t {
  input x: f32[N, 4, 8, 8]
  conv3x3(4)
  conv3x3(4)
  stage2 = conv(4, 1) -> relu -> conv3x3(4)
  stem = conv3x3(4)
  let f = pair(conv3x3)
  f -> f
  top = conv(2, 1)
}
"""


def kinds(depth: int) -> dict[str, str]:
    found = compile_spec(Request("t.net", TEXT))
    assert not found.failed, found.diagnostics
    return {line.name: line.op for line in summarise(found.networks[0], depth).lines}


def test_kinds() -> None:
    assert kinds(1) == {
        "conv3x31": "conv3x3",
        "conv3x32": "conv3x3",
        "stage2": "block",
        "stem": "conv3x3",
        "f": "pair",
        "f2": "pair",
        "top": "conv",
    }


def test_kinds_one_level_deeper() -> None:
    found = kinds(2)
    assert (found["stage2.conv1"], found["stage2.conv3x31"], found["f.conv3x32"]) == ("conv", "conv3x3", "conv3x3")
    assert found["stem.relu1"] == "relu"
