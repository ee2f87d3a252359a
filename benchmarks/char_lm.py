"""A character LSTM against an n-gram model, in bits per character on text that neither has seen.

The text is `pydoc_data.topics` of the standard library, what is not ASCII left out; the last tenth is held out.
`python benchmarks/char_lm.py --minutes 4` trains specs/char_lstm.net and prints both figures and a sample.
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


def corpus() -> tuple[Text, Text]:
    """The text as numbers: what is trained on, and what is held out."""
    places = {character: place for place, character in enumerate(ALPHABET)}
    text = "".join(topics.topics[name] for name in sorted(topics.topics))
    numbers = np.array([places[character] for character in text if character in places])
    return numbers[: len(numbers) * 9 // 10], numbers[len(numbers) * 9 // 10 :]


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
    known, held_out = corpus()
    started = time.monotonic()
    bits = ngram_bits(known, held_out)
    print(
        f"{len(known):,} characters, {len(held_out):,} held out; {ORDER}-gram model: {bits:.3f} bits each", flush=True
    )
    tested, wanted = rows(held_out, ROWS)
    trainer = netc.load(str(SPEC)).trainer(N=ROWS, T=tested.shape[1], seed=1)
    text, following = rows(known, ROWS)
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        trainer.start()
        losses = [
            trainer.step(text=text[:, at : at + CHUNK], next=following[:, at : at + CHUNK])
            for at in range(0, text.shape[1], CHUNK)
        ]
        trainer.epoch += 1
        loss, _ = trainer.evaluate(text=tested, next=wanted)
        figures = f"{np.mean(losses) / math.log(2):.3f} bits in training, {loss / math.log(2):.3f} held out"
        print(f"epoch {trainer.epoch}, {time.monotonic() - started:.0f} s: {figures}", flush=True)
    print(sample(trainer, "The "))


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
