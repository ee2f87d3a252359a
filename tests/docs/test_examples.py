"""Every example of the README and of the language's page is run.

A block marked `net` is parsed, and what is in it must be free of mistakes; one marked `net refused: CODE` must be refused
with that code alone. A block without an item is a piece of a body. A block that begins with `# NAME.net` is saved under
that name, for the blocks after it to use. In a block marked `console`, what follows each `$ netc …` is its output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from netc.compiler.cli.main import netc
from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.graph.layer import layer_names
from netc.compiler.source import Source
from netc.grammar.parser import parse

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", "docs/language.md")
FENCE = re.compile(r"^```(\w+)(?: refused: ([a-z-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ITEM = re.compile(r"^(?:use|block|cell|net)\b", re.MULTILINE)
FILE_NAME = re.compile(r"# (\w+\.net)\n")


@dataclass(frozen=True)
class Example:
    """`line` is where the block begins; `refused` is the code that it must be refused with."""

    page: str
    line: int
    kind: str
    refused: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file_name(self) -> str | None:
        found = FILE_NAME.match(self.text)
        return found[1] if found else None


def examples(page: str) -> list[Example]:
    text = (ROOT / page).read_text("utf-8")
    return [
        Example(page, text.count("\n", 0, found.start()) + 1, found[1], found[2], found[3])
        for found in FENCE.finditer(text)
    ]


EXAMPLES = [example for page in PAGES for example in examples(page)]
NETS = [example for example in EXAMPLES if example.kind == "net"]


def whole(text: str) -> str:
    """The text as a file with a net: a piece of a body stands in a block, and a file without a net gets one."""
    if not ITEM.search(text):
        text = f"block piece {{\n{text}}}\n"
    return text if re.search(r"^net\b", text, re.MULTILINE) else f"{text}\nnet none {{ input x: f32[N, 1]; fc(1) }}\n"


def save(page: str, folder: Path) -> None:
    """Save the named files of a page."""
    for example in EXAMPLES:
        if example.page == page and example.file_name:
            (folder / example.file_name).write_text(example.text, "utf-8")


def test_there_are_examples_on_every_page_and_of_every_kind() -> None:
    assert {example.page for example in EXAMPLES} == set(PAGES)
    assert {example.kind for example in EXAMPLES} <= {"net", "console", "sh"}
    assert sum(example.refused is not None for example in EXAMPLES) >= 3


@pytest.mark.parametrize("example", NETS, ids=str)
def test_an_example_is_right_or_refused_as_it_says(example: Example, tmp_path: Path) -> None:
    save(example.page, tmp_path)
    path = tmp_path / "example.net"
    path.write_text(whole(example.text), "utf-8")
    if example.refused not in ("syntax", "unclosed-bracket", "bare-conditional"):
        assert parse(Source("example.net", example.text if ITEM.search(example.text) else whole(example.text)))[1] == ()
    found = compile_spec(Request(spec=str(path), every=True)).diagnostics
    assert [d.code for d in found] == ([example.refused] if example.refused else [])


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.kind == "console"], ids=str)
def test_a_command_prints_what_the_page_shows(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(example.page, tmp_path)
    monkeypatch.chdir(tmp_path)
    for command, wanted in re.findall(r"^\$ netc (.*)\n((?:(?!\$ ).*\n)*)", example.text, re.MULTILINE):
        output = CliRunner().invoke(netc, command.split()).stdout
        shown = [line.rstrip() for line in output.rstrip().splitlines()]
        assert shown == [line.rstrip() for line in wanted.rstrip().splitlines()], command


def test_the_readme_lists_every_bundled_spec() -> None:
    """A row of its table names a spec, and in brackets behind it its variants."""
    rows = re.findall(r"^\| `(\w+)`(.*?)\|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", rest) for name, rest in rows} == bundled()


def test_the_language_page_lists_every_layer() -> None:
    text = (ROOT / "docs/language.md").read_text("utf-8")
    section = text.partition("## Layers\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    named = [re.match(r"\w+", word)[0] for line in table for word in re.findall(r"`([a-z_0-9]+)", line.split("|")[1])]  # type: ignore[index]
    assert sorted(named) == layer_names()
