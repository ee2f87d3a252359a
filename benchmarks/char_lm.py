"""A character LSTM against an n-gram model, in bits per character on text that neither has seen.

The text is `pydoc_data.topics` of the standard library, what is not ASCII left out. The last tenth is the test, which
chooses nothing: the tenth before it says which epoch is the best one. The n-gram model may learn from that tenth too.
`python benchmarks/char_lm.py --minutes 5` trains specs/char_lstm.net and prints both figures and a sample.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter, defaultdict
from pathlib import Path
from pydoc_data import topics

import numpy as np
from numpy.typing import NDArray

import netc

SPEC = Path(__file__).parents[1] / "specs" / "char_lstm.net"
# Printable ASCII and the end of a line.
ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
ROWS = 32
CHUNK = 100
ORDER = 5

Text = NDArray[np.int64]


def corpus() -> tuple[Text, Text, Text]:
    """The text as numbers: what is trained on, what the epoch is chosen by, and the test."""
    places = {character: place for place, character in enumerate(ALPHABET)}
    text = "".join(topics.topics[name] for name in sorted(topics.topics))
    numbers = np.array([places[character] for character in text if character in places])
    first, second = len(numbers) * 8 // 10, len(numbers) * 9 // 10
    return numbers[:first], numbers[first:second], numbers[second:]


def ngram_bits(train: Text, held_out: Text, order: int = ORDER) -> float:
    """Bits per character of an interpolated n-gram model with Witten-Bell smoothing.

    Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1998, equation 20:
    p(c | h) = (count(h c) + kinds(h) · p(c | h without its first)) / (count(h) + kinds(h)).
    """
    counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    known = train.tolist()
    for place, character in enumerate(known):
        for length in range(min(order, place + 1)):
            counts[tuple(known[place - length : place])][character] += 1
    total, tested = 0.0, held_out.tolist()
    for place, character in enumerate(tested):
        p = 1 / len(ALPHABET)
        for length in range(min(order, place + 1)):
            found = counts.get(tuple(tested[place - length : place]))
            if found:
                p = (found[character] + len(found) * p) / (found.total() + len(found))
        total -= math.log2(p)
    return total / len(tested)


def rows(text: Text, count: int) -> tuple[Text, Text]:
    """The text in `count` long rows, and for each character the one after it."""
    steps = (len(text) - 1) // count
    return text[: count * steps].reshape(count, steps), text[1 : count * steps + 1].reshape(count, steps)


def train(seconds: float) -> None:
    known, chosen_by, test = corpus()
    sizes = f"{len(known):,} characters, {len(chosen_by):,} to choose the epoch by, {len(test):,} to test on"
    bits = ngram_bits(np.concatenate((known, chosen_by)), test)
    print(f"{sizes}; {ORDER}-gram model: {bits:.3f} bits each in the test", flush=True)
    validation, tested = rows(chosen_by, ROWS), rows(test, ROWS)
    steps = max(validation[0].shape[1], tested[0].shape[1])
    trainer = netc.load(str(SPEC)).trainer(N=ROWS, T=steps, seed=1)
    text, following = rows(known, ROWS)
    best, weights = math.inf, trainer.state_dict()
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        trainer.start()
        losses = [
            trainer.step(text=text[:, at : at + CHUNK], next=following[:, at : at + CHUNK])
            for at in range(0, text.shape[1], CHUNK)
        ]
        trainer.epoch += 1
        loss = bits_of(trainer, validation)
        if loss < best:
            best, weights = loss, {name: array.copy() for name, array in trainer.state_dict().items()}
        figures = f"{np.mean(losses) / math.log(2):.3f} bits in training, {loss:.3f} in validation"
        print(f"epoch {trainer.epoch}, {time.monotonic() - started:.0f} s: {figures}", flush=True)
    trainer.load_state_dict(weights)
    print(f"the epoch with {best:.3f} bits in validation has {bits_of(trainer, tested):.3f} bits in the test")
    print(sample(trainer, "The "))


def bits_of(trainer: netc.Trainer, text: tuple[Text, Text]) -> float:
    """Bits per character of a text in rows."""
    loss, _ = trainer.evaluate(text=text[0], next=text[1])
    return float(loss) / math.log(2)


def sample(trainer: netc.Trainer, start: str, length: int = 600, temperature: float = 0.7) -> str:
    """Text that the network goes on with, each character drawn from what it expects after the last hundred."""
    rng = np.random.default_rng(0)
    text = [ALPHABET.index(character) for character in start]
    for _ in range(length):
        (logits,) = trainer.forward(text=np.array([text[-CHUNK:]])).values()
        weights = np.exp((logits[0, -1] - logits[0, -1].max()) / temperature)
        text.append(int(rng.choice(len(ALPHABET), p=weights / weights.sum())))
    return "".join(ALPHABET[place] for place in text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=4)
    train(60 * parser.parse_args().minutes)
