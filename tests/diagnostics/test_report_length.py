"""However many errors there are, a report stays short, loses none from its count, and takes time in proportion."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netc.compiler.diagnostics.collect import Collector
from netc.compiler.diagnostics.diagnostic import Diagnostic, Label
from netc.compiler.diagnostics.formats import to_json
from netc.compiler.diagnostics.render import REPORT_LINES, concise, full, report
from netc.compiler.source import Source, Span

SOURCE = Source("a.net", "x\n" * 300)


def error(line: int, extra: int) -> Diagnostic:
    span = Span(SOURCE, 2 * line, 2 * line + 1)
    return Diagnostic("syntax", f"error {line}", span, notes=tuple(f"note {i}" for i in range(extra)))


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(0, 3))
def test_a_short_report_has_every_diagnostic_or_counts_it(extras: list[int], shown: int) -> None:
    diagnostics = [error(line, extra) for line, extra in enumerate(extras)]
    text = report(diagnostics, shown, lines=REPORT_LINES)
    lines = text.split("\n")
    assert len(lines) <= REPORT_LINES
    named = re.findall(r"error\[syntax\]: error (\d+)$", text, re.MULTILINE)
    assert named == [str(i) for i in range(len(named))]
    more = re.fullmatch(r"and (\d+) more", lines[-1])
    assert len(named) + (int(more[1]) if more else 0) == len(diagnostics)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_no_pair_of_lengths_makes_the_report_too_long(count: int) -> None:
    for one in range(REPORT_LINES):
        for two in range(REPORT_LINES - one):
            diagnostics = [error(0, one), error(1, two), error(2, 0), error(3, 0)][:count]
            assert report(diagnostics, 2, lines=REPORT_LINES).count("\n") < REPORT_LINES


@pytest.mark.parametrize("count", [0, 1, 2, 3, 15, 16, 17, 18, 19, 20, 21, 40])
def test_the_first_two_are_in_full_and_the_room_is_used(count: int) -> None:
    diagnostics = [error(line, 0) for line in range(count)]
    text = report(diagnostics, 2, lines=REPORT_LINES)
    assert text.startswith("\n\n".join(full(d) for d in diagnostics[:2]))
    # Two blocks of four lines, each with an empty line behind it, leave 15 lines.
    room = REPORT_LINES - 10
    rest = diagnostics[2:]
    expected = rest if len(rest) <= room else rest[: room - 1]
    last = [f"and {len(rest) - len(expected)} more"] if len(expected) < len(rest) else []
    assert text.split("\n")[10:] == [concise(d) for d in expected] + last


def test_a_single_diagnostic_longer_than_the_report_is_said_in_one_line() -> None:
    assert report([error(0, 40)], 2, lines=REPORT_LINES) == concise(error(0, 40))


def test_without_a_limit_of_lines_the_rest_is_counted() -> None:
    text = report([error(line, 0) for line in range(30)], 20)
    assert text.count("-->") == 20
    assert text.endswith("\n\nand 10 more")


def test_200_000_errors_take_time_in_proportion() -> None:
    source = Source("a.net", "x ?\n" * 200_000)
    begin = time.perf_counter()
    collector = Collector()
    for line in range(200_000):
        span = Span(source, 4 * line + 2, 4 * line + 3)
        collector.add(Diagnostic("bad-character", "`?` has no meaning here", span, labels=(Label(span, "here"),)))
    found = collector.ordered()
    text = report(found, 2, lines=REPORT_LINES)
    machine = to_json(found[-20_000:])
    # About 2 s on a slow core; anything quadratic would take hours.
    assert time.perf_counter() - begin < 30
    assert text.count("\n") < REPORT_LINES
    assert text.endswith("more")
    assert machine["error_count"] == 20_000
    assert machine["diagnostics"][-1]["line"] == 200_000
