"""`netc layers`."""

from __future__ import annotations

import click

from ..diagnostics.suggest import likely
from ..diagnostics.visible import visible


@click.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """The layer or cell NAME, or the loss, optimizer, schedule, setting, initialiser, operator or figure: arguments,
    formulas, source and an example; without a name, the list of all."""
    from ..reference import explain_layer, reference_names
    from ..resolve.elsewhere import meaning

    sections = reference_names()
    names = [each for section in sections.values() for each in section]
    if name is None:
        width = max(map(len, names))
        for title, section in sections.items():
            click.echo("\n".join([f"{title}:", *(f"  {each:<{width}}  {text}" for each, text in section.items())]))
        return
    if name not in (*names, "sub", "div"):
        known = meaning(name)
        near = known if known in names else likely(name, names)
        hint = f"; did you mean `{near}`?" if near else "; `netc layers` lists them"
        raise click.UsageError(f"there is no layer `{visible(name)}`{hint}")
    click.echo(explain_layer(name))
