"""Random networks of all kinds, compiled: layers and blocks, bundled cells, and cells of random equations."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import product

from netc.compiler.analysis.figures import TooSmall, analyse
from netc.compiler.driver import Request, compile_spec
from netc.compiler.graph.graph import Graph, Port, Value
from netc.compiler.report.summary import symbols
from netc.compiler.resolve.network import Network
from netc.compiler.source import Source, Span
from netc.compiler.syntax.printer import print_tree
from netc.compiler.training.settings import LossCall, Optimizer, Phase, Settings
from netc.runtime.record import replace

from . import cells, programs, recurrent

NOWHERE = Span(Source("test", ""), 0, 0)
# Of five networks two are recurrent: one of bundled cells, and one of random equations.
RECURRENT = {0: recurrent.make, 1: cells.make}


def network_of(seed: int, *, narrow: bool = False) -> tuple[Network, str]:
    """A random network with its text; `narrow` takes float32 for float64."""
    if seed % 5 in RECURRENT:
        request = Request("made", RECURRENT[seed % 5](seed))
    else:
        made = programs.make(seed)
        request = Request("made", print_tree(made.file), sets=made.sets, dims=made.dims)
    text = request.text or ""
    if narrow:
        text = text.replace("f64[", "f32[")
    found = compile_spec(replace(request, text=text))
    assert not found.failed, text
    return found.networks[0], f"seed {seed}\n{text}"


def sizes(network: Network, batches: Iterable[int], lengths: Iterable[int]) -> list[dict[str, int]]:
    """Batches and lengths for a network; a length too short for it is left out."""
    names = [name for name in symbols(network) if name != "N"]
    found = []
    for batch, length in product(batches, lengths if names else list(lengths)[:1]):
        chosen = dict.fromkeys(names, length) | {"N": batch}
        with suppress(TooSmall):
            analyse(network.graph).check(chosen)
            found.append(chosen)
    return found


def learning(graph: Graph) -> tuple[Graph, Settings] | None:
    """A graph with the mean squares of its float outputs as its loss; None where there is nothing to learn."""
    outputs = [port for port in graph.outputs if port.value.type.dtype in ("f32", "f64")]
    goals = tuple(Port(f"goal{n}", Value(p.value.type, 10**9 + n), NOWHERE) for n, p in enumerate(outputs))
    calls = tuple(
        LossCall("mse", p.value, goal.value, None, 1.0, NOWHERE) for p, goal in zip(outputs, goals, strict=True)
    )
    if not any(parameter.trainable for parameter in graph.parameters) or not calls:
        return None
    arguments = {"lr": 1e-3, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0}
    settings = Settings(calls, Optimizer("sgd", arguments), (Phase("constant", (), None),), None, 3, 1, None, 0, ())
    return replace(graph, targets=goals), settings
