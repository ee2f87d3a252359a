"""Whether the `unroll` of a `train` block fits the network."""

from __future__ import annotations

from ..graph.graph import Graph
from ..recurrence.unrolling import NotUnrolled, unrolled
from ..syntax import tree
from .evaluate import Evaluator
from .frame import Frame


def check_unroll(evaluator: Evaluator, frame: Frame, train: tree.Train, graph: Graph) -> None:
    """Report an `unroll` where the sequences cannot be cut into chunks."""
    for setting in train.settings:
        if not isinstance(setting, tree.Setting) or setting.name.id != "unroll":
            continue
        try:
            unrolled(graph)
        except NotUnrolled as error:
            evaluator.report(
                frame,
                "bad-argument",
                f"`unroll` cuts sequences into chunks, and {error}",
                setting.span,
                help="leave `unroll` out: back-propagation then goes through whole sequences",
            )
