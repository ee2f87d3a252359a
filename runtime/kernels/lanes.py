"""Two halves of one piece of work, side by side.

NumPy lets go of the interpreter while it works on large arrays, so that a second thread takes half of the rows. What
is computed does not depend on the threads: the halves are the same when one follows the other, as they do where BLAS is
held to one thread (`OPENBLAS_NUM_THREADS=1`) or threadpoolctl is missing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from typing import Any

import numpy as np

Work = Callable[[], None]


def two_lanes(run: Work) -> Work:
    """What runs, with one thread of BLAS for each lane: more would wait, awake, on the processors of the lanes."""

    def wrapped() -> None:
        libraries = _libraries()
        threads = [library.num_threads for library in libraries]
        for library in libraries:
            library.set_num_threads(1)
        try:
            run()
        finally:
            for library, before in zip(libraries, threads, strict=True):
                library.set_num_threads(before)

    return wrapped


def together(first: Work, second: Work) -> None:
    """Run both, on two threads if there are two. What one of them raises is raised."""
    helper = _helper()
    # Another trainer, in another thread of the user's, has the helper: two threads are at work already.
    if helper is None or not helper.free.acquire(blocking=False):
        in_turn(first, second)
        return
    try:
        helper.run(first, second)
    finally:
        helper.free.release()


def in_turn(first: Work, second: Work) -> None:
    """Run both, one after the other: for what is too small to be divided."""
    first()
    second()


class _Helper:
    """The second thread, which waits for its half."""

    def __init__(self) -> None:
        self.free = threading.Lock()
        self._work: SimpleQueue[Work] = SimpleQueue()
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()
        threading.Thread(target=self._loop, daemon=True, name="netc-lane").start()

    def run(self, first: Work, second: Work) -> None:
        self._work.put(second)
        try:
            first()
        finally:
            raised = self._done.get()
        if raised is not None:
            raise raised

    def _loop(self) -> None:
        with np.errstate(all="ignore"):
            while True:
                work = self._work.get()
                try:
                    work()
                    raised = None
                except BaseException as error:
                    raised = error
                self._done.put(raised)


@cache
def _libraries() -> tuple[Any, ...]:
    """The libraries of BLAS that have more than one thread and can be told to take one."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return ()
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return tuple(library for library in found if library.num_threads > 1)


def look_again() -> None:
    """To be called when another library of BLAS has been loaded."""
    _libraries.cache_clear()


@cache
def _helper() -> _Helper | None:
    """The second thread, where BLAS leaves one."""
    return _Helper() if _libraries() else None


# A process made by fork has no second thread.
os.register_at_fork(after_in_child=_helper.cache_clear)
