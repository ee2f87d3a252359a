"""Checking the names in expressions: which values, layers and arguments there are.

What is reported here is unknown later, without another word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ...runtime.record import Record, fresh
from ..diagnostics.collect import Collector
from ..diagnostics.diagnostic import Diagnostic, Label
from ..diagnostics.suggest import closest
from ..graph.arguments import signature
from ..graph.layer import find_layer, layer_names
from ..source import Span
from ..syntax import tree
from .elsewhere import MODULES, VALUES, absent, layer_of, meaning, plain
from .program import Item, Namespace, find_bundled, library
from .states import is_state, no_state, of_a_step
from .translate import argument_help, foreign_help, twice_help
from .words import FUNCTIONS, SOFT_WORDS, WORDS

# What a use of a recurrent cell takes beside the cell's own parameters and states, and what each of these is.
CELL_OPTIONS = {
    "reverse": "`yes` or `no`",
    "bidirectional": "`no`, `concat` or `sum`",
    "layers": "a whole number from 1 to 1,000",
    "return": "`last` or `sequence`",
    "lengths": "a tensor i64[N], the number of steps of each sample",
    "states": "`yes` or `no`",
}
SUGGESTIONS = 20
Kind = Literal["net", "block", "cell"]
Position = Literal["start", "use", "value"]


class Scope(Record, frozen=False):
    """The names that are bound at a place: `bound` by loop, the innermost last, each with the place of its binding;
    `anywhere` in the item, and `lost`, in a statement that was reported. `primed` are the states that the item writes,
    declared or not, `size` is what a state's size might be, and `inside` the bodies of loops and branches around it.
    `choice` says what may stand where names are few."""

    kind: Kind
    bound: list[dict[str, Span]]
    symbols: set[str]
    states: dict[str, Span] = fresh(factory=dict)
    inside: list[tuple[Literal["loop", "branch"], Span]] = fresh(factory=list)
    anywhere: dict[str, Span] = fresh(factory=dict)
    lost: set[str] = fresh(factory=set)
    primed: frozenset[str] = frozenset()
    size: str = "units"
    choice: str = ""

    def find(self, name: str) -> Span | None:
        return next((scope[name] for scope in reversed(self.bound) if name in scope), None)


class NameCheck:
    """Checks expressions of one file; `broken` collects the places that were reported, `named` the blocks
    and cells that the item at hand names."""

    def __init__(self, space: Namespace, collector: Collector, broken: set[Span]) -> None:
        self.space = space
        self.collector = collector
        self.broken = broken
        self.named: dict[str, Span] = {}
        self._suggested = 0

    def report(
        self, code: str, message: str, span: Span, *, help: str = "", labels: tuple[Label, ...] = (), label: str = ""
    ) -> None:
        self.broken.add(span)
        self.collector.add(Diagnostic(code, message, span, label, labels, (), help))

    def warn(self, code: str, message: str, span: Span, *, help: str) -> None:
        self.collector.add(Diagnostic(code, message, span, help=help, severity="warning"))

    def value(self, expr: tree.Expr) -> None:
        """Check an expression that stands by itself, with no names bound."""
        self.expression(expr, Scope("net", [{}], set()), "value")

    def expression(self, expr: tree.Expr, scope: Scope, position: Position) -> None:
        """Check an expression. In the positions `start` (of a chain, where a value may stand as well) and `use` a layer
        in it is applied."""
        match expr:
            case tree.Name():
                self._name(expr, scope, position)
            case tree.Primed(id=name):
                if scope.kind != "cell" or name not in scope.states:
                    is_state(self, expr, scope)
                elif scope.find(f"{name}'") is None and f"{name}'" not in scope.lost:
                    self.report(
                        "undefined-name",
                        f"`{name}'` is read before it is written",
                        expr.span,
                        help=f"`{name}` is the value of the step before; write `{name}' = …` first",
                    )
            case tree.Group(_, value) | tree.Not(_, value) | tree.Negative(_, value):
                self.expression(value, scope, position)
            case tree.Tuple(_, items) | tree.Chain(_, items):
                for place, item in enumerate(items):
                    step: Position = "use" if place else "start"
                    self.expression(item, scope, step if isinstance(expr, tree.Chain) else position)
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
                if not self._foreign(expr, (), scope):
                    self.expression(base, scope, "value")
            case tree.Index(_, base, index):
                self.expression(base, scope, "value")
                self.expression(index, scope, "value")
            case tree.Call():
                self._call(expr, scope, position)

    def _name(self, expr: tree.Name, scope: Scope, position: Position) -> None:
        if expr.id in scope.lost and scope.find(expr.id) is None:
            self.broken.add(expr.span)
        elif not self._known(expr.id, scope, expr.span):
            self._undefined(expr, scope, position)
        elif position != "value" and scope.find(expr.id) is None:
            self._missing(expr.id, (), expr.span)

    def _known(self, name: str, scope: Scope, span: Span) -> bool:
        if scope.find(name) is not None:
            return True
        if self.space.find(name) is not None:
            self.named.setdefault(name, span)
            return True
        return (
            name in WORDS
            or name in scope.symbols
            or name in SOFT_WORDS
            or find_layer(name) is not None
            or find_bundled(name) is not None
            or name in self.space.file.suspects
        )

    def _undefined(self, expr: tree.Name, scope: Scope, position: Position, otherwise: str = "") -> None:
        """Report a name that nothing binds; `otherwise` is the way out when no name is like it."""
        name = expr.id
        if name in scope.lost or (scope.kind == "cell" and name in scope.primed):
            no_state(self, name, expr.span, scope)
            return
        if scope.kind == "cell" and of_a_step(self, name, expr.span, scope):
            return
        bound = [name for names in scope.bound for name in names]
        layers = [*self.space.own, *self.space.used, *layer_names(), *library()]
        values = [*bound, *scope.symbols, *self.space.own, *layer_names(), *WORDS, *SOFT_WORDS]
        if name in scope.anywhere:
            self.report(
                "undefined-name",
                f"`{name}` is not bound here",
                expr.span,
                labels=(Label(scope.anywhere[name], "bound here"),),
                help="use it after its binding; a name bound in `for` or `repeat` lives as long as the round",
            )
        elif name[0].isupper() and position == "value" and not self._elsewhere(name, values):
            symbols = ", ".join(sorted(scope.symbols)) or "none"
            self.report(
                "undefined-name",
                f"no input has a dimension `{name}`",
                expr.span,
                help=f"the symbolic dimensions here are {symbols}; other names start with a small letter",
            )
        elif position == "use" or (position == "start" and name[0].isupper()):
            self.report(
                "unknown-layer",
                f"there is no layer or value `{name}`",
                expr.span,
                help=absent(name)
                or self.meant(name, [*bound, *layers])
                or f"`netc layers` lists the layers; a block of your own is `block {name} {{ … }}`",
            )
        else:
            self.report(
                "undefined-name",
                f"nothing here is called `{name}`",
                expr.span,
                help=self._numbered(name, bound, layers)
                or absent(name)
                or self.meant(name, values)
                or otherwise
                or scope.choice
                or f"bind it first, by `{name} = …` or `let {name} = …`, or make it a parameter of the {scope.kind}",
            )

    def _numbered(self, name: str, bound: list[str], layers: list[str]) -> str:
        """What to write for a name such as `conv1`, which a layer has in tables and no value has."""
        kind = name.rstrip("0123456789")
        if kind == name or kind not in layers or closest(name, bound):
            return ""
        call = f"{kind}(…)" if self._arguments(kind) else kind
        return f"a layer's name in the table is no value: bind the layer, `{name} = {call}`"

    def meant(self, name: str, candidates: Iterable[str]) -> str:
        """`did you mean …`, or nothing; asked at most 20 times in a file."""
        self._suggested += 1
        candidates = list(candidates)
        known = self._elsewhere(name, candidates)
        if known is None and self._suggested <= SUGGESTIONS:
            known = next((each for each in candidates if plain(each) == plain(name)), None)
        if known:
            return f"write `{known}`"
        found = closest(name, candidates) if self._suggested <= SUGGESTIONS else None
        return f"did you mean `{found}`?" if found else ""

    def _elsewhere(self, name: str, candidates: list[str]) -> str | None:
        """What another library's name is here, if that is a candidate."""
        known = meaning(name)
        return known if known in candidates or known == VALUES["range"] else None

    def _foreign(self, base: tree.Expr, arguments: tuple[tree.Argument, ...], scope: Scope) -> bool:
        """Report a layer under another library's name, such as `nn.Linear(64, 10)`, if `base` is one."""
        root = base
        while isinstance(root, tree.Field):
            root = root.base
        if not isinstance(root, tree.Name) or scope.find(root.id) is not None or self._known(root.id, scope, root.span):
            return False
        name = base.name if isinstance(base, tree.Field) else root.id
        layer = layer_of(name)
        known = find_layer(layer) is not None or find_bundled(layer) is not None
        help = foreign_help(name, base, arguments, (self._arguments(layer) or []) if known else None)
        if not help and (root is base or root.id not in MODULES):
            return False
        help = help or "`netc layers` lists the layers"
        self.broken |= {root.span, *(argument.value.span for argument in arguments)}
        self.report("unknown-layer", f"there is no layer or value `{base.span.text}`", base.span, help=help)
        return True

    def _call(self, expr: tree.Call, scope: Scope, position: Position) -> None:
        base = expr.base
        if self._foreign(base, expr.arguments, scope):
            self.broken.add(expr.span)
            return
        helps = self._foreign_arguments(base, expr.arguments, scope)
        for place, argument in enumerate(expr.arguments):
            value = argument.value
            if argument.name in helps:
                self.broken.add(value.span)
            elif isinstance(value, tree.Name) and not self._known(value.id, scope, value.span):
                self._undefined(value, scope, "value", self._takes(base, argument.name, place))
            else:
                self.expression(value, scope, "value")
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
            if argument.name is None and seen - {""}:
                self.report(
                    "bad-argument",
                    f"`{argument.span.text}` follows an argument with a name and has none",
                    argument.span,
                    help="give it its name, or put it before those with names",
                )
                self.broken.add(expr.span)
            elif argument.name is not None and argument.name not in names:
                at = Span(argument.span.source, argument.span.start, argument.span.start + len(argument.name))
                self.report(
                    "unknown-argument",
                    f"`{base.id}` has no argument `{argument.name}`",
                    at,
                    help=helps.get(argument.name)
                    or self.meant(argument.name, names)
                    or f"its arguments are {', '.join(names) or 'none'}",
                )
                self.broken.add(expr.span)
            elif argument.name in seen:
                self.report(
                    "duplicate-argument",
                    f"`{argument.name}` is given twice",
                    argument.span,
                    help="give each argument once",
                )
                self.broken.add(expr.span)
            seen.add(argument.name or "")
        if position != "value" and expr.span not in self.broken:
            self._missing(base.id, expr.arguments, expr.span)

    def _foreign_arguments(
        self, base: tree.Expr, arguments: tuple[tree.Argument, ...], scope: Scope
    ) -> dict[str | None, str]:
        """What to write for each argument that only another library's layer has."""
        if not isinstance(base, tree.Name) or scope.find(base.id) is not None:
            return {}
        names = self._arguments(base.id) or []
        found = {
            a.name: twice_help(base.id, a, arguments, names) or argument_help(base.id, a, names)
            for a in arguments
            if a.name and a.name not in names
        }
        return {name: help for name, help in found.items() if help}

    def _takes(self, base: tree.Expr, name: str | None, place: int) -> str:
        """What an argument of a layer or cell takes, when it takes words; else nothing."""
        cell = self._definition(base.id) if isinstance(base, tree.Name) else None
        if isinstance(cell, tree.Cell) and name in CELL_OPTIONS:
            own = name in [parameter.name.id for parameter in cell.parameters]
            return "" if own else f"`{name}` takes {CELL_OPTIONS[name]}"
        layer = find_layer(base.id) if isinstance(base, tree.Name) and not self.space.find(base.id) else None
        for number, item in enumerate(signature(layer) if layer else ()):
            here = item.name == name or (name is None and number == place)
            if here and (item.words or item.annotation in ("Flag", "Bias", "Padding", "Initial")):
                return f"`{item.name}` takes {item.accepts}"
        return ""

    def _definition(self, name: str) -> Item | None:
        """The block or cell of this name, if it is one."""
        found = self.space.find(name) or (None if find_layer(name) else find_bundled(name))
        return found[0] if found is not None else None

    def _arguments(self, name: str) -> list[str] | None:
        """The names of a layer's, block's or cell's arguments; None for what takes any."""
        item = self._definition(name)
        if item is not None:
            names = [parameter.name.id for parameter in item.parameters]
            if isinstance(item, tree.Cell):
                states = [s.name for stmt in item.body.statements if isinstance(stmt, tree.State) for s in stmt.slots]
                names += [*states, *CELL_OPTIONS]
            return names
        layer = find_layer(name)
        return [item.name for item in signature(layer)] if layer else None

    def _missing(self, name: str, given: tuple[tree.Argument, ...], span: Span) -> None:
        """Report a required argument that cannot have been given: neither by name nor by position."""
        item = self._definition(name)
        if item is not None:
            required = [p.name.id if p.default is None else "" for p in item.parameters]
        else:
            layer = find_layer(name)
            required = [each.name if each.required else "" for each in signature(layer)] if layer else []
        named = {argument.name for argument in given}
        positional = sum(argument.name is None for argument in given)
        missing = [n for place, n in enumerate(required) if n and n not in named and place >= positional]
        if missing:
            first = [argument.span.text for argument in given if argument.name is None]
            last = [argument.span.text for argument in given if argument.name is not None]
            written = f"{name}({', '.join([*first, *(f'{n} = …' for n in missing), *last])})"
            self.report(
                "missing-argument",
                f"`{name}` needs `{missing[0]}`",
                span,
                help=f"write `{written if len(written) < 80 else f'{name}(…, {missing[0]} = …)'}`"
                + (f", or see `netc layers {name}`" if item is None else ""),
            )
