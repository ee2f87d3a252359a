"""Where a line end ends a statement, and where the statement goes on."""

from __future__ import annotations

import pytest

from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.grammar.parser import parse

# One statement each, broken over lines.
ONE = [
    "f(\n\n a, # remark\n b\n)",
    "[\na,\nb\n]",
    "a[\n0\n]",
    "in ->\n\n # remark\n relu",
    "in # remark\n # another\n\n -> relu",
    "in\n-> relu\n-> relu",
    "a = \n relu",
    "a,\nb = c",
    "a +\nb -\nc *\nd //\ne %\nf",
    "a ==\nb",
    "a and\nnot\nb or\nc",
    "0..\n4",
    "a if b\nelse c",
    "if a {\nb\n}\nelse if c {\n}\n\nelse {\n}",
    "if a { b } # remark\nelse { c }",
    "output a,\nb",
    "state a[b],\nc[d]",
    "f(\n(\n[\n\n]\n)\n)",
    "repeat 3 {\n\n}",
    "a;",
    "a;\n",
    "# remark\na # remark",
]
# Two statements each.
TWO = [
    "a\nb",
    "a;b",
    "a;\nb",
    "a # remark ->\nb",
    "a\n\n\n# remark\n\nb",
    "a\n(b)",
    "a\n[b]",
    "a\n-b",
    "a\nnot b",
    "if a { }\nif b { }",
    "f(a)\nf(b)",
    "a\r\nb".replace("\r", ""),
    "output a\nb",
]
# A line that may not end where it does.
BROKEN = [
    "a\n+ b",
    "a\n== b",
    "a\n, b",
    "a\nand b",
    "a\nif b else c",
    "a\n.b",
    "a\n= b",
    "f\n(a, b) c",
    "input x:\nf32[N]",
]


def statements(text: str) -> tuple[tree.Statement, ...]:
    file, diagnostics = parse(Source("ends", f"net a {{\n{text}\n}}\n"))
    assert diagnostics == ()
    [net] = file.items
    assert isinstance(net, tree.Net)
    return net.body.statements


@pytest.mark.parametrize("text", ONE)
def test_a_statement_that_goes_on(text: str) -> None:
    assert len(statements(text)) == 1


@pytest.mark.parametrize("text", TWO)
def test_a_statement_that_ends(text: str) -> None:
    assert len(statements(text)) == 2


@pytest.mark.parametrize("text", BROKEN)
def test_a_statement_does_not_go_on_by_itself(text: str) -> None:
    assert len(parse(Source("ends", f"net a {{\n{text}\n}}\n"))[1]) == 1


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# remark", "net a { }", "\n\nnet a { }\n\n# remark\nnet b { }", "net a{}"]
)
def test_empty_lines_mean_nothing(text: str) -> None:
    assert parse(Source("ends", text))[1] == ()
