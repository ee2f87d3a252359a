"""Numbers, extents, texts and names, as they are written and as what they mean."""

from __future__ import annotations

import pytest

from netc.compiler.source import Source
from netc.compiler.syntax import tree
from netc.grammar.parser import parse

NUMBERS: dict[str, int | float] = {
    "0": 0,
    "10": 10,
    "007": 7,
    "1_000": 1000,
    "61_706": 61_706,
    "0.5": 0.5,
    "1.0": 1.0,
    "4e-4": 4e-4,
    "1E3": 1000.0,
    "2e+3": 2000.0,
    "1.5e2": 150.0,
    "3K": 3_000,
    "1.2M": 1_200_000,
    "0.000001M": 1,
    "2G": 2_000_000_000,
    "1KiB": 1024,
    "1.5KiB": 1536,
    "64MiB": 64 * 2**20,
    "2GiB": 2**31,
    "9223372036854775807": 2**63 - 1,
    # 4.35 * 100 is 434.99… in floating point.
    "4.35K": 4_350,
    "0.123456789G": 123_456_789,
}

BAD = {
    "1__0": "number",
    "1_": "number",
    "1_.5": "number",
    "1.2_5": "number",
    "1_e5": "number",
    "1_K": "number",
    "1.": "number",
    "1.5.2": "number",
    "1e": "number",
    "1e+": "number",
    "3x": "number",
    "3x4x5": "number",
    "3k": "number",
    "3MB": "number",
    "0b1": "number",
    "0x1F": "number",
    "1é": "number",
    "1e3K": "number",
    "1.2345K": "number",
    "0.5K5": "number",
    "9223372036854775808": "limit",
    "9223372036854775807K": "limit",
    "10G00": "number",
    "1e999": "limit",
    "99999999999999999999x3": "limit",
    "3x99999999999999999999": "limit",
}


def value(text: str) -> tuple[object, list[tuple[str, int]]]:
    """The value that a text is, and the codes and columns of its mistakes."""
    file, diagnostics = parse(Source("one", f"net a {{\n  let x = {text}\n}}\n"))
    [net] = file.items
    assert isinstance(net, tree.Net)
    [statement] = net.body.statements
    codes = [(d.code, d.span.position[1] - len("  let x =")) for d in diagnostics if d.span is not None]
    return (statement.value if isinstance(statement, tree.Let) else None), codes


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number(text: str) -> None:
    number, codes = value(text)
    assert codes == []
    assert isinstance(number, tree.Number)
    assert (number.text, number.value, type(number.value)) == (text, NUMBERS[text], type(NUMBERS[text]))


@pytest.mark.parametrize("text", BAD)
def test_a_number_that_is_none(text: str) -> None:
    assert value(text)[1] == [(BAD[text], 2)]


def test_an_extent() -> None:
    extent, codes = value("11x7")
    assert (codes, isinstance(extent, tree.Extent) and extent.sizes) == ([], (11, 7))


def test_a_text_may_hold_any_letters() -> None:
    text, codes = value('"naïve # → {x}"')
    assert (codes, isinstance(text, tree.String) and text.value) == ([], "naïve # → {x}")


@pytest.mark.parametrize("text", ["x", "_", "A9", "in_", "ifs", "x3", "K", "e5", "True"])
def test_a_name(text: str) -> None:
    name, codes = value(text)
    assert (codes, isinstance(name, tree.Name) and name.id) == ([], text)


@pytest.mark.parametrize("text", ["é", "naïve", "x２", "ｘ", "Ω", "a\u200db", "е"])  # the last is a Cyrillic letter
def test_a_name_is_ascii(text: str) -> None:
    assert [code for code, _ in value(text)[1]] == ["bad-character"]


@pytest.mark.parametrize(
    ("char", "name"), [("$", "U+0024"), ("\u202e", "U+202E"), ("\x07", "U+0007"), ("\xa0", "U+00A0")]
)
def test_a_bad_character_is_named(char: str, name: str) -> None:
    _, [diagnostic] = parse(Source("one", f"net a {{\n  let x = 3 {char}\n}}\n"))
    assert diagnostic.code == "bad-character"
    assert name in diagnostic.message
