"""The reference pages are those of the code, and each code's examples do what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from netc.compiler import reference
from netc.compiler.diagnostics.codes import CODES
from netc.compiler.driver import Request, compile_spec
from netc.compiler.reading import ReadError

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = reference.examples()
TEXTS = [code for code, example in EXAMPLES.items() if "bad" in example]


def test_every_code_is_explained() -> None:
    assert sorted(EXAMPLES) == sorted(CODES)


@pytest.mark.parametrize("code", TEXTS)
def test_the_bad_example_causes_just_this_code(code: str) -> None:
    try:
        found = compile_spec(Request("bad.net", EXAMPLES[code]["bad"], every=True)).diagnostics
    except ReadError as error:
        found = (error.diagnostic,)
    assert [diagnostic.code for diagnostic in found] == [code]


@pytest.mark.parametrize("code", TEXTS)
def test_the_mended_example_is_fine(code: str) -> None:
    assert compile_spec(Request("good.net", EXAMPLES[code]["good"], every=True)).diagnostics == ()


@pytest.mark.parametrize("page", ["errors", "layers"])
def test_the_page_is_fresh(page: str, pytestconfig: pytest.Config) -> None:
    text = {"errors": reference.errors_page, "layers": reference.layers_page}[page]()
    path = DOCS / f"{page}.md"
    if pytestconfig.getoption("--bless"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text
