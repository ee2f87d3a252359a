"""Every layer file, as soon as it exists: one layer, arguments that can be checked, a page, a working example."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.graph.arguments import CONVERTERS, signature
from netc.compiler.graph.graph import Graph, verify
from netc.compiler.graph.layer import find_layer, layer_names
from netc.compiler.reference import explain_layer

NAMES = layer_names()
INPUTS = "input image: f32[N, 3, 32, 32]; input steps: f32[N, T, 8]; input text: i64[N, T]"
# What an example is put into; the first that takes it shows that it works. A layer that none of them suits gets one.
AROUND = (
    "net t {{ {inputs}; image -> identity; {example} }}",
    "net t {{ {inputs}; image -> flatten; {example} }}",
    "net t {{ {inputs}; steps -> identity; {example} }}",
    "net t {{ {inputs}; text -> {example} }}",
    "net t {{ {inputs}; a = image -> conv(3, 1); b = image -> conv(3, 1); {example} }}",
    "net t {{ {inputs}; skip = image; up = image -> crop(24); {example} }}",
    "net t {{ {inputs}; let f = fc(16); x = image -> flatten; {example} }}",
    "block halves {{ {example}; (b, a) -> concat }}\nnet t {{ {inputs}; image -> conv(64, 1) -> halves }}",
    "net t {{ {inputs}; image -> flatten -> fc(84) -> tanh; {example} }}",
    "net t {{ {inputs}; image -> flatten -> fc(784); {example} }}",
    "net t {{ {inputs}; image -> conv(16, 1); {example} }}",
)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_can_be_checked(name: str) -> None:
    layer = find_layer(name)
    assert layer is not None
    for argument in signature(layer):
        assert argument.words or argument.annotation in CONVERTERS, argument


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_all_parts(name: str) -> None:
    page = explain_layer(name)
    for part in ("Shapes:", "Parameters:", "MACs:", "FLOPs:", "Source:", "Example: `"):
        assert part in page, part
    layer = find_layer(name)
    assert layer is not None
    for argument in signature(layer):
        if argument.name not in ("init", "bias_init"):
            said = re.search(rf"`[^`\n]*\b{argument.name}\b[^`\n]*`", page.partition("\n")[2])
            assert said, f"the page says nothing of `{argument.name}`"


@pytest.mark.parametrize("name", NAMES)
def test_the_example_works(name: str) -> None:
    found = re.search(r"Example:\s+`([^`]+)`", explain_layer(name))
    assert found is not None
    example = re.sub(r"\s+", " ", found[1])
    assert re.search(rf"\b{name}\b", example)
    # Recurrent cells, which cannot be compiled yet, stand for a layer that keeps the steps.
    example = example.replace("lstm", "fc")
    graphs = [graph for around in AROUND if (graph := compiled(around.format(inputs=INPUTS, example=example)))]
    assert graphs, f"{example} works in none of the nets around it"
    for graph in graphs:
        verify(graph)
        assert any(use.kind == name for use in graph.uses)


def compiled(text: str) -> Graph | None:
    found = compile_spec(Request("example.net", text)).networks
    return found[0].graph if found else None


def test_layers_need_no_arrays() -> None:
    """All of them can be imported without NumPy and onnx."""
    code = (
        "import sys; from netc.compiler.graph.layer import find_layer, layer_names\n"
        "assert all(find_layer(name) for name in layer_names())\n"
        "print(sorted({'numpy', 'onnx', 'onnxruntime', 'lark'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
