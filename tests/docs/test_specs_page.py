"""docs/specs.md: every bundled spec is there as it is, with its totals, and every line that the tables quote exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import netc
from netc.compiler.driver import SPECS, bundled
from netc.compiler.reading import packaged

PAGE = Path(__file__).parents[2] / "docs" / "specs.md"
SECTION = re.compile(r"^## [^\n]*: `(\w+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SPEC = re.compile(r"```net\n.*?```\n.*", re.DOTALL)


def shown(name: str) -> str:
    """The part of a section that follows from the spec."""
    lines = [f"```net\n{Path(packaged(SPECS)[name]).read_text('utf-8')}```\n"]
    for variant in (name, *bundled()[name]):
        totals = netc.load(variant).analyze().totals
        lines.append(f"- `{variant}`: {totals.params:,} parameters, {totals.macs:,} MACs")
    return "\n".join(lines) + "\n"


def test_the_page_is_fresh(request: pytest.FixtureRequest) -> None:
    """With `--bless` specs and totals are written anew."""
    text = PAGE.read_text("utf-8")
    sections = {found[1]: found[2] for found in SECTION.finditer(text)}
    assert set(sections) == set(bundled())
    fresh = text
    for name, section in sections.items():
        fresh = fresh.replace(section, SPEC.sub(lambda _, name=name: shown(name) + "\n", section).rstrip("\n") + "\n\n")
    fresh = fresh.rstrip("\n") + "\n"
    if request.config.getoption("--bless"):
        PAGE.write_text(fresh, "utf-8")
    assert PAGE.read_text("utf-8") == fresh


@pytest.mark.parametrize("name", bundled())
def test_what_a_table_quotes_is_in_the_spec(name: str) -> None:
    section = next(found[2] for found in SECTION.finditer(PAGE.read_text("utf-8")) if found[1] == name)
    text = " ".join(Path(packaged(SPECS)[name]).read_text("utf-8").split())
    rows = [line for line in section.splitlines() if line.startswith("| ") and "| here |" not in line]
    table = [row.rsplit("|", 2)[1] for row in rows]
    quotes = [quote for cell in table for quote in re.findall(r"`([^`]+)`", cell)]
    assert quotes
    for quote in quotes:
        for part in quote.split("…"):
            assert " ".join(part.split()) in text, quote
