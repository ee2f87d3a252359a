"""Stopping in good order: a signal ends a command at once; training, after its step, and only a second one at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_Handler = Callable[[int, FrameType | None], None]
# The signals that came while `ending_at_once` was entered.
_came: list[int] = []


@contextmanager
def ending_at_once() -> Iterator[None]:
    """While it is entered, a signal raises SystemExit with 128 and its number: what is half written is cleared away.

    When it is left, the signals are ignored: the work is done, and the exit code is that of its result.
    """
    _came.clear()
    taken = _take(_end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    # An object that is cut off while it is made may fail again when it goes, which nobody needs to read.
    sys.unraisablehook = lambda _: None
    _came.append(number)
    raise SystemExit(128 + number)


def _take(handler: _Handler) -> dict[int, Any]:
    """Set the handler for the signals that are not ignored, as `nohup` has it; returns the handlers before."""
    return {
        number: signal.signal(number, handler)
        for number in SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }  # fmt: skip


class Interrupt:
    """While it is entered, a signal sets `pending` to its number; a second one ends the process."""

    def __init__(self) -> None:
        self.pending: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        # What a library runs may swallow every error, also the one that a signal raised there.
        if _came:
            raise SystemExit(128 + _came[0])
        self._before = _take(self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.pending is not None:
            os._exit(128 + number)
        self.pending = number
