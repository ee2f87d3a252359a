"""The command: `python -m tests.mutation --seed 0 --count 300`."""

from __future__ import annotations

import argparse
import ast
import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import cast

from .areas import AREAS, files, tests_of
from .faults import Fault, Site, fault, sites
from .judge import Judge, Verdict
from .page import Judged, page

ROOT = Path(__file__).parents[2]


def sample(seed: int, count: int) -> Iterator[tuple[str, Fault]]:
    """Faults with their areas, drawn with a seed from all sites of each area; the areas take turns."""
    drawn: list[list[tuple[str, Fault]]] = []
    for place, area in enumerate(AREAS):
        found: list[tuple[str, ast.Module, Site]] = []
        for path in files(ROOT, area):
            tree = ast.parse(path.read_text("utf-8"))
            found += [(path.relative_to(ROOT).as_posix(), tree, site) for site in sites(tree)]
        share = count // len(AREAS) + (place < count % len(AREAS))
        drawn.append([(area, fault(*chosen)) for chosen in Random(f"{seed} {area}").sample(found, share)])
    for turn in zip_longest(*drawn):
        yield from (one for one in turn if one is not None)


class Record:
    """What is known already, line by line in a file: how long tests take, and what became of faults. Several processes
    may add to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.entries: dict[str, dict[str, object]] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            entry = json.loads(line)
            self.entries[entry.pop("key")] = entry

    def add(self, key: str, entry: dict[str, object]) -> None:
        self.entries[key] = entry
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, **entry}) + "\n")

    def verdict(self, one: Fault) -> Verdict | None:
        return cast(Verdict, self.entries[one.key]["verdict"]) if one.key in self.entries else None


def usual(judge: Judge, record: Record, tests: Sequence[str]) -> float:
    """The seconds that tests take, which must pass, when nothing is wrong."""
    for line in tests:
        if line not in record.entries:
            outcome = judge.run([line], 300)
            if outcome.verdict != "survived":
                raise SystemExit(f"without any fault: {outcome}")
            record.add(line, {"seconds": outcome.seconds})
    return sum(cast(float, record.entries[line]["seconds"]) for line in tests)


def work(faults: Sequence[Fault], path: Path, end: float) -> None:
    """Judge those of the faults that are not in a record yet, and enter them, up to a time."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    judge, record = Judge(ROOT), Record(path)
    for one in faults:
        if record.verdict(one) is None and time.monotonic() < end:
            tests = tests_of(ROOT, one.path)
            outcome = judge.judge(one, tests, 10 + 2 * usual(judge, record, tests))
            record.add(one.key, asdict(outcome))
            print(f"{outcome.verdict} in {outcome.seconds:.1f} s: {one.key} ({outcome.why})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=300, help="how many faults, shared among the areas")
    parser.add_argument("--jobs", type=int, default=1, help="how many are judged at a time")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "soak" / "mutants.md", help="the page to write")
    parser.add_argument("--record", type=Path, help="what has been judged, from which a run that was stopped goes on")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long; the next run goes on")
    chosen = parser.parse_args()
    path = chosen.record or ROOT / "build" / f"mutants-{chosen.seed}-{chosen.count}.jsonl"
    end = time.monotonic() + chosen.minutes * 60
    drawn = list(sample(chosen.seed, chosen.count))
    faults = [one for _, one in drawn]
    processes = get_context("fork")
    workers = [
        processes.Process(target=work, args=(faults[part :: chosen.jobs], path, end), daemon=True)
        for part in range(chosen.jobs)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    record = Record(path)
    judged = [Judged(area, one.key, verdict) for area, one in drawn if (verdict := record.verdict(one))]
    if len(judged) < len(drawn):
        sys.exit(f"{len(judged)} of {len(drawn)} are judged; the same command goes on")
    chosen.out.write_text(page(judged, chosen.seed), "utf-8")
    path.unlink()


if __name__ == "__main__":
    main()
