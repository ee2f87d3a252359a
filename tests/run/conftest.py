"""The process that the tests of whole runs fork theirs from."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from .runs import Forks, forks


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("runs")) as found:
        yield found


@pytest.fixture(scope="session", autouse=True)
def _signals_count() -> None:
    """A shell starts what is in the background with SIGINT ignored, and the commands under test would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
