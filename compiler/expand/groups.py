"""Which statements of a body stand together in a `repeat 1`: those over which a name is wanted that others have too."""

from __future__ import annotations

from collections.abc import Iterable

from ...runtime.record import Record, fresh


class Group(Record, frozen=False):
    """The statements from `first` up to and with `last`, by their places; the groups in it are apart and in order."""

    first: int
    last: int
    inner: list[Group] = fresh(factory=list)

    def holds(self, first: int, last: int) -> bool:
        return self.first <= first and last <= self.last

    def innermost(self, first: int, last: int) -> Group:
        """The smallest group in this one that holds the statements from `first` to `last`."""
        inside = next((group for group in self.inner if group.holds(first, last)), None)
        return inside.innermost(first, last) if inside is not None else self


def arrange(reaches: Iterable[tuple[int, int]], count: int) -> Group:
    """The group of all `count` statements with a group for each reach; reaches that overlap in part become one."""
    whole = Group(0, max(count - 1, 0))
    path = [whole]
    for first, last in sorted(set(reaches), key=lambda reach: (reach[0], -reach[1])):
        while len(path) > 1 and path[-1].last < first:
            path.pop()
        if path[-1] is whole or last <= path[-1].last:
            group = Group(first, last)
            path[-1].inner.append(group)
            path.append(group)
            continue
        # It begins in a group and ends behind it: that group grows, and with it those around it that are too small.
        for group in path[1:]:
            group.last = max(group.last, last)
    return whole
