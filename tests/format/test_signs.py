"""A sign at the start of a statement belongs to its number, wherever the statement before it ends."""

from __future__ import annotations

import pytest

from netc.compiler.format.layout import format_text
from netc.compiler.limits import DEFAULT_LIMITS
from netc.compiler.source import Source


def formatted(text: str) -> str:
    return format_text(Source("text", text), DEFAULT_LIMITS)


@pytest.mark.parametrize("between", ["\n", ";", " # a\n", "\n\n", "\n# alone\n"])
def test_a_statement_that_starts_with_a_sign(between: str) -> None:
    once = formatted(f"net t {{\n  x - y{between}  - y\n}}\n")
    assert "x - y" in once
    assert "\n  -y\n" in once
    assert formatted(once) == once
