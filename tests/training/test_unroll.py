"""Truncated back-propagation: chunks with states carried, against PyTorch and against the whole sequence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import netc
from netc.compiler.emit.program import program
from netc.runtime.errors import RunError
from netc.runtime.trainer import Trainer

# Weights, text and losses of PyTorch 2.14.1 in float64; unroll_pytorch.py in this folder says how they were made.
KNOWN = json.loads((Path(__file__).parent / "unroll.json").read_text("utf-8"))
TEXT = """net c(vocab = 11, units = 7) {{
  input text: i64[N, T]
  target next: i64[N, T]
  embed(vocab, 5)
  lstm(units) -> gru(6)
  fc(vocab)
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.5, momentum = 0.9); {} }}
}}
"""


def net(settings: str = "clip_norm = 1; unroll = 4") -> netc.Net:
    return netc.loads(TEXT.format(settings))


def test_sixty_steps_equal_pytorch() -> None:
    """Twenty passes over ten characters in chunks of 4, 4 and 2."""
    trainer = net().trainer(N=3, T=10, dtype="float64")
    trainer.load_state_dict({name: np.array(array) for name, array in KNOWN["weights"].items()})
    text = np.array(KNOWN["text"])
    losses = []
    for _ in range(20):
        trainer.start()
        for start in range(0, 10, 4):
            stop = min(start + 4, 10)
            losses.append(trainer.step(text=text[:, start:stop], next=text[:, start + 1 : stop + 1]))
    assert losses == pytest.approx(KNOWN["losses"], rel=1e-10)


def test_states_go_on_and_start_anew() -> None:
    text = np.array(KNOWN["text"])
    chunked, whole = net().trainer(N=3, T=8, dtype="float64"), net("epochs = 1").trainer(N=3, T=8, dtype="float64")
    whole.load_state_dict(chunked.state_dict())
    first, second = (chunked.differentiate(text=text[:, a : a + 4], next=text[:, a + 1 : a + 5]) for a in (0, 4))
    assert (first + second) / 2 == pytest.approx(whole.differentiate(text=text[:, :8], next=text[:, 1:9]), rel=1e-12)
    again = chunked.differentiate(text=text[:, :4], next=text[:, 1:5])
    assert again != pytest.approx(first, rel=1e-9)
    chunked.start()
    assert chunked.differentiate(text=text[:, :4], next=text[:, 1:5]) == first


def test_a_chunk_has_at_most_the_steps_of_unroll() -> None:
    trainer = net().trainer(N=3, T=10)
    text = np.array(KNOWN["text"])
    with pytest.raises(RunError, match="T is 5 in the arrays given, the program is for 1 to 4"):
        trainer.step(text=text[:, :5], next=text[:, 1:6])
    assert trainer.forward(text=text[:, :10])["output"].shape == (3, 10, 11)


def test_gradients_by_states_are_those_of_the_equations() -> None:
    """∂L/∂h_t of an Elman network by hand: backwards through tanh and the weights of the state."""
    made = netc.loads(
        "net c {\n  input x: f32[N, T, 3]\n  target y: f32[N, 2]\n  elman(4, return = last)\n  fc(2)\n"
        "  train { loss = mse; optimizer = sgd(lr = 0.5) }\n}\n"
    ).network
    trainer = Trainer(program("c", made.graph, made.settings, {"N": 2, "T": 5}, "f64", probes=True))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 2))
    found = trainer.state_gradients(x=x, y=y)
    state = trainer.state_dict()
    h, states = np.zeros((2, 4)), []
    bias = state["elman1.bias_ih_l0"] + state["elman1.bias_hh_l0"]
    for step in range(5):
        h = np.tanh(x[:, step] @ state["elman1.weight_ih_l0"].T + h @ state["elman1.weight_hh_l0"].T + bias)
        states.append(h)
    gradient = 2 * (h @ state["fc1.weight"].T + state["fc1.bias"] - y) / y.size @ state["fc1.weight"]
    norms = []
    for h in reversed(states):
        norms.append(np.linalg.norm(gradient))
        gradient = (gradient * (1 - h**2)) @ state["elman1.weight_hh_l0"]
    assert found["elman1.h"] == pytest.approx(norms[::-1], rel=1e-10)
