"""The JSON of every bundled network is what the published schema describes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import netc.compiler.report
from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.report.data import to_json
from netc.compiler.report.summary import summarise

SCHEMA = json.loads(Path(netc.compiler.report.__path__[0], "analysis.schema.json").read_text("utf-8"))
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def analysis(spec: str, depth: int | None = None, text: str | None = None) -> dict[str, Any]:
    found = compile_spec(Request(spec, text))
    assert not found.failed, found.diagnostics
    made: dict[str, Any] = json.loads(to_json(summarise(found.networks[0], depth)))
    return made


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("spec", [name for stem, variants in bundled().items() for name in (stem, *variants)])
def test_bundled_networks_conform(spec: str) -> None:
    found = analysis(spec)
    CHECK.validate(found)
    assert found["memory"]["training"] is not None
    CHECK.validate(analysis(spec, depth=1))


def test_memory_is_the_sum_of_its_parts() -> None:
    memory = analysis("lenet5")["memory"]
    weights = 4 * 61_706
    for found in (memory["inference"], memory["training"]):
        assert found["parameters"] == weights
        assert found["total"] == sum(size for part, size in found.items() if part != "total")
    assert (memory["training"]["gradients"], memory["training"]["optimizer"]) == (weights, weights)


def test_a_net_without_training_has_no_training_memory() -> None:
    assert analysis("t", text="net t { input x: f32[N, 3]\n fc(2) }")["memory"]["training"] is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("layers", 0, "params"), -1),
        (("layers", 0, "params"), 1.5),
        (("layers", 0, "padding"), [1]),
        (("layers", 0, "output"), ["N", 6]),
        (("format_version",), 2),
        (("totals", "more"), 1),
        (("spec", "dims"), {"N": 0}),
    ],
)
def test_the_schema_refuses(path: tuple[str | int, ...], value: object) -> None:
    found = analysis("lenet5")
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not CHECK.is_valid(found)
