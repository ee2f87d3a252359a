"""A net whose declarations are sorted once: it may have thousands of variants, each of which is resolved."""

from __future__ import annotations

from ...runtime.record import Record, replace
from ..syntax import tree
from .bodies import symbols_of


class Outline(Record):
    """A net: its variants by name, its symbolic dimensions, and its body without the variants."""

    name: tree.Name
    parameters: tuple[tree.Parameter, ...]
    body: tree.Body
    variants: dict[str, tree.Variant]
    symbols: tuple[str, ...]

    def expectations(self, variant: str | None) -> tuple[tree.Expr, ...]:
        """What must hold: a variant's own expectations, or the net's at its default parameters."""
        statements = self.body.statements if variant is None else self.variants[variant].settings
        return tuple(check for s in statements if isinstance(s, tree.Expect) for check in s.checks)


def outline(net: tree.Net) -> Outline:
    """The outline of a net."""
    variants = {s.name.id: s for s in net.body.statements if isinstance(s, tree.Variant)}
    rest = tuple(s for s in net.body.statements if not isinstance(s, tree.Variant))
    return Outline(net.name, net.parameters, replace(net.body, statements=rest), variants, tuple(symbols_of(net)))
