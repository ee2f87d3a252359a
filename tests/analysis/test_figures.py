"""The figures of graphs that are built by hand: sums, symbolic dimensions, sharing, and what no output needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from netc.compiler.analysis.figures import Analysis, TooSmall, analyse
from netc.compiler.graph.arguments import signature
from netc.compiler.graph.builder import Builder, OpenUse
from netc.compiler.graph.dims import Dim, Shape, Unbound, symbol
from netc.compiler.graph.graph import Graph, Port, Value, verify
from netc.compiler.graph.layer import find_layer
from netc.compiler.graph.tensor import DType, TensorType
from netc.compiler.limits import DEFAULT_LIMITS
from netc.compiler.source import Source, Span

HERE = Span(Source("test.net", ""), 0, 0)
N, T, H = symbol("N"), symbol("T"), symbol("H")


@dataclass
class Net:
    """A graph in the making; each layer gets the name of its kind and its place."""

    builder: Builder = field(default_factory=lambda: Builder(DEFAULT_LIMITS))
    ports: list[Port] = field(default_factory=list)

    def input(self, *shape: Dim, dtype: DType = "f32") -> Value:
        value = self.builder.value(TensorType(dtype, shape))
        self.ports.append(Port(f"x{len(self.ports)}", value, HERE))
        return value

    def add(self, kind: str, *ins: Value, shares: OpenUse | None = None, **arguments: object) -> Value:
        return self.several(kind, *ins, shares=shares, **arguments)[0]

    def several(self, kind: str, *ins: Value, shares: OpenUse | None = None, **arguments: object) -> tuple[Value, ...]:
        made = find_layer(kind)
        assert made is not None
        known = {item.name: item for item in signature(made)}
        layer = made(**{name: known[name].convert(value) for name, value in arguments.items()})
        self.builder.open(OpenUse(kind, HERE, (), ins, shares=shares))
        result = layer.build(self.builder, ins)
        outs = result if isinstance(result, tuple) else (result,)
        self.builder.uses[-1].outs = outs
        return outs

    @property
    def last(self) -> OpenUse:
        return self.builder.uses[-1]

    def graph(self, *outputs: Value) -> Graph:
        ports = tuple(Port(f"y{place}", value, HERE) for place, value in enumerate(outputs))
        names = [f"{use.kind}{place}" for place, use in enumerate(self.builder.uses)]
        graph = self.builder.finish(tuple(self.ports), (), ports, names)
        verify(graph)
        return graph


def column(analysis: Analysis, name: str) -> list[object]:
    return [getattr(row, name) for row in analysis.rows]


def total(numbers: Sequence[Dim]) -> Dim:
    result: Dim = 0
    for number in numbers:
        result = number + result
    return result


def check_sums(analysis: Analysis) -> None:
    rows, totals = analysis.rows, analysis.totals
    assert sum(row.params for row in rows) == totals.params
    assert sum(row.buffers for row in rows) == totals.buffers
    assert total([row.macs for row in rows]) == totals.macs
    assert total([row.flops for row in rows]) == totals.flops


def lenet() -> Graph:
    """The first half of LeNet-5 (LeCun et al. 1998) with ordinary layers, and one fully connected layer."""
    net = Net()
    x = net.add("tanh", net.add("conv", net.input(N, 1, 32, 32), maps=6, kernel=5))
    x = net.add("batchnorm", net.add("avgpool", x, kernel=2))
    x = net.add("conv", x, maps=16, kernel=(3, 5), stride=(1, 2), pad=(1, 2))
    return net.graph(net.add("fc", net.add("flatten", x), units=10))


def test_every_column_by_hand() -> None:
    analysis = analyse(lenet())
    check_sums(analysis)
    # Height and width: 32 − 5 + 1 = 28, halved 14; then 14 − 3 + 2 + 1 = 14 and ⌊(14 − 5 + 4) / 2⌋ + 1 = 7.
    shapes: list[Shape] = [
        (N, 6, 28, 28), (N, 6, 28, 28), (N, 6, 14, 14), (N, 6, 14, 14), (N, 16, 14, 7), (N, 1568), (N, 10),
    ]  # fmt: skip
    assert column(analysis, "output") == shapes
    assert column(analysis, "padding") == [(0,) * 4, None, (0,) * 4, None, (1, 1, 2, 2), None, None]
    # 5·5·1·6 + 6; scale and shift of 6 channels; 3·5·6·16 + 16; 1568·10 + 10.
    assert column(analysis, "params") == [156, 0, 0, 12, 1456, 0, 15_690]
    # The running mean and variance of 6 channels.
    assert column(analysis, "buffers") == [0, 0, 0, 12, 0, 0, 0]
    # 150 weights at 28·28 positions; 1440 weights at 14·7; 15,680 weights.
    assert column(analysis, "macs") == [117_600 * N, 0, 0, 0, 141_120 * N, 0, 15_680 * N]
    assert column(analysis, "activation_bytes") == [
        18_816 * N, 18_816 * N, 4_704 * N, 4_704 * N, 6_272 * N, 6_272 * N, 40 * N,
    ]  # fmt: skip
    # 5; then + (2 − 1)·1 = 6 at a step of 2; then + (3 − 1)·2 = 10 high and + (5 − 1)·2 = 14 wide.
    fields = [(5, 5), (5, 5), (6, 6), (6, 6), (10, 14), None, None]
    assert column(analysis, "field") == fields
    totals = analysis.at({"N": 3})
    assert (totals.params, totals.buffers, totals.macs) == (17_314, 12, 3 * 274_400)
    assert (totals.parameter_bytes, totals.buffer_bytes) == (4 * 17_314, 4 * 12)


def test_n_and_t_are_one_unless_given() -> None:
    net = Net()
    analysis = analyse(net.graph(net.add("fc", net.input(N, T, 5), units=3)))
    assert analysis.totals.macs == 15 * N * T
    assert [analysis.at(dims).macs for dims in ({}, {"T": 7}, {"N": 2, "T": 7})] == [15, 105, 210]


def test_another_symbol_must_be_bound() -> None:
    net = Net()
    analysis = analyse(net.graph(net.add("fc", net.input(N, H, 5), units=3)))
    with pytest.raises(Unbound) as caught:
        analysis.at({"N": 2})
    assert caught.value.symbol == "H"
    assert analysis.at({"H": 4}).macs == 60


@pytest.mark.parametrize(("given", "macs"), [({"T": 2}, None), ({}, None), ({"T": 3}, 24), ({"T": 5, "N": 2}, 144)])
def test_a_size_below_one_is_an_error_and_no_negative_figure(given: dict[str, int], macs: int | None) -> None:
    net = Net()
    analysis = analyse(net.graph(net.add("relu", net.add("conv", net.input(N, 4, T), maps=2, kernel=3))))
    if macs is not None:
        # 3·4·2 weights at T − 2 positions of N sequences.
        assert analysis.at(given).macs == macs
        return
    with pytest.raises(TooSmall, match=r"at T = \d the result \[N, 2, T - 2\] of `conv0` has no positions"):
        analysis.at(given)


def test_sizes_that_nothing_decides_yet_are_no_error() -> None:
    net = Net()
    analysis = analyse(net.graph(net.add("conv", net.input(N, 4, H), maps=2, kernel=3)))
    analysis.check({"N": 1})
    with pytest.raises(TooSmall):
        analysis.check({"H": 2})


def test_what_no_output_needs_keeps_its_weights_and_does_no_work() -> None:
    net = Net()
    trunk = net.add("fc", net.input(N, 8), units=4)
    head = net.add("relu", net.add("fc", trunk, units=5))
    analysis = analyse(net.graph(net.add("fc", trunk, units=3)))
    check_sums(analysis)
    assert head.type.shape == (N, 5)
    assert column(analysis, "needed") == [True, False, False, True]
    assert column(analysis, "params") == [36, 25, 0, 15]
    assert column(analysis, "macs") == [32 * N, 0, 0, 12 * N]
    assert column(analysis, "flops") == [68 * N, 0, 0, 27 * N]
    assert analysis.totals.params == 76


def test_shared_weights_count_once_and_work_at_each_use() -> None:
    net = Net()
    first = net.add("fc", net.input(N, 8), units=4)
    second = net.add("fc", net.input(N, 8), shares=net.last, units=4)
    analysis = analyse(net.graph(net.add("add", first, second)))
    check_sums(analysis)
    assert column(analysis, "params") == [36, 0, 0]
    assert column(analysis, "macs") == [32 * N, 32 * N, 0]
    assert [row.use.shared_with for row in analysis.rows] == [None, "fc0", None]


def test_shared_layers_without_weights_share_nothing() -> None:
    net = Net()
    first = net.add("relu", net.input(N, 8))
    graph = net.graph(net.add("relu", first, shares=net.last))
    assert [use.shared_with for use in graph.uses] == [None, None]


def test_all_results_of_a_layer_take_memory_and_what_is_passed_on_takes_none() -> None:
    net = Net()
    left, right = net.several("split", net.add("identity", net.input(N, 12)), parts=(8, 4))
    analysis = analyse(net.graph(left, right))
    assert column(analysis, "activation_bytes") == [0, (32 + 16) * N]


def test_the_bytes_are_those_of_the_element_type() -> None:
    net = Net()
    net.builder.float_type = "f64"
    analysis = analyse(net.graph(net.add("fc", net.input(N, 3, dtype="f64"), units=2)))
    assert column(analysis, "activation_bytes") == [16 * N]
    assert analysis.totals.parameter_bytes == 8 * (6 + 2)


def test_branches_see_together_what_each_sees() -> None:
    net = Net()
    x = net.input(N, 4, 20, 20)
    wide = net.add("conv", x, maps=4, kernel=(7, 1), pad=(3, 0))
    high = net.add("conv", x, maps=4, kernel=(1, 5), pad=(0, 2))
    analysis = analyse(net.graph(net.add("relu", net.add("add", wide, high))))
    assert column(analysis, "field") == [(7, 1), (1, 5), (7, 5), (7, 5)]


@pytest.mark.parametrize(
    ("shape", "dtype", "kind", "arguments", "seen"),
    [
        ((N, 4, 9, 9), "f32", "relu", {}, (1, 1)),
        ((N, 4, 9), "f32", "conv", {"maps": 2, "kernel": 4}, (4,)),
        ((N, T, 4, 9, 9), "f32", "maxpool", {"kernel": (2, 3)}, (2, 3)),
        ((N, 4, 9, 9), "f32", "global_avgpool", {}, (9, 9)),
        ((N, 4, 9, 9), "f32", "flatten", {}, None),
        ((N, 4, 9, 9), "f32", "layernorm", {}, None),
        ((N, T, 8), "f32", "layernorm", {}, None),
        ((N, T, 8), "f32", "softmax", {}, None),
        ((N, 4, 9, 9), "f32", "softmax", {}, (1, 1)),
        ((N, T, 8), "f32", "fc", {"units": 3}, None),
        ((N, 8), "f32", "relu", {}, None),
        ((N, T, 8), "i64", "identity", {}, None),
        ((N, T), "i64", "embed", {"vocab": 5, "features": 4}, None),
    ],
)
def test_fields(shape: Shape, dtype: DType, kind: str, arguments: dict[str, Any], seen: tuple[int, ...] | None) -> None:
    net = Net()
    x = net.input(*shape, dtype=dtype)
    (row,) = analyse(net.graph(net.add(kind, x, **arguments))).rows
    assert row.field == seen


def test_two_uses_of_one_operation_at_other_sizes_cost_their_own() -> None:
    net = Net()
    x = net.add("relu", net.input(N, 8))
    y = net.add("relu", net.input(N, 3, 4))
    analysis = analyse(net.graph(x, y))
    assert column(analysis, "flops") == [8 * N, 12 * N]


def test_a_graph_without_layers() -> None:
    net = Net()
    analysis = analyse(net.graph(net.input(N, 3)))
    assert analysis.rows == ()
    assert (analysis.totals.params, analysis.totals.macs, analysis.at({}).flops) == (0, 0, 0)
