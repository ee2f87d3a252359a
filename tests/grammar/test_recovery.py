"""Each mistake is reported once, at its place, and what stands around it is still in the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from netc.compiler.diagnostics.diagnostic import Diagnostic
from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.grammar.parser import parse

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.net"))
MARK = "¤"

# Text between an `input` and a binding, with a mark before each place that is reported; the code; and what is left of
# the text in the tree: the types of its statements.
STATEMENTS = [
    # Brackets
    ("conv¤(3, 3", "unclosed-bracket", "Broken"),
    ("conv¤(3, 3\n  b = fc(3)", "unclosed-bracket", "Broken Bind"),
    ("b = ¤[1, 2\n  let c = 3", "unclosed-bracket", "Broken Let"),
    ("conv¤(3,\n  let c = 3", "unclosed-bracket", "Broken Let"),
    ("b = ¤[1,\n  c = fc(3)", "unclosed-bracket", "Broken Bind"),
    ("f¤(g(3) -> relu\n  b = fc(3)", "unclosed-bracket", "Broken Bind"),
    ("conv¤(3; b = fc(3)", "unclosed-bracket", "Broken Bind"),
    ("f(a, ¤(b -> c; d = fc(3)", "unclosed-bracket", "Broken Bind"),
    ("conv(3¤; 4)", "syntax", "Broken"),
    ("conv(3, 3)¤) -> relu; b = fc(3)", "syntax", "Broken Bind"),
    ("conv(3, 3¤]", "syntax", "Broken"),
    ("conv(3, [3, 3¤)", "syntax", "Broken"),
    ("b = fc(3)\n  ¤]", "syntax", "Broken"),
    ('b = ¤"abc\n  c = fc(3)', "unclosed-bracket", "Broken Bind"),
    # Arrows
    ("fc(3); ¤-> relu", "syntax", "Flow Broken"),
    ("let b = 3\n  -> relu", None, "Let"),
    ("output b\n  ¤-> relu", "syntax", "Output Broken"),
    ("fc(3) -> ¤-> relu", "syntax", "Broken"),
    ("fc(3) ¤->; b = fc(3)", "syntax", "Broken Bind"),
    ("fc(3) ¤->\n  let b = 3", "syntax", "Broken Let"),
    ("fc(3) ¤->\n  b = fc(3)", "syntax", "Broken Bind"),
    ("fc(3) ->\n  relu ¤let b = 3", "syntax", "Broken"),
    ("in -> (¤-> relu)", "syntax", "Broken"),
    ("a, b ¤-> concat", "syntax", "Broken"),
    # Values side by side
    ("fc(3) ¤relu", "syntax", "Broken"),
    ("fc(3) ¤relu(3; 4); b = fc(3)", "syntax", "Broken Bind"),
    ("fc ¤3", "syntax", "Broken"),
    ("conv(3 ¤3)", "syntax", "Broken"),
    ("let b = 3 ¤4", "syntax", "Broken"),
    ("conv(3,¤, 3)", "syntax", "Broken"),
    ("fc(3)¤, fc(4)", "syntax", "Broken"),
    # `=` and `:`
    ("¤= fc(3)", "syntax", "Broken"),
    ("b ¤= ; c = fc(3)", "syntax", "Broken Bind"),
    ("b = c ¤= fc(3)", "syntax", "Broken"),
    ("(a, b) ¤= fc(3)", "syntax", "Broken"),
    ("a.b ¤= fc(3)", "syntax", "Broken"),
    ("b ¤+= fc(3)", "syntax", "Broken"),
    ("conv(3, bias¤: no)", "syntax", "Flow"),
    ("train { loss¤: mse; batch = 3 }", "syntax", "Train"),
    ("expect { params ¤= 3; macs <= 4 }", "syntax", "Expect"),
    ("expect { params <= 3¤, macs <= 4 }", "syntax", "Expect"),
    # Operators
    ("let b = 3 ¤+; let c = 3", "syntax", "Broken Let"),
    ("let b = 3 * ¤* 3", "syntax", "Broken"),
    ("let b = - ¤- 3", "syntax", "Broken"),
    ("let b = not ¤not c", "syntax", "Broken"),
    ("let b = 1 < 2 ¤< 3", "syntax", "Broken"),
    ("let b = 1..2¤..3", "syntax", "Broken"),
    ("let b = c if ¤d; let e = 3", "syntax", "Broken Let"),
    ("let b = c ¤else d", "syntax", "Broken"),
    ("fc(3) ¤// a remark", "syntax", "Broken"),
    ("¤// a remark", "syntax", "Broken"),
    # Declarations
    ("input y ¤f32[N]", "syntax", "Broken"),
    ("input y: ¤f32; fc(3)", "syntax", "Broken Flow"),
    ("input y: f32¤(N, 3)", "syntax", "Broken"),
    ("state ¤h; fc(3)", "syntax", "Broken Flow"),
    ("state h¤(3)", "syntax", "Broken"),
    ("let fc¤(3)", "syntax", "Broken"),
    ("¤output; fc(3)", "syntax", "Broken Flow"),
    ("output fc¤(3)", "syntax", "Broken"),
    # Words of the language and of others
    ("¤input = fc(3)", "syntax", "Broken"),
    ("let ¤state = 3", "syntax", "Broken"),
    ("fc(¤in = 3)", "syntax", "Broken"),
    ("fc(3,\n  ¤output = 4)", "syntax", "Broken"),
    ("fc(3) -> ¤if c { relu }", "syntax", "Broken"),
    ("¤def f(x):", "syntax", "Broken"),
    ("¤while c { fc(3) }; relu", "syntax", "Broken Flow"),
    ("¤elif c { fc(3) }", "syntax", "Broken"),
    ("¤return c", "syntax", "Broken"),
    ("¤else { fc(3) }", "syntax", "Broken"),
    # Bodies are kept when their headers are broken
    ("if x ¤= 3 { fc(4) }", "syntax", "If"),
    ("if ¤(x == 3 { fc(4) }", "unclosed-bracket", "If"),
    ("if x == 3¤: { fc(4) }", "syntax", "If"),
    ("if x == 3\n  ¤{ fc(4) }", "syntax", "If"),
    ("if x { fc(4) } else ¤y { fc(5) }", "syntax", "If"),
    ("if x { fc(4) } else if ¤{ fc(5) } else { fc(6) }", "syntax", "If"),
    ("if a if b else c ¤d { fc(4) }", "syntax", "If"),
    ("repeat ¤{ fc(3) }", "syntax", "Repeat"),
    ("repeat 3 as ¤{ fc(3) }", "syntax", "Repeat"),
    ("for ¤(i = 0; i < 3; i++) { fc(3) }", "syntax", "For"),
    ("for i ¤= 3 { fc(i) }", "syntax", "For"),
    ("variant ¤{ b = 3 }", "syntax", "Variant"),
    ("train ¤: { b = 3 }", "syntax", "Train"),
    ("if x == 3¤:\n  fc(4)", "syntax", "Broken Flow"),
    # Mistakes inside bodies stay there
    ("if x { fc(3) ¤relu\n b = relu }", "syntax", "If"),
    ("train { loss = ¤= 3; batch = 3 }", "syntax", "Train"),
    ("train { loss = 3\n rule ¤*.bias { a = 3 }\n batch = 3 }", "syntax", "Train"),
    ("variant v { b = 3\n expect { params ¤= 3 } }", "syntax", "Variant"),
    ("¤{ while }; relu", "syntax", "Broken Flow"),
    # Several statements in one line
    ("if x { fc(3) } ¤fc(4)", "syntax", "If Flow"),
    ("fc(3); ¤; fc(4)", "syntax", "Flow Flow"),
    # Characters
    ("b = ¤$c; d = fc(3)", "bad-character", "Broken Bind"),
    ("b = c ¤& d", "bad-character", "Broken"),
    ("b = fc(3) ¤\\\n    -> relu", "bad-character", "Broken"),
    ("b = ¤naïve", "bad-character", "Broken"),
    ("b = ¤３", "bad-character", "Broken"),
    ("b = c ¤\u202e d", "bad-character", "Broken"),
    ("b = c ¤\x00 d", "bad-character", "Broken"),
    ("fc(¤3x)", "number", "Broken"),
    ("fc(¤1.)", "number", "Broken"),
    # No mistakes
    ("a if c else b", None, "Flow"),
    ("if c { fc(3) }\n  else { fc(4) }", None, "If"),
    # Two mistakes are two
    ("conv¤(3, 3\n  fc(3) ¤relu\n  relu", "unclosed-bracket syntax", "Broken Broken Flow"),
    ("fc(3) ¤relu; fc(3) ¤relu; relu", "syntax syntax", "Broken Broken Flow"),
    ("if x ¤= 3 { fc(3) ¤relu }", "syntax syntax", "If"),
]  # fmt: skip

# Whole files: the text, the codes, and the items that are left with the number of their statements.
FILES = [
    ("net a ¤{\n  fc(3)\n", "unclosed-bracket", "a 1"),
    ("net a ¤{\n  fc(3)\n\nnet b {\n  fc(4)\n}\n", "unclosed-bracket", "a 1, b 1"),
    ("net a {\n  if x ¤{\n    fc(3)\n  fc(4)\n}\nnet b {\n  fc(4)\n}\n", "unclosed-bracket", "a 1, b 1"),
    ("net a ¤{\n  if x {\n    fc(3)\n  }\n  fc(4)\n\nnet b {\n  fc(4)\n}\n", "unclosed-bracket", "a 2, b 1"),
    ("net a {\n  train ¤{\n    batch = 3\n  expect { params == 3 }\n}\n", "unclosed-bracket", "a 2"),
    ("net a ¤{ conv¤(3", "unclosed-bracket unclosed-bracket", "a 1"),
    ("net a {\n  ¤block b {\n    fc(3)\n  }\n  fc(4)\n}\n", "syntax", "a 2"),
    ("net a {\n  ¤use \"b.net\"\n  fc(4)\n}\n", "syntax", "a 2"),
    ("net a {\n  if ¤x\n    fc(3)\n  }\n  fc(4)\n}\n", "syntax", "a 2"),
    ("net ¤a\n  fc(3)\n  fc(4)\n\nnet b { fc(3) }\n", "syntax", "b 1"),
    ("net ¤a\n  fc(3)\n}\nnet b { fc(3) }\n", "syntax", "a 1, b 1"),
    ("¤}\nnet ¤a\n  fc(3)\n", "syntax syntax", "a 1"),
    ("net a\n¤{\n  fc(3)\n}\n", "syntax", "a 1"),
    ("net ¤{ fc(3) }\n", "syntax", "?4 1"),
    ("net a(b ¤c) { fc(3) }\n", "syntax", "a 1"),
    ("net a(b¤: 3) { fc(3) }\n", "syntax", "a 1"),
    ("block b(c) from ¤{ fc(3) }\n", "syntax", "?6 1"),
    ("net a { fc(3) } ¤net b { fc(4) }\n", "syntax", "a 1, b 1"),
    ("net a { fc(3) } ¤}\nnet b { fc(4) }\n", "syntax", "a 1, b 1"),
    ("net a { fc(3) } ¤relu\nnet b { fc(4) }\n", "syntax", "a 1, b 1"),
    ("net a {\n  fc(3)\n}\n¤}\nnet b { fc(4) }\n", "syntax", "a 1, b 1"),
    ("net a { conv¤(3, 3 }\nnet b { fc(3) }\n", "unclosed-bracket", "a 1, b 1"),
    ("¤conv(3) -> relu\nfc(3)\n", "syntax", ""),
    ("¤fc(3)\nnet b { fc(3) }\n", "syntax", "b 1"),
    ("use ¤blocks.net\nnet b { fc(3) }\n", "syntax", "b 1"),
    ("¤import blocks\nnet b { fc(3) }\n", "syntax", "b 1"),
    ("¤model a { fc(3) }\nnet b { fc(3) }\n", "syntax", "b 1"),
    ("¤def a(x):\n  return x\nnet b { fc(3) }\n", "syntax", "b 1"),
    ("¤}\n", "syntax", ""),
    ("¤{\n", "syntax", ""),
    ("¤net", "syntax", ""),
    ("¤\x00", "bad-character", ""),
    ("", None, ""),
    ("# nothing", None, ""),
]  # fmt: skip


def read(marked: str) -> tuple[tree.File, list[tuple[int, str]], list[int]]:
    """The tree, the diagnostics as (place, code), and the marked places."""
    pieces = marked.split(MARK)
    text = "".join(pieces)
    file, found = parse(Source("marked", text))
    places, length = [], 0
    for piece in pieces[:-1]:
        length += len(piece)
        places.append(length)
    return file, [(_start(diagnostic), diagnostic.code) for diagnostic in found], places


def _start(diagnostic: Diagnostic) -> int:
    assert diagnostic.span is not None
    return diagnostic.span.start


@pytest.mark.parametrize(("text", "codes", "left"), STATEMENTS)
def test_a_mistake_in_a_statement(text: str, codes: str | None, left: str) -> None:
    file, found, places = read(f"net a {{\n  input x: f32[N, 3]\n  {text}\n  last = fc(2)\n}}\n")
    assert found == list(zip(places, (codes or "").split(), strict=True))
    [net] = file.items
    assert isinstance(net, tree.Net)
    statements = net.body.statements
    assert [type(s).__name__ for s in statements] == ["Input", *left.split(), "Bind"]
    assert isinstance(statements[-1], tree.Bind)
    assert statements[-1].names == (tree.Name(statements[-1].span, "last"),)


@pytest.mark.parametrize(("text", "codes", "left"), FILES)
def test_a_mistake_in_a_file(text: str, codes: str | None, left: str) -> None:
    file, found, places = read(text)
    assert found == list(zip(places, (codes or "").split(), strict=True))
    items = [item for item in file.items if not isinstance(item, tree.Use)]
    assert ", ".join(f"{item.name.id} {len(item.body.statements)}" for item in items) == left


PLANTED = ("conv(3, 3", "fc(3) relu", "= 3", "b = $c", "let b 3", "b = c if d", "while c { fc(3) }", "f(1))", "x: 3")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_planted_mistake_disturbs_nothing_else(path: Path) -> None:
    """A broken line behind each statement of each net in turn: one diagnostic, in that line, and one Broken more."""
    text = path.read_text("utf-8")
    whole, _ = parse(Source(path.name, text))
    for number, item in enumerate(whole.items):
        if not isinstance(item, tree.Net):
            continue
        for place, statement in enumerate(item.body.statements):
            planted = PLANTED[place % len(PLANTED)]
            end = statement.span.end
            file, found = parse(Source(path.name, f"{text[:end]}\n{planted}\n{text[end:]}"))
            [diagnostic] = found
            assert diagnostic.span is not None
            assert end < diagnostic.span.start <= end + 1 + len(planted)
            net = file.items[number]
            assert isinstance(net, tree.Net)
            statements = list(net.body.statements)
            assert isinstance(statements.pop(place + 1), tree.Broken)
            assert tuple(statements) == item.body.statements
            assert [i for i in file.items if i is not net] == [i for i in whole.items if i is not item]


def test_names_in_thrown_text_are_suspects() -> None:
    file, _ = parse(
        Source("a", "net a {\n b = fc(3) relu # c\n for d, e ( in f { fc(3) }\n g = 3\n}\nblock h(i j) { fc(3) }")
    )
    names = {name for name in file.suspects if name.isidentifier()}
    assert names == {"b", "fc", "relu", "d", "e", "in", "f", "h", "i", "j"}


def test_a_mended_header_has_names_of_its_own() -> None:
    """They stand in no text, and are suspects, so that nothing is said of them."""
    file, _ = parse(Source("a", "block b(c d) { repeat { relu } }\nblock b(c d) { relu }\nnet a(b c) { fc(3) }\n"))
    one, two, three = file.items
    assert isinstance(one, tree.Block)
    assert isinstance(two, tree.Block)
    assert isinstance(three, tree.Net)
    [repeat] = one.body.statements
    assert isinstance(repeat, tree.Repeat)
    assert isinstance(repeat.count, tree.Name)
    made = {one.name.id, two.name.id, repeat.count.id}
    assert len(made) == 3
    assert made == {name for name in file.suspects if not name.isidentifier()}
    assert three.name.id == "a"


MESSAGES = {
    "fc(3 -> )": "`->` has nothing on its right",
    "conv(3, 3]": "`(` is closed by `]`",
    "fc(3 + )": "`+` has nothing on its right",
    "let b = 3 +": "`+` has nothing on its right",
    "for i in 3:": "`:` starts no body",
    "train { fc(3) }": "`(` cannot follow `fc`",
    "state h(3)": "`(` cannot follow `h`",
    "b = c ! d": "`!` (U+0021) has no meaning here",
    "b c": "a statement does not go on with `c` after `b`",
    "(b c)": "`c` cannot follow `b`",
    "b = ()": "there is nothing between `(` and `)`",
    "fc(3) => relu": "`=>` is not in the language",
    "let b = 3 ** 2": "`**` is not in the language",
}


@pytest.mark.parametrize("text", MESSAGES)
def test_a_message(text: str) -> None:
    _, [diagnostic] = parse(Source("a", f"net a {{\n  {text}\n}}\n"))
    assert diagnostic.message == MESSAGES[text]
    assert diagnostic.help


def test_a_broken_statement_spans_its_text() -> None:
    file, _ = parse(Source("a", "net a {\n  b = fc(3) relu  # c\n}\n"))
    [net] = file.items
    assert isinstance(net, tree.Net)
    [broken] = net.body.statements
    assert broken.span.text == "b = fc(3) relu"


def test_mistakes_are_ordered_by_place() -> None:
    _, found = parse(Source("a", "net a {\n  b = 1__0 + 1.5K\n  c = 3 4 + $\n  d = 1.0001K\n}\n}"))
    starts = [_start(diagnostic) for diagnostic in found]
    assert len(starts) == 5
    assert starts == sorted(starts)
