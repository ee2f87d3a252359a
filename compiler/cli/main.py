"""The command line: one lazy group, and the exit codes.

0 fine; 1 the input has errors, a budget or check failed; 2 wrong usage or an unreadable file; 3 a bug in netc.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module

import click

from ...runtime.run.signals import ending_at_once
from ..diagnostics.visible import visible
from ..version import VERSION

# Each command with its line in `netc --help`; its module is imported when it runs.
COMMANDS = {
    "analyze": "Sizes, parameters, operations and memory of every layer.",
    "check": "All errors of specs at once, expectations and budgets.",
    "fmt": "The canonical form of specs; comments stay.",
    "expand": "The network with blocks, loops, conditions and parameters written out.",
    "train": "Train a network on data.",
    "eval": "Loss and accuracy of weights on data.",
    "predict": "The outputs for data.",
    "export": "An ONNX model, proven equal to the NumPy program.",
    "bench": "Latency and throughput of predictions.",
    "profile": "Time, bytes and GFLOP/s of every layer in a step of training.",
    "gradcheck": "Gradients against finite differences.",
    "emit": "The NumPy program as source.",
    "explain": "What a diagnostic code means, and how it is mended.",
    "layers": "The reference of layers, cells, losses, optimizers and all else that a spec names.",
    "limits": "Every limit, and what it counts.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f".{cmd_name}", __package__), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with a suggestion for a command that does not exist."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from ..diagnostics.suggest import likely

            near = likely(name, COMMANDS)
            hint = f"; did you mean `{near}`?" if near else "; `netc --help` lists them"
            ctx.fail(f"there is no command `{visible(name)}`{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="SPEC is a path, - for standard input, or the name of a bundled spec such as lenet5 or resnet50.",
)
@click.version_option(VERSION, prog_name="netc")
def netc() -> None:
    """netc: networks written as text; analysed, trained, exported."""


def main() -> int:
    """Runs the command, and returns its exit code: all that it wrote has left the process, or cannot."""
    _open_streams()
    try:
        with ending_at_once():
            status = _run()
            sys.stdout.flush()
            sys.stderr.flush()
            return status
    except OSError as error:
        return _unwritten(error)


def _open_streams() -> None:
    """Streams that write the same bytes in every locale; one that is closed from the start goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        getattr(sys, name).reconfigure(encoding="utf-8", errors="backslashreplace")


def _run() -> int:
    """Runs the command; returns the exit code. Raises OSError when its output cannot be written."""
    try:
        status = netc.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except OSError:
        raise
    except MemoryError:
        click.echo("error[no-memory]: the memory that is free is not enough for this", err=True)
        click.echo("  help: make the network or the batch smaller, or memory free", err=True)
        return 1
    except Exception as error:
        return _bug(error)
    return status if isinstance(status, int) else 0


def _unwritten(error: OSError) -> int:
    """Says why the output could not be written, unless its reader has closed it."""
    closed = isinstance(error, BrokenPipeError)
    if not closed:
        with suppress(OSError):
            click.echo(f"netc: the output cannot be written: {(error.strerror or 'unknown reason').lower()}", err=True)
    return 1 if closed else 2


def _bug(error: Exception) -> int:
    from pathlib import Path

    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    click.echo(f"netc: this is a bug in netc: {type(error).__name__}{place}; please report it with the spec", err=True)
    return 3
