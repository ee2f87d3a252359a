"""The command from its first line to its last: until it can answer an interrupt in good order, one ends it without a
traceback."""

from __future__ import annotations

import gc
import os
import signal


def main() -> None:
    """The console script."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A command builds one graph and ends; looking for garbage in it takes a third of the time of a large network.
    gc.disable()
    from .compiler.cli.main import main as run

    # To take a large graph apart takes longer than to read a spec. All that was written is written; there are no exit
    # handlers, and no threads or temporary files are left.
    os._exit(run())
