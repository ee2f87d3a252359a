"""The process that the tests of whole runs fork theirs from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .runs import Forks, forks


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("runs")) as found:
        yield found
