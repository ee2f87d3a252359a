"""Checking names before anything is resolved: in every block, cell and net, also where nothing uses it.

Found here are names that nothing binds, layers and arguments that do not exist, statements out of place and blocks that
use themselves. What is reported here is unknown later, without another word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ..diagnostics.collect import Collector
from ..diagnostics.diagnostic import Diagnostic, Label
from ..diagnostics.suggest import closest
from ..graph.arguments import signature
from ..graph.layer import find_layer, layer_names
from ..source import Span
from ..syntax import tree
from .program import Item, Namespace, library
from .training import check_train
from .words import FUNCTIONS, METRICS, SOFT_WORDS, WORDS

# What a use of a recurrent cell takes beside the cell's own parameters and states.
CELL_OPTIONS = ("reverse", "bidirectional", "layers", "return", "lengths", "biases", "states")
SUGGESTIONS = 20
Kind = Literal["net", "block", "cell"]
Position = Literal["use", "value"]


@dataclass(slots=True)
class Scope:
    """The names that are bound at a place: `bound` by loop, the innermost last, each with the place of its binding."""

    kind: Kind
    bound: list[dict[str, Span]]
    symbols: set[str]
    states: dict[str, Span] = field(default_factory=dict)
    loops: int = 0

    def find(self, name: str) -> Span | None:
        return next((scope[name] for scope in reversed(self.bound) if name in scope), None)


class NameCheck:
    """Checks one file; `broken` collects the places that were reported, `calls` the blocks that each block names."""

    def __init__(self, space: Namespace, collector: Collector, broken: set[Span]) -> None:
        self.space = space
        self.collector = collector
        self.broken = broken
        self.calls: dict[str, dict[str, Span]] = {}
        self._current: dict[str, Span] = {}
        self._suggested = 0

    def run(self) -> None:
        for name, item in self.space.own.items():
            self._current = self.calls[name] = {}
            self._item(item, "cell" if isinstance(item, tree.Cell) else "block", [n.id for n in item.inputs])
        for net in self.space.nets.values():
            self._current = {}
            self._item(net, "net", [])
        self._recursion()

    def report(
        self, code: str, message: str, span: Span, *, help: str = "", labels: tuple[Label, ...] = (), label: str = ""
    ) -> None:
        self.broken.add(span)
        self.collector.add(Diagnostic(code, message, span, label, labels, (), help))

    def value(self, expr: tree.Expr) -> None:
        """Check an expression that stands by itself, with no names bound."""
        self.expression(expr, Scope("net", [{}], set()), "value")

    # Items and statements

    def _item(self, item: Item | tree.Net, kind: Kind, inputs: list[str]) -> None:
        scope = Scope(kind, [{}], set())
        for parameter in item.parameters:
            if parameter.default is not None:
                self.expression(parameter.default, scope, "value")
            self._bind(parameter.name, scope)
        if not isinstance(item, tree.Net):
            for name in item.inputs:
                self._bind(name, scope)
        else:
            scope.symbols = set(symbols_of(item))
        if kind == "cell":
            self._states(item.body, scope)
        self._body(item.body, scope)
        for name, span in scope.states.items():
            if not any(_writes(statement, name) for statement in item.body.statements):
                self.report(
                    "undefined-name", f"the state `{name}` is never written", span,
                    help=f"write its next value: `{name}' = …`",
                )  # fmt: skip

    def _states(self, body: tree.Body, scope: Scope) -> None:
        for statement in body.statements:
            if isinstance(statement, tree.State):
                for slot in statement.slots:
                    scope.states[slot.name] = slot.span

    def _body(self, body: tree.Body, scope: Scope) -> None:
        for statement in body.statements:
            self._statement(statement, scope)

    def _statement(self, statement: tree.Statement, scope: Scope) -> None:
        match statement:
            case tree.Input() | tree.Target():
                if self._place(statement, scope, "net"):
                    self._type(statement.type, scope)
                    self._bind(statement.name, scope)
            case tree.State(_, slots):
                if self._place(statement, scope, "cell"):
                    self._slots(slots, scope)
            case tree.Weight(_, slots):
                self._slots(slots, scope)
            case tree.Output(_, names):
                for name in names:
                    self.expression(name, scope, "value")
            case tree.Let(_, name, value):
                self.expression(value, scope, "value")
                self._bind(name, scope)
            case tree.Bind(_, names, value):
                self.expression(value, scope, "use")
                for bound in names:
                    self._target(bound, scope)
            case tree.Flow(_, value):
                self.expression(value, scope, "use")
            case tree.Repeat(_, count, variable, body):
                self.expression(count, scope, "value")
                self._loop([variable] if variable else [], body, scope)
            case tree.For(_, names, items, body):
                self.expression(items, scope, "value")
                self._loop(list(names), body, scope)
            case tree.If():
                self._if(statement, scope)
            case tree.Train():
                if self._place(statement, scope, "net"):
                    check_train(self, statement, scope)
            case tree.Expect(_, checks):
                if self._place(statement, scope, "net"):
                    self.expect(checks, scope)
            case tree.Variant():
                if self._place(statement, scope, "net"):
                    self._variant(statement, scope)

    def _place(self, statement: tree.Statement, scope: Scope, kind: Kind) -> bool:
        if scope.kind == kind and not scope.loops:
            return True
        word = type(statement).__name__.lower()
        self.report(
            "misplaced", f"`{word}` stands in the body of a {kind}, not {'in a loop or branch' if scope.kind == kind else f'in a {scope.kind}'}",
            statement.span, help=f"move it to the top of the {kind}" if scope.kind == kind else "move it to a " + kind,
        )  # fmt: skip
        return False

    def _type(self, type: tree.Type, scope: Scope) -> None:
        if type.dtype not in ("f32", "f64", "i64", "u8", "bool"):
            self.report(
                "bad-argument", f"there is no element type `{type.dtype}`", type.span, help="write f32, f64, i64, u8 or bool"
            )
        for dim in type.dims:
            self.expression(dim, scope, "value")

    def _slots(self, slots: Iterable[tree.Slot], scope: Scope) -> None:
        for slot in slots:
            for dim in slot.dims:
                self.expression(dim, scope, "value")
            if slot.value is not None:
                self.expression(slot.value, scope, "value")
            self._bind(tree.Name(slot.span, slot.name), scope)

    def _target(self, name: tree.Name | tree.Primed, scope: Scope) -> None:
        if isinstance(name, tree.Name):
            self._bind(name, scope)
        elif scope.kind != "cell":
            self.report("misplaced", f"`{name.id}'` is the next value of a state, and only a cell has states", name.span,
                        help=f"write `{name.id}_2`, or make the block a cell")  # fmt: skip
        elif name.id not in scope.states:
            self.report("undefined-name", f"there is no state `{name.id}`", name.span,
                        help=f"declare it: `state {name.id}[units]`")  # fmt: skip
        else:
            key = f"{name.id}'"
            if scope.find(key):
                self.report("duplicate-name", f"`{key}` is written twice", name.span, help="write each state once")
            scope.bound[-1][key] = name.span

    def _bind(self, name: tree.Name, scope: Scope) -> None:
        known = scope.find(name.id)
        if name.id in WORDS:
            self.report("reserved-word", f"`{name.id}` is an option word and cannot be a name", name.span,
                        help=f"call it `{name.id}_`")  # fmt: skip
        elif name.id[0].isupper():
            self.report("reserved-word", f"`{name.id}` starts with a capital, as dimensions do", name.span,
                        help=f"write `{name.id.lower()}`")  # fmt: skip
        elif known is not None:
            self.report(
                "duplicate-name", f"`{name.id}` is bound twice", name.span,
                labels=(Label(known, "first bound here"),), help="names are never bound again: take another name",
            )  # fmt: skip
        scope.bound[-1].setdefault(name.id, name.span)

    def _loop(self, names: list[tree.Name], body: tree.Body, scope: Scope) -> None:
        scope.bound.append({})
        scope.loops += 1
        for name in names:
            self._bind(name, scope)
        self._body(body, scope)
        scope.loops -= 1
        scope.bound.pop()

    def _if(self, statement: tree.If, scope: Scope) -> None:
        """Each branch sees what was bound before; after it, what any branch bound is bound."""
        merged: dict[str, Span] = {}
        before = dict(scope.bound[-1])
        bodies = [body for _, body in statement.branches]
        for condition, _ in statement.branches:
            self.expression(condition, scope, "value")
        scope.loops += 1
        for body in [*bodies, *([statement.otherwise] if statement.otherwise else [])]:
            scope.bound[-1] = dict(before)
            self._body(body, scope)
            merged |= scope.bound[-1]
        scope.loops -= 1
        scope.bound[-1] = before | merged

    def _variant(self, statement: tree.Variant, scope: Scope) -> None:
        net = next(n for n in self.space.nets.values() if statement in n.body.statements)
        known = [parameter.name.id for parameter in net.parameters]
        for setting in statement.settings:
            if isinstance(setting, tree.Expect):
                self.expect(setting.checks, scope)
            elif setting.name.id not in known:
                self.report(
                    "unknown-setting", f"the net has no parameter `{setting.name.id}`", setting.name.span,
                    help=self.meant(setting.name.id, known) or f"its parameters are {', '.join(known) or 'none'}",
                )  # fmt: skip
            else:
                self.expression(setting.value, scope, "value")

    def expect(self, checks: Iterable[tree.Expr], scope: Scope) -> None:
        scope.bound.append(dict.fromkeys(METRICS, Span(self.space.source, 0, 0)))
        for check in checks:
            self.expression(check, scope, "value")
        scope.bound.pop()

    # Expressions

    def expression(self, expr: tree.Expr, scope: Scope, position: Position) -> None:
        """Check an expression; in the position `use` a layer in it is applied."""
        match expr:
            case tree.Name():
                self._name(expr, scope, position)
            case tree.Primed(id=name):
                if scope.kind != "cell" or name not in scope.states:
                    self._target(expr, scope)
                elif scope.find(f"{name}'") is None:
                    self.report("undefined-name", f"`{name}'` is read before it is written", expr.span,
                                help=f"`{name}` is the value of the step before; write `{name}' = …` first")  # fmt: skip
            case tree.Group(_, value) | tree.Not(_, value) | tree.Negative(_, value):
                self.expression(value, scope, position)
            case tree.Tuple(_, items) | tree.Chain(_, items):
                for item in items:
                    self.expression(item, scope, "use" if isinstance(expr, tree.Chain) else position)
            case tree.List(_, items) | tree.Logic(_, _, items):
                for item in items:
                    self.expression(item, scope, "value")
            case tree.Choice(_, value, condition, other):
                self.expression(condition, scope, "value")
                self.expression(value, scope, position)
                self.expression(other, scope, position)
            case tree.Arithmetic(_, first, rest):
                self.expression(first, scope, position)
                for _, item in rest:
                    self.expression(item, scope, position)
            case tree.Compare(_, _, left, right) | tree.Range(_, left, right):
                self.expression(left, scope, "value")
                self.expression(right, scope, "value")
            case tree.Field(_, base, _):
                self.expression(base, scope, "value")
            case tree.Index(_, base, index):
                self.expression(base, scope, "value")
                self.expression(index, scope, "value")
            case tree.Call():
                self._call(expr, scope, position)

    def _name(self, expr: tree.Name, scope: Scope, position: Position) -> None:
        if not self._known(expr.id, scope, expr.span):
            self._undefined(expr, scope, position)
        elif position == "use" and scope.find(expr.id) is None:
            self._missing(expr.id, (), expr.span)

    def _known(self, name: str, scope: Scope, span: Span) -> bool:
        if scope.find(name) is not None or name in self.space.file.suspects:
            return True
        if self.space.find(name) is not None:
            self._current.setdefault(name, span)
            return True
        return (
            name in WORDS or name in scope.symbols or name in SOFT_WORDS
            or find_layer(name) is not None or name in library()
        )  # fmt: skip

    def _undefined(self, expr: tree.Name, scope: Scope, position: Position) -> None:
        name = expr.id
        if name[0].isupper():
            symbols = ", ".join(sorted(scope.symbols)) or "none"
            self.report("undefined-name", f"no input has a dimension `{name}`", expr.span,
                        help=f"the symbolic dimensions here are {symbols}; other names start with a small letter")  # fmt: skip
            return
        bound = [name for names in scope.bound for name in names]
        if position == "use":
            candidates = [*bound, *self.space.own, *self.space.used, *layer_names(), *library()]
            self.report("unknown-layer", f"there is no layer or value `{name}`", expr.span,
                        help=self.meant(name, candidates) or "`netc layers` lists the layers; a block of your own is "
                        f"`block {name} {{ … }}`")  # fmt: skip
        else:
            candidates = [*bound, *scope.symbols, *self.space.own, *layer_names(), *WORDS, *SOFT_WORDS]
            self.report("undefined-name", f"nothing here is called `{name}`", expr.span,
                        help=self.meant(name, candidates) or f"bind it first: `{name} = …`, or `let {name} = …`")  # fmt: skip

    def meant(self, name: str, candidates: Iterable[str]) -> str:
        """`did you mean …`, or nothing; asked at most 20 times in a file."""
        self._suggested += 1
        found = closest(name, candidates) if self._suggested <= SUGGESTIONS else None
        return f"did you mean `{found}`?" if found else ""

    def _call(self, expr: tree.Call, scope: Scope, position: Position) -> None:
        base = expr.base
        for argument in expr.arguments:
            self.expression(argument.value, scope, "value")
        if not isinstance(base, tree.Name):
            self.expression(base, scope, "value")
            return
        if scope.find(base.id) is not None or base.id in FUNCTIONS:
            return
        if not self._known(base.id, scope, base.span):
            self._undefined(base, scope, "use")
            return
        names = self._arguments(base.id)
        if names is None:
            return
        seen: set[str] = set()
        for argument in expr.arguments:
            if argument.name is not None and argument.name not in names:
                at = Span(argument.span.source, argument.span.start, argument.span.start + len(argument.name))
                self.report(
                    "unknown-argument", f"`{base.id}` has no argument `{argument.name}`", at,
                    help=self.meant(argument.name, names) or f"its arguments are {', '.join(names) or 'none'}",
                )  # fmt: skip
                self.broken.add(expr.span)
            elif argument.name in seen:
                self.report("duplicate-argument", f"`{argument.name}` is given twice", argument.span,
                            help="give each argument once")  # fmt: skip
                self.broken.add(expr.span)
            seen.add(argument.name or "")
        if position == "use" and expr.span not in self.broken:
            self._missing(base.id, expr.arguments, expr.span)

    def _arguments(self, name: str) -> list[str] | None:
        """The names of a layer's, block's or cell's arguments; None for what takes any."""
        found = self.space.find(name) or (None if find_layer(name) else library().get(name))
        if found is not None:
            item = found[0]
            names = [parameter.name.id for parameter in item.parameters]
            if isinstance(item, tree.Cell):
                states = [s.name for stmt in item.body.statements if isinstance(stmt, tree.State) for s in stmt.slots]
                names += [*states, *CELL_OPTIONS]
            return names
        layer = find_layer(name)
        return [item.name for item in signature(layer)] if layer else None

    def _missing(self, name: str, given: tuple[tree.Argument, ...], span: Span) -> None:
        """Report a required argument that cannot have been given: neither by name nor by position."""
        found = self.space.find(name) or (None if find_layer(name) else library().get(name))
        if found is not None:
            required = [p.name.id if p.default is None else "" for p in found[0].parameters]
        else:
            layer = find_layer(name)
            required = [item.name if item.required else "" for item in signature(layer)] if layer else []
        named = {argument.name for argument in given}
        positional = sum(argument.name is None for argument in given)
        missing = [n for place, n in enumerate(required) if n and n not in named and place >= positional]
        if missing:
            self.report(
                "missing-argument", f"`{name}` needs `{missing[0]}`", span,
                help=f"write `{name}({', '.join(f'{n} = …' for n in missing)})`"
                + (f", or see `netc layers {name}`" if found is None else ""),
            )  # fmt: skip

    # Blocks that use themselves

    def _recursion(self) -> None:
        done: set[str] = set()
        for start in self.calls:
            path: list[tuple[str, Iterable[tuple[str, Span]]]] = [(start, iter(self.calls[start].items()))]
            on_path = {start: None}
            while path and start not in done:
                name, rest = path[-1]
                step = next(iter(rest), None)
                if step is None:
                    path.pop()
                    on_path.pop(name)
                    done.add(name)
                elif step[0] in on_path:
                    circle = [*list(on_path)[list(on_path).index(step[0]) :], step[0]]
                    self.report(
                        "recursion", f"the block `{step[0]}` uses itself: {' → '.join(circle)}", step[1],
                        help="a network is finite: repeat with `repeat 3 { … }`",
                    )  # fmt: skip
                elif step[0] not in done and step[0] in self.calls:
                    on_path[step[0]] = None
                    path.append((step[0], iter(self.calls[step[0]].items())))


def symbols_of(net: tree.Net) -> list[str]:
    """The symbolic dimensions of a net: the upper-case names in the types of its inputs and targets, in order."""
    found: dict[str, None] = {}
    for statement in net.body.statements:
        if isinstance(statement, tree.Input | tree.Target):
            todo: list[tree.Expr] = list(statement.type.dims)
            while todo:
                expr = todo.pop(0)
                if isinstance(expr, tree.Name) and expr.id[0].isupper():
                    found[expr.id] = None
                elif isinstance(expr, tree.Arithmetic):
                    todo += [expr.first, *(item for _, item in expr.rest)]
                elif isinstance(expr, tree.Group):
                    todo.append(expr.value)
    return list(found)


def _writes(statement: tree.Statement, state: str) -> bool:
    match statement:
        case tree.Bind(_, names, _):
            return any(isinstance(name, tree.Primed) and name.id == state for name in names)
        case tree.If(_, branches, otherwise):
            bodies = [body for _, body in branches] + ([otherwise] if otherwise else [])
            return any(_writes(inner, state) for body in bodies for inner in body.statements)
        case tree.Broken():
            return True
    return False
