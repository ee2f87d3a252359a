"""Where a module can be made wrong, and how: one small fault at a time, from its syntax tree alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# What a statement of an emitted program says.
WRITTEN = {
    "add": "subtract",
    "subtract": "add",
    "multiply": "divide",
    "divide": "multiply",
    "maximum": "minimum",
    "minimum": "maximum",
    "greater": "greater_equal",
    "greater_equal": "greater",
    "less": "less_equal",
    "less_equal": "less",
}
# What a primitive says to its tests: on what to try it.
EXAMPLES = {"examples", "convolutions", "kinks", "range", "ranges"}
# What is for a debugger alone.
SHOWN = {"__repr__"}
# The longest line of a change that is shown whole.
WIDTH = 110


@dataclass(frozen=True)
class Fault:
    """A module with one fault: `line` is where, `change` what, `text` the whole of it."""

    path: str
    line: int
    change: str
    text: str

    @property
    def key(self) -> str:
        return f"{self.path}:{self.line}: {self.change}"


@dataclass(frozen=True)
class Site:
    """A node of a tree, by the field of its parent, and what could stand there instead; `statement` is around it."""

    statement: ast.stmt
    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    instead: ast.AST

    def swap(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def sites(tree: ast.Module) -> list[Site]:
    """All places of a module that can be made wrong; a place counts once for each way."""
    left_out = _for_examples(tree)
    found = []
    for statement, parent, field, index in _places(tree, left_out):
        node = getattr(parent, field) if index is None else getattr(parent, field)[index]
        found += [Site(statement, parent, field, index, node, instead) for instead in _instead(node)]
    return found


def fault(path: str, tree: ast.Module, site: Site) -> Fault:
    """The module with one of its sites made wrong; the tree is as it was afterwards."""
    before = ast.unparse(site.statement).split("\n")
    site.swap(site.instead)
    text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    around = site.instead if site.node is site.statement else site.statement
    after = ast.unparse(around).split("\n")
    site.swap(site.node)
    line = getattr(site.node, "lineno", site.statement.lineno)
    old, new = next(pair for pair in zip_longest(before, after, fillvalue="") if pair[0] != pair[1])
    return Fault(path, line, f"`{_shown(old, new)}` becomes `{_shown(new, old)}`", text)


def _shown(line: str, other: str) -> str:
    """A line, of a long one the part around where it differs from the other."""
    line, other = line.strip(), other.strip()
    if len(line) <= WIDTH:
        return line
    first = next((n for n, (a, b) in enumerate(zip(line, other, strict=False)) if a != b), 0)
    start = max(0, min(first - WIDTH // 2, len(line) - WIDTH))
    return ("… " if start else "") + line[start : start + WIDTH] + (" …" if start + WIDTH < len(line) else "")


def _for_examples(tree: ast.Module) -> set[ast.AST]:
    """The definitions of a module that its examples need, and nothing else in it."""
    left_out = {node for node in ast.walk(tree) if _names(node) and _names(node) <= EXAMPLES | SHOWN}
    helpers = {name: node for node in tree.body if not isinstance(node, ast.ClassDef) for name in _names(node)}
    while True:
        inside = {inner for node in left_out for inner in ast.walk(node)}
        named = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        there, elsewhere = ({n.id for n in named if (n in inside) is side} for side in (True, False))
        more = {node for name, node in helpers.items() if name in there - elsewhere} - left_out
        if not more:
            return left_out
        left_out |= more


def _names(node: ast.AST) -> set[str]:
    """The names that a definition gives."""
    match node:
        case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _places(
    node: ast.AST, left_out: set[ast.AST], statement: ast.stmt | None = None
) -> Iterator[tuple[ast.stmt, ast.AST, str, int | None]]:
    """Every node that runs: the statement that it stands in, and where it hangs. Left out is what the type checker
    alone reads, decorators, texts that explain, and assertions, which state what cannot be otherwise."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or child in left_out or _beside(child):
                continue
            inside = child if isinstance(child, ast.stmt) else statement
            if inside is not None:
                yield inside, node, name, index
            yield from _places(child, left_out, inside)


def _beside(node: ast.AST) -> bool:
    """Whether a node does nothing at run time that a test should see."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.keyword(arg="strict"):
            return True
    return False


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op]):
            yield ast.Compare(node.left, [COMPARISONS[type(op)]()], node.comparators)
        case ast.BinOp() if type(node.op) in ARITHMETIC and not _textual(node):
            yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
        case ast.AugAssign() if type(node.op) in ARITHMETIC:
            yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
            yield ast.Pass()
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(number + 1)
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield ast.Call(ast.Name(CALLS[name]), node.args, node.keywords)
        case ast.Call(func=ast.Name(id="code"), args=[said]):
            for wrong in _written(said):
                yield ast.Call(node.func, [wrong], node.keywords)
        case ast.Return(value=ast.AST() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
    match node:
        case ast.If() | ast.While() if not _plain(node.test):
            yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.IfExp() if not _plain(node.test):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.comprehension(ifs=[test, *more]) if not _plain(test):
            yield ast.comprehension(node.target, node.iter, [ast.UnaryOp(ast.Not(), test), *more], node.is_async)
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Continue() | ast.Break() | ast.Delete():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()


def _plain(test: ast.expr) -> bool:
    """Whether a condition is turned into its opposite by another fault."""
    return isinstance(test, ast.Compare | ast.UnaryOp) and not (isinstance(test, ast.Compare) and len(test.ops) > 1)


def _textual(node: ast.BinOp) -> bool:
    """Whether it puts texts together."""
    sides = (node.left, node.right)
    return any(
        isinstance(s, ast.JoinedStr) or (isinstance(s, ast.Constant) and isinstance(s.value, str)) for s in sides
    )


def _written(said: ast.AST) -> Iterator[ast.expr]:
    """A statement that is written into a program, with a function or a number of it changed."""
    parts = said.values if isinstance(said, ast.JoinedStr) else [said]
    for place, part in enumerate(parts):
        if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
            continue
        for found in re.finditer(r"\bnp\.(\w+)|\b\d+\.\d+\b", part.value):
            word = found[0]
            new = f"np.{WRITTEN[found[1]]}" if found[1] in WRITTEN else str(float(word) + 1) if not found[1] else word
            if new == word:
                continue
            text = ast.Constant(part.value[: found.start()] + new + part.value[found.end() :])
            yield (
                ast.JoinedStr([*parts[:place], text, *parts[place + 1 :]]) if isinstance(said, ast.JoinedStr) else text
            )
