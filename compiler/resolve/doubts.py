"""Warnings about what is allowed and hardly ever meant."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics.diagnostic import Diagnostic
from ..graph.graph import Graph, Port
from ..training.settings import LossCall, Settings

# From this size on, the dimensions before a last one of 3 or 4 are height and width.
IMAGE = 8


def doubts(graph: Graph, settings: Settings | None) -> Iterator[Diagnostic]:
    """The warnings about a net."""
    made = {value: graph.uses[node.use].kind for node in graph.nodes for value in node.outs}
    for call in settings.loss if settings else ():
        yield from _of_probabilities(call, made.get(call.prediction))
    for port in graph.inputs:
        yield from _channels_last(graph, port)


def _of_probabilities(call: LossCall, layer: str | None) -> Iterator[Diagnostic]:
    """A loss that is fed probabilities and expects something else, of which it makes probabilities itself."""
    match call.kind, layer:
        case ("cross_entropy", "softmax") | ("bce", "sigmoid"):
            takes = f"logits and applies `{layer}` itself"
            help = f"give it the value before the `{layer}`, which may stay an output"
        case "nll", "softmax":
            takes, help = "log-probabilities", "write `log_softmax` for `softmax`"
        case _:
            return
    message = f"`{call.kind}` takes {takes}, and here it is fed what `{layer}` makes"
    yield Diagnostic("loss-of-probabilities", message, call.span, help=help, severity="warning")


def _channels_last(graph: Graph, port: Port) -> Iterator[Diagnostic]:
    """An image [N, height, width, channels], of which a window reads the height as channels."""
    match port.value.type.shape:
        case (_, int(a), int(b), int(last)) if min(a, b) >= IMAGE and (last in (3, 4) or (last == 1 and a == b)):
            pass
        case _:
            return
    # Scaling and the like leave the shape as it is.
    same = {port.value}
    for node in graph.nodes:
        if not same.isdisjoint(node.ins):
            if node.op.padding() is not None:
                yield Diagnostic(
                    "channels-last",
                    f"`{port.name}` is read as {a} channels of {b}×{last}",
                    port.span,
                    help=f"images are [N, channels, height, width]: declare [N, {last}, {a}, {b}], or turn the image "
                    f"by `{port.name} -> transpose([0, 3, 1, 2])`",
                    severity="warning",
                )
                return
            same.update(value for value in node.outs if value.type.shape == port.value.type.shape)
