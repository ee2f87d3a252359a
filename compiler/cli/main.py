"""The command line: one lazy group, and the exit codes.

0 fine; 1 the input has errors, a budget or check failed; 2 wrong usage or an unreadable file; 3 a bug in netc.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import click

from ..version import VERSION

# Each command with its line in `netc --help`; its module is imported when it runs.
COMMANDS = {
    "analyze": "Sizes, parameters, operations and memory of every layer.",
    "check": "All errors of specs at once, expectations and budgets.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f".{cmd_name}", __package__), cmd_name)
        return command

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


def main() -> None:
    """The console script."""
    # A command builds one graph and ends; looking for garbage in it takes a third of the time of a large network.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        _as_utf8(stream)
    try:
        status = netc.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        status = done.exit_code
    except click.ClickException as error:
        error.show()
        status = 2
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except BrokenPipeError:
        # Whoever read the output has closed it; the rest of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except Exception as error:
        status = _bug(error)
    sys.exit(status if isinstance(status, int) else 0)


def _as_utf8(stream: IO[str] | Any) -> None:
    """The same bytes in every locale."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _bug(error: Exception) -> int:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    click.echo(f"netc: this is a bug in netc: {type(error).__name__}{place}; please report it with the spec", err=True)
    return 3
