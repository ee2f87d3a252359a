"""Checking names before anything is resolved: in every block, cell and net, also where nothing uses it.

Found here are names that nothing binds, layers and arguments that do not exist, statements out of place and blocks that
use themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..diagnostics.collect import Collector
from ..diagnostics.diagnostic import Label
from ..graph.tensor import ITEM_BYTES
from ..source import Span
from ..syntax import tree
from .elsewhere import DTYPES
from .names import Kind, NameCheck, Scope
from .program import Item, Namespace
from .states import is_state
from .training import check_train
from .words import METRICS, WORDS


class FileCheck(NameCheck):
    """Checks one file; `calls` holds the blocks that each block names, with a place, `parameters` the names of those
    of the item being checked."""

    def __init__(self, space: Namespace, collector: Collector, broken: set[Span]) -> None:
        super().__init__(space, collector, broken)
        self.calls: dict[str, dict[str, Span]] = {}
        self.parameters: list[str] = []

    def run(self) -> None:
        for name, item in self.space.own.items():
            self.named = self.calls[name] = {}
            self._item(item, "cell" if isinstance(item, tree.Cell) else "block", [n.id for n in item.inputs])
        for net in self.space.nets.values():
            self.named = {}
            self._item(net, "net", [])
        self._recursion()

    def _item(self, item: Item | tree.Net, kind: Kind, inputs: list[str]) -> None:
        scope = Scope(kind, [{}], set(), anywhere=_bindings(item.body))
        self.parameters = [parameter.name.id for parameter in item.parameters]
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
            self._states(item, scope)
        self._body(item.body, scope)
        if kind == "cell":
            self._cell_output(item, scope)
        for state, span in scope.states.items() if kind == "cell" else ():
            if state not in scope.lost and not any(_writes(statement, state) for statement in item.body.statements):
                self.report(
                    "undefined-name",
                    f"the state `{state}` is never written",
                    span,
                    help=f"write its next value: `{state}' = …`",
                )

    def _states(self, item: Item | tree.Net, scope: Scope) -> None:
        slots = [slot for s in item.body.statements if isinstance(s, tree.State) for slot in s.slots]
        scope.states = {slot.name: slot.span for slot in slots}
        scope.primed = frozenset(name.id for name in _bound(item.body) if isinstance(name, tree.Primed))
        sizes = [", ".join(dim.span.text for dim in slot.dims) for slot in slots]
        scope.size = next(iter([*sizes, *self.parameters]), scope.size)

    def _cell_output(self, item: Item | tree.Net, scope: Scope) -> None:
        """Warn where the result of a cell is the state that happens to be written last."""
        statements = item.body.statements
        if len(scope.states) < 2 or any(isinstance(s, tree.Output | tree.Broken) for s in statements):
            return
        match [s for s in statements if not isinstance(s, tree.State | tree.Weight | tree.Let)][-1:]:
            case [tree.Bind(_, (tree.Primed(span, last),), _)]:
                other = next(state for state in scope.states if state != last)
                self.warn(
                    "cell-output",
                    f"`{item.name.id}` has no `output`, so each step gives `{last}'`, the last value of the body",
                    span,
                    help=f"write `output {other}'`, or if `{last}'` is meant `output {last}'`",
                )

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
                if not self._place(statement, scope, "cell"):
                    scope.states |= {slot.name: slot.span for slot in slots}
                self._slots("state", slots, scope)
            case tree.Weight(_, slots):
                self._slots("param", slots, scope)
            case tree.Output(_, names):
                for name in names:
                    self.expression(name, scope, "value")
            case tree.Let(_, name, value):
                self.expression(value, scope, "value")
                self._bind(name, scope)
            case tree.Bind(_, names, value):
                self.expression(value, scope, "start")
                for bound in names:
                    self._target(bound, scope)
            case tree.Flow(_, tree.Compare(_, "==", tree.Name(left, name), _)) if scope.find(name) is None:
                self.report(
                    "not-a-tensor",
                    "a statement is a pipeline of tensors, and this is a comparison",
                    statement.span,
                    help=f"write `{name} = …` to bind a name",
                )
                scope.lost.add(name)
                self.broken.add(left)
            case tree.Flow(_, value):
                self.expression(value, scope, "start")
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
            case tree.Broken():
                # It may have written any state.
                scope.lost |= {f"{state}'" for state in scope.states}
            case tree.Variant():
                if self._place(statement, scope, "net"):
                    self._variant(statement, scope)

    def _place(self, statement: tree.Statement, scope: Scope, kind: Kind) -> bool:
        if scope.kind == kind and not scope.inside:
            return True
        word = type(statement).__name__.lower()
        where = "in a loop or branch" if scope.kind == kind else f"in a {scope.kind}"
        self.report(
            "misplaced",
            f"`{word}` stands in the body of a {kind}, not {where}",
            statement.span,
            help=f"move it to the top of the {kind}"
            if scope.kind == kind
            else "a block's input is `in`; several are named by `block name from a, b`"
            if word == "input"
            else "move it to a " + kind,
        )
        return False

    def _type(self, type: tree.Type, scope: Scope) -> None:
        if type.dtype not in ITEM_BYTES:
            self.report(
                "bad-argument",
                f"there is no element type `{type.dtype}`",
                Span(type.span.source, type.span.start, type.span.start + len(type.dtype)),
                help=f"write `{DTYPES[type.dtype]}`" if type.dtype in DTYPES else "write f32, f64, i64, u8 or bool",
            )
        for place, dim in enumerate(type.dims):
            if isinstance(dim, tree.Name) and dim.id[0].islower() and not self._known(dim.id, scope, dim.span):
                self.report(
                    "undefined-name",
                    f"nothing here is called `{dim.id}`",
                    dim.span,
                    help=f"an open dimension has a capital: write `{'N' if place == 0 else dim.id.upper()}`",
                )
            else:
                self.expression(dim, scope, "value")

    def _slots(self, word: str, slots: Iterable[tree.Slot], scope: Scope) -> None:
        for slot in slots:
            for place, dim in enumerate(slot.dims):
                if place == 0 and isinstance(dim, tree.Name) and dim.id == "N":
                    sizes = ", ".join(size.span.text for size in slot.dims[1:]) or "units"
                    self.report(
                        "bad-argument",
                        f"the size of a `{word}` leaves out N, the batch",
                        dim.span,
                        help=f"write `{word} {slot.name}[{sizes}]`",
                    )
                else:
                    self.expression(dim, scope, "value")
            if slot.value is not None:
                self.expression(slot.value, scope, "value")
            self._bind(tree.Name(slot.span, slot.name), scope)

    def _target(self, name: tree.Name | tree.Primed, scope: Scope) -> None:
        if isinstance(name, tree.Name):
            self._bind(name, scope)
        elif is_state(self, name, scope):
            key = f"{name.id}'"
            if scope.find(key):
                self.report("duplicate-name", f"`{key}` is written twice", name.span, help="write each state once")
            scope.bound[-1][key] = name.span

    def _bind(self, name: tree.Name, scope: Scope) -> None:
        known = scope.find(name.id)
        if name.id in WORDS:
            self.report(
                "reserved-word",
                f"`{name.id}` is an option word and cannot be a name",
                name.span,
                help=f"call it `{name.id}_`",
            )
        elif name.id[0].isupper():
            self.report(
                "reserved-word",
                f"`{name.id}` starts with a capital, as dimensions do",
                name.span,
                help=f"write `{name.id.lower()}`",
            )
        elif scope.kind == "cell" and known is not None and known == scope.states.get(name.id):
            scope.lost.add(name.id)
            self.broken.add(known)
            self.report(
                "duplicate-name",
                f"`{name.id}` is a state, and stands for its value before the step",
                name.span,
                labels=(Label(known, "declared here"),),
                help=f"write its next value: `{name.id}' = …`",
            )
        elif known is not None:
            self.report(
                "duplicate-name",
                f"`{name.id}` is bound twice",
                name.span,
                labels=(Label(known, "first bound here"),),
                help=_again(name, known, scope),
            )
        scope.bound[-1].setdefault(name.id, name.span)

    def _loop(self, names: list[tree.Name], body: tree.Body, scope: Scope) -> None:
        scope.bound.append({})
        for name in names:
            self._bind(name, scope)
        scope.inside.append(("loop", body.span))
        self._body(body, scope)
        scope.inside.pop()
        scope.bound.pop()

    def _if(self, statement: tree.If, scope: Scope) -> None:
        """Each branch sees what was bound before; after it, what any branch bound is bound."""
        merged: dict[str, Span] = {}
        before = dict(scope.bound[-1])
        bodies = [body for _, body in statement.branches]
        for condition, _ in statement.branches:
            self.expression(condition, scope, "value")
        for body in [*bodies, *([statement.otherwise] if statement.otherwise else [])]:
            scope.bound[-1] = dict(before)
            scope.inside.append(("branch", body.span))
            self._body(body, scope)
            scope.inside.pop()
            merged |= scope.bound[-1]
        scope.bound[-1] = before | merged

    def _variant(self, statement: tree.Variant, scope: Scope) -> None:
        known = self.parameters
        for setting in statement.settings:
            if isinstance(setting, tree.Expect):
                self.expect(setting.checks, scope)
            elif setting.name.id in known:
                self.expression(setting.value, scope, "value")
            elif setting.name.id not in self.space.file.suspects:
                self.report(
                    "unknown-setting",
                    f"the net has no parameter `{setting.name.id}`",
                    setting.name.span,
                    help=self.meant(setting.name.id, known) or f"its parameters are {', '.join(known) or 'none'}",
                )

    def expect(self, checks: Iterable[tree.Expr], scope: Scope) -> None:
        scope.bound.append(dict.fromkeys(METRICS, Span(self.space.source, 0, 0)))
        scope.choice = f"the figures are {', '.join(METRICS)}; beside them stand parameters and values of the net"
        for check in checks:
            self.expression(check, scope, "value")
        scope.choice = ""
        scope.bound.pop()

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
                        "recursion",
                        f"the block `{step[0]}` uses itself: {' → '.join(circle)}",
                        step[1],
                        help="a network is finite: repeat with `repeat 3 { … }`",
                    )
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


def _again(name: tree.Name, known: Span, scope: Scope) -> str:
    """What to do instead of binding a name again, which `known` binds."""
    text, rule = name.id, "names are never bound again"
    if known.source != name.span.source:
        return f"{rule}: take another name"
    word, body = scope.inside[-1] if scope.inside else ("", known)
    if word == "branch" and not body.start <= known.start < body.end:
        return (
            f"{rule}: bind `{text}` in every branch, `if … {{ {text} = … }} else {{ {text} = … }}`, or by a choice, "
            f"`{text} = (a if condition else b)`"
        )
    if word == "loop" and not body.start <= known.start < body.end:
        return f"{rule}: leave the name out, each round goes on with the value of the one before"
    return f"{rule}: take another, such as `{text}2`"


def _bindings(body: tree.Body) -> dict[str, Span]:
    """Every name that a body binds somewhere, with the first place."""
    found: dict[str, Span] = {}
    for name in _bound(body):
        if isinstance(name, tree.Name):
            found.setdefault(name.id, name.span)
    return found


def _bound(body: tree.Body) -> Iterator[tree.Name | tree.Primed]:
    """What the statements of a body bind, in the order of the text."""
    todo: list[tree.Statement] = list(body.statements)[::-1]
    while todo:
        match todo.pop():
            case tree.Bind(_, names, _):
                yield from names
            case tree.Let(_, name, _) | tree.Input(_, name, _) | tree.Target(_, name, _):
                yield name
            case tree.Repeat(_, _, _, inner) | tree.For(_, _, _, inner):
                todo += inner.statements[::-1]
            case tree.If(_, branches, otherwise):
                for inner in [*([otherwise] if otherwise else []), *(inner for _, inner in reversed(branches))]:
                    todo += inner.statements[::-1]


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
