"""The options that commands share, and what they do with the compiler's answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.visible import visible
from ..driver import Compiled, Request, compile_spec
from ..graph.tensor import FLOAT_TYPES
from ..graph.tiers import TIERS
from ..limits import DEFAULT_LIMITS, Limits, raised
from ..reading import ReadError
from .amounts import amount

# How many diagnostics the report of a command shows in full; `check` shows more.
SHOWN = 2
_F = TypeVar("_F", bound=Callable[..., Any])


def _setting(text: str) -> tuple[str, str]:
    """`NAME=VALUE`."""
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _dim(text: str) -> tuple[str, int]:
    """`NAME=VALUE`, the value being the size of a dimension."""
    name, value = _setting(text)
    digits = value.replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 11 and 0 < int(digits) < 2**31):
        raise click.BadParameter(f"{name} is a whole number from 1 to 2147483647, not {value!r}")
    return name, int(digits)


def tier_option(function: _F) -> _F:
    """The option that picks the kernels."""
    help = "The kernels: NumPy's, or compiled ones, which need the extra `fast`."
    return click.option("--tier", type=click.Choice(TIERS), show_default="numpy", help=help)(function)


dtype_option = click.option("--dtype", type=click.Choice(tuple(FLOAT_TYPES)), help="Instead of the spec's.")

budget_option = click.option(
    "--memory-budget", type=amount, metavar="AMOUNT", help="Make values again to train within it, 200MiB."
)

weights_option = click.option(
    "--weights", metavar="FILE", help="A .safetensors or .npz file, or a run folder; of a spec."
)

samples_option = click.option(
    "--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Samples at a time."
)


def _no_more(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        raise click.UsageError(f"data are given by an option: write `--data {visible(value[0])}`")


def data_options(function: _F) -> _F:
    """The options that say what a source of data means."""
    for option in reversed(
        (
            click.option("--labels", metavar="FILE", help="The labels, for inputs in an .npy file."),
            click.option("--target", metavar="COLUMN", help="The column of a .csv that is predicted."),
            click.option("--seq-len", type=click.IntRange(min=1), help="Steps in a sample of a text or series."),
            click.argument("more", nargs=-1, metavar="", callback=_no_more, expose_value=False, is_eager=True),
        )
    ):
        function = option(function)
    return function


limit_option = click.option(
    "--limit", "limits", metavar="NAME=VALUE", multiple=True, help="Set a limit of `netc limits`, layers=200000."
)


def common(function: _F) -> _F:
    """The options that pick a network and a style."""
    for option in reversed(
        (
            click.option("--net", metavar="NAME", help="The net of the file; by default its last one."),
            click.option("--variant", metavar="NAME", help="A variant of the net."),
            click.option(
                "--set",
                "sets",
                type=_setting,
                metavar="NAME=VALUE",
                multiple=True,
                help="A parameter of the net, as in the spec.",
            ),
            click.option(
                "--dim", "dims", type=_dim, metavar="NAME=VALUE", multiple=True, help="A symbolic dimension, N=32."
            ),
            click.option(
                "--stdin-filename", metavar="NAME", default="<stdin>", help="What messages call the text of -."
            ),
            limit_option,
            click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True),
        )
    ):
        function = option(function)
    return function


def request(spec: str, options: dict[str, Any], *, every: bool = False) -> Request:
    """What the common options ask for."""
    return Request(
        spec,
        net=options["net"],
        variant=options["variant"],
        sets=dict(options["sets"]),
        dims=dict(options["dims"]),
        every=every,
        stdin_name=options["stdin_filename"],
        limits=limits_by(options["limits"]),
    )


def limits_by(settings: Sequence[str]) -> Limits:
    """The limits that `--limit` sets. Raises a usage error."""
    try:
        return raised(DEFAULT_LIMITS, settings)
    except ValueError as error:
        raise click.UsageError(visible(str(error), 1000)) from None


def compiled(wanted: Request, color: str) -> Compiled:
    """The compiled spec; a file that cannot be read ends the command with 2, one whose text is refused with 1."""
    try:
        return compile_spec(wanted)
    except ReadError as error:
        show((error.diagnostic,), color)
        raise click.exceptions.Exit(2 if error.diagnostic.span is None else 1) from None


def colored(choice: str, stream: Any) -> bool:
    """Whether to colour what goes to a stream."""
    if choice != "auto":
        return choice == "always"
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(diagnostics: Sequence[Diagnostic], color: str, end: str = "") -> None:
    """A report of at most 25 lines on standard error: the first two in full, how to see the others so, and `end`."""
    if diagnostics:
        from ..diagnostics.render import REPORT_LINES, report

        ordered = sorted(diagnostics, key=lambda d: d.severity != "error")
        more = len(ordered) > SHOWN
        text = report(ordered, SHOWN, lines=REPORT_LINES - more - bool(end), color=colored(color, sys.stderr))
        click.echo(text + "\n`netc check` shows them in full" * more, err=True, color=True)
        if end:
            click.echo(end, err=True)
