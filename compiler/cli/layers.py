"""`netc layers`."""

from __future__ import annotations

import click

from ..diagnostics.suggest import closest
from ..diagnostics.visible import visible


@click.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """The layer NAME: arguments, shapes, formulas, source and an example; without a name, the list of all layers."""
    from ..graph.layer import layer_names
    from ..reference import explain_layer, summary

    names = layer_names()
    if name is None:
        width = max(map(len, names))
        click.echo("\n".join(f"{each:<{width}}  {summary(each)}" for each in names))
        return
    if name not in names:
        near = closest(name, names)
        hint = f"; did you mean `{near}`?" if near else "; `netc layers` lists them"
        raise click.UsageError(f"there is no layer `{visible(name)}`{hint}")
    click.echo(explain_layer(name))
