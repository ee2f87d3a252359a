"""The page of a run: figures, and every fault that no test found."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .areas import AREAS
from .judge import Verdict
from .known import EQUIVALENT


@dataclass(frozen=True)
class Judged:
    """A fault, told as `path:line: change`, and what became of it."""

    area: str
    fault: str
    verdict: Verdict


def page(judged: Sequence[Judged], seed: int) -> str:
    """The page as Markdown."""
    found = sum(one.verdict != "survived" for one in judged)
    return f"""# Mutants: the tests are tested

    python -m tests.mutation --seed {seed} --count {len(judged)}

Small faults, drawn with a seed from all places of a module where one can be, are put one at a time into a copy of the
package, and the tests of that module are run up to the first that fails: a comparison turned or its limit moved, `+`
for `−`, `and` for `or`, a number one too large, a condition turned into its opposite, a statement left out, nothing
returned, another function in a statement that is written into a program. `tests/mutation/areas.py` says which tests
belong to a module. A fault with which they take twice as many seconds of a processor as without it, and 10 more, is
found too.

Found are **{found} of {len(judged)}, {100 * found / len(judged):.1f} %**. Python {platform.python_version()}.

| area | places | faults | tests failed | without end | not found | found |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
{"".join(_rows(judged))}
## Not found

Faults that change nothing that a user or another module can see are said to be equivalent, and count as not found.

{"".join(_survivors(judged))}"""


def _rows(judged: Sequence[Judged]) -> Iterable[str]:
    for area, places in AREAS.items():
        counts = Counter(one.verdict for one in judged if one.area == area)
        total = counts.total()
        where = ", ".join(f"`{place}`" for place in places)
        share = f"{100 * (total - counts['survived']) / total:.0f} %" if total else ""
        figures = (total, counts["killed"], counts["timeout"], counts["survived"], share)
        yield f"| {area} | {where} | {' | '.join(map(str, figures))} |\n"


def _survivors(judged: Sequence[Judged]) -> Iterable[str]:
    for one in judged:
        if one.verdict == "survived":
            place, _, change = one.fault.partition(": ")
            why = EQUIVALENT.get((place.partition(":")[0], change))
            yield f"- `{place}`: {change}{f' — equivalent: {why}' if why else ''}\n"
