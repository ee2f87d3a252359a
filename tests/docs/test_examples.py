"""Every example of the README and of the language's page is run.

A block marked `net` must be free of mistakes; one marked `net refused: CODE` must be refused with that code alone. A
block without an item is a piece of a body; one that begins with `# NAME.net` is saved under that name, for the others
to use. A block marked `console` is a command and what it prints; one marked `weights` lists the net's weights; one
marked `python` is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from netc.compiler.cli.main import netc
from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.format.layout import format_text
from netc.compiler.graph.arguments import signature
from netc.compiler.graph.layer import find_layer, layer_names
from netc.compiler.limits import DEFAULT_LIMITS, MEANINGS
from netc.compiler.report.summary import summarise
from netc.compiler.resolve.training import LOSSES, OPTIMIZERS, SCHEDULES, SETTINGS
from netc.compiler.resolve.words import WORDS
from netc.compiler.source import Source
from netc.grammar.tables import LITERALS
from netc.runtime.record import fields

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", "docs/language.md", "docs/errata.md", "docs/training.md", "docs/recurrent.md")
FENCE = re.compile(r"^```(\w+)(?: refused: ([a-z-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ITEM = re.compile(r"^(?:use|block|cell|net)\b", re.MULTILINE)
COMMAND = re.compile(r"^(```console\n\$ netc ([^\n]*)\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
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
    assert {example.kind for example in EXAMPLES} == {"net", "console", "weights", "python", "sh", "yaml"}
    assert sum(example.refused is not None for example in EXAMPLES) >= 3


@pytest.mark.parametrize("example", NETS, ids=str)
def test_an_example_is_right_or_refused_as_it_says(example: Example, tmp_path: Path) -> None:
    save(example.page, tmp_path)
    path = tmp_path / "example.net"
    path.write_text(whole(example.text), "utf-8")
    found = compile_spec(Request(spec=str(path), every=True)).diagnostics
    assert [d.code for d in found] == ([example.refused] if example.refused else [])


@pytest.mark.parametrize("example", [example for example in NETS if ITEM.search(example.text)], ids=str)
def test_specs_are_in_their_canonical_form(example: Example) -> None:
    assert format_text(Source(str(example), example.text), DEFAULT_LIMITS) == example.text


def test_the_configuration_of_pre_commit_names_hooks_and_options_that_there_are() -> None:
    (example,) = [example for example in EXAMPLES if example.kind == "yaml"]
    entries = re.findall(
        r"- id: (\S+)\n.*?entry: netc (\S+)\n", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.DOTALL
    )
    offered = dict(entries)
    hooks = re.findall(r"- id: (\S+)\n(?: +args: \[(.*)\]\n)?", example.text)
    assert [name for name, _ in hooks] == list(offered)
    for name, arguments in hooks:
        command = netc.get_command(click.Context(netc), offered[name])
        assert command is not None
        command.make_context(name, [*filter(None, arguments.split(", ")), "some.net"])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(e.page == page and e.kind == "console" for e in EXAMPLES)]
)
def test_commands_print_what_the_page_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """With `--bless` the page is written anew, with what the commands print."""
    save(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    path = ROOT / page
    text = path.read_text("utf-8")
    real = COMMAND.sub(lambda found: found[1] + CliRunner().invoke(netc, found[2].split()).stdout + found[4], text)
    if request.config.getoption("--bless"):
        path.write_text(real, "utf-8")
    assert text == real


@pytest.mark.parametrize("example", [example for example in EXAMPLES if example.kind == "python"], ids=str)
def test_python_examples_run(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(example.page, tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(compile(example.text, str(example), "exec"), {})


def test_the_data_of_the_readme_train_its_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save("README.md", tmp_path)
    monkeypatch.chdir(tmp_path)
    (made,) = [example.text for example in EXAMPLES if example.page == "README.md" and "points.npz" in example.text]
    exec(made, {})
    text = (ROOT / "README.md").read_text("utf-8")
    command = re.search(r"`netc (train points.net[^`]*)`", text)
    assert command
    done = CliRunner().invoke(netc, command[1].split())
    assert done.exit_code == 0, done.output
    accuracy = re.findall(r"accuracy ([0-9.]+) %", done.output)
    assert float(accuracy[-1]) > 90


def test_the_weights_of_an_example_are_those_it_lists() -> None:
    (listing,) = [example for example in EXAMPLES if example.kind == "weights"]
    before = EXAMPLES[EXAMPLES.index(listing) - 1]
    (network,) = compile_spec(Request(spec="example.net", text=before.text)).networks
    assert [parameter.name for parameter in network.graph.parameters] == listing.text.split()


def test_the_readme_lists_every_bundled_spec() -> None:
    """A row of its table names a spec, then its variants, its parameters and its MACs."""
    rows = re.findall(r"^\| `(\w+)`(.*?)\|(.*?)\|(.*?)\|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", variants) for name, variants, _, _ in rows} == bundled()
    for name, _, params, macs in rows:
        totals = summarise(compile_spec(Request(spec=name)).networks[0]).totals
        assert (params.strip(), macs.strip()) == (f"{totals.params:,}", f"{totals.macs:,}")


def layer_rows() -> list[str]:
    """What the tables of layers show in their first column, layer by layer."""
    text = (ROOT / "docs/language.md").read_text("utf-8")
    section = text.partition("## Layers\n")[2].partition("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [shown for cell in first for shown in re.findall(r"`([^`]+)`", cell)]


def test_the_language_page_lists_every_layer() -> None:
    assert sorted(shown.partition("(")[0] for shown in layer_rows()) == list(layer_names())


@pytest.mark.parametrize("shown", [shown for shown in layer_rows() if re.search(r"\((?!\[)", shown)])
def test_a_layer_has_the_arguments_and_defaults_that_are_listed(shown: str) -> None:
    name, _, rest = shown.removesuffix(")").partition("(")
    layer = find_layer(name)
    assert layer is not None
    known = {item.name: item for item in signature(layer)}
    plain, _, named = rest.partition(", *, ")
    assert {n for n in known if known[n].named} >= {part.partition(" = ")[0] for part in named.split(", ") if part}
    assert not any(known[part.partition(" = ")[0]].named for part in plain.split(", "))
    listed = [part.partition(" = ") for part in rest.split(", ") if part != "*"]
    assert [n for n, _, _ in listed] == [n for n in known if n in {n for n, _, _ in listed}]
    assert {n for n in known if known[n].required} <= {n for n, _, _ in listed}
    for argument, _, default in listed:
        real = fields(layer)[argument]
        if default and default != "kernel":
            assert real == {"yes": True, "no": False}.get(default, number_or_word(default))


def number_or_word(text: str) -> float | str:
    return float(text) if text[0].isdigit() else text


def test_the_language_page_names_all_that_training_knows() -> None:
    text = (ROOT / "docs/language.md").read_text("utf-8")
    for functions in (LOSSES, OPTIMIZERS, SCHEDULES):
        for name, arguments in functions.items():
            assert f"`{name}({', '.join(arguments)})`" in text
    for setting in SETTINGS:
        assert f"`{setting}`" in text


def test_the_language_page_lists_the_words_that_cannot_be_names() -> None:
    text = (ROOT / "docs/language.md").read_text("utf-8")
    words, options = (
        " ".join(re.findall(r"`([^`]+)`", text.partition(f"\n- {head}")[2].partition("\n- ")[0].partition(". ")[0]))
        for head in ("Words of the language cannot be names:", "Option words cannot be names either:")
    )
    assert sorted(words.split()) == sorted(word for word in LITERALS if word.isalpha())
    assert sorted(options.split()) == sorted(WORDS)


def test_the_language_page_lists_every_limit() -> None:
    text = (ROOT / "docs/language.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([0-9,]+) \| (.*) \|$", text, re.MULTILINE)
    assert rows == [(name, f"{getattr(DEFAULT_LIMITS, name):,}", counts) for name, counts in MEANINGS.items()]
