"""The formatter: idempotent, keeps every comment and the meaning."""

from __future__ import annotations

import errno
import random
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from netc.compiler.cli.fmt import fmt
from netc.compiler.driver import Request, compile_spec
from netc.compiler.format.layout import format_text
from netc.compiler.limits import Limits
from netc.compiler.report.data import to_dict
from netc.compiler.report.summary import summarise
from netc.compiler.source import Source
from netc.compiler.syntax.printer import print_tree
from netc.grammar.parser import lex, parse

from ..strategies import cells, programs
from ..strategies.syntax import random_file, seeds

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.net"))
LIMITS = Limits(trailers=1000, bracket_depth=1000)
MESSY = """use   "a.net"
# about the block
block b( c,stride=1 )from x , g{ s=g->conv( c,1 )   # one
  long = x -> relu # two
    -> tanh

      -> sigmoid

  # at the end

  }
net t {input x:f32[N,3,8,8];conv(8 ,
3, # the kernel
pad=half
);  for c in[1,2] {  b(c) }
if a{relu}else{ tanh }
  y = -x+ - 2 *(x)[0] . channels-1
  z = (a if b
     else c)
  list = [1,
    2]; w = 0..4


  expect { params<=1.2M;macs(N=1)<3 }
  train {
  loss=cross_entropy; rule "*.bias"{ weight_decay=0 } }}
"""
CLEAN = """use "a.net"
# about the block
block b(c, stride = 1) from x, g {
  s = g -> conv(c, 1)  # one
  long = x -> relu     # two
    -> tanh

    -> sigmoid

  # at the end
}
net t {
  input x: f32[N, 3, 8, 8]
  conv(8,
    3,  # the kernel
    pad = half
  )
  for c in [1, 2] { b(c) }
  if a { relu } else { tanh }
  y = -x + -2 * (x)[0].channels - 1
  z = (a if b
      else c)
  list = [1,
    2]
  w = 0..4

  expect { params <= 1.2M; macs(N = 1) < 3 }
  train {
    loss = cross_entropy
    rule "*.bias" { weight_decay = 0 }
  }
}
"""


def formatted(text: str) -> str:
    return format_text(Source("text", text), LIMITS)


def comments(text: str) -> list[str]:
    return [comment.rstrip() for comment in re.findall(r'"[^"\n]*"|(#[^\n]*)', text) if comment]


def test_a_messy_file_becomes_clean() -> None:
    assert formatted(MESSY) == CLEAN


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_bundled_specs_are_in_canonical_form(path: Path) -> None:
    text = path.read_text("utf-8")
    assert formatted(text) == text


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_random_files(seed: int) -> None:
    """Printed trees with odd spacing, comments and line ends where a statement goes on."""
    text = disturb(print_tree(random_file(seed)), random.Random(seed))
    assert parse(Source("text", text), LIMITS)[0] == random_file(seed)
    once = formatted(text)
    assert comments(once) == comments(text)
    assert formatted(once) == once


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_random_networks_keep_their_analysis(seed: int) -> None:
    """With blocks, cells, loops and conditions, at every line end and space that there may be."""
    program = programs.make(seed)
    choice = {"sets": program.sets, "dims": program.dims}
    for text, chosen in ((cells.make(seed), {}), (print_tree(program.file), choice)):
        odd = disturb(text, random.Random(seed))
        assert comments(formatted(odd)) == comments(odd)
        assert figures(formatted(odd), **chosen) == figures(text, **chosen)


def disturb(text: str, chance: random.Random) -> str:
    out = []
    depth = 0
    for token in lex(Source("text", text), LIMITS):
        depth += (token.kind == "LBRACE") - (token.kind == "RBRACE")
        ends = ["\n", "\n\n\n", " # after\n", "\n# alone\n", *([";"] if depth else [])]
        out.append(token.text if token.kind != "NL" else chance.choice(ends))
        odd = [" ", "  ", "\n", "\n\n", " # here\n", "\n  # there\n"]
        stops = token.kind in ("COMMA", "ARROW", "LPAR", "LSQB", "LBRACE", "EQUAL", "SUM", "PRODUCT", "CMP", "AND")
        out.append(chance.choice(odd if stops else odd[:2]))
    return "".join(out)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_analysis_stays_the_same(path: Path) -> None:
    messy = re.sub(r" *= *", "=", path.read_text("utf-8").replace("  ", "      "))
    for before, after in zip(figures(messy), figures(formatted(messy)), strict=True):
        assert before == after


def figures(text: str, **chosen: Any) -> list[object]:
    networks = compile_spec(Request("text", text, every=not chosen, **chosen)).networks
    assert networks
    found: list[object] = []
    for network in networks:
        data = to_dict(summarise(network))
        for layer in data["layers"]:
            for row in (layer, *layer["parts"]):
                del row["source"]
        found.append(data)
    return found


def test_in_place_and_check(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text(MESSY)
    run = CliRunner()
    assert run.invoke(fmt, [str(path), "--check"]).exit_code == 1
    assert "+block b(c, stride = 1) from x, g {" in run.invoke(fmt, [str(path), "--diff"]).output
    assert path.read_text() == MESSY
    assert run.invoke(fmt, [str(path)]).exit_code == 0
    assert path.read_text() == CLEAN
    assert run.invoke(fmt, [str(path), "--check"]).exit_code == 0
    assert [item.name for item in tmp_path.iterdir()] == ["a.net"]


def test_standard_input() -> None:
    result = CliRunner().invoke(fmt, ["-"], input="net t{relu}\n")
    assert (result.exit_code, result.stdout) == (0, "net t { relu }\n")


def test_what_does_not_parse_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("net t { conv(8 }\n")
    result = CliRunner().invoke(fmt, [str(path)])
    assert result.exit_code == 1
    assert path.read_text() == "net t { conv(8 }\n"
    assert "unclosed" in result.stderr


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.net").write_text("net t{relu}\n")
    link = tmp_path / "link.net"
    link.symlink_to("real.net")
    assert CliRunner().invoke(fmt, [str(link)]).exit_code == 0
    assert link.is_symlink()
    assert (tmp_path / "real.net").read_text() == "net t { relu }\n"


def test_a_file_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("net t{relu}\n")
    path.chmod(0o664)
    assert CliRunner().invoke(fmt, [str(path)]).exit_code == 0
    assert path.read_text() == "net t { relu }\n"
    assert path.stat().st_mode & 0o777 == 0o664


def test_a_full_disk_leaves_the_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.net"
    path.write_text("net t{relu}\n")
    monkeypatch.setattr("os.fsync", full)
    result = CliRunner().invoke(fmt, [str(path)])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}: error[cannot-write]: cannot be written: no space left on device\n")
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("a.net", "net t{relu}\n")]


def test_a_body_stands_below_its_statement_on_whichever_line_it_opens() -> None:
    text = "net n(a=1,b = [1,\n   2]) { input x: f32[N, 8]\nif a == 1 or\n a == 2 { fc(2)\n } else { fc(3)\n} }\n"
    assert format_text(Source("a.net", text), LIMITS) == (
        "net n(a = 1, b = [1,\n  2]) {\n  input x: f32[N, 8]\n"
        "  if a == 1 or\n    a == 2 {\n    fc(2)\n  } else {\n    fc(3)\n  }\n}\n"
    )
