"""Diagnostics as text: what people read, compared with snapshots."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from netc.compiler.diagnostics.diagnostic import Diagnostic, Label
from netc.compiler.diagnostics.formats import to_github, to_json
from netc.compiler.diagnostics.render import concise, full, report
from netc.compiler.source import Source, Span

TEXT = """\
net tiny {
\tinput image: f32[N, 1, 28, 28]
\timage -> conv(8, kernal = 3) -> relu -> fc(10)   # 漢字
\timage -> conv(8, 3) -> a; image -> conv(8, 5) -> b
\ta + b
}
"""
SOURCE = Source("nets/tiny.net", TEXT)
BLOCKS = Source("nets/blocks.net", "block head(c) {\n\tfc(c)\n}\n")


def at(text: str, source: Source = SOURCE, after: str = "") -> Span:
    start = source.text.index(text, source.text.index(after))
    return Span(source, start, start + len(text))


CASES = {
    "plain": Diagnostic("unknown-argument", "`conv` has no argument `kernal`", at("kernal"),
                        label="not an argument", help="did you mean `kernel`?"),
    "no-place": Diagnostic("missing-file", "there is no file `x.net`", None, help="name a `.net` file"),
    "bare": Diagnostic("syntax", "a statement is not finished", at("}", after="a + b")),
    "warning": Diagnostic("unused-value", "nothing reads `relu`", at("relu"), severity="warning"),
    "labels": Diagnostic(
        "shape-mismatch", "`+` takes equal shapes, not [N, 8, 26, 26] and [N, 8, 24, 24]", at("a + b"),
        label="these shapes differ",
        labels=(Label(at("conv(8, 3)"), "[N, 8, 26, 26]"), Label(at("conv(8, 5)"), "[N, 8, 24, 24]"),
                Label(at("head", BLOCKS), "in this block"), Label(at("fc", BLOCKS), "here")),
        notes=("a kernel of 5 takes 4 off each side", "a kernel of 3 takes 2"),
        help="give both a `pad` of `same`",
    ),
    "over-lines": Diagnostic("unused-value", "nothing reads this net", Span(SOURCE, 0, len(TEXT)), severity="warning"),
    "end-of-file": Diagnostic("syntax", "the file ends too early", Span(SOURCE, len(TEXT), len(TEXT))),
    "hostile": Diagnostic(
        "undefined-name", "nothing here is called `\x1b]52;c;x\x07\n::error::pwned`",
        Span(Source("a\n::error::b\x1b[2J\u202e.net", "x\u200by ##[error]z"), 0, 1), label="\x1b[31m",
        labels=(Label(Span(Source("::warning::c.net", "y"), 0, 1), "\r::error::d"),),
        notes=("##vso[task.complete]",), help="\u2028::debug::e",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_full(name: str, snapshot: Callable[[str, str], None]) -> None:
    snapshot(full(CASES[name]), f"full-{name}.txt")


def test_full_in_colour(snapshot: Callable[[str, str], None]) -> None:
    text = "\n\n".join(full(CASES[name], color=True) for name in ("labels", "warning"))
    snapshot(text.replace("\x1b", "ESC"), "full-colour.txt")


@pytest.mark.parametrize("name", CASES)
def test_colour_changes_nothing_but_colour(name: str) -> None:
    assert re.sub(r"\x1b\[\d+m", "", full(CASES[name], color=True)) == full(CASES[name])


def test_concise(snapshot: Callable[[str, str], None]) -> None:
    snapshot("\n".join(concise(diagnostic) for diagnostic in CASES.values()), "concise.txt")


def test_report(snapshot: Callable[[str, str], None]) -> None:
    snapshot(report(tuple(CASES.values()), 2, lines=25), "report.txt")


def test_json(snapshot: Callable[[str, str], None]) -> None:
    snapshot(json.dumps(to_json(tuple(CASES.values())), indent=1), "report.json")


def test_github(snapshot: Callable[[str, str], None]) -> None:
    snapshot(to_github(tuple(CASES.values())), "github.txt")


def test_github_escapes_what_its_commands_are_made_of() -> None:
    span = Span(Source("50%,a:b.net", "x"), 0, 1)
    text = to_github([Diagnostic("syntax", "100% of a, b: c", span, help="write `,`")])
    assert text == (
        "::error file=50%25%2Ca%3Ab.net,line=1,endLine=1,col=1,endColumn=2,title=syntax::100%25 of a, b: c. write `,`"
    )


@pytest.mark.parametrize("text", [full(CASES["hostile"]), concise(CASES["hostile"]), to_github([CASES["hostile"]])])
def test_hostile_text_forges_nothing(text: str) -> None:
    ours = ("error[undefined-name]: ", " --> ", " ::: ", "1 | ", "  | ", "  = note: ", "  = help: ", "a\\n",
            "::error file=a\\n%3A")  # fmt: skip
    for line in text.split("\n"):
        assert line.startswith(ours)
        assert line.isprintable()
        assert "##[" not in line
        assert "##vso[" not in line


def test_a_file_name_cannot_start_a_line_as_a_command() -> None:
    diagnostic = Diagnostic("syntax", "x", Span(Source("::error::forged", "a"), 0, 1))
    assert concise(diagnostic) == ":\\x3aerror::forged:1:1: error[syntax]: x"


def test_importing_the_renderer_is_cheap() -> None:
    """Errors must not be slower than results: nothing but the project's own few files is imported."""
    program = (
        "from __future__ import annotations; import sys, bisect, functools, operator, types, typing;"
        "before = set(sys.modules);"
        "import netc.compiler.diagnostics.render; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if not name.startswith("netc")] == []
