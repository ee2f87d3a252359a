"""One small mistake in a good spec: how often the first diagnostic stands within a line of it."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

import netc.specs
from netc.compiler.driver import Request, compile_spec
from netc.compiler.limits import DEFAULT_LIMITS, raised
from netc.compiler.reading import ReadError

from ..conftest import Promise

SPECS = [path.read_text("utf-8") for path in sorted(Path(netc.specs.__path__[0]).rglob("*.net"))]
TOKEN = re.compile(r"[A-Za-z_]\w*|[\d.]+x?\d*|->|\.\.|[=!<>]=|//|[^\s\w]|\n")
LIMITS = raised(DEFAULT_LIMITS, ["layers=2000", "steps=8000"])
LETTERS = "abcdefghijklmnopqrstuvwxyz_"
# About 98 in 100 are near; 90 are promised.
WANTED = 0.95


def mutant(random: Random) -> tuple[str, int]:
    """A spec with one token deleted, doubled, swapped with the next, misspelt or put in from elsewhere, or with a line
    taken out; and the line of the edit."""
    text = random.choice(SPECS)
    code = [
        found for found in TOKEN.finditer(text) if "#" not in text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
    ]
    place = random.randrange(len(code) - 1)
    token, after = code[place], code[place + 1]
    start, end, word = token.start(), token.end(), token.group()
    match random.randrange(6):
        case 0:
            new = ""
        case 1:
            new = f"{word} {word}"
        case 2:
            new, end = after.group() + text[end : after.start()] + word, after.end()
        case 3 if word[0].isalpha():
            at = random.randrange(len(word))
            new = word[:at] + random.choice(("", random.choice(LETTERS), word[at] * 2)) + word[at + 1 :]
        case 4:
            new = random.choice(code).group()
        case _:
            new = f"{word} {random.choice(code).group()}"
    return text[:start] + new + text[end:], text.count("\n", 0, start) + 1


def measure(first: int, last: int) -> tuple[int, int, list[str]]:
    """The mutants of these seeds that are refused, how many of them near the edit, and the others."""
    refused, near, far = 0, 0, []
    for seed in range(first, last):
        text, line = mutant(Random(seed))
        try:
            found = compile_spec(Request("mutant.net", text=text, every=True, limits=LIMITS)).diagnostics
        except ReadError as error:
            found = (error.diagnostic,)
        # An edit that leaves a good network with other figures is no mistake that has a place.
        errors = [d for d in found if d.severity == "error" and d.code != "expectation"]
        if not errors:
            continue
        refused += 1
        span = errors[0].span
        if span is not None and abs(span.position[0] - line) <= 1:
            near += 1
        else:
            far.append(f"seed {seed}, line {line}: {errors[0].span}: {errors[0].message}")
    return refused, near, far


def check(first: int, last: int) -> tuple[int, int]:
    refused, near, far = measure(first, last)
    assert refused > (last - first) / 3, "hardly a mutant is refused"
    assert near >= WANTED * refused, "\n".join([f"{near} of {refused} are near", *far])
    return refused, near


def test_the_first_diagnostic_is_near_the_edit() -> None:
    check(0, 600)


@pytest.mark.trust
@pytest.mark.promise("P20", "small random mistakes, the first diagnostic within a line", 2_000, share=0.9)
@pytest.mark.parametrize("first", range(1_000, 6_000, 1_000))
def test_the_first_diagnostic_is_near_the_edit_on_many(first: int, promise: Promise) -> None:
    refused, near = check(first, first + 1_000)
    promise(refused, refused - near)
