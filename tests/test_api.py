"""The Python interface."""

from __future__ import annotations

from pathlib import Path

import pytest

import netc

TEXT = "net t(units = 4, act = relu) { input x: f32[N, H, 8]; fc(units) -> act }"


def test_a_bundled_spec_by_name_with_parameters() -> None:
    net = netc.load("resnet18", set={"classes": 10})
    assert net.analyze(N=32).totals.params == 11_689_512 - 990 * 513


def test_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text(TEXT)
    assert netc.load(path, set={"units": 3}).analyze(H=5).totals.macs == 3 * 8 * 5


def test_a_text_and_values_of_python() -> None:
    assert netc.loads(TEXT, set={"act": "tanh"}).analyze(H=1, N=2).lines[1].op == "tanh"


def test_a_dimension_without_a_value() -> None:
    with pytest.raises(netc.SpecError, match="the dimension H has no value"):
        netc.loads(TEXT).analyze()


def test_all_mistakes_are_in_the_error() -> None:
    with pytest.raises(netc.SpecError) as caught:
        netc.loads("net t { input x: f32[N, 8]; a = x -> fcc(3); b = x -> fc }")
    assert [d.code for d in caught.value.diagnostics] == ["unknown-layer", "missing-argument"]


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(netc.SpecError) as caught:
        netc.load("nowhere/a.net")
    assert [d.code for d in caught.value.diagnostics] == ["missing-file"]
