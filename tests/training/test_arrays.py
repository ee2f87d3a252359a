"""What a trainer takes: arrays by name, of the sizes and numbers that the net declares; all else is said, and nothing
changes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

import netc
from netc.runtime.errors import RunError
from netc.runtime.trainer import Trainer

NET = """net t {
  input image: f32[N, 3]
  input words: i64[N, T]
  target label: i64[N]
  a = image -> fc(4) -> batchnorm
  b = words -> embed(5, 4) -> last
  logits = a + b -> fc(3)
  output logits
  train { loss = cross_entropy(logits, label, ignore = -1); optimizer = sgd(lr = 0.5, momentum = 0.9) }
}
"""
GOOD: dict[str, Any] = {
    "image": np.arange(12.0, dtype=np.float32).reshape(4, 3) % 5,
    "words": np.array([[0, 4], [1, 2], [2, 2], [3, 0]]),
    "label": np.array([0, 1, 2, -1]),
}


def trainer() -> Trainer:
    return netc.loads(NET).trainer(N=4, T=2)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "more": ({"more": np.zeros(4)}, "unknown-array", "`more` is not fed here"),
    "missing": ({"words": None}, "missing-array", "`words` is missing"),
    "rank": ({"image": np.zeros((4, 3, 1), np.float32)}, "shape-mismatch", "`image` is [N, 3]"),
    "width": ({"image": np.zeros((4, 2), np.float32)}, "shape-mismatch", "`image` is [4, 3]"),
    "rows": ({"label": np.zeros(3, int)}, "shape-mismatch", "`label` is [4]"),
    "fractions": ({"label": np.full(4, 0.5)}, "bad-data", "`label` takes int64, the array holds float64"),
    "complex": ({"image": np.zeros((4, 3), complex)}, "bad-data", "`image` takes float32, the array holds complex128"),
    "texts": ({"image": np.full((4, 3), "a")}, "bad-data", "`image` takes float32"),
    "label too large": ({"label": np.array([0, 1, 2, 3])}, "bad-data", "`label` has 3, the net knows 0 to 2"),
    "label below": ({"label": np.array([0, 1, 2, -2])}, "bad-data", "`label` has -2"),
    "word too large": ({"words": np.full((4, 2), 5)}, "bad-data", "`words` has 5, the net knows 0 to 4"),
    "word below": ({"words": np.full((4, 2), -1)}, "bad-data", "`words` has -1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    change, code, message = REFUSED[name]
    made = trainer()
    before = made.state_dict()
    given = {key: array for key, array in {**GOOD, **change}.items() if array is not None}
    with pytest.raises(RunError) as caught:
        made.step(**given)
    assert caught.value.code == code
    assert message in caught.value.message
    assert all(np.array_equal(before[key], array) for key, array in made.state_dict().items())
    with pytest.raises(RunError) as again:
        made.rewritten("step", made.program.source, {}, given)()
    assert again.value.message == caught.value.message


def test_what_is_worth_the_same_is_taken() -> None:
    """Labels as floats, pixels as bytes, words as small whole numbers."""
    wanted = trainer().step(**GOOD)
    bytes, floats = GOOD["image"].astype(np.uint8), GOOD["label"].astype(np.float64)
    assert trainer().step(image=bytes, words=GOOD["words"].astype(np.int8), label=floats) == wanted


def test_a_label_to_ignore_counts_for_nothing() -> None:
    """The loss is the mean over the three others, in evaluation as in training."""
    made = trainer()
    loss, outputs = made.evaluate(**GOOD)
    x = outputs["logits"][:3].astype(np.float64)
    rows = np.log(np.exp(x).sum(1)) - x[range(3), GOOD["label"][:3]]
    assert loss == pytest.approx(rows.mean(), rel=1e-6)
    ignored, _ = made.evaluate(**{**GOOD, "label": np.full(4, -1)})
    assert ignored == 0


MOVED = {
    "reshaped": "w -> reshape([6]) -> embed(5, 4) -> flatten",
    "turned": "w -> transpose([0, 2, 1]) -> flatten -> embed(5, 4) -> flatten",
    "joined": "(w, w) -> concat -> flatten -> embed(5, 4) -> flatten",
    "the last alone": "w -> last -> embed(5, 4) -> flatten",
    "a smaller table too": "(w -> embed(7, 4) -> flatten, w -> flatten -> embed(5, 4) -> flatten) -> concat",
}


@pytest.mark.parametrize("name", MOVED)
def test_numbers_that_are_moved_before_they_are_looked_up_have_the_same_bounds(name: str) -> None:
    made = netc.loads(f"net t {{\n  input w: i64[N, 2, 3]\n  {MOVED[name]}\n  fc(2)\n}}\n").trainer(N=2)
    assert made.program.inputs[0].classes == 5
    made.forward(w=np.full((2, 2, 3), 4))
    for number in (-1, 5):
        with pytest.raises(RunError, match=f"`w` has {number}, the net knows 0 to 4"):
            made.forward(w=np.full((2, 2, 3), number))


def test_parts_for_tables_of_their_own_are_bounded_by_the_largest() -> None:
    text = (
        "net t {\n  input w: i64[N, 2]\n  a, b = w -> split(2)\n  (a -> embed(5, 4), b -> embed(9, 4)) -> concat\n}\n"
    )
    made = netc.loads(text).trainer(N=2)
    made.forward(w=np.array([[4, 8], [0, 0]]))
    with pytest.raises(RunError, match="`w` has 9, the net knows 0 to 8"):
        made.forward(w=np.array([[4, 9], [0, 0]]))


def test_labels_that_are_moved_before_the_loss_have_the_same_bounds() -> None:
    text = NET.replace("label: i64[N]", "label: i64[N, 1]").replace(
        "  output", "  flat = label -> reshape([])\n  output"
    )
    made = netc.loads(text.replace("(logits, label", "(logits, flat")).trainer(N=4, T=2)
    assert made.step(**{**GOOD, "label": GOOD["label"][:, None]}) == trainer().step(**GOOD)
    with pytest.raises(RunError, match="`label` has 3, the net knows 0 to 2"):
        made.step(**{**GOOD, "label": np.full((4, 1), 3)})


TWO = ("cross_entropy(logits, label)", "cross_entropy(a, label, ignore = -1)")


@pytest.mark.parametrize("loss", [" + ".join(TWO), " + ".join(reversed(TWO))])
def test_a_label_that_one_of_two_losses_counts_is_refused(loss: str) -> None:
    text = NET.replace("cross_entropy(logits, label, ignore = -1)", loss)
    with pytest.raises(RunError, match="`label` has -1, the net knows 0 to 2"):
        netc.loads(text).trainer(N=4, T=2).step(**GOOD)


def test_gradients_change_no_buffer() -> None:
    made = trainer()
    before = made.state_dict()
    gradients = made.gradients(**GOOD)
    assert any(array.any() for array in gradients.values())
    assert all(np.array_equal(before[key], array) for key, array in made.state_dict().items())
    made.step(**GOOD)
    changed = [key for key, array in made.state_dict().items() if not np.array_equal(before[key], array)]
    assert [key for key in changed if "running" in key]
    # Batch norm takes the bias before it away: that gradient is a rounding, which may be too small to change it.
    assert set(gradients) - {"a.fc1.bias"} <= set(changed)


def test_states_are_loaded_whole_or_not_at_all() -> None:
    made, other = trainer(), trainer()
    other.step(**GOOD)
    state, slots = other.state_dict(), other.optimizer_state()
    name = next(iter(state))
    slot = next(iter(slots))
    before = made.state_dict()
    for wrong, message in (
        ({key: array for key, array in state.items() if key != name}, f"there is no parameter `{name}` in it"),
        ({**state, "more": np.zeros(1)}, "there is no parameter `more` here"),
        ({**state, name: state[name][:1]}, f"`{name}` is {list(state[name].shape)} here"),
    ):
        with pytest.raises(RunError, match=r"in it|here") as caught:
            made.load_state_dict(wrong)
        assert caught.value.code == "other-network"
        assert message in caught.value.message
    assert all(np.array_equal(before[key], array) for key, array in made.state_dict().items())
    with pytest.raises(RunError, match=f"there is no optimizer slot `{slot}` in it"):
        made.load_optimizer_state({key: array for key, array in slots.items() if key != slot})
    made.load_state_dict({**state, "a.num_batches_tracked": np.array(1)})
    made.load_optimizer_state(slots)
    assert made.step(**GOOD) == other.step(**GOOD)
    assert all(np.array_equal(array, other.state_dict()[key]) for key, array in made.state_dict().items())
    assert all(np.array_equal(array, other.optimizer_state()[key]) for key, array in made.optimizer_state().items())


def test_what_is_given_out_is_a_copy() -> None:
    made = trainer()
    state = made.state_dict()
    for array in (*state.values(), *made.optimizer_state().values()):
        array[...] = 7
    assert not any((array == 7).all() for array in made.state_dict().values())
    assert not any((array == 7).any() for array in made.optimizer_state().values())
    outputs = made.forward(image=GOOD["image"], words=GOOD["words"])
    kept = outputs["logits"].copy()
    made.forward(image=GOOD["image"] + 1, words=GOOD["words"])
    assert np.array_equal(outputs["logits"], kept)


def test_numbers_that_are_not_finite_are_seen() -> None:
    made = trainer()
    assert made.finite()
    for name in made.state_dict():
        kept = made.view(name).copy()
        made.view(name).flat[-1] = np.nan
        assert not made.finite()
        made.view(name)[...] = kept
    assert made.finite()


def test_a_net_without_training_only_predicts() -> None:
    made = netc.loads("net t { input x: f32[N, 3]; y = fc(2); output y }").trainer(N=2)
    x = np.ones((2, 3), np.float32)
    assert made.forward(x=x)["y"].shape == (2, 2)
    for call in (made.step, made.evaluate, made.gradients):
        with pytest.raises(RunError) as caught:
            call(x=x)
        assert caught.value.code == "no-train-block"


@pytest.mark.parametrize("tier", ["numpy", "fast"])
def test_a_net_without_parameters_has_a_step(tier: Literal["numpy", "fast"]) -> None:
    """Of which gradients are to be clipped, though there are none."""
    train = "train { loss = cross_entropy; optimizer = adam(lr = 0.1); clip_norm = 1 }"
    made = netc.loads(f"net t {{ input x: f32[N, 3]; target y: i64[N]; z = relu; output z; {train} }}", tier=tier)
    assert made.trainer(N=2).step(x=np.zeros((2, 3)), y=np.array([0, 2])) == pytest.approx(np.log(3), rel=1e-6)


def test_one_sample_cannot_be_normalised() -> None:
    with pytest.raises(RunError) as caught:
        trainer().step(**{name: array[:1] for name, array in GOOD.items()})
    assert caught.value.code == "batch-size"
