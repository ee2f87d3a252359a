"""`netc fmt`."""

from __future__ import annotations

import stat
from difflib import unified_diff
from pathlib import Path

import click

from ...grammar.parser import parse
from ...runtime.record import replace
from ...runtime.run.atomic import write_atomic
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.visible import visible
from ..driver import bundled
from ..format.layout import format_text
from ..limits import Limits
from ..reading import ReadError, read_source, read_stdin
from ..source import Source
from .options import limit_option, limits_by, show
from .running import run_errors


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is not in its canonical form.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--stdin-filename", metavar="NAME", default="<stdin>", help="What messages call the text of -.")
@limit_option
def fmt(specs: tuple[str, ...], check: bool, diff: bool, stdin_filename: str, limits: tuple[str, ...]) -> None:
    """Bring each SPEC, a path or - for standard input, to its canonical form, in place. Comments stay.

    Bundled specs are in it, and fmt does not know their names.
    """
    status, within = 0, limits_by(limits)
    for spec in specs:
        try:
            name = stdin_filename if spec == "-" else spec
            source = read_stdin(name, within) if spec == "-" else read_source(spec, spec, within)
        except ReadError as error:
            show((_explained(error, spec),), "auto")
            status = max(status, 2 if error.diagnostic.span is None else 1)
            continue
        _, diagnostics = parse(source, within)
        if diagnostics:
            _left_alone(source, diagnostics)
            status = max(status, 1)
            continue
        changed = _one(spec, source, within, check=check, diff=diff)
        status = max(status, int(changed and (check or diff)))
    raise click.exceptions.Exit(status)


def _explained(error: ReadError, spec: str) -> Diagnostic:
    """Why a spec is not read: other commands take the name of a bundled one."""
    if error.diagnostic.code != "missing-file" or all(spec not in (stem, *names) for stem, names in bundled().items()):
        return error.diagnostic
    help = f"`{spec}` is the name of a bundled spec, which is in its canonical form: give fmt a path"
    return replace(error.diagnostic, help=help)


def _left_alone(source: Source, diagnostics: tuple[Diagnostic, ...]) -> None:
    show(diagnostics, "auto", f"{visible(source.name)} has errors and is left as it is")


def _one(spec: str, source: Source, limits: Limits, *, check: bool, diff: bool) -> bool:
    """Format one text; returns whether it changes."""
    text = format_text(source, limits)
    changed = text != source.text
    if diff:
        name = visible(source.name)
        click.echo("".join(unified_diff(source.text.splitlines(True), text.splitlines(True), name, name)), nl=False)
    if check and changed:
        click.echo(f"would reformat {visible(source.name)}", err=True)
    if spec == "-" and not check and not diff:
        click.echo(text, nl=False)
    elif changed and not check and not diff:
        _replace(Path(spec), text)
        click.echo(f"reformatted {visible(source.name)}", err=True)
    return changed


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole or not at all; a link stays a link, and the file keeps its rights."""
    target = path.resolve() if path.is_symlink() else path
    with run_errors():
        write_atomic(target, text.encode(), mode=stat.S_IMODE(target.stat().st_mode))
