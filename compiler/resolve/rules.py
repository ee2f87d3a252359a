"""Whether the rules of a `train` block are about weights of the network."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..graph.graph import Graph
from ..syntax import tree
from .evaluate import Evaluator
from .frame import Frame


def check_rules(evaluator: Evaluator, frame: Frame, statement: tree.Train, graph: Graph) -> None:
    """Report the rules whose pattern is no parameter's name."""
    names = [parameter.name for parameter in graph.parameters if parameter.trainable]
    for rule in statement.settings:
        if isinstance(rule, tree.Rule) and not any(fnmatchcase(name, rule.pattern.value) for name in names):
            evaluator.report(
                frame,
                "unknown-setting",
                f"no parameter's name matches `{rule.pattern.value}`",
                rule.pattern.span,
                help=f"names look like `{names[0]}`; `*` stands for anything" if names else "leave the rule out",
            )
