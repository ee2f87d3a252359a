"""What a spec or its file is called cannot become markup in a report for a web page."""

from __future__ import annotations

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.report.data import to_markdown
from netc.compiler.report.summary import summarise


@pytest.mark.parametrize(
    ("value", "head"),
    [
        ("<img src=http://a.example/x.png>", "`"),
        ("[a](http://a.example)", "`"),
        ("**@everyone** http://a.example", "`"),
        ("one ` tick", "`` "),
        ("``<b>two ticks</b>``", "``` "),
    ],
)
def test_the_title_is_one_code_span(value: str, head: str) -> None:
    text = f'net t(title = "{value}") {{ input x: f32[N, 2]\n relu }}'
    (network,) = compile_spec(Request("a.net", text)).networks
    lines = to_markdown(summarise(network)).splitlines()
    assert lines[0] == f'{head}t (title = "{value}") from a.net{head[::-1]}'
    assert lines[1] == ""
    assert value not in "".join(lines[1:])


def test_a_line_end_in_a_file_name_stays_in_the_title() -> None:
    (network,) = compile_spec(Request("a\n# b.net", "net t { input x: f32[N, 2]\n relu }")).networks
    assert to_markdown(summarise(network)).splitlines()[0] == "`t from a\\n# b.net`"
