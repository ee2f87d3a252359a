"""What binds how strongly, and what every statement is made of: trees written out as nested lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.compiler.syntax.node import Node
from netc.compiler.syntax.printer import print_tree
from netc.grammar.parser import parse

TASTE = Path(__file__).parent / "taste.net"

EXPRESSIONS = {
    "a": "a",
    "a'": "a'",
    "in": "in",
    "it": "it",
    '"a # b"': '"a # b"',
    "3x5": "3x5",
    "(a)": "(group a)",
    "(a, b)": "(tuple a b)",
    "(a,)": "(tuple a)",
    "(a, b,)": "(tuple a b)",
    "[]": "(list)",
    "[a, [b],]": "(list a (list b))",
    "a + b - c": "(+- a + b - c)",
    "a - (b - c)": "(+- a - (group (+- b - c)))",
    "a * b // c % d / e": "(+- a * b // c % d / e)",
    "a + b * c + d": "(+- a + (+- b * c) + d)",
    "-a * b - c": "(+- (+- (neg a) * b) - c)",
    "a - -b": "(+- a - (neg b))",
    "-a.b(c)[d]": "(neg (index (call (field a b) c) d))",
    "a + 1..b * 2": "(range (+- a + 1) (+- b * 2))",
    "0..4": "(range 0 4)",
    "a..b == c": "(== (range a b) c)",
    "a < b": "(< a b)",
    "a <= b and b >= c and c != d": "(and (<= a b) (>= b c) (!= c d))",
    "a and b or c and d or e": "(or (and a b) (and c d) e)",
    "not a == b and c": "(and (not (== a b)) c)",
    "a and not b": "(and a (not b))",
    "a if b or c else d + e": "(if (or b c) a (+- d + e))",
    "a -> b + c -> d": "(-> a (+- b + c) d)",
    "a + b -> c": "(-> (+- a + b) c)",
    "(a if b else c) -> d": "(-> (group (if b a c)) d)",
    "(a -> b, c) -> d": "(-> (tuple (-> a b) c) d)",
    "f()": "(call f)",
    "f(a, b = c, d = e -> f)": "(call f a b=c d=(-> e f))",
    "f(a == b, c = d == e)": "(call f (== a b) c=(== d e))",
    "f(a)(b)": "(call (call f a) b)",
    "a.b.c": "(field (field a b) c)",
    "a[b][c + d]": "(index (index a b) (+- c + d))",
    "in.shape[1]": "(index (field in shape) 1)",
    "f(in -> g)": "(call f (-> in g))",
    "f(\n  a,\n  b\n)": "(call f a b)",
    "a\n  -> b ->\n  c": "(-> a b c)",
    "a +\n  b": "(+- a + b)",
    "a if b\n  else c": "(if b a c)",
}

STATEMENTS = {
    "input a: f32[N, 3]": "(Input a (type f32 N 3))",
    "target a: i64[]": "(Target a (type i64))",
    "state a[b, c], d[e] = f": "(State (slot a b c None) (slot d e f))",
    "param a[b] = 0": "(Weight (slot a b 0))",
    "output a, b'": "(Output a b')",
    "let a = b": "(Let a b)",
    "a = b -> c": "(Bind a (-> b c))",
    "a, b' = c": "(Bind a b' c)",
    "a -> b": "(Flow (-> a b))",
    "repeat 3 { a }": "(Repeat 3 None {(Flow a)})",
    "repeat a + 1 as i { }": "(Repeat (+- a + 1) i {})",
    "for a, b in c { d; e }": "(For a b c {(Flow d) (Flow e)})",
    "if a { b }": "(If a {(Flow b)} None)",
    "if a { b } else if c { d } else if e { f } else { g }": "(If a {(Flow b)} c {(Flow d)} e {(Flow f)} {(Flow g)})",
    'train { a = b; rule "*.c" { d = e } }': '(Train (Setting a b) (Rule "*.c" (Setting d e)))',
    "train { }": "(Train)",
    "expect { a <= 3; b == c }": "(Expect (<= a 3) (== b c))",
    "variant a { b = c\n expect { d } }": "(Variant a (Setting b c) (Expect d))",
}

ITEMS = {
    'use "a.net"': '(Use "a.net")',
    "net a { }": "(Net a {})",
    "net a() { }": "(Net a {})",
    "net a(b, c = 3,) { }": "(Net a (Parameter b None) (Parameter c 3) {})",
    "block a from b { }": "(Block a b {})",
    "block a(b) from c, d { e }": "(Block a (Parameter b None) c d {(Flow e)})",
    "cell a(b = c) { }": "(Cell a (Parameter b c) {})",
}


def show(part: object) -> str:
    """A part of a tree as nested lists."""
    match part:
        case tree.Number(text=text):
            return text
        case tree.Name(id=name):
            return name
        case tree.Primed(id=name):
            return f"{name}'"
        case tree.String(value=value):
            return f'"{value}"'
        case tree.Extent(sizes=(rows, columns)):
            return f"{rows}x{columns}"
        case tree.In() | tree.It():
            return type(part).__name__.lower()
        case tree.Argument(name=name, value=value):
            return f"{name}={show(value)}" if name else show(value)
        case tree.Body(statements=statements):
            return f"{{{' '.join(map(show, statements))}}}"
        case tree.Arithmetic(first=first, rest=rest):
            return f"(+- {show(first)} {show(rest)})"
        case tree.Logic(operator=operator, items=items):
            return f"({operator} {show(items)})"
        case tree.Compare(operator=operator, left=left, right=right):
            return f"({operator} {show(left)} {show(right)})"
        case tree.Choice(value=value, condition=condition, other=other):
            return f"(if {show(condition)} {show(value)} {show(other)})"
        case Node():
            word = WORDS.get(type(part), type(part).__name__)
            return f"({' '.join(filter(None, (word, *map(show, part.parts()))))})"
        case tuple():
            return " ".join(filter(None, map(show, part)))
        case _:
            return str(part)


WORDS: dict[type, str] = {
    tree.Group: "group",
    tree.Tuple: "tuple",
    tree.List: "list",
    tree.Negative: "neg",
    tree.Not: "not",
    tree.Range: "range",
    tree.Chain: "->",
    tree.Call: "call",
    tree.Field: "field",
    tree.Index: "index",
    tree.Type: "type",
    tree.Slot: "slot",
}


def only_statement(text: str) -> tree.Statement:
    file, diagnostics = parse(Source("one", f"net a {{\n{text}\n}}\n"))
    assert diagnostics == ()
    [net] = file.items
    assert isinstance(net, tree.Net)
    [statement] = net.body.statements
    return statement


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression(text: str) -> None:
    statement = only_statement(f"let x = {text}")
    assert isinstance(statement, tree.Let)
    assert show(statement.value) == EXPRESSIONS[text]


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_statement(text: str) -> None:
    assert show(only_statement(text)) == STATEMENTS[text]


@pytest.mark.parametrize("text", ITEMS)
def test_an_item(text: str) -> None:
    file, diagnostics = parse(Source("one", text))
    assert diagnostics == ()
    assert show(file.items) == ITEMS[text]


def test_long_chains_are_flat() -> None:
    """Ten thousand links, and one level of the tree."""
    for sign, kind in ((" -> ", tree.Chain), (" + ", tree.Arithmetic), (" and ", tree.Logic)):
        statement = only_statement(sign.join(["a"] * 10_000))
        assert isinstance(statement, tree.Flow)
        assert isinstance(statement.value, kind)
    statement = only_statement("if a { } " + "else if a { } " * 10_000)
    assert isinstance(statement, tree.If)
    assert len(statement.branches) == 10_001


def test_a_taste_of_the_language() -> None:
    file, diagnostics = parse(Source("taste.net", TASTE.read_text("utf-8")))
    assert diagnostics == ()
    names = [item.name.id for item in file.items if not isinstance(item, tree.Use)]
    assert names == ["lenet5", "basic", "inception", "lstm", "jordan", "charlm"]
    assert parse(Source("printed", print_tree(file))) == (file, ())


@pytest.mark.parametrize("text", ["a if c else b -> relu", "relu -> a if c else b", "f(a if c else b -> relu)"])
def test_a_conditional_beside_an_arrow_is_an_error(text: str) -> None:
    _, [diagnostic] = parse(Source("bare", f"net x {{\n  {text}\n}}"))
    assert diagnostic.code == "bare-conditional"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "a if c else b"
