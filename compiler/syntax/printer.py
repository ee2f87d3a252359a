"""The syntax tree as text: `parse(print_tree(tree)) == tree`."""

from __future__ import annotations

from collections.abc import Iterable

from . import tree

INDENT = "  "


def print_tree(file: tree.File) -> str:
    """A file as text: one statement a line, bodies indented by two spaces."""
    return "".join(f"{item}\n" for item in map(_item, file.items))


def print_expr(expr: tree.Expr) -> str:
    """An expression on one line."""
    match expr:
        case tree.Number(text=text):
            return text
        case tree.Extent(sizes=sizes):
            return "x".join(map(str, sizes))
        case tree.String(value=value):
            return f'"{value}"'
        case tree.Name(id=name):
            return name
        case tree.Primed(id=name):
            return f"{name}'"
        case tree.In():
            return "in"
        case tree.It():
            return "it"
        case tree.Group(value=value):
            return f"({print_expr(value)})"
        case tree.Tuple(items=items):
            return f"({_list(items)}{',' if len(items) == 1 else ''})"
        case tree.List(items=items):
            return f"[{_list(items)}]"
        case tree.Chain(items=items):
            return " -> ".join(map(print_expr, items))
        case tree.Choice(value=value, condition=condition, other=other):
            return f"{print_expr(value)} if {print_expr(condition)} else {print_expr(other)}"
        case tree.Arithmetic(first=first, rest=rest):
            return print_expr(first) + "".join(f" {sign} {print_expr(item)}" for sign, item in rest)
        case tree.Logic(operator=operator, items=items):
            return f" {operator} ".join(map(print_expr, items))
        case tree.Not(value=value):
            return f"not {print_expr(value)}"
        case tree.Compare(operator=operator, left=left, right=right):
            return f"{print_expr(left)} {operator} {print_expr(right)}"
        case tree.Range(start=start, end=end):
            return f"{print_expr(start)}..{print_expr(end)}"
        case tree.Negative(value=value):
            return f"-{print_expr(value)}"
        case tree.Field(base=base, name=name):
            return f"{print_expr(base)}.{name}"
        case tree.Index(base=base, index=index):
            return f"{print_expr(base)}[{print_expr(index)}]"
        case tree.Call(base=base, arguments=arguments):
            return f"{print_expr(base)}({', '.join(map(_argument, arguments))})"


def _list(items: Iterable[tree.Expr]) -> str:
    return ", ".join(map(print_expr, items))


def _argument(argument: tree.Argument) -> str:
    value = print_expr(argument.value)
    return value if argument.name is None else f"{argument.name} = {value}"


def _item(item: tree.Item) -> str:
    match item:
        case tree.Use(path=path):
            return f"use {print_expr(path)}"
        case tree.Block(inputs=inputs) | tree.Cell(inputs=inputs):
            word = "block" if isinstance(item, tree.Block) else "cell"
            source = f" from {_list(inputs)}" if inputs else ""
            return f"{word} {item.name.id}{_parameters(item.parameters)}{source} {_body(item.body, '')}"
        case tree.Net():
            return f"net {item.name.id}{_parameters(item.parameters)} {_body(item.body, '')}"


def _parameters(parameters: tuple[tree.Parameter, ...]) -> str:
    if not parameters:
        return ""
    texts = [p.name.id + (f" = {print_expr(p.default)}" if p.default is not None else "") for p in parameters]
    return f"({', '.join(texts)})"


def _braces(lines: Iterable[str], indent: str) -> str:
    texts = list(lines)
    if not texts:
        return "{ }"
    inner = indent + INDENT
    return "{\n" + "".join(f"{inner}{text}\n" for text in texts) + indent + "}"


def _body(body: tree.Body, indent: str) -> str:
    return _braces((_statement(statement, indent + INDENT) for statement in body.statements), indent)


def _statement(statement: tree.Statement, indent: str) -> str:
    match statement:
        case tree.Input(name=name, type=type):
            return f"input {name.id}: {_type(type)}"
        case tree.Target(name=name, type=type):
            return f"target {name.id}: {_type(type)}"
        case tree.State(slots=slots):
            return f"state {', '.join(map(_slot, slots))}"
        case tree.Weight(slots=slots):
            return f"param {', '.join(map(_slot, slots))}"
        case tree.Output(names=names):
            return f"output {_list(names)}"
        case tree.Let(name=name, value=value):
            return f"let {name.id} = {print_expr(value)}"
        case tree.Repeat(count=count, variable=variable, body=body):
            called = f" as {variable.id}" if variable else ""
            return f"repeat {print_expr(count)}{called} {_body(body, indent)}"
        case tree.For(names=names, items=items, body=body):
            return f"for {_list(names)} in {print_expr(items)} {_body(body, indent)}"
        case tree.If(branches=branches, otherwise=otherwise):
            texts = [f"if {print_expr(condition)} {_body(body, indent)}" for condition, body in branches]
            return " else ".join([*texts, _body(otherwise, indent)] if otherwise else texts)
        case tree.Train(settings=settings):
            return f"train {_braces((_setting(setting, indent + INDENT) for setting in settings), indent)}"
        case tree.Expect():
            return _expect(statement, indent)
        case tree.Variant(name=name, settings=changes):
            return f"variant {name.id} {_braces((_setting(change, indent + INDENT) for change in changes), indent)}"
        case tree.Bind(names=names, value=value):
            return f"{_list(names)} = {print_expr(value)}"
        case tree.Flow(value=value):
            return print_expr(value)
        case tree.Broken():
            raise ValueError("a statement that did not parse cannot be printed")


def _expect(expect: tree.Expect, indent: str) -> str:
    return f"expect {_braces(map(print_expr, expect.checks), indent)}"


def _setting(setting: tree.Setting | tree.Rule | tree.Expect, indent: str) -> str:
    match setting:
        case tree.Setting(name=name, value=value):
            return f"{name.id} = {print_expr(value)}"
        case tree.Rule(pattern=pattern, settings=settings):
            return f"rule {print_expr(pattern)} {_braces((_setting(s, indent + INDENT) for s in settings), indent)}"
        case tree.Expect():
            return _expect(setting, indent)


def _type(type: tree.Type) -> str:
    return f"{type.dtype}[{_list(type.dims)}]"


def _slot(slot: tree.Slot) -> str:
    value = f" = {print_expr(slot.value)}" if slot.value is not None else ""
    return f"{slot.name}[{_list(slot.dims)}]{value}"
