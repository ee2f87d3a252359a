"""A network written out as a spec of its own: no parameters, loops, conditions or variants, and a definition without
parameters for each block as it is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from ...runtime.record import replace
from ..diagnostics.diagnostic import Diagnostic
from ..driver import Request, compile_spec
from ..graph.graph import Port, Value
from ..graph.layer import layer_names
from ..limits import Limits
from ..reading import ReadError
from ..resolve.network import Network
from ..resolve.program import library
from ..resolve.training import LOSSES, OPTIMIZERS, RAMPS, SCHEDULES
from ..resolve.values import Instance, Tensor
from ..resolve.words import FUNCTIONS, METRICS, SOFT_WORDS
from ..syntax import tree
from ..syntax.node import Node
from ..syntax.printer import print_tree
from .body import Body
from .cells import CellBody
from .literal import NOWHERE, NoLiteral, literal, name
from .parts import Outer, Part, part_needs, plan, scope_needs
from .same import difference

# What a definition's name keeps of the block's or binding's name, so that an ordinal fits behind it.
STEM = 56
RENAME = "give its layers, inputs and outputs names that nothing else has"
SETTINGS = frozenset((*LOSSES, *OPTIMIZERS, *SCHEDULES, *RAMPS))


class CannotExpand(Exception):
    """A network that cannot be written out; the message says what stands in the way, `help` what to do."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


def expand(network: Network, limits: Limits) -> str:
    """The text of a spec whose only net is this network: with the same layers, operations and names of weights.

    Raises CannotExpand.
    """
    try:
        items = _Writer(network).items()
    except NoLiteral as error:
        raise CannotExpand(str(error), error.help) from None
    text = "\n".join([print_tree(tree.File(NOWHERE, (item,))) for item in items])
    _check(network, text, limits)
    return text


def _check(network: Network, text: str, limits: Limits) -> None:
    """Compile what was written and compare. Raises CannotExpand."""
    dims = {symbol: size for symbol, size in network.dims.items() if symbol not in network.fixed}
    try:
        found = compile_spec(Request("expanded", text, dims=dims, limits=limits))
    except ReadError as error:
        # Written out it may be larger than a file.
        raise CannotExpand(error.diagnostic.message, error.diagnostic.help) from None
    if not found.networks:
        first = next(d for d in found.diagnostics if d.severity == "error" and d.code != "expectation")
        line = first.span.position[0] if first.span else 1
        raise CannotExpand(f"in line {line} of the result {first.message}", _help(first))
    other = difference(network.graph, found.networks[0].graph)
    if other is not None:
        raise CannotExpand(f"nothing that can be written gives `{other}` its name and place", RENAME)


def _help(found: Diagnostic) -> str:
    return found.help if found.code == "limit" else RENAME


class _Writer:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.graph = network.graph
        kept = [value.value for value in self._read() if isinstance(value, Tensor)]
        self.plan = plan(self.graph, network.mark, [*(port.value for port in self.graph.outputs), *kept])
        self.blocks: dict[Part, str] = {}
        self.definitions: dict[tuple[str, tree.Block | tree.Cell], str] = {}
        self.made: list[tree.Item] = []
        self.taken = {network.name, *layer_names(), *library(), *SOFT_WORDS, *FUNCTIONS, *SETTINGS, *METRICS}
        self.taken |= {port.name for port in (*self.graph.inputs, *self.graph.targets, *self.graph.outputs)}
        self.taken |= {part for use in self.graph.uses for part in use.name.split(".")}

    def items(self) -> list[tree.Item]:
        self._define(self.plan.net)
        self._same_blocks()
        return [*self.made, self._net()]

    # Blocks

    def _define(self, scope: Part) -> None:
        """Define the blocks and cells of all scopes in this one, the innermost first."""
        for part in scope.parts:
            for inner in (part, *part.loops):
                self._define(inner)
            if part.loops:
                self.blocks[part] = self._cell(part)
            elif part.parts:
                self.blocks[part] = self._block(part)

    def _block(self, part: Part) -> str:
        body = Body(part, self.plan, self.graph, self.blocks, {})
        parameters = self._parameters(body, scope_needs(part, self.plan))
        inputs = self._inputs(body, part.reads)
        statements = body.statements()
        outs = [body.values[value] for value in part.outs]
        statements += body.result(statements, outs) if len(outs) == 1 else [body.output(outs)]
        stem = (part.mark.label if part.mark.applied is None and part.mark.label else part.mark.kind)[:STEM]
        return self._definition(
            tree.Block(NOWHERE, name(stem), parameters, inputs, tree.Body(NOWHERE, tuple(statements)))
        )

    def _cell(self, part: Part) -> str:
        cells = {self._equations(part, loop) for loop in part.loops}
        if len(cells) > 1:
            raise CannotExpand(
                f"the layers of `{part.name}` have different equations", "write a use of its own for each layer"
            )
        return self._definition(cells.pop())

    def _equations(self, part: Part, loop: Part) -> tree.Cell:
        body = CellBody(loop, self.plan, self.graph, self.blocks)
        parameters = self._parameters(body, part_needs(part, self.plan))
        inputs = self._inputs(body, body.equations.inputs)
        statements = tuple(body.statements())
        return tree.Cell(NOWHERE, name(part.mark.kind[:STEM]), parameters, inputs, tree.Body(NOWHERE, statements))

    def _parameters(self, body: Body, needs: Iterable[Outer]) -> tuple[tree.Parameter, ...]:
        for need in needs:
            body.outer[need] = body.fresh(need.name if isinstance(need, Instance) else "size")
        return tuple([tree.Parameter(NOWHERE, name(body.outer[need]), None) for need in needs])

    def _inputs(self, body: Body, values: Sequence[Value]) -> tuple[tree.Name, ...]:
        """The names of what comes in; none for a single value, which is `in`."""
        if len(values) == 1:
            body.values[values[0]] = "in"
            return ()
        names = [body.fresh(f"in{place}") for place in range(1, len(values) + 1)]
        body.values.update(zip(values, names, strict=True))
        return tuple(map(name, names))

    def _definition(self, item: tree.Block | tree.Cell) -> str:
        """The name under which this is defined, once for all that are equal."""
        stem = item.name.id
        known = self.definitions.get((stem, item))
        if known is None:
            known = self.definitions[stem, item] = self._unused(stem)
            self.made.append(replace(item, name=name(known)))
        return known

    def _unused(self, stem: str) -> str:
        found, number = stem, 0
        while found in self.taken:
            number += 1
            found = f"{stem}_{number}"
        self.taken.add(found)
        return found

    def _same_blocks(self) -> None:
        for instance, applications in self.plan.instances.items():
            if len({self.blocks.get(part) for part in applications}) > 1:
                raise CannotExpand(
                    f"`let {instance.name}` shares a block that is not the same at each of its uses",
                    "share layers instead, or let the block do the same for every input",
                )

    # The net

    def _net(self) -> tree.Net:
        graph, network = self.graph, self.network
        explicit = {port.name: port.value for port in graph.outputs if port.name != "output"}
        ports = {port.name: port.value for port in (*graph.inputs, *graph.targets)}
        body = Body(self.plan.net, self.plan, graph, self.blocks, explicit | ports)
        body.values.update((value, text) for text, value in ports.items())
        statements: list[tree.Statement] = [tree.Input(NOWHERE, name(p.name), _type(p)) for p in graph.inputs]
        statements += [tree.Target(NOWHERE, name(p.name), _type(p)) for p in graph.targets]
        statements += body.statements()
        for port, value in explicit.items():
            if port not in ports and body.bound.get(port) is not value:
                statements.append(tree.Bind(NOWHERE, (name(port),), name(body.values[value])))
        if explicit:
            statements.append(tree.Output(NOWHERE, tuple(map(name, explicit))))
        else:
            statements += body.result(statements, [body.values[port.value] for port in graph.outputs])
        if network.train is not None:
            statements.append(self._put_in(network.train, body, SETTINGS))
        if network.checks:
            expect = tree.Expect(NOWHERE, network.checks)
            statements.append(self._put_in(expect, body, frozenset(METRICS)))
        return tree.Net(NOWHERE, name(network.name), (), tree.Body(NOWHERE, tuple(statements)))

    def _read(self) -> list[object]:
        """What the `train` and `expect` blocks name."""
        found: list[object] = []
        todo: list[object] = [self.network.train, *self.network.checks]
        while todo:
            item = todo.pop()
            if isinstance(item, tree.Name) and item.id in self.network.bound:
                found.append(self.network.bound[item.id])
            elif isinstance(item, Node):
                todo += item.parts()
            elif isinstance(item, tuple):
                todo += item
        return found

    def _put_in(self, node: tree.Statement, body: Body, kept: frozenset[str]) -> tree.Statement:
        """A `train` or `expect` block with values in place of names; names in `kept` mean functions and figures."""

        def change(part: Any) -> Any:
            match part:
                case tree.Name(id=word):
                    return part if word in kept else self._value(part, body)
                case tree.Setting():
                    return replace(part, value=change(part.value))
                case tree.Call():
                    base = part.base if isinstance(part.base, tree.Name) else change(part.base)
                    given = [argument for argument in part.arguments if argument.name not in self.network.fixed]
                    return replace(part, base=base, arguments=change(tuple(given))) if given else base
                case Node():
                    return type(part)(*[change(getattr(part, field)) for field in part.__match_args__])
                case tuple():
                    return tuple([change(item) for item in part])
            return part

        return cast(tree.Statement, change(node))

    def _value(self, used: tree.Name, body: Body) -> tree.Expr:
        if used.id in self.network.fixed:
            return literal(self.network.dims[used.id], {})
        value = self.network.bound.get(used.id)
        if value is None:
            return used
        if isinstance(value, Tensor):
            return name(body.values[value.value])
        written = literal(value, body.outer)
        return tree.Group(NOWHERE, written) if isinstance(written, tree.Negative) else written


def _type(port: Port) -> tree.Type:
    type = port.value.type
    return tree.Type(NOWHERE, type.dtype, tuple([literal(dim, {}) for dim in type.shape]))
