"""One body of a program as a Python function: views of the arena, and the statements that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..diagnostics.visible import visible
from ..graph.code import NAME, NUMPY_TYPES, Names, channels_last, storage
from ..graph.graph import Use, Value, name_of
from ..graph.tensor import TensorType
from .arena import Arena
from .plan import Room
from .write import Body, Written


def function(name: str, doc: str, body: Body, room: Room, arena: Arena, names: Names, uses: Sequence[Use]) -> str:
    """The function `name`: for an arena and sizes it returns what runs the body, the fed arrays and the results."""
    lines = _statements(body, uses)
    lines += [f"np.copyto({to}, {source})" for to, source in _copies(body, room)]
    laned = "kernels.lanes.together" in written_kernels([body.nodes])
    feeds = [body.names[port.value] for port in body.computation.feeds]
    results = [body.names[port.value] for port in body.computation.outputs]
    if body.computation.loss is not None:
        results.append(body.names[body.computation.loss])
    wanted = {*feeds, *results, *NAME.findall("\n".join(line for line in lines if not line.startswith("#")))}
    views = _views(body, room, arena, names, wanted)
    functions = sorted({name for written in body.nodes for name in written.code.functions})
    short = f"    {', '.join(functions)} = {', '.join(f'np.{name}' for name in functions)}"
    symbols = list(names.symbols.values())
    unpack = f"{', '.join(symbols)}{',' if len(symbols) == 1 else ''} = sizes" if symbols else "assert not sizes"
    return "\n".join(
        [
            f"def {name}(arena, sizes, rng=None):",
            f'    """{doc}"""',
            f"    {unpack}",
            *(["    n_1, n_2 = (n + 1) // 2, n // 2"] if laned else []),
            *(f"    {view}" for view in views),
            *([short] if functions else []),
            "",
            *(["    @two_lanes"] if laned else []),
            "    def run():",
            *(f"        {line}" for line in lines or ["pass"]),
            "",
            f"    return run, {_tuple(feeds)}, {_tuple(results)}",
        ]
    )


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _statements(body: Body, uses: Sequence[Use]) -> list[str]:
    lines: list[str] = []
    last = None
    for place, written in enumerate(body.nodes):
        if not written.code.lines:
            continue
        again = written.node in body.computation.again
        what = "again " if again else "gradients of " if place >= body.computation.forward else ""
        if (written.node.use, what) != last:
            last = (written.node.use, what)
            lines.append(_comment(uses, written.node.use, what))
        lines += written.code.lines
    return lines


def _comment(uses: Sequence[Use], number: int, what: str) -> str:
    layer = f": {visible(uses[number].kind)}, line {uses[number].span.position[0]}" if uses else ""
    return f"# {what}{visible(name_of(uses, number))}{layer}"


def _copies(body: Body, room: Room) -> list[tuple[str, str]]:
    """Gradients and buffers' new values that a node could not write to their place, and carried states: (to, from)."""
    found = body.computation
    copies = []
    for parameter, value in found.gradients:
        if room.homes[value].fixed != ("gradient", body.numbers[parameter.value]):
            copies.append((gradient_name(body, parameter.value), body.names[value]))
    for parameter, value in found.updates:
        if room.homes[value].fixed != ("parameter", body.numbers[parameter.value]):
            copies.append((body.names[parameter.value], body.names[value]))
    copies += [(body.names[state.before], body.names[state.after]) for state in found.carried]
    return copies


def gradient_name(body: Body, parameter: Value) -> str:
    """The name of the place of a parameter's gradient: d before the parameter's name."""
    return f"d{body.names[parameter]}"


def _views(body: Body, room: Room, arena: Arena, names: Names, wanted: set[str]) -> list[str]:
    """The definitions of all wanted names, and of the names that those need."""
    made: dict[str, str] = {}
    for number, parameter in enumerate(body.computation.parameters):
        type = parameter.value.type
        made[body.names[parameter.value]] = _at(type, arena.parameters[number], names)
        place = arena.gradients[number]
        if place is not None:
            made[gradient_name(body, parameter.value)] = _at(type, place, names)
    for value, name in body.names.items():
        home = room.homes[value]
        if home.fixed is None:
            made[name] = _at(value.type, home.place, names)
        elif name not in made:
            kind, number = home.fixed
            place = {"parameter": arena.parameters, "gradient": arena.gradients, "carried": arena.carried}[kind][number]
            assert place is not None
            made[name] = _at(value.type, place, names)
    derived: dict[str, str] = {}
    for written, places in zip(body.nodes, room.scratch, strict=True):
        for (name, type), place in zip(written.code.scratches, places, strict=True):
            derived[name] = _array(type, type.shape, place, names)
        derived |= dict(written.code.views)
    for expression in reversed(list(derived.items())):
        if expression[0] in wanted:
            wanted.update(NAME.findall(expression[1]))
    every: Mapping[str, str] = made | derived
    return [f"{name} = {expression}" for name, expression in every.items() if name in wanted]


def _at(type: TensorType, place: int, names: Names) -> str:
    array = _array(type, storage(type), place, names)
    return f"{array}.transpose(0, 3, 1, 2)" if channels_last(type) else array


def _array(type: TensorType, shape: Sequence[object], place: int, names: Names) -> str:
    sizes = "".join(f", {names.size(dim)}" for dim in shape)  # type: ignore[arg-type]
    return f"at(arena, {place}, np.{NUMPY_TYPES[type.dtype]}{sizes})"


def written_kernels(bodies: Sequence[Sequence[Written]]) -> list[str]:
    """The functions of the runtime that the bodies call, such as `kernels.convolution.conv`, sorted."""
    found = {f"kernels.{kernel}" for nodes in bodies for written in nodes for kernel in written.code.kernels}
    return sorted(found | ({"kernels.lanes.two_lanes"} if "kernels.lanes.together" in found else set()))
