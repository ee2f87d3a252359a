"""Every node knows its place: the text of its span, read again, is the same node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.compiler.syntax.node import Node
from netc.grammar.parser import parse

FILES = [Path(__file__).parent / "taste.net", *sorted((Path(__file__).parents[2] / "specs").glob("*.net"))]
# Parts that cannot stand alone as an expression, a statement or an item.
PARTS = tree.Argument | tree.Body | tree.Type | tree.Slot | tree.Setting | tree.Rule | tree.Parameter


def nodes(part: object) -> Iterator[Node]:
    if isinstance(part, Node):
        yield part
        part = part.parts()
    if isinstance(part, tuple):
        for item in part:
            yield from nodes(item)


def again(node: Node) -> object:
    """What the text of a node's span is when it is read by itself."""
    text = node.span.text
    if isinstance(node, tree.Item):
        return parse(Source("again", text))[0].items[0]
    if isinstance(node, tree.Statement):
        [net] = parse(Source("again", f"net a {{\n{text}\n}}"))[0].items
        assert isinstance(net, tree.Net)
        return net.body.statements[0]
    [net] = parse(Source("again", f"net a {{ let a = {text}\n}}"))[0].items
    assert isinstance(net, tree.Net)
    [statement] = net.body.statements
    assert isinstance(statement, tree.Let)
    return statement.value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_spans(path: Path) -> None:
    file, _ = parse(Source(path.name, path.read_text("utf-8")))
    found = [node for item in file.items for node in nodes(item)]
    assert len(found) > 50
    for node in found:
        assert node.span.text == node.span.text.strip()
        if not isinstance(node, PARTS):
            assert again(node) == node


def test_parts_inside_each_other() -> None:
    text = "net a(b = 3) { state h[units] = 0; x -> f(c = 3); input x: f32[N, 2]; train { lr = 3 } }"
    file, _ = parse(Source("parts", text))
    found = {type(node): node.span.text for item in file.items for node in nodes(item) if isinstance(node, PARTS)}
    assert found == {
        tree.Parameter: "b = 3",
        tree.Body: text[text.index("{") :],
        tree.Slot: "h[units] = 0",
        tree.Argument: "c = 3",
        tree.Type: "f32[N, 2]",
        tree.Setting: "lr = 3",
    }
