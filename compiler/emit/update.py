"""The update of the parameters, as a function of the program: the optimizer over the contiguous blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from ...runtime.record import Record
from ..graph.code import NUMPY_TYPES, Names
from ..graph.computation import Computation
from ..graph.graph import Parameter
from ..graph.tensor import ITEM_BYTES
from ..graph.tiers import kernel
from ..training.settings import Ramp, Settings
from .arena import Arena
from .plan import LINE, round_up

# The bytes that an optimizer works through at a time, which stay in cache, and their part of the gradients: long chunks
# make fewer calls, and a small network has no room for them. What the activations took is free, up to `FREE`.
LEAST, MOST, PART, FREE = 1 << 15, 1 << 17, 16, 1 << 18


class Update(Record, eq=False):
    text: str
    kernels: tuple[str, ...]


class _Stretch(Record, eq=False):
    """Parameters that lie one after the other and are updated alike; `start` and `bytes` are in the block."""

    start: int
    bytes: int
    arguments: Mapping[str, object]


def scratch_bytes(gradient_bytes: int, room: int) -> int:
    """The bytes of scratch memory that an update takes: two chunks. There is `room` for so many where the activations
    were."""
    if not gradient_bytes:
        return 0
    least = min(max(round_up(gradient_bytes // PART), LEAST), MOST)
    free = min(room // 2, round_up(gradient_bytes), FREE) // LINE * LINE
    return 2 * max(least, free)


def update(settings: Settings, step: Computation, layout: Arena, names: Names) -> Update:
    """The function `update(arena)`, which returns what changes the parameters by their gradients.

    Parameters that the loss does not depend on stay as they are.
    """
    trained = {parameter.name for parameter, _ in step.gradients}
    stretches = list(_stretches(settings, step.parameters, trained, names))
    dtype = step.gradients[0][1].type.dtype if step.gradients else "f32"
    item = ITEM_BYTES[dtype]
    numpy = f"np.{NUMPY_TYPES[dtype]}"
    views = [f"s = at(arena, {round_up(layout.gradient_bytes)}, {numpy}, {layout.scratch // item})"]
    lines = [f"rate = learning_rate({_phases(settings)!r}, epoch)"]
    rule = f"kernels.{kernel(f'optimizers.{settings.optimizer.kind}', names.tier)}"
    kernels = {"training.schedule.learning_rate", rule, f"{rule.rpartition('.')[0]}.bound"}
    blocks = [("p", layout.first), ("g", 0)]
    blocks += [(f"v{number}", place) for number, place in enumerate(layout.slots, 1)]
    if settings.clip_norm is not None and layout.gradient_bytes:
        views.append(f"g = at(arena, {blocks[1][1]}, {numpy}, {layout.gradient_bytes // item})")
        lines.append(f"clip_norm(g, {settings.clip_norm!r}, s)")
        kernels.add("kernels.optimizers.clip_norm")
    for number, stretch in enumerate(stretches, 1):
        arrays = []
        for block, place in blocks:
            arrays.append(f"{block}_{number}")
            views.append(f"{arrays[-1]} = at(arena, {place + stretch.start}, {numpy}, {stretch.bytes // item})")
        given = ", ".join(f"{name}={_argument(name, value, kernels)}" for name, value in stretch.arguments.items())
        views.append(f"move_{number} = bound({settings.optimizer.kind}, s, {', '.join(arrays)})")
        lines.append(f"move_{number}({given}, step=step)")
    text = "\n".join(
        [
            "def update(arena):",
            '    """What changes the parameters by the gradients in the arena."""',
            *(f"    {view}" for view in views),
            "",
            "    def run(epoch, step):",
            *(f"        {line}" for line in lines),
            "",
            "    return run",
        ]
    )
    return Update(text, tuple(sorted(kernels)))


def _phases(settings: Settings) -> tuple[tuple[str, tuple[float, ...], int | None], ...]:
    """The schedule as plain data; a cosine without a length takes the epochs that are left."""
    found: list[tuple[str, tuple[float, ...], int | None]] = []
    before = 0
    for phase in settings.schedule:
        length = phase.length
        if length is None and phase.kind == "cosine":
            length = max(settings.epochs - before, 1)
        found.append((phase.kind, phase.arguments, length))
        before += length or 0
    return tuple(found)


def _argument(name: str, value: object, kernels: set[str]) -> str:
    if isinstance(value, Ramp):
        kernels.add("training.schedule.ramp")
        return f"ramp({value.start!r}, {value.end!r}, {value.after!r}, epoch)"
    return f"rate * {value!r}" if name == "lr" else repr(value)


def _stretches(
    settings: Settings, parameters: tuple[Parameter, ...], trained: set[str], names: Names
) -> Iterator[_Stretch]:
    place = 0
    open: _Stretch | None = None
    for parameter in parameters:
        if not parameter.trainable:
            continue
        bytes = names.bytes(parameter.value.type)
        arguments = _arguments(settings, parameter.name) if parameter.name in trained else None
        if open is not None and open.arguments == arguments:
            open = _Stretch(open.start, open.bytes + bytes, open.arguments)
        else:
            if open is not None:
                yield open
            open = None if arguments is None else _Stretch(place, bytes, arguments)
        place += bytes
    if open is not None:
        yield open


def _arguments(settings: Settings, name: str) -> dict[str, object]:
    """The optimizer's arguments for one parameter; later rules win."""
    arguments: dict[str, object] = dict(settings.optimizer.arguments)
    for rule in settings.rules:
        if fnmatchcase(name, rule.pattern):
            given = {"lr": rule.lr, "weight_decay": rule.weight_decay}
            arguments.update({key: value for key, value in given.items() if value is not None})
    return arguments
