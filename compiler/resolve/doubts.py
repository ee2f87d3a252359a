"""Warnings about what is allowed and hardly ever meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..diagnostics.diagnostic import Diagnostic
from ..graph.axes import class_axis
from ..graph.graph import Graph, Port
from ..graph.tensor import TensorType
from ..source import Span
from ..training.settings import LossCall, Settings

# Kernels of this size are hardly ever written.
LARGE = 12
# From this size on, the dimensions before a last one of 3 or 4 are height and width.
IMAGE = 8


def doubts(graph: Graph, settings: Settings | None) -> Iterator[Diagnostic]:
    """The warnings about a net."""
    made = {value: graph.uses[node.use].kind for node in graph.nodes for value in node.outs}
    for call in settings.loss if settings else ():
        yield from _of_probabilities(call, made.get(call.prediction))
        yield from _of_one_class(call)
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
        case "nll", "fc" | "conv" | "deconv":
            takes = "log-probabilities"
            written = call.span.text.replace("nll", "cross_entropy", 1)
            help = f"write `{written}`, which takes what `{layer}` makes; or feed that to `log_softmax` first"
        case _:
            return
    message = f"`{call.kind}` takes {takes}, and here it is fed what `{layer}` makes"
    yield Diagnostic("loss-of-probabilities", message, call.span, help=help, severity="warning")


def _of_one_class(call: LossCall) -> Iterator[Diagnostic]:
    """A loss of classes where there is one, which is always right."""
    axis = class_axis(call.prediction.type)
    if call.kind in ("cross_entropy", "nll") and call.prediction.type.shape[axis] == 1:
        yield Diagnostic(
            "one-class",
            f"`{call.kind}` compares scores of classes, and {call.prediction.type} has one: there is nothing to learn",
            call.span,
            help="give each class a score, two for yes and no; or compare one score with yes and no by `bce`, and "
            f"declare the target {call.prediction.type}",
            severity="warning",
        )


def size_in_front(kind: str, numbers: Sequence[object], x: TensorType, span: Span) -> Iterator[Diagnostic]:
    """`conv(3, 16, 3)` on 3 channels: hardly ever 3 maps by a kernel of 16×16 and a stride of 3. What some networks do
    stays without a word: small kernels, strides that are even, and a deconv's kernels up to four times its stride."""
    match numbers:
        case [int(maps), int(kernel), int(stride)] if x.rank == 4 and maps == x.shape[1]:
            pass
        case _:
            return
    single = maps == 1 and stride > 1 and kernel >= 6 and kernel % 2 == 0
    conv = kind == "conv" and stride in (1, 3, 5, 7) and (kernel >= LARGE or single)
    if conv or (kind == "deconv" and kernel >= 8 and kernel >= 4 * stride > 4):
        yield Diagnostic(
            "size-in-front",
            f"`{kind}({maps}, {kernel}, {stride})` makes {maps} map{'s' if maps > 1 else ''}, by a kernel of "
            f"{kernel}×{kernel} and a stride of {stride}",
            span,
            help=f"the size of what comes in is not written: for {kernel} maps write `{kind}({kernel}, {stride})`; if "
            f"this is meant, `{kind}({maps}, {kernel}, stride = {stride})` says so",
            severity="warning",
        )


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
