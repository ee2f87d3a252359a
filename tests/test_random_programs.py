"""Random programs that are right: the analysis agrees, row by row, with what the generator works out by itself."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from hypothesis import given, settings

import netc.compiler.report
from netc.compiler.analysis.figures import analyse, size_of
from netc.compiler.driver import Request, compile_spec
from netc.compiler.graph.graph import verify
from netc.compiler.report.data import to_json
from netc.compiler.report.summary import summarise
from netc.compiler.source import Source
from netc.compiler.syntax.printer import print_tree
from netc.grammar.parser import parse

from .strategies.programs import Program, programs
from .strategies.shapes import real

SCHEMA = json.loads(Path(netc.compiler.report.__path__[0], "analysis.schema.json").read_text("utf-8"))
ITEM_BYTES = {"f32": 4, "f64": 8}


@given(programs)
@settings(max_examples=300, deadline=None)
def test_the_analysis_agrees_with_the_generator(program: Program) -> None:
    text = print_tree(program.file)
    assert parse(Source("printed", text)) == (program.file, ()), text

    found = compile_spec(Request("made", text, sets=program.sets, dims=program.dims))
    assert not found.failed, text + "\n".join(d.message for d in found.diagnostics)
    (network,) = found.networks
    verify(network.graph)
    rows = analyse(network.graph).rows
    summary = summarise(network)

    assert [line.op for line in summary.lines] == [row.kind for row in program.rows], text
    for row, line, wanted in zip(rows, summary.lines, program.rows, strict=True):
        assert tuple(map(str, line.symbolic)) == tuple(map(str, wanted.shape)), f"{line.name}\n{text}"
        assert line.output == tuple(map(real, wanted.shape)), f"{line.name}\n{text}"
        assert line.params == wanted.params, f"{line.name}\n{text}"
        assert line.macs == (wanted.macs if row.needed else 0), f"{line.name}\n{text}"
        assert line.activation_bytes == wanted.elements * ITEM_BYTES[program.dtype], f"{line.name}\n{text}"

    totals = summary.totals
    assert totals.params == sum(line.params for line in summary.lines)
    assert totals.params == sum(size_of(p) for p in network.graph.parameters if p.trainable)
    assert totals.buffers == sum(line.buffers for line in summary.lines)
    assert totals.macs == sum(line.macs for line in summary.lines)
    assert totals.flops == sum(line.flops for line in summary.lines)
    assert len({p.name for p in network.graph.parameters}) == len(network.graph.parameters)
    jsonschema.validate(json.loads(to_json(summary)), SCHEMA)
