"""Cells of random equations: gradients against central differences, and one loss in training and in evaluation."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import netc

from .cells import lively
from .differences import worst

FUNCTIONS = ("sigmoid", "tanh", "gelu", "elu", "identity", "silu")
SIZES = {"N": 3, "T": 4}


def equation(rng: Random, values: list[str]) -> str:
    """An equation over these values of three features."""
    one, other = rng.choice(values), rng.choice(values)
    match rng.randrange(8):
        case 0 | 1 | 2:
            bias = rng.choice(("yes", "no", "each"))
            return f"(in, {one}) -> fc(3, bias = {bias}) -> {rng.choice(FUNCTIONS)}"
        case 3:
            return f"({one}, {other}) -> concat -> fc(3) -> tanh"
        case 4:
            return rng.choice((f"1 - {one}", f"{one} * p"))
        case _:
            return f"{one} {rng.choice('+-*')} {other}"


def cell(rng: Random) -> tuple[str, int]:
    """A cell of one to three states, and the number of its outputs."""
    states = list("abc")[: rng.randint(1, 3)]
    lines = [f"state {', '.join(f'{state}[3]' for state in states)}", "param p[3] = normal(0.4)"]
    values = list(states)
    for number in range(rng.randint(1, 5)):
        lines.append(f"v{number} = {equation(rng, values)}")
        values.append(f"v{number}")
    for state in states:
        terms = [rng.choice(values) for _ in range(3)]
        after = (f"0.5 * ({terms[0]} * {terms[1]}) + 0.3 * {terms[2]}", f"tanh({terms[0]})", f"{terms[0]} -> identity")
        lines.append(f"{state}' = {rng.choice(after)}")
        values.append(f"{state}'")
    outputs = rng.sample(values, rng.randint(1, 3))
    lines.append(f"output {', '.join(outputs)}")
    return "cell some() {\n  " + "\n  ".join(lines) + "\n}\n", len(outputs)


def network(rng: Random) -> str:
    text, count = cell(rng)
    options = [option for option in ("reverse = yes", "lengths = lengths", "return = last") if rng.random() < 0.3]
    names = [f"y{number}" for number in range(count)]
    last = "" if "return = last" in options else " -> last"
    lines = [
        "input x: i64[N, T]",
        *(["input lengths: i64[N]"] if "lengths = lengths" in options else []),
        "target wanted: f32[N, 2]",
        f"e = x -> embed({rng.choice((4, 9))}, 3)",
        f"{', '.join(names)} = e -> some({', '.join(options)})",
        f"({' + '.join(names)}){last} -> fc(2)",
        "train { loss = mse; optimizer = sgd(lr = 0.1) }",
    ]
    return text + "net t {\n  " + "\n  ".join(lines) + "\n}\n"


@pytest.mark.parametrize("seed", range(30))
def test_gradients(seed: int) -> None:
    text = network(Random(seed))
    trainer = netc.loads(text).trainer(dtype="float64", **SIZES)
    trainer.load_state_dict(lively(trainer.state_dict()))
    numbers = np.random.default_rng(seed)
    arrays = {"x": numbers.integers(0, 4, (3, 4)), "wanted": numbers.normal(size=(3, 2))}
    if "lengths" in text:
        arrays["lengths"] = np.array([4, 1, 3])
    found = worst(trainer, arrays)
    assert {name: error for name, error in found.items() if error > 1e-6} == {}, text
    loss, _ = trainer.evaluate(**arrays)
    assert trainer.differentiate(**arrays) == pytest.approx(loss, rel=1e-12)
