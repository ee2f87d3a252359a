"""Every fact of window_shapes.json (its `source` says where they are from) holds for the layers that slide windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netc.compiler.graph.arguments import ArgumentError, Word
from netc.compiler.graph.dims import bound, symbol
from netc.compiler.graph.op import OpError
from netc.compiler.graph.window import Window
from netc.compiler.ops.deconv import Deconv
from netc.compiler.ops.pool import MaxPool

Case = dict[str, Any]
CASES: list[Case] = json.loads((Path(__file__).parents[1] / "data" / "window_shapes.json").read_text())["cases"]
LAYERS = {"Conv": "conv", "ConvTranspose": "deconv", "MaxPool": "maxpool", "AveragePool": "avgpool"}


def layer_of(case: Case) -> tuple[str, dict[str, object]]:
    """The layer and the arguments that say what the case says."""
    arguments: dict[str, object] = {
        "kernel": tuple(case["kernel"]),
        "stride": tuple(case["strides"]),
        "dilation": tuple(case["dilations"]),
    }
    if "auto_pad" in case:
        arguments["pad"] = Word(case["auto_pad"].lower())
    else:
        axes = len(case["kernel"])
        arguments["pad"] = tuple(
            side for axis in range(axes) for side in (case["pads"][axis], case["pads"][axis + axes])
        )
    if case["op"] in ("Conv", "ConvTranspose"):
        arguments |= {"maps": 8 if "group" in case else 1, "groups": case.get("group", 1), "bias": False}
    else:
        arguments["ceil"] = bool(case.get("ceil_mode"))
    if case["op"] == "AveragePool":
        arguments["count_pad"] = False
    if "output_padding" in case:
        arguments["output_pad"] = next(iter(case["output_padding"] * len(case["kernel"])))
    if "output_shape" in case:
        arguments["size"] = tuple(case["output_shape"])
    return LAYERS[case["op"]], arguments


def names(case: Case) -> str:
    return f"{case['op']}-{CASES.index(case)}"


def channels(case: Case) -> int:
    return 4 if "group" in case else 1


def test_all_cases_are_here() -> None:
    assert len(CASES) == 167
    assert sum(case["expect"] == "reject" for case in CASES) == 6


@pytest.mark.parametrize("case", [case for case in CASES if case["expect"] != "reject"], ids=names)
def test_size(use: Any, case: Case) -> None:
    layer, arguments = layer_of(case)
    built = use(layer, (1, channels(case), *case["input"]), **arguments)
    assert list(built.shape[2:]) == case["expect"]
    if "y" in case:
        op = built.graph.nodes[0].op
        assert run(op, op.windows[0], case["input"][0], case["expect"][0]) == pytest.approx(case["y"])


@pytest.mark.parametrize("case", [case for case in CASES if case["expect"] == "reject"], ids=names)
def test_reject(use: Any, case: Case) -> None:
    layer, arguments = layer_of(case)
    with pytest.raises((OpError, ArgumentError)) as error:
        use(layer, (1, channels(case), *case["input"]), **arguments)
    if 0 in case["strides"]:
        assert "from 1 up" in str(error.value)
    else:
        assert isinstance(error.value, OpError)
        assert error.value.code == "window"


@pytest.mark.parametrize("case", [case for case in CASES if case["expect"] != "reject"], ids=names)
def test_symbolic_size(use: Any, case: Case) -> None:
    """A symbolic extent gives the same size once it is bound; where it must be rounded, it asks to be bound."""
    layer, arguments = layer_of(case)
    values = dict(zip("HW", case["input"], strict=False))
    shape = (symbol("N"), channels(case), *(symbol(name) for name in values))
    if (max(case["strides"]) > 1 and layer != "deconv") or "output_shape" in case:
        with pytest.raises(OpError) as error:
            use(layer, shape, **arguments)
        assert error.value.code == "unbound-dimension"
    else:
        built = use(layer, shape, **arguments)
        assert [bound(size, values) for size in built.shape[2:]] == case["expect"]


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if str(c.get("auto_pad")).startswith("SAME") and c["strides"] == [1] and c["kernel"][0] % 2],
    ids=names,
)
def test_same(use: Any, case: Case) -> None:
    """At stride 1 with an odd kernel `same`, `same_upper`, `same_lower` and `half` are one thing."""
    layer, arguments = layer_of(case)
    words = ("same", "half", "same_upper", "same_lower")
    built = [use(layer, (1, 1, *case["input"]), **{**arguments, "pad": Word(word)}) for word in words]
    assert len({made.padding for made in built}) == 1
    assert list(built[0].shape[2:]) == case["expect"]


def run(op: object, window: Window, size: int, outputs: int) -> list[float]:
    """The op on x = 1, 2, … with the weight 1, 2, …, in one dimension, by the definition."""
    if isinstance(op, Deconv):
        y = [0.0] * outputs
        for place in range(size):
            for tap in range(window.kernel):
                at = place * window.stride + tap * window.dilation - window.before
                if 0 <= at < outputs:
                    y[at] += (place + 1) * (tap + 1)
        return y
    result = []
    for place in range(outputs):
        taps = [(tap, place * window.stride + tap * window.dilation - window.before) for tap in range(window.kernel)]
        seen = [(tap + 1, at + 1) for tap, at in taps if 0 <= at < size]
        if isinstance(op, MaxPool):
            result.append(float(max(x for _, x in seen)))
        elif hasattr(op, "count_pad"):
            result.append(sum(x for _, x in seen) / len(seen))
        else:
            result.append(float(sum(w * x for w, x in seen)))
    return result
