"""Names of layer uses.

A use is called by its kind and its ordinal among the unnamed uses of that kind in its scope; a binding that holds one
layer use gives it its own name; a binding that holds more, a block and a cell open a scope. Names are only settled at
the end: how many uses a binding holds is known when it has been evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.record import Record, fresh

if TYPE_CHECKING:
    from ..graph.graph import Value
    from .frame import State
    from .values import Instance, Recipe

OPERATORS = ("add", "sub", "mul", "div")


class Equations(Record, eq=False):
    """The equations of a cell as one of its loops ran them: the layer uses from `first` up to but without `end`.

    `inputs` are what the cell reads, in order; `next` are the next values of its states.
    """

    first: int
    end: int
    inputs: tuple[Value, ...]
    states: tuple[State, ...]
    next: tuple[Value, ...]
    outputs: tuple[Value, ...]


class Mark(Record, eq=False, frozen=False):
    """A place in the tree of names. `use` is the index of its layer use, None for a scope; `kind` the name of its layer
    or block, `block` for the scope of a binding.

    `label` is the name that the text gives; `operator` marks the use of an operator such as `+`, which does not count
    when a binding's layer uses are counted. `applied` is what the text applies there: a layer or block with its
    arguments, or the sign of an operator between its two sides; None for a binding and a `param`. `equations`
    are those of the cell whose loop this is.
    """

    kind: str
    label: str | None = None
    use: int | None = None
    operator: bool = False
    applied: Recipe | Instance | tuple[Value | float, str, Value | float] | None = None
    equations: Equations | None = None
    children: list[Mark] = fresh(factory=list)

    def add(self, child: Mark) -> Mark:
        self.children.append(child)
        return child


def close_binding(scope: Mark, binding: Mark) -> None:
    """Settle a binding that was the last child of `scope`: one layer use takes its name, more stay in its scope."""
    layers = [child for child in binding.children if not child.operator] or binding.children
    if len(layers) > 1:
        return
    scope.children.remove(binding) if scope.children[-1] is not binding else scope.children.pop()
    for child in layers:
        if child.label is None:
            child.label = binding.label
    scope.children.extend(binding.children)


def settle(root: Mark, uses: int) -> tuple[list[str], dict[str, str]]:
    """The dotted name of each of the layer uses, and the kind of each scope by its dotted name."""
    names = [""] * uses
    scopes: dict[str, str] = {}
    todo = [("", root)]
    while todo:
        prefix, scope = todo.pop()
        taken = {child.label for child in scope.children if child.label}
        seen: dict[str, int] = {}
        given: set[str] = set()
        for child in scope.children:
            name = _ordinal(child, taken, seen, given)
            given.add(name)
            if child.use is not None:
                names[child.use] = prefix + name
            if child.children:
                scopes[prefix + name] = child.kind
                todo.append((f"{prefix}{name}.", child))
    return names, scopes


def _ordinal(mark: Mark, taken: set[str], seen: dict[str, int], given: set[str]) -> str:
    """A label, with an ordinal from its second use on; or the kind, with an ordinal from the first."""
    stem = mark.label or mark.kind
    key = mark.label or f" {mark.kind}"
    number = seen.get(key, 0) + 1
    while True:
        name = stem if mark.label and number == 1 else f"{stem}{number}"
        if name not in given and (name == mark.label or name not in taken):
            seen[key] = number
            return name
        number += 1
