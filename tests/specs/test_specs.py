"""What every bundled spec has: its source, its names, a train block, and expectations that would fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netc.compiler.driver import SPECS, Request, compile_spec
from netc.compiler.reading import packaged
from netc.compiler.resolve.outline import outline
from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.grammar.parser import parse

TEXTS = {name: Path(path).read_text("utf-8") for name, path in packaged(SPECS).items()}
# Specs of sequences; all others read images and tell classes.
SEQUENCES = ("bilstm_tagger", "char_gru", "char_lstm", "convlstm", "elman_series", "jordan_series", "seq2seq")
IMAGES = [name for name in TEXTS if name not in SEQUENCES]


def the_net(name: str) -> tree.Net:
    file, diagnostics = parse(Source(f"{name}.net", TEXTS[name]))
    assert diagnostics == ()
    (net,) = [item for item in file.items if isinstance(item, tree.Net)]
    return net


@pytest.mark.parametrize("name", TEXTS)
def test_a_spec_names_its_paper_and_its_figures(name: str) -> None:
    head = "".join(line for line in TEXTS[name].splitlines(keepends=True)[:4] if line.startswith("# "))
    assert re.search(r"\b(19|20)\d\d\b", head.splitlines()[0]), "a year"
    assert re.search(r"\d\d\d|[Ff]igures", head)


@pytest.mark.parametrize("name", TEXTS)
def test_a_spec_is_laid_out_alike(name: str) -> None:
    for line in TEXTS[name].splitlines():
        assert len(line) <= 120
        assert line == line.rstrip()
        assert "\t" not in line


@pytest.mark.parametrize("name", TEXTS)
def test_a_spec_can_be_trained_and_is_held_to_its_figures(name: str) -> None:
    net = the_net(name)
    assert net.name.id == name
    statements = net.body.statements
    if name in IMAGES:
        assert [s.name.id for s in statements if isinstance(s, tree.Input)] == ["image"]
        assert [s.name.id for s in statements if isinstance(s, tree.Target)] == ["label"]
    (train,) = [s for s in statements if isinstance(s, tree.Train)]
    given = {s.name.id for s in train.settings if isinstance(s, tree.Setting)}
    assert {"loss", "optimizer", "batch", "epochs"} <= given
    expectations: dict[str | None, list[tree.Expect]] = {None: [s for s in statements if isinstance(s, tree.Expect)]}
    for statement in statements:
        if isinstance(statement, tree.Variant):
            expectations[statement.name.id] = [s for s in statement.settings if isinstance(s, tree.Expect)]
    assert list(expectations) == [None, *outline(net).variants]
    for found in expectations.values():
        (expect,) = found
        asked = " ".join(check.span.text for check in expect.checks)
        assert "params == " in asked
        assert ("macs(N = 1) == " if name in IMAGES else "macs(N = 1, T = 1) == ") in asked


@pytest.mark.parametrize("name", TEXTS)
def test_expectations_hold_and_would_fail_by_one(name: str) -> None:
    assert compile_spec(Request(spec=f"{name}.net", text=TEXTS[name], every=True)).diagnostics == ()
    figure = r"((?:params|buffers|macs\(N = 1(?:, T = 1)?\)) == )([0-9_]+)"
    wrong, count = re.subn(figure, lambda match: f"{match[1]}{int(match[2]) + 1}", TEXTS[name])
    found = compile_spec(Request(spec=f"{name}.net", text=wrong, every=True)).diagnostics
    assert [d.code for d in found] == ["expectation"] * count


@pytest.mark.parametrize("name", IMAGES)
def test_outputs_are_one_row_of_classes(name: str) -> None:
    for network in compile_spec(Request(spec=name, every=True)).networks:
        (output,) = network.graph.outputs
        assert output.name == "logits"
        classes = network.parameters.get("classes", "10")
        assert [str(dim) for dim in output.value.type.shape] == ["N", classes]


@pytest.mark.parametrize("name", [name for name in IMAGES if name != "lenet5_1998"])
def test_the_number_of_classes_can_be_set(name: str) -> None:
    """Its expectations are about the default parameters and say nothing then."""
    compiled = compile_spec(Request(spec=name, sets={"classes": "7"}))
    assert compiled.diagnostics == ()
    assert compiled.networks[0].graph.outputs[0].value.type.shape[1] == 7
