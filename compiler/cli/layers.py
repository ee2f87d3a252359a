"""`netc layers`."""

from __future__ import annotations

import click

from ..diagnostics.suggest import closest
from ..diagnostics.visible import visible


@click.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """The layer or cell NAME: arguments, shapes, formulas, source and an example; without a name, the list of all."""
    from ..reference import explain_layer, reference_names, summary
    from ..resolve.elsewhere import layer_of

    names = reference_names()
    if name is None:
        width = max(map(len, names))
        click.echo("\n".join(f"{each:<{width}}  {summary(each)}" for each in names))
        return
    if name not in names:
        near = layer_of(name) if layer_of(name) in names else closest(name, names)
        hint = f"; did you mean `{near}`?" if near else "; `netc layers` lists them"
        raise click.UsageError(f"there is no layer `{visible(name)}`{hint}")
    click.echo(explain_layer(name))
