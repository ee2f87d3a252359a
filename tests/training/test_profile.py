"""The profile of a step: its parts are the program's layers, their times add up, their bytes are those by hand."""

from __future__ import annotations

from itertools import count

import pytest

import netc
from netc.runtime.training import profile as module
from netc.runtime.training.profile import Part, Stage, profile

from ..recurrent.cells import reading

HEAD = "net plain {\n  input x: f32[N, 6]\n  target label: i64[N]\n  x -> fc(5) -> relu -> fc(3)\n"
TRAINED = HEAD + "  train { loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9) }\n}"
PREDICTED = "net plain {\n  input x: f32[N, 6]\n  x -> fc(5) -> relu -> fc(3)\n}"
CELL = """net tagger {
  input x: f32[N, T, 2]
  target y: f32[N, T, 3]
  y1 = x -> gru(3)
  output y1
  train { loss = mse; optimizer = adam(lr = 0.1) }
}"""


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes one second further each time that it is read."""
    ticks = count()
    monkeypatch.setattr(module, "perf_counter", lambda: float(next(ticks)))


def by_key(parts: tuple[Part, ...]) -> dict[tuple[Stage, str], Part]:
    found = {(part.stage, part.layer): part for part in parts}
    assert len(found) == len(parts)
    return found


@pytest.mark.usefixtures("ticking")
def test_the_parts_of_a_step_are_its_layers_each_between_two_looks_at_the_clock() -> None:
    found = by_key(profile(netc.loads(TRAINED).trainer(N=4), 3, {}))
    layers = ("fc1", "relu1", "fc2")
    assert list(found) == [
        *(("forward", layer) for layer in layers),
        *(("backward", layer) for layer in reversed(layers)),
        ("update", ""),
        ("inputs", ""),
    ]
    # The inputs are before the first layer and behind the last.
    assert [part.seconds for part in found.values()] == [1.0] * 7 + [2.0]


def test_bytes_are_of_what_the_statements_name() -> None:
    found = by_key(profile(netc.loads(TRAINED).trainer(N=4), 1, {}))
    weights, bias, x, y = 5 * 6, 5, 4 * 6, 4 * 5
    assert found["forward", "fc1"].bytes == 4 * (weights + bias + x + y)
    assert found["forward", "relu1"].bytes == 4 * 2 * y
    # The gradient by the result, the input, the gradients by the weights and the bias; none by the input of the net.
    assert found["backward", "fc1"].bytes == 4 * (y + x + weights + bias)
    # Parameters and momentum are read and written, gradients read.
    assert found["update", ""].bytes == 4 * 5 * (5 * 6 + 5 + 3 * 5 + 3)
    assert found["inputs", ""].bytes is None


@pytest.mark.usefixtures("ticking")
def test_a_net_that_does_not_train_is_measured_in_a_prediction() -> None:
    found = by_key(profile(netc.loads(PREDICTED).trainer(N=4), 2, {}))
    assert [key[0] for key in found] == ["forward"] * 3 + ["inputs"]


@pytest.mark.usefixtures("ticking")
def test_a_net_without_layers_has_its_inputs_alone() -> None:
    found = by_key(profile(netc.loads("net a {\n  input x: f32[N, 6]\n  output x\n}").trainer(N=4), 2, {}))
    assert [key[0] for key in found] == ["inputs"]


@pytest.mark.parametrize("cell", ["lstm(3)", "lstm(3, peephole = yes)", "gru(3)", "gru(3, reset = before)", "elman(3)"])
def test_what_goes_over_the_steps_is_a_part_of_what_a_layer_touches(cell: str) -> None:
    """It has names of its own in a loop, which stand for nothing before that."""
    trainer = netc.loads(reading(cell)).trainer(N=4, T=3)
    found = by_key(profile(trainer, 1, {}))
    assert all(part.bytes for part in found.values() if part.layer)


def test_the_equations_of_a_cell_are_counted_in_it() -> None:
    trainer = netc.loads(CELL).trainer(N=4, T=3)
    layers = {part.layer for part in profile(trainer, 1, {})}
    parts = {layer for layer in layers if "." in layer}
    assert parts
    found = by_key(profile(trainer, 1, {layer: "gru1" for layer in layers if layer}))
    assert {layer for _, layer in found} == {"gru1", ""}


def test_a_step_of_a_profile_trains_as_any_other() -> None:
    trainer = netc.loads(TRAINED).trainer(N=4)
    profile(trainer, 2, {})
    assert trainer.steps == module.WARM + 2
    assert trainer.finite()


def test_a_time_is_a_mean_over_the_middle_half_of_the_steps() -> None:
    steps = [[5.0, 0.0], [1.0, 1.0], [90.0, 0.0], [0.0, 0.5]]
    assert module._middle_half(steps) == [3.0, 0.5]
    assert module._middle_half(steps[:1]) == [5.0, 0.0]
