"""`netc check`: its four output formats, expectations and budgets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import netc

from .conftest import Run

PLACE = {"type": ["integer", "null"], "minimum": 1}
SPAN = {"file": {"type": ["string", "null"]}} | dict.fromkeys(("line", "column", "end_line", "end_column"), PLACE)
REPORT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["format_version", "valid", "error_count", "warning_count", "diagnostics"],
    "properties": {
        "format_version": {"const": 1},
        "valid": {"type": "boolean"},
        "error_count": {"type": "integer", "minimum": 0},
        "warning_count": {"type": "integer", "minimum": 0},
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["code", "severity", "message", *SPAN, "label", "notes", "help", "labels"],
                "properties": {
                    "code": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                    "severity": {"enum": ["error", "warning"]},
                    "message": {"type": "string", "minLength": 1},
                    **SPAN,
                    "label": {"type": "string"},
                    "notes": {"type": "array", "items": {"type": "string"}},
                    "help": {"type": "string"},
                    "labels": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["text", *SPAN],
                            "properties": {"text": {"type": "string"}, **SPAN},
                        },
                    },
                    "measured": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["figure", "actual", "operator", "limit", "dims"],
                        "properties": {
                            "figure": {"type": "string", "minLength": 1},
                            "actual": {"type": "integer"},
                            "operator": {"enum": ["<=", "<", ">=", ">", "==", "!="]},
                            "limit": {"type": "number"},
                            "dims": {"type": "object", "additionalProperties": {"type": "integer"}},
                        },
                    },
                },
            },
        },
    },
}


def report(run: Run, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("check", *arguments, "--output-format", "json").stdout)
    jsonschema.validate(found, REPORT)
    return found


def test_json(netc_run: Run) -> None:
    assert report(netc_run, "good.net") == {
        "format_version": 1,
        "valid": True,
        "error_count": 0,
        "warning_count": 0,
        "diagnostics": [],
    }
    found = report(netc_run, "good.net", "bad.net")
    assert (found["valid"], found["error_count"], len(found["diagnostics"])) == (False, 2, 2)
    places = [(d["file"], d["line"], d["column"]) for d in found["diagnostics"]]
    assert places == [("bad.net", 3, 11), ("bad.net", 4, 3)] or places == [("bad.net", 3, 3), ("bad.net", 4, 3)]
    assert "convv" in found["diagnostics"][1]["message"]
    assert report(netc_run, "missing.net")["diagnostics"][0]["line"] is None


def test_concise_has_one_line_for_each(netc_run: Run) -> None:
    done = netc_run("check", "good.net", "bad.net", "--output-format", "concise")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert re.fullmatch(r"bad\.net:3:\d+: error\[[a-z-]+\]: .+", lines[0])
    assert lines[1].startswith("bad.net:4:3: error[")
    assert lines[2] == "ok: good.net (2 networks)"


def test_full_quotes_the_line(netc_run: Run) -> None:
    done = netc_run("check", "bad.net")
    assert "  convv(4, 3)" in done.stdout
    assert "help: " in done.stdout
    assert done.stderr == ""


WORKFLOW = re.compile(r"::(error|warning) ([^:]*)::(.*)")


def test_github_annotations(netc_run: Run, folder: Path) -> None:
    assert netc_run("check", "good.net", "--output-format", "github").stdout == ""
    name = "odd,100%:name.net"
    (folder / name).write_text((folder / "bad.net").read_text())
    done = netc_run("check", name, "--output-format", "github")
    assert done.returncode == 1
    for line, row in zip(done.stdout.splitlines(), (3, 4), strict=True):
        match = WORKFLOW.fullmatch(line)
        assert match, line
        fields = dict(field.split("=", 1) for field in match[2].split(","))
        assert fields["file"] == "odd%2C100%25%3Aname.net"
        assert (fields["line"], match[1]) == (str(row), "error")
        assert set(fields) == {"file", "line", "endLine", "col", "endColumn", "title"}


def test_github_messages_stay_on_one_line(netc_run: Run, folder: Path) -> None:
    (folder / "odd.net").write_text("net odd {\n  input x: f32[N, 3]\n  x -> relux # 100%\n}\n")
    done = netc_run("check", "odd.net", "--output-format", "github", "--set", "a=1%\n::error::forged")
    assert done.stdout
    assert all(WORKFLOW.fullmatch(line) for line in done.stdout.splitlines())
    assert "forged" not in [WORKFLOW.fullmatch(line)[3] for line in done.stdout.splitlines()]  # type: ignore[index]


@pytest.mark.parametrize(
    ("option", "at", "below", "words"),
    [
        # 27 × 16 + 16 and 2 × 16 + 2 of the wide variant.
        ("--max-params", "482", "481", "`small variant wide` has 482 parameters, the budget is 481"),
        # 432 weights at 6 × 6 positions, and 32.
        ("--max-macs", "15584", "15_583", "`small variant wide` takes 15,584 MACs, the budget is 15,583, at N = 1\n"),
    ],
)
def test_budgets_hold_for_every_net_and_variant(netc_run: Run, option: str, at: str, below: str, words: str) -> None:
    done = netc_run("check", "good.net", option, at)
    assert (done.returncode, done.stdout) == (0, "ok: good.net (2 networks)\n")
    done = netc_run("check", "good.net", option, below)
    assert done.returncode == 1
    assert words in done.stdout
    assert "ok:" not in done.stdout
    assert done.stdout.count("the budget is") == 1
    done = netc_run("check", "good.net", option, "0")
    assert done.stdout.count("the budget is") == 2


TRAINED = """net trained {
  input text: i64[N, T]
  target next: i64[N, T]
  embed(9, 2) -> fc(9)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1); batch = 8 }
  variant other { }
}
"""


def training(folder: Path, **dims: int) -> int:
    memory = netc.load(folder / "trained.net").analyze(**dims).memory.training
    assert memory is not None
    return memory.total


def test_the_sizes_that_budgets_hold_at_are_said(netc_run: Run, folder: Path) -> None:
    """What nobody has chosen: one sample of one step, where the training block has a batch; once for all variants."""
    (folder / "trained.net").write_text(TRAINED)
    batch = (
        "note: the memory of `trained` is that at N = 1, its `train` block has batch = 8: "
        "`--dim N=8` holds that to the budget"
    )
    steps = "note: the figures of `trained` are those at T = 1: `--dim T=…` takes longer sequences"
    for options, wanted in (
        (("--max-memory", "1MiB"), [batch, steps]),
        (("--max-memory", "1MiB", "--dim", "T=4"), [batch]),
        (("--max-memory", "1MiB", "--dim", "N=2", "--dim", "T=4"), []),
        (("--max-macs", "1M"), [steps]),
        (("--max-params", "1M"), []),
    ):
        done = netc_run("check", "trained.net", *options)
        assert (done.returncode, done.stdout.splitlines()) == (0, ["ok: trained.net (2 networks)", *wanted])
    over = report(netc_run, "trained.net", "--max-memory", "1_000")["diagnostics"][0]
    assert over["notes"] == [note.removeprefix("note: ") for note in (batch, steps)]


def test_a_budget_that_is_exceeded_is_in_the_unit_of_who_set_it_and_in_numbers_for_programs(
    netc_run: Run, folder: Path
) -> None:
    (folder / "trained.net").write_text(TRAINED)
    sizes = ("--dim", "N=512", "--dim", "T=100")
    (found, _) = report(netc_run, "trained.net", "--max-memory", "1.5MiB", *sizes)["diagnostics"]
    taken = training(folder, N=512, T=100)
    assert found["message"] == (
        f"training `trained` takes {taken:,} bytes ({taken / 2**20:.1f} MiB), "
        "the budget is 1,572,864 (1.5 MiB), at N = 512, T = 100"
    )
    dims = {"N": 512, "T": 100}
    limit = {"operator": "<=", "limit": 1_572_864}
    assert found["measured"] == {"figure": "memory.training", "actual": taken, **limit, "dims": dims}
    (macs, _) = report(netc_run, "trained.net", "--max-macs", "0.9K", *sizes)["diagnostics"]
    limit = {"operator": "<=", "limit": 900}
    assert macs["measured"] == {"figure": "macs", "actual": 18 * 51_200, **limit, "dims": dims}
    (params, _) = report(netc_run, "trained.net", "--max-params", "1e1")["diagnostics"]
    limit = {"operator": "<=", "limit": 10}
    assert params["measured"] == {"figure": "params", "actual": 45, **limit, "dims": {}}


def test_an_expectation_that_does_not_hold_has_its_numbers_for_programs(netc_run: Run, folder: Path) -> None:
    text = TRAINED.replace("  variant other { }", "  expect { params == 44; macs >= 1e3; not flops(T = 2) >= 0 }")
    (folder / "trained.net").write_text(text)
    params, macs, other = report(netc_run, "trained.net")["diagnostics"]
    assert params["measured"] == {"figure": "params", "actual": 45, "operator": "==", "limit": 44, "dims": {}}
    dims = {"N": 1, "T": 1}
    assert macs["measured"] == {"figure": "macs", "actual": 18, "operator": ">=", "limit": 1000, "dims": dims}
    assert "measured" not in other


def test_memory_for_training_that_is_asked_for_without_a_batch(netc_run: Run, folder: Path) -> None:
    """The bytes in the unit of who asked, at sizes that are said, with the way to the figure for the batch."""
    text = TRAINED.replace("  variant other { }", "  expect { memory.training <= 1KiB; memory.training(N = 2) < 9 }")
    (folder / "trained.net").write_text(TRAINED)
    one, two = training(folder), training(folder, N=2)
    (folder / "trained.net").write_text(text)
    alone, given = report(netc_run, "trained.net")["diagnostics"]
    assert alone["label"] == f"memory.training is {one:,} ({one / 1024:.1f} KiB) at N = 1, T = 1"
    assert alone["notes"] == ["the `train` block has batch = 8: `memory.training(N = 8)` is the figure for that"]
    assert (given["label"], given["notes"]) == (f"memory.training(N = 2) is {two:,}", [])


def test_units(netc_run: Run) -> None:
    assert netc_run("check", "good.net", "--max-params", "4.82e2").returncode == 0
    assert netc_run("check", "good.net", "--max-params", "4.81e2").returncode == 1
    assert netc_run("check", "good.net", "--max-params", "0.482K").returncode == 0
    assert netc_run("check", "good.net", "--max-params", "0.481K").returncode == 1
    assert netc_run("check", "good.net", "--max-macs", "1MiB").returncode == 0


def test_a_budget_that_depends_on_a_size_says_so(netc_run: Run, folder: Path) -> None:
    (folder / "free.net").write_text("net free { input x: f32[N, 3, H, W]\n conv(2, 1) }\n")
    assert netc_run("check", "free.net").returncode == 0
    done = netc_run("check", "free.net", "--max-macs", "1M")
    assert done.returncode == 1
    assert "depend on H" in done.stdout
    assert netc_run("check", "free.net", "--max-macs", "1M", "--dim", "H=8", "--dim", "W=8").returncode == 0


def test_expectations(netc_run: Run, folder: Path) -> None:
    text = (folder / "good.net").read_text().replace("output logits", "output logits\n  expect { params == 122 }")
    (folder / "good.net").write_text(text)
    assert netc_run("check", "good.net").returncode == 0
    (folder / "good.net").write_text(text.replace("122", "123"))
    done = netc_run("check", "good.net")
    assert done.returncode == 1
    assert "error[expectation]" in done.stdout
    # The figures are still to be seen, beside the report.
    done = netc_run("analyze", "good.net")
    assert done.returncode == 1
    assert "error[expectation]" in done.stderr
    assert "122" in done.stdout


def test_every_bundled_spec_is_fine(netc_run: Run) -> None:
    from netc.compiler.driver import bundled

    done = netc_run("check", *bundled())
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok: ") == len(bundled())


def test_a_long_report_is_cut_and_counted(netc_run: Run, folder: Path) -> None:
    body = "".join(f"  x -> nothing{place}\n" for place in range(30))
    (folder / "many.net").write_text(f"net many {{\n  input x: f32[N, 3]\n{body}}}\n")
    done = netc_run("check", "many.net")
    assert done.stdout.rstrip().endswith("and 10 more")
    done = netc_run("analyze", "many.net")
    *_, counted, last = lines = done.stderr.splitlines()
    assert len(lines) == 25
    # Two blocks of six lines with the empty ones, 11 in a line each, and the last two lines.
    assert counted == "and 17 more"
    assert last == "`netc check` shows them in full"
    assert report(netc_run, "many.net")["error_count"] == 30


EXPECTS = "net m(c = 4) {\n  input x: f32[N, 3]\n  fc(c)\n  expect { params == 16; layers == 1 }\n}\n"


def test_expectations_that_were_not_checked_are_named_with_the_reason(netc_run: Run) -> None:
    broken = netc_run("check", "-", stdin=EXPECTS.replace("fc(c)", "fc(c, bia = no)"))
    assert broken.stdout.endswith("\nnot checked: 2 expectations of `m` at <stdin>:4:12, since the net has errors\n")
    other = netc_run("check", "-", "--set", "c=5", stdin=EXPECTS)
    assert other.stdout == (
        "ok: - (1 network)\n"
        "not checked: 2 expectations of `m` at <stdin>:4:12, since `--set` makes it another network\n"
    )
    assert other.returncode == 0
    assert "not checked" not in netc_run("check", "-", stdin=EXPECTS).stdout
