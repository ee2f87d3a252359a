"""Every test of single operations runs in every tier of emission."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netc.compiler.graph.tiers import TIERS, Tier
from netc.compiler.ops import winograd

from .harness import TIER


@pytest.fixture(autouse=True, params=TIERS)
def tier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tier]:
    """The tier of this run; small convolutions are computed as large ones are for which memory is free."""
    for limit, number in (("MAPS", 1), ("TILES", 1), ("LARGE", 1 << 20)):
        monkeypatch.setattr(winograd, limit, dict.fromkeys(TIERS, number))
    token = TIER.set(request.param)
    yield request.param
    TIER.reset(token)
