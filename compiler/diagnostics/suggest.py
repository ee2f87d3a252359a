"""Did you mean: the known name that is closest to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable

CANDIDATES = 200
EDITS = 3


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to `name`, if one is near: at most one edit in three characters, and three edits;
    and none when all of the name would be another.

    Only the first 200 candidates are looked at, so the work is bounded.
    """
    wanted = name.lower()
    best, best_distance = None, min(max(1, len(name) // 3), EDITS, len(name) - 1) + 1
    for place, candidate in enumerate(candidates):
        if place >= CANDIDATES:
            break
        if candidate.lower() == wanted:
            return candidate
        if abs(len(candidate) - len(name)) < best_distance:
            distance = _distance(wanted, candidate.lower(), best_distance)
            if distance < best_distance:
                best, best_distance = candidate, distance
    return best


def likely(name: str, candidates: Iterable[str]) -> str | None:
    """The closest candidate, or the only one that begins as the name does; for what is typed on a command line."""
    candidates = list(candidates)
    begun = [candidate for candidate in candidates if candidate.startswith(name.lower())]
    return closest(name, candidates) or (begun[0] if len(begun) == 1 else None)


def _distance(a: str, b: str, enough: int) -> int:
    """The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.

    Anything from `enough` up counts as `enough`, so only a band of that width beside the diagonal is worked out.
    """
    before: list[int] = []
    previous = [min(j, enough) for j in range(len(b) + 1)]
    for i, x in enumerate(a, 1):
        row = [enough] * (len(b) + 1)
        row[0] = min(i, enough)
        for j in range(max(1, i - enough), min(len(b), i + enough) + 1):
            y = b[j - 1]
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y), enough)
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row[j] = cost
        if min(row) >= enough:
            return enough
        before, previous = previous, row
    return previous[-1]
