"""Names of states in a cell: what is a state, and what is meant for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..diagnostics.diagnostic import Label
from ..source import Span
from ..syntax import tree
from .elsewhere import state_name

if TYPE_CHECKING:
    from .names import NameCheck, Scope


def of_a_step(check: NameCheck, name: str, span: Span, scope: Scope) -> bool:
    """Report a name in a cell that means a state before or after the step, or one that is not declared."""
    state = state_name(name)
    if state in scope.states:
        help = f"write `{state}` for the state before the step, `{state}'` for the one after it"
        check.report("undefined-name", f"nothing here is called `{name}`", span, help=help)
        return True
    state = name if name in scope.anywhere else state
    bound = scope.anywhere.get(state)
    if bound is None or "}" in span.source.text[bound.end : span.start]:
        # A name of a loop or branch that has ended.
        return False
    scope.lost.add(name)
    before = f", with `{state}` for `{name}`" if name != state else ""
    check.report(
        "undefined-name",
        f"`{name}` is read before it is bound",
        span,
        labels=(Label(bound, "bound here"),),
        help=f"what one step leaves to the next is a state: declare `state {state}[{scope.size}]`, and write "
        f"`{state}' = …`{before}",
    )
    return True


def is_state(check: NameCheck, name: tree.Primed, scope: Scope) -> bool:
    """Check that a primed name is the next value of a state."""
    if scope.kind != "cell" and name.id not in scope.states:
        check.report(
            "misplaced",
            f"`{name.id}'` is the next value of a state, and only a cell has states",
            name.span,
            help=f"write `{name.id}_2`, or make the block a cell",
        )
        return False
    if name.id not in scope.states:
        no_state(check, name.id, name.span, scope)
        return False
    return True


def no_state(check: NameCheck, name: str, span: Span, scope: Scope) -> None:
    """Report, once in a cell, a state that is not declared; where its declaration may be lost nothing is said."""
    check.broken.add(span)
    if name not in scope.lost and name not in check.space.file.suspects:
        scope.lost.add(name)
        help = f"declare it: `state {name}[{scope.size}]`"
        check.report("undefined-name", f"there is no state `{name}`", span, help=help)
