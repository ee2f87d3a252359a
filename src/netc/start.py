"""The first lines of the command: until it can answer an interrupt in good order, one ends it without a traceback."""

from __future__ import annotations

import signal


def main() -> None:
    """The console script."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .compiler.cli.main import main as run

    run()
