"""What resolving a net of a file gives: its graph, and what its text says about training and expectations."""

from __future__ import annotations

from collections.abc import Mapping

from ...runtime.record import Record
from ..graph.graph import Graph
from ..source import Span
from ..syntax import tree
from ..training.settings import Settings
from .naming import Mark


class Network(Record):
    """One net at given parameters.

    `parameters` are its parameters with the values that were used, written as in the language. `dims` are the values
    given for symbolic dimensions; `fixed` are those among them that had to be put in before the graph was built, so
    the graph holds no such symbol any more. `train` is its `train` block and `settings` what that means, None for a net
    without one; `checks` is what it is expected to hold at these parameters.

    `mark` is the scope of names of the whole net, with what each layer use and scope in it applies; `bound` are the
    values of the names that the body of the net binds.
    """

    name: str
    variant: str | None
    file: str
    span: Span
    parameters: Mapping[str, str]
    dims: Mapping[str, int]
    fixed: frozenset[str]
    graph: Graph
    train: tree.Train | None
    settings: Settings | None
    checks: tuple[tree.Expr, ...]
    mark: Mark
    bound: Mapping[str, object]
