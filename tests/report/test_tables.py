"""The table, Markdown and CSV: texts of whole networks, what is collapsed and what is left out."""

from __future__ import annotations

import csv
import io

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.report.data import to_csv, to_markdown
from netc.compiler.report.summary import Summary, summarise
from netc.compiler.report.table import LONGEST, cells, render, size
from tests.conftest import Snapshot


def summary(spec: str, text: str | None = None, depth: int | None = None, **dims: int) -> Summary:
    found = compile_spec(Request(spec, text, dims=dims))
    assert not found.failed, found.diagnostics
    return summarise(found.networks[0], depth)


@pytest.mark.parametrize("spec", ["lenet5", "lenet5_1998", "resnet18", "mlp"])
def test_tables(spec: str, snapshot: Snapshot) -> None:
    snapshot(render(summary(spec)), f"{spec}.table.txt")


@pytest.mark.parametrize("spec", ["lenet5", "squeezenet"])
def test_other_forms(spec: str, snapshot: Snapshot) -> None:
    snapshot(to_markdown(summary(spec)), f"{spec}.md")
    snapshot(to_csv(summary(spec)), f"{spec}.csv")


def test_depth(snapshot: Snapshot) -> None:
    snapshot(render(summary("resnet50", depth=1, N=32)), "resnet50.depth1.txt")


@pytest.mark.parametrize("spec", ["resnet50", "googlenet", "densenet121"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_collapsed_rows_have_the_sums_of_what_they_hold(spec: str, depth: int) -> None:
    whole, short = summary(spec), summary(spec, depth=depth)
    assert len(short.lines) <= len(whole.lines)
    assert len({line.name for line in short.lines}) == len(short.lines)
    assert all(line.name.count(".") < depth for line in short.lines)
    for figure in ("params", "buffers", "macs", "flops", "activation_bytes"):
        assert sum(getattr(line, figure) for line in short.lines) == sum(getattr(line, figure) for line in whole.lines)
    assert short.lines[-1].output == whole.lines[-1].output
    assert short.totals == whole.totals


def long(count: int) -> Summary:
    return summary("long", f"net long {{ input x: f32[N, 2]\n repeat {count} {{ relu }} }}")


@pytest.mark.parametrize(("count", "gap"), [(LONGEST, None), (LONGEST + 1, 1), (12_345, 12_145)])
def test_the_middle_of_a_long_table_is_left_out_and_counted(count: int, gap: int | None) -> None:
    found = long(count)
    rows = [line for line in render(found).splitlines() if line.startswith(("relu", "…"))]
    if gap is None:
        assert len(rows) == count
    else:
        assert len(rows) == LONGEST + 1
        assert rows[LONGEST // 2] == f"… {gap:,} more"
        assert rows[-1].startswith(f"relu{count} ")
    assert len(cells(found)) == count


def test_csv_and_json_are_complete() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(long(1000)))))
    assert [row["name"] for row in rows] == [f"relu{place}" for place in range(1, 1001)]


def test_csv_reads_back() -> None:
    found = summary("lenet5", N=2)
    rows = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert sum(int(row["params"]) for row in rows) == 61_706
    assert rows[0] | {"output": [int(size) for size in rows[0]["output"].split()]} == {
        "name": "conv1",
        "op": "conv",
        "output": [2, 6, 28, 28],
        "padding": "0 0 0 0",
        "params": "156",
        "buffers": "0",
        "macs": "235200",  # 2 × 28 × 28 × 6 × 5 × 5
        "flops": "479808",  # 2 × 235,200 and 2 × 28 × 28 × 6 biases
        "activation_bytes": "37632",  # 2 × 6 × 28 × 28 × 4
        "receptive_field": "5 5",
        "shared_with": "",
        "line": "6",
    }


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (18_816, "18.4 KiB"),
        (2**20, "1.0 MiB"),
        (2**40, "1.0 TiB"),
        (2**51, "2,048.0 TiB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


AUXILIARY = """net two_heads {
  input image: f32[N, 3, 8, 8]
  target label: i64[N]
  stem = conv(4, 3)
  aux = stem -> flatten -> fc(5)
  logits = stem -> global_avgpool -> flatten -> fc(5)
  output logits
  train { loss = cross_entropy(logits, label) + 0.3 * cross_entropy(aux, label); optimizer = sgd(lr = 0.1) }
}"""


def test_what_only_the_loss_needs_has_weights_and_no_work() -> None:
    found = compile_spec(Request("two_heads", AUXILIARY))
    assert found.diagnostics == ()  # no warning that nothing reads the head
    made = summarise(found.networks[0])
    rows = {line.name: line for line in made.lines}
    head = rows["aux.fc1"]
    # 144 features are 4 maps of 6 × 6.
    assert (head.params, head.macs, head.flops, head.activation_bytes) == (144 * 5 + 5, 0, 0, 20)
    assert rows["logits.fc1"].macs == 4 * 5
    # 3 × 3 × 3 × 4 weights at 6 × 6 positions, and the last layer.
    assert made.totals.macs == sum(line.macs for line in made.lines) == 108 * 36 + 20
    assert made.totals.params == sum(line.params for line in made.lines) == 108 + 4 + 725 + 25


def test_without_the_loss_the_same_head_is_warned_of() -> None:
    text = AUXILIARY.replace(" + 0.3 * cross_entropy(aux, label)", "")
    (warning,) = compile_spec(Request("two_heads", text)).diagnostics
    assert (warning.code, warning.severity, warning.message) == (
        "unused-value",
        "warning",
        "nothing reads the result of `fc`",
    )


def test_shared_layers_count_once_and_work_at_each_use() -> None:
    text = """net pair {
  input a: f32[N, 7]
  input b: f32[N, 7]
  let f = fc(3)
  left = a -> f
  right = b -> f
  left - right
}"""
    made = summary("pair", text)
    first, second, _ = made.lines
    assert (first.params, first.shared_with, second.params, second.shared_with) == (7 * 3 + 3, None, 0, first.name)
    assert first.macs == second.macs == 21
    assert made.totals.params == 24
    assert made.totals.macs == 42
    assert f"= {first.name}" in render(made)


def test_a_weight_written_out_takes_no_memory_as_a_result() -> None:
    made = summary("gain", "net gain { input x: f32[N, 3]\n param w[3] = ones\n x * w }")
    assert [(line.op, line.params, line.activation_bytes) for line in made.lines] == [("param", 3, 0), ("mul", 0, 12)]


def test_names_with_tricky_letters_cannot_break_a_table() -> None:
    text = 'net t(title = "a|b") { input x: f32[N, 2]\n relu }'
    assert "a|b" in render(summary("odd|name\n.net", text)).splitlines()[0]
