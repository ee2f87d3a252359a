"""Running single operations and their gradients through the emitter, on an arena of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netc.compiler.emit.arena import arena
from netc.compiler.emit.body import function, written_kernels
from netc.compiler.emit.plan import place
from netc.compiler.emit.source import AT
from netc.compiler.emit.write import write
from netc.compiler.graph.code import Names
from netc.compiler.graph.computation import Computation, verify
from netc.compiler.graph.graph import Parameter, Port, Use, Value
from netc.compiler.graph.make import Make
from netc.compiler.graph.op import Op
from netc.compiler.graph.tensor import TensorType
from netc.compiler.graph.tiers import Tier
from netc.compiler.ops.losses import CrossEntropy
from netc.compiler.passes.autodiff import differentiate
from netc.compiler.passes.dead import drop_dead
from netc.compiler.source import Source, Span

Array = NDArray[Any]
# The tier that computations are built for.
TIER: ContextVar[Tier] = ContextVar("TIER", default="numpy")
NOWHERE = Span(Source("test", ""), 0, 0)
USE = Use("op", "op", NOWHERE, (), (), (), None)


@dataclass
class Built:
    """A computation with its source; `run` executes it on fresh arrays."""

    computation: Computation
    text: str
    total: int

    def run(self, arrays: Sequence[Array], sizes: Mapping[str, int] | None = None, *, fill: int = 0xA5) -> list[Array]:
        """The results, in the order of `Computation.results` without the gradients, then the gradients; the arena
        holds garbage when it starts."""
        space: dict[str, Any] = {"np": np, "math": math}
        exec(self.text, space)
        memory = np.full(self.total + 64, fill, np.uint8)
        start = -memory.ctypes.data % 64
        run, feeds, results = space["op"](memory[start : start + self.total], tuple((sizes or {}).values()), RNG())
        for feed, array in zip(feeds, arrays, strict=True):
            assert feed.shape == array.shape
            np.copyto(feed, array)
        # As the trainer runs programs, but what is not a number stays a mistake here.
        with np.errstate(over="ignore"):
            run()
        return [np.array(array, order="C") for array in results]


def RNG() -> np.random.Generator:  # noqa: N802 - reads as the generator that it is
    return np.random.default_rng(7)


def build(computation: Computation, planned: Mapping[str, int] | None = None) -> Built:
    """The program of one computation; gradients are among its outputs."""
    verify(computation)
    symbols = {name: f"n{place}" for place, name in enumerate(planned or {})}
    names = Names(symbols, planned or {}, tier=TIER.get())
    body = write(computation, names)
    room = place(body, names)
    layout = arena([room], computation.parameters, names, trained=False, slots=0, scratch=0)
    kernels = [kernel.rpartition(".") for kernel in written_kernels([body.nodes])]
    imports = [f"from netc.runtime.{module} import {name}" for module, _, name in kernels]
    text = "\n".join([*imports, AT, function("op", "", body, room, layout, names, [USE])])
    for module, _, _ in kernels:
        import_module(f"netc.runtime.{module}")
    return Built(computation, text, layout.total)


def forward(op: Op, types: Sequence[TensorType], *, keep: bool = False) -> Built:
    """The operation alone, on fed inputs; with `keep` the inputs are results too, so that nothing is done in place."""
    b = Make()
    ins = tuple(b.leaf(type) for type in types)
    outs = op.lower(b, ins)
    return build(_computation(b, ins, [*outs, *(ins if keep else ())]))


def trained(op: Op, types: Sequence[TensorType], *, keep: bool = False) -> Built:
    """The operation in its form for training."""
    b = Make()
    ins = tuple(b.leaf(type) for type in types)
    outs = op.train(b, ins)
    return build(_computation(b, ins, [*outs, *(ins if keep else ())]))


def backward(op: Op, types: Sequence[TensorType], *, train: bool = False) -> tuple[Built, list[int]]:
    """The gradients of Σ seed · y by the inputs; fed the inputs and then the seeds of the float outputs.

    Returns also the numbers of the inputs that have a gradient, in the order of the results.
    """
    b = Make()
    ins = tuple(b.leaf(type) for type in types)
    outs = op.train(b, ins) if train else b.keep(op, ins)
    floats = [value for value in outs if value.type.dtype in ("f32", "f64")]
    if isinstance(op, CrossEntropy):
        # Its second output is kept for the gradient alone.
        floats = floats[:1]
    seeds = [b.leaf(value.type) for value in floats]
    wanted = [value for value in ins if value.type.dtype in ("f32", "f64")]
    found = differentiate(b, dict(zip(floats, seeds, strict=True)), wanted)
    numbers = [number for number, value in enumerate(ins) if value in found]
    return build(_computation(b, (*ins, *seeds), [found[ins[n]] for n in numbers])), numbers


def _computation(b: Make, feeds: Sequence[Value], results: Sequence[Value]) -> Computation:
    ports = tuple(Port(f"in{n}", value, NOWHERE) for n, value in enumerate(feeds))
    outputs = tuple(Port(f"out{n}", value, NOWHERE) for n, value in enumerate(results))
    parameters: tuple[Parameter, ...] = ()
    return drop_dead(Computation(ports, parameters, tuple(b.nodes), len(b.nodes), outputs=outputs))
