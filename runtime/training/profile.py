"""Where the time of a step goes: the program itself, with the clock read between its layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..measure import random_input
from ..record import Record
from ..trainer import Trainer
from .sections import Function, Section, taken_apart

Array = NDArray[Any]
Views = Array | Sequence["Views"]
Stage = Literal["forward", "again", "backward", "update", "inputs"]
_Key = tuple[Stage, str]

# The last two laps of a step: what has no layer.
UPDATE: _Key = ("update", "")
INPUTS: _Key = ("inputs", "")
# Steps before the first that counts.
WARM = 3
_RUN = re.compile(r"(    @two_lanes\n)?    def run\(\):\n")
_COMMENT = re.compile(r"(again |gradients of |)(.*): .*, line \d+")
_STAGES: dict[str, Stage] = {"": "forward", "again ": "again", "gradients of ": "backward"}


class Part(Record):
    """Seconds that a layer takes in one stage of a step, and the bytes of the arrays that it reads and writes there.

    `update` and `inputs`, the checking and copying of a batch and what surrounds the layers, have no layer; the bytes
    of `inputs` are not counted.
    """

    stage: Stage
    layer: str
    seconds: float
    bytes: int | None


def profile(trainer: Trainer, steps: int, owners: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts of a step of training on random numbers, of a prediction for a net that does not train, in the order
    in which they first run; together they are all of its time.

    `owners` has, for a layer that is a part of another, the one it is counted in. Each time is a mean over the middle
    half of the steps, ordered by how long they took as a whole, so that the parts still add up. Raises RunError.
    """
    program = trainer.program
    name = "step" if program.trains else "predict"
    found = taken_apart(program.source, name)
    keys = [_key(section, owners) for section in found.sections]
    touched: dict[_Key, dict[str, tuple[Array, list[Views]]]] = {}

    def touch(number: int, **arrays: tuple[Any, ...]) -> None:
        for name, (array, *views) in arrays.items():
            touched.setdefault(keys[number], {}).setdefault(name, (array, []))[1].extend(views)

    clock = _Clock(len(keys))
    text = program.source.replace(found.text, _with_clock(found))
    rng = np.random.default_rng(0)
    ports = (*program.inputs, *(program.targets if program.trains else ()))
    most = program.step_sizes if program.trains else program.sizes
    arrays = {port.name: random_input(port, most, rng) for port in ports}
    run = trainer.rewritten(name, text, {"lap": clock.lap, "touch": touch}, arrays)
    times = _middle_half([_step(trainer, run, clock) for _ in range(WARM + steps)][WARM:])
    spent: dict[_Key, float] = {}
    for key, seconds in zip([*keys, UPDATE, INPUTS], times, strict=True):
        spent[key] = spent.get(key, 0.0) + seconds
    if not program.trains:
        del spent[UPDATE]
    sizes: dict[_Key, int] = {key: sum(_bytes(*of) for of in arrays.values()) for key, arrays in touched.items()}
    sizes[UPDATE] = _update_bytes(trainer)
    return tuple(Part(*key, seconds, sizes.get(key)) for key, seconds in spent.items())


def _key(section: Section, owners: Mapping[str, str]) -> _Key:
    found = _COMMENT.fullmatch(section.comment)
    assert found is not None
    return _STAGES[found[1]], owners.get(found[2], found[2])


class _Clock:
    """The seconds since the last lap, added to the part that has run since."""

    def __init__(self, layers: int) -> None:
        self.layers = layers
        self.start()

    def start(self) -> None:
        self.spent = [0.0] * (self.layers + 2)
        self.last = perf_counter()

    def lap(self, part: int) -> None:
        now = perf_counter()
        self.spent[part] += now - self.last
        self.last = now


def _with_clock(function: Function) -> str:
    """The text of a function that tells what each layer touches, and that reads the clock after each of them."""
    run = _RUN.search(function.head)
    assert run is not None
    told = "".join(
        f"    touch({', '.join([str(number), *(_told(*entry) for entry in sorted(section.touched.items()))])})\n"
        for number, section in enumerate(function.sections)
    )
    inside = "".join(
        f"        # {section.comment}\n{section.statements}        lap({number})\n"
        for number, section in enumerate(function.sections)
    )
    # What a program without layers runs, `pass`, is left out.
    return f"{function.head[: run.start()]}{told}{run[0]}        lap(-1)\n{inside}{function.tail}"


def _told(array: str, names: set[str]) -> str:
    """`x1=(x1, w3)`: an array with the names by which a layer touches it."""
    return f"{array}=({array}, {', '.join(sorted(names))})"


def _step(trainer: Trainer, run: Callable[[], object], clock: _Clock) -> list[float]:
    """The seconds of every part of one step."""
    clock.start()
    run()
    clock.lap(-1)
    if trainer.program.trains:
        trainer.update()
    clock.lap(-2)
    return clock.spent


def _middle_half(steps: list[list[float]]) -> list[float]:
    ordered = sorted(steps, key=sum)
    quarter = len(ordered) // 4
    middle = ordered[quarter : len(ordered) - quarter]
    return [sum(part) / len(middle) for part in zip(*middle, strict=True)]


def _bytes(array: Array, views: list[Views]) -> int:
    """The bytes of the views of an array that are touched: of each place once, however often it is."""
    extents = {_extent(view): view.nbytes for view in _flat(views)}
    return min(array.nbytes, sum(min(size, high - low) for (low, high), size in extents.items()))


def _flat(views: Iterable[Views]) -> Iterator[Array]:
    """The loop of a cell has a list of views, one for each step."""
    for view in views:
        if isinstance(view, np.ndarray):
            yield view
        else:
            yield from _flat(view)


def _extent(view: Array) -> tuple[int, int]:
    """The addresses of the first byte and of the one after the last."""
    low = high = view.__array_interface__["data"][0]
    for size, stride in zip(view.shape, view.strides, strict=True):
        reach = (size - 1) * stride
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high + view.itemsize


def _update_bytes(trainer: Trainer) -> int:
    """Parameters and the optimizer's slots are read and written, gradients are read."""
    size = np.dtype(trainer.program.dtype).itemsize
    return sum(
        int(np.prod(p.stored, dtype=np.int64)) * size * (3 + 2 * len(p.slots))
        for p in trainer.program.parameters
        if p.trainable
    )
