"""The source of a whole program: a module of functions that each bind an arena and return what runs."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics.visible import visible
from ..graph.graph import Graph
from ..version import VERSION
from .arena import Arena
from .body import function, written_kernels
from .plan import Room
from .update import Update
from .write import Body

_DOCS = {
    "predict": "The outputs from the inputs.",
    "evaluate": "The outputs and the loss from the inputs and targets.",
    "step": "The loss in training and, at their places in the arena, the gradients and the buffers' new values.",
}

AT = '''def at(arena, place, dtype, *shape):
    """The array that lies `place` bytes into the arena, for as much of it as this shape needs."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return arena[place : place + size].view(dtype).reshape(shape)'''


def _usage(graph: Graph, bodies: Sequence[tuple[str, Body, Room]], update: Update | None) -> str:
    """How the functions of a program are called."""
    name, body, _ = bodies[-1]
    sizes = "".join(f"{symbol}, " for symbol in body.spelling.symbols).rstrip()
    inputs = ", ".join(visible(port.name) for port in (*graph.inputs, *(graph.targets if name == "step" else ())))
    results = "the loss" if name == "step" else ", ".join(visible(port.name) for port in graph.outputs)
    lines = [
        "`arena = np.zeros(ARENA, np.uint8)` is all memory, with the weights in it; in netc `trainer.arena` has them.",
        f"`run, feeds, results = {name}(arena, ({sizes}), np.random.default_rng(0))` is for these sizes:",
        f"fill the feeds ({inputs}), call `run()`, and read the results ({results}).",
    ]
    if update is not None:
        lines.append("`update(arena)(epoch, step)` then changes the weights; epochs count from 0, steps from 1.")
    return "\n".join(lines)


def source(
    title: str,
    graph: Graph,
    bodies: Sequence[tuple[str, Body, Room]],
    arena: Arena,
    update: Update | None,
) -> str:
    """The program as a module that needs NumPy and netc's kernels."""
    kernels = {*written_kernels([body.nodes for _, body, _ in bodies]), *(update.kernels if update else ())}
    imports: dict[str, list[str]] = {}
    for kernel in sorted(kernels):
        module, _, name = kernel.rpartition(".")
        imports.setdefault(module, []).append(name)
    sizes = ", ".join(f"{name} ≤ {size:,}" for name, size in bodies[0][1].planned.items())
    parts = [
        f'"""{visible(title)}, {sizes}: a program of netc {VERSION}.\n\n{_usage(graph, bodies, update)}\n"""',
        "import math",
        "",
        "import numpy as np",
        *(f"from netc.runtime.{module} import {', '.join(names)}" for module, names in sorted(imports.items())),
        "",
        f"ARENA = {arena.total}  # bytes",
        "",
        AT,
        *(
            f"\n{function(name, _DOCS[name], body, room, arena, body.spelling, graph.uses)}"
            for name, body, room in bodies
        ),
    ]
    if update is not None:
        parts.append(f"\n{update.text}")
    return "\n".join(parts) + "\n"
