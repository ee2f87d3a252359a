"""What a checkpoint is of: equal for networks whose weights mean the same, and for no others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import netc as package
from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.graph.identity import identity

BODY = "conv(4, 3) -> relu -> maxpool(2) -> flatten -> fc(3)"


def of(text: str) -> str:
    found = compile_spec(Request("a.net", text=text))
    assert not found.failed, found.diagnostics
    return identity(found.networks[0].graph)


def net(body: str, name: str = "a", shape: str = "N, 3, 8, 8") -> str:
    return f"net {name} {{\n  input x: f32[{shape}]\n  {body}\n}}\n"


@pytest.mark.parametrize(
    "text",
    [
        "# comment\n" + net(BODY),
        net(BODY, name="b"),
        net(BODY.replace(" -> ", "\n  ")),
        net(BODY.replace("relu", "identity -> relu")),
        "block head(n) { flatten -> fc(n) }\n" + net("conv(4, 3) -> relu -> maxpool(2) -> flatten -> fc(3)"),
        net(f"let n = 3\n  {BODY.replace('fc(3)', 'fc(n)')}"),
        net(BODY.replace("fc(3)", "fc(3, init = zeros)")),
    ],
)
def test_the_same_network(text: str) -> None:
    assert of(text) == of(net(BODY))


@pytest.mark.parametrize(
    "text",
    [
        net(BODY.replace("relu", "tanh")),
        net(BODY.replace("relu", "leaky_relu(0.1)")),
        net(BODY.replace("relu -> maxpool(2)", "maxpool(2) -> relu -> abs")),
        net(BODY.replace("maxpool", "avgpool")),
        net(BODY.replace("relu", "relu -> dropout(0.1)")),
        net(BODY.replace("conv(4, 3)", "pad(1) -> crop(8) -> conv(4, 3)")),
        net(BODY.replace("flatten", "global_avgpool -> flatten")),
        net(f"y = {BODY}\n  output y"),
    ],
)
def test_another_network(text: str) -> None:
    assert of(text) != of(net(BODY))


def test_branches_are_told_apart() -> None:
    pair = "a = x -> fc(3)\n  b = x -> fc(3)\n  a - b"
    assert of(net(pair, shape="N, 4")) != of(net(pair.replace("a - b", "b - a"), shape="N, 4"))


PRINT = """
from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.graph.identity import identity
for name in bundled():
    for network in compile_spec(Request(name)).networks:
        print(name, identity(network.graph))
"""


def test_it_is_the_same_in_every_process() -> None:
    said = set()
    for seed in ("1", "2"):
        environment = os.environ | {
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": str(Path(package.__path__[0]).resolve().parent),
        }
        done = subprocess.run(
            [sys.executable, "-c", PRINT], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        said.add(done.stdout)
    (lines,) = said
    found = dict(line.split() for line in lines.splitlines())
    assert set(found) == set(bundled())
    assert len(set(found.values())) == len(found)
    own = compile_spec(Request("char_lstm")).networks[0]
    assert found["char_lstm"] == identity(own.graph)
