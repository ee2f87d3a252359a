"""Training ends at the step whose numbers are not finite, wherever that is, and names the first layer with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import netc
from netc.runtime.data.dataset import Dataset
from netc.runtime.errors import RunError
from netc.runtime.trainer import Trainer
from netc.runtime.training.fit import Fit, Options, Position

Arrays = dict[str, np.ndarray]
HUGE = np.float32(1e30)


class Silent:
    def step(self, position: Position, loss: float, size: int) -> None: ...

    def epoch(self, record: dict[str, Any]) -> None: ...


def net(layers: str, train: str, inputs: str = "f32[N, 3]", target: str = "f32[N, 1]") -> str:
    return f"net n {{\n input x: {inputs}\n target y: {target}\n {layers}\n train {{ {train} }}\n}}"


def ended(
    text: str, arrays: Arrays, prepare: Callable[[Trainer], None], steps: int = 0
) -> tuple[RunError, int, Trainer]:
    """The error that a run ends with, the last step that it saved at, and its trainer."""
    net = netc.loads(text)
    trainer = net.trainer(N=2, T=steps) if steps else net.trainer(N=2)
    prepare(trainer)
    saved = [0]

    def save(position: Position, improved: bool) -> None:
        assert trainer.finite()
        saved.append(trainer.steps)

    fit = Fit(trainer, Dataset(arrays), None, Options(9, 2, 0), save, Silent(), lambda: False)
    with pytest.raises(RunError) as caught:
        fit.run()
    assert (caught.value.code, caught.value.exit) == ("not-finite", 4)
    return caught.value, saved[-1], trainer


def zero(trainer: Trainer) -> None:
    for name in trainer.state_dict():
        trainer.view(name)[...] = 0


def nothing(trainer: Trainer) -> None: ...


PLAIN = net("fc(4) -> relu -> dropout(0.5) -> fc(1)", "loss = mse; optimizer = sgd(lr = 1e-3)")


def test_in_the_forward_pass() -> None:
    """With dropout the step is looked at again with the same numbers dropped."""
    arrays = {"x": np.full((2, 3), HUGE), "y": np.zeros((2, 1), np.float32)}

    def large(trainer: Trainer) -> None:
        zero(trainer)
        trainer.view("fc1.weight")[...] = 1
        trainer.view("fc2.weight")[...] = HUGE

    error, saved, _ = ended(PLAIN, arrays, large)
    assert error.message == (
        "the loss became inf in epoch 1, step 1; the first layer with such numbers is fc2: fc, line 4"
    )
    assert saved == 0


def test_in_the_gradient_while_the_loss_is_finite() -> None:
    """d loss / d weight = 2 (0 − 1e10) · 1e30."""
    arrays = {"x": np.full((2, 3), HUGE), "y": np.full((2, 1), 1e10, np.float32)}
    error, saved, trainer = ended(net("fc(1)", "loss = mse; optimizer = sgd(lr = 1e-3)"), arrays, zero)
    assert error.message == (
        "the gradients or statistics became infinite in epoch 1, step 1; "
        "the first layer with such numbers is gradients of fc1: fc, line 4"
    )
    assert (saved, trainer.steps) == (0, 0)
    assert not trainer.view("fc1.weight").any()


def test_in_the_statistics_of_a_batchnorm_while_the_loss_is_finite() -> None:
    """The variance of numbers about 1e30 is infinite, and what is divided by it is 0."""
    text = net("batchnorm -> fc(1)", "loss = mse; optimizer = sgd(lr = 1e-3)")
    arrays = {"x": np.array([[HUGE] * 3, [-HUGE] * 3]), "y": np.zeros((2, 1), np.float32)}
    error, saved, trainer = ended(text, arrays, nothing)
    assert "in epoch 1, step 1; the first layer with such numbers is batchnorm1: batchnorm, line 4" in error.message
    assert (saved, trainer.steps) == (0, 0)


@pytest.mark.parametrize(
    ("optimizer", "large", "step"),
    [
        ("sgd(lr = 1e35)", 1e5, 1),
        ("sgd(lr = 1e35, momentum = 0.9)", 1e4, 1),
        ("adam(lr = 1e-3)", 1e20, 1),
        ("adamw(lr = 1e-3)", 1e20, 1),
        ("rmsprop(lr = 1e-3)", 1e21, 1),
        ("adagrad(lr = 1e-3)", 1e20, 1),
        ("sgd(lr = 1e-40, momentum = 0.99)", 1e38, 4),
    ],
)
def test_in_the_update(optimizer: str, large: float, step: int) -> None:
    """A gradient that is finite, and a weight, velocity or square that is not: Adam's would stay infinite, and the
    weight where it was, without a word. The loss is |0 − y|, its gradient by the bias `large`."""
    text = net("fc(1, bias = no)", f"loss = mae; optimizer = {optimizer}", "f32[N, 1]")
    arrays = {"x": np.full((2, 1), large, np.float32), "y": np.full((2, 1), 3e38, np.float32)}
    error, saved, trainer = ended(text, arrays, zero)
    assert f"the update of step {step} made numbers too large" in error.message
    assert "by fc1.weight" in error.message
    assert (saved, trainer.steps) == (step - 1, step)


def test_a_sigmoid_does_not_hide_a_weight_that_became_infinite() -> None:
    """sigmoid(∞) is 1, so that no loss would ever show it."""
    trainer = netc.loads(net("fc(1) -> sigmoid", "loss = mse; optimizer = sgd(lr = 1e10)")).trainer(N=2)
    trainer.gradient_view("fc1.weight")[...] = -1e30
    with pytest.raises(RunError, match="the update of step 1 made numbers too large"):
        trainer.update()


GROWING = """cell growing(units) {
  state h[units]
  h' = in + 1e9 * h
  output h'
}
"""


@pytest.mark.parametrize("unroll", ["", "; unroll = 2"])
def test_in_a_loop_over_steps(unroll: str) -> None:
    """h is 1e9 times as large after each step: too large after five, in the third chunk of two."""
    layers = "growing(2) -> fc(1)"
    text = GROWING + net(layers, "loss = mse; optimizer = sgd(lr = 1e-30)" + unroll, "f32[N, T, 2]", "f32[N, T, 1]")
    arrays = {"x": np.ones((2, 8, 2), np.float32), "y": np.zeros((2, 8, 1), np.float32)}

    def small(trainer: Trainer) -> None:
        zero(trainer)
        trainer.view("fc1.weight")[...] = 1e-30

    error, _, trainer = ended(text, arrays, small, 8)
    assert "the first layer with such numbers is growing1: growing, line 9" in error.message
    assert trainer.steps == (2 if unroll else 0)


def test_a_large_square_is_not_taken_for_infinity() -> None:
    trainer = netc.loads(PLAIN).trainer(N=2)
    trainer.view("fc1.weight")[...] = 3e38
    assert trainer.finite()
    for wrong in (np.inf, -np.inf, np.nan):
        trainer.view("fc1.weight")[0, 0] = wrong
        assert not trainer.finite()


def test_the_slots_of_the_optimizer_are_looked_at_too() -> None:
    trainer = netc.loads(PLAIN.replace("sgd", "adam")).trainer(N=2)
    state = trainer.optimizer_state()
    name = next(iter(state))
    trainer.load_optimizer_state(state | {name: np.full_like(state[name], np.inf)})
    assert not trainer.finite()
