"""Mutants of good specs: whatever becomes of a text, the compiler ends in an order that a user can read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

import netc.specs
from netc.compiler.diagnostics.codes import CODES
from netc.compiler.diagnostics.render import REPORT_LINES, report
from netc.compiler.driver import Request, compile_spec
from netc.compiler.limits import DEFAULT_LIMITS, raised
from netc.compiler.reading import ReadError
from netc.compiler.source import Span

from ..conftest import Promise

SPECS = [path.read_text("utf-8") for path in sorted(Path(netc.specs.__path__[0]).rglob("*.net"))]
MISTAKES = [path.read_text("utf-8") for path in sorted((Path(__file__).parent.parent / "ui").glob("*.net"))]
WORDS: list[str] = sorted(set(re.findall(r"[A-Za-z_]+", "\n".join(SPECS))))
SIGNS = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "->",
    ",",
    "=",
    "==",
    ":",
    ";",
    ".",
    "..",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "'",
    '"',
    "#",
    "\n",
    "\\",
    "\x00",
    "é",
    "\u202e",
]
NUMBERS = ["0", "-1", "1", "2", "3x5", "0x0", "0.5", "1e9", "99999999999", "9223372036854775807", "1_0", "64K", "2MiB"]
# So that a mutant that is a hundred thousand layers large costs no minutes: what is over the limits is refused.
LIMITS = raised(DEFAULT_LIMITS, ["layers=2000", "steps=8000"])


def _characters(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    match random.randrange(3):
        case 0:
            return text[:at] + text[at + random.randint(1, 20) :]
        case 1:
            return text[:at] + random.choice(SIGNS + NUMBERS + WORDS) + text[at:]
        case _:
            char = random.choice((*range(32, 127), 0, 27, 133, 960, 0x202E, 0x10FFFF))
            return f"{text[:at]}{chr(char)}{text[at + 1 :]}"


def _parts(pattern: str) -> Callable[[str, Random], str]:
    def mutate(text: str, random: Random) -> str:
        parts: list[str] = re.findall(pattern, text, re.DOTALL) or [text]
        at, other = random.randrange(len(parts)), random.randrange(len(parts))
        match random.randrange(5):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, parts[other])
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts[at] = random.choice(SIGNS + NUMBERS + WORDS)
            case _:
                del parts[min(at, other) : max(at, other)]
        return "".join(parts)

    return mutate


def _joined(text: str, random: Random) -> str:
    """The head of one text and the tail of another."""
    other = random.choice(SPECS + MISTAKES)
    return text[: random.randrange(len(text) + 1)] + other[random.randrange(len(other) + 1) :]


MUTATIONS: list[Callable[[str, Random], str]] = [
    _characters, _parts(r"\w+|\s+|."), _parts(r"\w+|\s+|."), _parts(r"[^\n]*\n?"), _parts(r"\d+|\D+"), _joined,
]  # fmt: skip


def mutant(seed: int) -> str:
    random = Random(seed)
    text = random.choice(SPECS if random.random() < 0.6 else MISTAKES)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        text = random.choice(MUTATIONS)(text, random) or "\n"
    return text


def inside(span: Span) -> bool:
    line, column = span.position
    return 0 <= span.start <= span.end <= len(span.source.text) and line >= 1 and column >= 1


def check(seed: int) -> None:
    """Compiling raises nothing but ReadError; all that is reported is in a text, with a declared code and a way out."""
    text = mutant(seed)
    try:
        found = compile_spec(Request("mutant.net", text=text, every=True, limits=LIMITS)).diagnostics
    except ReadError as error:
        found = (error.diagnostic,)
    except Exception as error:
        error.add_note(f"the mutant of seed {seed}:\n{text}")
        raise
    for diagnostic in found:
        assert diagnostic.code in CODES, seed
        assert diagnostic.help, (seed, diagnostic.message)
        assert all(inside(span) for span in (diagnostic.span, *(label.span for label in diagnostic.labels)) if span), (
            seed
        )
    shown = report(found, DEFAULT_LIMITS.diagnostics, lines=REPORT_LINES)
    assert shown.count("\n") < REPORT_LINES, seed
    assert shown.replace("\n", "").isprintable(), seed


@pytest.mark.parametrize("first", range(0, 2_000, 500))
def test_mutants(first: int) -> None:
    for seed in range(first, first + 500):
        check(seed)


@pytest.mark.trust
@pytest.mark.promise("P1", "mutants of specs", 20_000)
@pytest.mark.parametrize("first", range(2_000, 22_000, 1_000))
def test_more_mutants(first: int, promise: Promise) -> None:
    for seed in range(first, first + 1_000):
        check(seed)
    promise(1_000)
