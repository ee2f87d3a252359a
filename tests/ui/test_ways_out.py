"""What a help says to write can be written: put in at its place, it takes the mistake away and brings no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netc.compiler.diagnostics.diagnostic import Diagnostic
from netc.compiler.driver import Request, compile_spec

FOLDER = Path(__file__).parent
WRITTEN = re.compile(r"\bwrite `([^`…]+)`")
TOKEN = re.compile(r"\w+'?|->|\.\.|[=!<>]=|//|\"[^\"\n]*\"|[^\w\s]", re.ASCII)

# Where more is to be done than to put a text in at the place: in other lines, at other places of a name, in two steps.
MORE = {
    "capital-name": "all uses of the name",
    "capital-parameter": "all uses of the name",
    "cell-options": "an input is declared as well",
    "cell-without-output": "a line of its own in the body",
    "commas-in-a-figure": "the figure does not hold",
    "import": "an example's file",
    "incomplete-train": "two statements, inside the braces",
    "index-of-tensor": "an example's size",
    "label-for-a-sequence": "the line of the cell",
    "label-for-an-own-cell": "the line of the cell",
    "label-as-input": "the line of the input",
    "label-as-input-of-the-loss": "the line of the input",
    "loss-of-another-type": "the line of the target",
    "missing-brace-of-block": "a line further down",
    "name-after-arrow": "a pipeline of two lines",
    "not-sign": "a space after the word",
    "output-in-expect": "a name is bound as well",
    "output-of-pipeline": "a name is bound as well",
    "param-without-size": "an example's size",
    "pipe-sign": "one of two readings",
    "state-starts-at-initialiser": "two statements",
    "train-mistake-and-expectation": "the expectation does not hold either",
    "unclosed-square": "the next line stands in the brackets then",
    "unclosed-tuple": "a line further down",
    "unknown-layer-at-start": "an image to flatten is the next mistake",
    "which-of-two-targets": "a name is bound as well",
    "use-without-quotes": "an example's file",
}


def found(text: str) -> tuple[Diagnostic, ...]:
    return compile_spec(Request("a.net", text, every=True)).diagnostics


def cases() -> Iterator[tuple[str, str, int]]:
    for path in sorted(FOLDER.glob("*.net")):
        text = path.read_text("utf-8")
        for number, diagnostic in enumerate(found(text)):
            if path.stem not in MORE and diagnostic.span and WRITTEN.search(diagnostic.help):
                yield path.stem, text, number


def places(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The pieces of the line around a place, the place itself first and then the shortest ones."""
    yield start, end
    line = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    tokens = [(line + found.start(), line + found.end()) for found in TOKEN.finditer(text[line:stop])]
    firsts = [a for a, _ in tokens if a <= start] or [start]
    lasts = [b for _, b in tokens if b >= end] or [end]
    pieces = [(a, b) for a in firsts for b in [start, *lasts] if a <= b]
    yield from sorted(pieces, key=lambda piece: piece[1] - piece[0])
    yield stop, stop
    yield len(text), len(text)


CASES = list(cases())


@pytest.mark.parametrize(("name", "text", "number"), CASES, ids=[f"{name}-{number}" for name, _, number in CASES])
def test_what_is_to_be_written_is_accepted(name: str, text: str, number: int) -> None:
    before = found(text)
    diagnostic = before[number]
    assert diagnostic.span
    said = [each.message for each in before].count(diagnostic.message)
    for written in WRITTEN.findall(diagnostic.help):
        for start, end in places(text, diagnostic.span.start, diagnostic.span.end):
            after = found(f"{text[:start]}{written}{text[end:]}")
            if len(after) < len(before) and [each.message for each in after].count(diagnostic.message) < said:
                return
    pytest.fail(f"{diagnostic.message}: {diagnostic.help}")
