"""Work in two lanes: what is computed is the same, whatever is divided, by one thread or two."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.compiler.emit import lanes, plans
from netc.compiler.graph import code
from netc.compiler.graph.tiers import TIERS
from netc.compiler.ops import direct, winograd
from netc.runtime.kernels.lanes import together

Array = NDArray[Any]

# Each kind of division: by samples, by a weight that is larger than the samples, and of sums over the samples.
TEXT = """
net divided {
  input  image: f64[N, 3, 9, 8]
  target label: i64[N]
  conv(6, 3, pad = half) -> batchnorm -> relu -> maxpool(2)
  conv(24, 3, pad = half) -> batchnorm -> silu
  conv(24, 3, stride = 2, groups = 3) -> relu
  deconv(20, 3) -> tanh -> avgpool(2, stride = 1)
  (conv(20, 3, pad = half), it) -> concat -> lrn(3)
  conv(40, 1) -> flatten -> fc(30) -> relu
  logits = fc(5)
  output logits
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9) }
}
"""


# Of a single sample channels and maps alone can be divided: those of narrow images lie together where they are whole.
NARROW = """
net narrow {
  input  image: f64[N, 2, 64, 6]
  target label: i64[N]
  conv(6, 3, pad = half) -> tanh -> avgpool(2) -> conv(8, 3) -> deconv(4, 3) -> tanh -> flatten
  logits = fc(5)
  output logits
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9) }
}
"""

# Weights that are larger than the samples.
WEIGHTY = """
net weighty {
  input  image: f64[N, 3, 5, 5]
  target label: i64[N]
  conv(10, 3, pad = half) -> tanh -> conv(16, 3, pad = half) -> tanh -> conv(12, 3, pad = half) -> tanh -> flatten
  logits = fc(5)
  output logits
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9) }
}
"""


@pytest.fixture
def all_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that can be divided is, however small."""
    monkeypatch.setattr(lanes, "BYTES", 0)
    monkeypatch.setattr(code, "WAKING", 0)


@pytest.fixture(params=[False, True], ids=["large-in-tiles", "all-in-tiles"])
def tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small convolutions too are computed in tiles, wherever memory is free or not."""
    if request.param:
        for limit, number in (("MAPS", 1), ("TILES", 1), ("LARGE", 1 << 20)):
            monkeypatch.setattr(winograd, limit, dict.fromkeys(TIERS, number))


def run(
    size: int, planned: int, tier: str = "numpy", text: str = TEXT
) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
    """Gradients, weights after three steps, and a prediction."""
    trainer = netc.loads(text, tier=tier).trainer(N=planned, seed=3)
    rng = np.random.default_rng(size)
    _, *sizes = map(str, trainer.program.inputs[0].dims)
    image = rng.normal(size=(size, *map(int, sizes)))
    given = {"image": image, "label": rng.integers(5, size=size)}
    gradients = trainer.gradients(**given)
    for _ in range(3):
        trainer.step(**given)
    return gradients, trainer.state_dict(), trainer.forward(image=given["image"])


@pytest.mark.parametrize("text", [TEXT, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(("size", "planned"), [(8, 8), (7, 8), (2, 2), (3, 8), (1, 4), (1, 1)])
def test_halves_make_the_whole(
    size: int, planned: int, text: str, tier: str, all_divided: None, tiles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(size, planned, tier, text)
    monkeypatch.setattr(plans, "lanes_pay", lambda *_: False)
    for made, wanted in zip(found, run(size, planned, tier, text), strict=True):
        for name, array in wanted.items():
            assert np.abs(made[name] - array).max() <= 1e-12 * max(1.0, np.abs(array).max()), name


@pytest.mark.parametrize("numbers", [700, 1000, 2000])
def test_halves_of_a_weight_that_is_just_too_large(
    numbers: int, all_divided: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half is small enough for another form than the whole, which takes only arrays that lie together."""
    monkeypatch.setattr(direct, "WEIGHT", numbers)
    found = run(2, 2, "fast", WEIGHTY)
    monkeypatch.setattr(plans, "lanes_pay", lambda *_: False)
    for made, wanted in zip(found, run(2, 2, "fast", WEIGHTY), strict=True):
        for name, array in wanted.items():
            assert np.abs(made[name] - array).max() <= 1e-12 * max(1.0, np.abs(array).max()), name


def test_the_program_divides_what_it_can(all_divided: None) -> None:
    text = netc.loads(TEXT).trainer(N=8).program.source
    step = text.partition("def step(")[2]
    for kernel in ("conv(", "conv_weight_gradient(", "max_pool(", "max_pool_gradient(", "np.maximum("):
        assert f"            {kernel}" in step, kernel
    assert "batchnorm(" in step
    assert ", together, eps" in step
    assert step.count("together(first, second)") > 20


def test_one_thread_and_two_give_the_same_bits(
    tier: str, all_divided: None, tiles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = run(7, 8, tier)
    monkeypatch.setattr("netc.runtime.kernels.lanes._helper", lambda: None)
    for made, wanted in zip(two, run(7, 8, tier), strict=True):
        for name, array in wanted.items():
            assert np.array_equal(made[name], array), name


def test_what_a_half_raises_is_raised() -> None:
    def fails() -> None:
        raise ArithmeticError("of a half")

    for pair in ((fails, int), (int, fails)):
        with pytest.raises(ArithmeticError, match="of a half"):
            together(*pair)
    seen: list[int] = []
    together(lambda: seen.append(1), lambda: seen.append(2))
    assert sorted(seen) == [1, 2]


def test_trainers_of_two_threads_do_not_wait_for_each_other(all_divided: None) -> None:
    alone = run(6, 6)
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(run(6, 6))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found in results:
        for made, wanted in zip(found, alone, strict=True):
            assert all(np.array_equal(made[name], array) for name, array in wanted.items())


def test_a_process_ends_though_its_second_thread_waits() -> None:
    # Each is written at once, so that they do not end up within each other.
    work = "lambda: print('one ', end=''), lambda: print('two ', end='')"
    code = f"from netc.runtime.kernels.lanes import together; together({work})"
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=free, capture_output=True, text=True, timeout=60, check=True
    )
    assert sorted(done.stdout.split()) == ["one", "two"]
