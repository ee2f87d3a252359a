"""The pages on memory and deployment: their Python runs, their commands parse, their drawing is that of a real plan."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import click
import pytest

from netc.compiler.cli.main import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.emit.plans import plan
from netc.compiler.report.memory_map import memory_map

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("memory.md", "deployment.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[tuple[str, str]]:
    return [
        (page, found[2])
        for page in PAGES
        for found in BLOCK.finditer((DOCS / page).read_text("utf-8"))
        if found[1] == kind
    ]


def test_there_are_examples() -> None:
    assert {page for page, _ in blocks("python")} == set(PAGES)
    assert len(blocks("sh")) >= 3


@pytest.mark.parametrize(("page", "text"), blocks("python"))
def test_python_runs(page: str, text: str) -> None:
    exec(compile(text, page, "exec"), {})


@pytest.mark.parametrize(
    "line", [line for _, text in blocks("sh") for line in text.splitlines() if line.startswith("netc ")]
)
def test_commands_parse(line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)
    command = netc.get_command(click.Context(netc), name)
    assert command is not None
    command.make_context(name, arguments)


def test_the_drawing_is_the_plan(request: pytest.FixtureRequest) -> None:
    network = compile_spec(Request("lenet5")).networks[0]
    made = plan(network.graph, network.settings, {"N": 64})
    drawn = memory_map(made, network.graph.uses, "lenet5, batch 64")
    path = DOCS / "memory.svg"
    if request.config.getoption("--bless"):
        path.write_text(drawn, "utf-8")
    assert path.read_text("utf-8") == drawn
    boxes = [e for e in ElementTree.fromstring(drawn).iter() if e.find("{http://www.w3.org/2000/svg}title") is not None]
    assert len(boxes) > 20
