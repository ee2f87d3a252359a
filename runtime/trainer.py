"""A trainer: a program with its arena, ready to run."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import RunError
from .initial import fill, generator
from .ports import Port, linear
from .program import Memory, Parameter, Program
from .tiers import require

Array = NDArray[Any]
Run = Callable[[], None]
Moment = tuple[Any, list[Array]]
Bound = tuple[Run, tuple[Array, ...], tuple[Array, ...]]


class Trainer:
    """Runs a program's predictions and steps on one arena, which is all the memory that they use.

    `epoch` is the number of epochs finished, which decides the learning rate; `steps` counts the updates made. Making
    one raises RunError when a library of the program's tier is missing.
    """

    def __init__(self, program: Program, seed: int = 0) -> None:
        require(program.tier)
        self.program = program
        self.arena = _aligned(program.memory.total)
        self.epoch = 0
        self.steps = 0
        self.rng = np.random.default_rng(seed)
        self._views = {p.name: _view(self.arena, p, p.place, program.dtype) for p in program.parameters}
        self._gradients = {
            p.name: _view(self.arena, p, p.gradient, program.dtype)
            for p in program.parameters
            if p.gradient is not None
        }
        self._slots = {
            f"{slot}/{p.name}": _view(self.arena, p, place, program.dtype)
            for p in program.parameters
            for slot, place in zip(program.slots, p.slots, strict=p.trainable)
        }
        # The arena begins with the gradients, and ends with parameters, slots and buffers.
        memory, dtype = program.memory, program.dtype
        kept = memory.parameters + memory.optimizer + memory.buffers
        self._kept = self.arena[memory.total - kept :].view(dtype)
        self._step_numbers = (
            self.arena[: memory.gradients].view(dtype),
            self.arena[memory.total - memory.buffers :].view(dtype),
        )
        self._functions = _load(program.name, program.source, {})
        self._bound: dict[tuple[object, ...], Bound] = {}  # by the function and the shapes of what is fed
        self._update = self._functions["update"](self.arena) if program.trains else None
        for parameter in program.parameters:
            rng, start = generator(seed, parameter.name), 0
            for part in parameter.first:
                view = self._views[parameter.name]
                rows = view[start : start + part.rows] if len(parameter.first) > 1 else view
                fill(rows, part.kind, part.arguments, part.fan, rng)
                start += part.rows
        self.start()

    def start(self) -> None:
        """Begin new sequences: the next step does not go on from the states that the last one ended with."""
        for state, array in zip(self.program.unroll.states if self.program.unroll else (), self.carried(), strict=True):
            array.fill(state.initial)

    def carried(self) -> list[Array]:
        """The states of cells that the next step goes on from, where they lie in the arena: writing changes them."""
        states = self.program.unroll.states if self.program.unroll else ()
        return [self.arena[state.place : state.place + state.bytes].view(self.program.dtype) for state in states]

    def carry(self, stored: Any) -> None:
        """Set the states that the next step goes on from. Raises ValueError or TypeError where these are not theirs."""
        for states, before in zip(self.carried(), map(np.asarray, stored), strict=True):
            if before.shape != states.shape:
                raise ValueError
            states[...] = before

    @property
    def memory(self) -> Memory:
        """The bytes of the arena by what they hold."""
        return self.program.memory

    def step(self, **arrays: Array) -> float:
        """One update from a batch of inputs and targets; the loss of that batch before it. Raises RunError."""
        loss = self.differentiate(**arrays)
        self.update()
        return loss

    def differentiate(self, **arrays: Array) -> float:
        """The loss of a batch in training; its gradients stay in the arena. Raises RunError."""
        self._trains()
        *_, loss = self._run("step", (*self.program.inputs, *self.program.targets), arrays)
        return float(loss)

    def state_gradients(self, **arrays: Array) -> dict[str, Array]:
        """The norm of the gradient of a batch's loss by each state of a cell, after each step of its loop [T].

        Of a program with probes. Raises RunError.
        """
        self.start()
        *norms, _ = self._run("step", (*self.program.inputs, *self.program.targets), arrays)
        return {name: np.array(array) for name, array in zip(self.program.probes, norms, strict=True)}

    def update(self) -> None:
        """Change the parameters by the gradients in the arena. Raises RunError when a number becomes too large."""
        assert self._update is not None
        self.steps += 1
        # From finite numbers the flags of the processor tell of every one that is not, at no cost.
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
                self._update(self.epoch, self.steps)
        except FloatingPointError:
            sizes = {name: float(np.max(np.abs(g), initial=0)) for name, g in self._gradients.items()}
            name = max(sizes, key=lambda name: sizes[name])
            raise RunError(
                "not-finite",
                f"the update of step {self.steps} made numbers too large for their type; the largest gradient "
                f"is {sizes[name]:.3g}, by {name}",
                help="lower the learning rate, or clip gradients with `clip_norm`; checkpoints are kept",
                exit=4,
            ) from None

    def gradients(self, **arrays: Array) -> dict[str, Array]:
        """The gradient of a batch's loss in training by each parameter, with no update. Raises RunError."""
        self.start()
        kept = {name: view.copy() for name, view in self._views.items() if name in self._buffers()}
        self.differentiate(**arrays)
        for name, array in kept.items():
            self._views[name][...] = array
        return {name: np.array(view, order="C") for name, view in self._gradients.items()}

    def forward(self, **arrays: Array) -> dict[str, Array]:
        """The outputs at inference from a batch of inputs. Raises RunError."""
        results = self._run("predict", self.program.inputs, arrays)
        return {name: np.array(array, order="C") for name, array in zip(self.program.outputs, results, strict=True)}

    def evaluate(self, **arrays: Array) -> tuple[float, dict[str, Array]]:
        """The loss and the outputs at inference from a batch of inputs and targets. Raises RunError."""
        self._trains()
        *results, loss = self._run("evaluate", (*self.program.inputs, *self.program.targets), arrays)
        outputs = zip(self.program.outputs, results, strict=True)
        return float(loss), {name: np.array(array, order="C") for name, array in outputs}

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer, by name, in the layouts of the language."""
        return {name: np.array(view, order="C") for name, view in self._views.items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Set every parameter and buffer; counters that PyTorch keeps (`num_batches_tracked`) are passed over.

        Raises RunError, and changes nothing, when a name is missing or not known or a shape differs.
        """
        given = {name: np.asarray(array) for name, array in state.items() if not name.endswith("num_batches_tracked")}
        _assign(self._views, given, "parameter")

    def optimizer_state(self) -> dict[str, Array]:
        """A copy of every slot of the optimizer, `slot/parameter`."""
        return {name: np.array(view, order="C") for name, view in self._slots.items()}

    def load_optimizer_state(self, state: Mapping[str, Array]) -> None:
        """Set every slot of the optimizer. Raises RunError, and changes nothing, when one does not fit."""
        _assign(self._slots, state, "optimizer slot")

    def rewritten(
        self, function: str, source: str, names: Mapping[str, Any], arrays: Mapping[str, Array]
    ) -> Callable[[], tuple[Array, ...]]:
        """What feeds the batch to `step` or `predict` of another text of this program each time that it is called, and
        returns the results where they lie in the arena; `names` are what the text may use beside its own. Raises
        RunError, also when it is called."""
        functions = _load(self.program.name, source, names)
        ports = (*self.program.inputs, *(self.program.targets if function == "step" else ()))
        given = _arrays(ports, arrays)
        bound = self._bind(functions, function, ports, given)

        def run() -> tuple[Array, ...]:
            self._execute(bound, ports, given)
            return bound[2]

        return run

    def view(self, name: str) -> Array:
        """A parameter or buffer where it lies in the arena: writing to it changes it."""
        return self._views[name]

    def gradient_view(self, name: str) -> Array:
        """The gradient of a parameter where it lies in the arena."""
        return self._gradients[name]

    def finite(self) -> bool:
        """Whether every parameter, buffer and slot of the optimizer is a finite number."""
        return _finite(self._kept)

    def step_finite(self) -> bool:
        """Whether the last step's gradients, and the buffers that it changed, are finite numbers."""
        return all(map(_finite, self._step_numbers))

    def moment(self) -> Moment:
        """What a step on the same arrays depends on beside the parameters, to go `back` to."""
        return self.rng.bit_generator.state, [state.copy() for state in self.carried()]

    def back(self, moment: Moment) -> None:
        """Make the next step on the same arrays the one that followed the moment."""
        self.rng.bit_generator.state, states = moment
        for state, before in zip(self.carried(), states, strict=True):
            state[...] = before

    def check_finite(self) -> None:
        """Refuse weights that are not finite, or too large for their type. Raises RunError."""
        for name, view in self._views.items():
            if not np.isfinite(view).all():
                message = f"`{name}` has numbers that are not finite in {view.dtype}"
                raise RunError("not-finite", message, "take weights from before training diverged")

    def _buffers(self) -> set[str]:
        return {p.name for p in self.program.parameters if not p.trainable}

    def _trains(self) -> None:
        if not self.program.trains:
            raise RunError(
                "no-train-block",
                f"the net `{self.program.name}` has no `train` block",
                help="write one: `train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }`",
            )

    def _run(self, name: str, ports: tuple[Port, ...], arrays: Mapping[str, Array]) -> tuple[Array, ...]:
        given = _arrays(ports, arrays)
        key = (name, *(array.shape for array in given))
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = self._bind(self._functions, name, ports, given)
        self._execute(bound, ports, given)
        return bound[2]

    def _bind(
        self, functions: Mapping[str, Any], name: str, ports: tuple[Port, ...], given: tuple[Array, ...]
    ) -> Bound:
        """One of these functions for the sizes of these arrays, which fit its feeds."""
        bound: Bound = functions[name](self.arena, self._sizes(name, ports, given), self.rng)
        for port, feed, array in zip(ports, bound[1], given, strict=True):
            if feed.shape != array.shape:
                raise _unfit(port, array, feed.shape)
        return bound

    def _execute(self, bound: Bound, ports: tuple[Port, ...], given: tuple[Array, ...]) -> None:
        run, feeds, _ = bound
        for port, feed, array in zip(ports, feeds, given, strict=True):
            _check_range(port, array)
            np.copyto(feed, array, casting="unsafe")
        # A number that is not finite is found in the loss, and is what the network computes in a prediction.
        try:
            with np.errstate(all="ignore"):
                run()
        except ArithmeticError as error:
            help = "choose a `batch` that leaves no single sample for the last one"
            raise RunError("batch-size", str(error), help=help) from None

    def _sizes(self, function: str, ports: tuple[Port, ...], arrays: tuple[Array, ...]) -> tuple[int, ...]:
        """The number of each symbolic dimension in these arrays."""
        found: dict[str, int] = {}
        for port, array in zip(ports, arrays, strict=True):
            if array.ndim != len(port.dims):
                raise _unfit(port, array, port.dims)
            for dim, size in zip(port.dims, array.shape, strict=True):
                if isinstance(dim, str) and (solved := linear(dim)):
                    factor, symbol, shift = solved
                    found.setdefault(symbol, (size - shift) // factor)
        sizes = self.program.step_sizes if function == "step" else self.program.sizes
        for name, size in found.items():
            most, least = sizes[name], self.program.least.get(name, 1)
            if 1 <= size < least:
                message = f"{name} is {size} in the arrays given, a layer of the network needs {least} or more"
                raise RunError("too-small", message, help="give longer samples, or pad them")
            if not 1 <= size <= most:
                chunk = most < self.program.sizes[name]
                raise RunError(
                    "batch-size",
                    f"{name} is {size} in the arrays given, the program is for 1 to {most}",
                    help="feed one chunk after the other; `unroll` is the length of a chunk"
                    if chunk
                    else f"make the trainer for more: `trainer({name}={max(size, 1)})`",
                )
        return tuple(found.get(name, size) for name, size in self.program.sizes.items())


def _aligned(size: int) -> NDArray[np.uint8]:
    """Zeroed bytes that start at a cache line."""
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


def _view(arena: NDArray[np.uint8], parameter: Parameter, place: int, dtype: str) -> Array:
    size = int(np.prod(parameter.stored, dtype=np.int64)) * np.dtype(dtype).itemsize
    return arena[place : place + size].view(dtype).reshape(parameter.stored).transpose(parameter.order)


def _finite(numbers: Array) -> bool:
    """Whether all numbers are finite, with no memory of their size: a square that is too large decides nothing."""
    with np.errstate(all="ignore"):
        square = float(np.dot(numbers, numbers))
    return math.isfinite(square) or bool(np.isfinite(numbers.min()) and np.isfinite(numbers.max()))


def _load(name: str, source: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """The functions of a program's source. Tracebacks show its lines."""
    place = f"<netc:{name}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    functions: dict[str, Any] = {"__name__": place, **names}
    exec(compile(source, place, "exec"), functions)
    return functions


def _arrays(ports: tuple[Port, ...], arrays: Mapping[str, Array]) -> tuple[Array, ...]:
    names = [port.name for port in ports]
    for name in arrays:
        if name not in names:
            raise RunError("unknown-array", f"`{name}` is not fed here", help=f"give {', '.join(names)}")
    missing = [name for name in names if name not in arrays]
    if missing:
        raise RunError("missing-array", f"`{missing[0]}` is missing", help=f"give {', '.join(names)}")
    return tuple(_numbers(port, np.asarray(arrays[port.name])) for port in ports)


def _numbers(port: Port, array: Array) -> Array:
    """An array that can be fed to a port: whole numbers where it takes such. Raises RunError."""
    if array.dtype == port.dtype:
        return array
    if port.dtype.startswith("int") and array.dtype.kind == "f":
        whole = array.astype(np.int64)
        if np.array_equal(whole, array):
            return whole
    elif array.dtype.kind in "biu" or np.can_cast(array.dtype, port.dtype, "same_kind"):
        return array
    raise RunError("bad-data", f"`{port.name}` takes {port.dtype}, the array holds {array.dtype}", help="convert it")


def _check_range(port: Port, array: Array) -> None:
    """Labels, and numbers that a table is looked up by, must be known. Raises RunError."""
    if port.classes is None or array.size == 0 or (array.min() >= 0 and array.max() < port.classes):
        return
    wrong = (array < 0) | (array >= port.classes)
    if port.ignore is not None:
        wrong &= array != port.ignore
    if wrong.any():
        message = f"`{port.name}` has {array[wrong][0]}, the net knows 0 to {port.classes - 1}"
        raise RunError("bad-data", message, help="number the classes from 0, or give the net more of them")


def _unfit(port: Port, array: Array, shape: tuple[object, ...]) -> RunError:
    wanted = ", ".join(map(str, shape))
    return RunError("shape-mismatch", f"`{port.name}` is [{wanted}], the array is {list(array.shape)}")


def _assign(views: Mapping[str, Array], given: Mapping[str, Array], what: str) -> None:
    missing = [name for name in views if name not in given]
    unknown = [name for name in given if name not in views]
    if missing or unknown:
        message = f"there is no {what} `{missing[0]}` in it" if missing else f"there is no {what} `{unknown[0]}` here"
        raise RunError("other-network", message, help="take the weights of this network")
    for name, view in views.items():
        if given[name].shape != view.shape:
            message = f"`{name}` is {list(view.shape)} here, {list(given[name].shape)} in it"
            raise RunError("other-network", message, help="take the weights of this network")
    # A number that is too large for the type becomes one that is not finite.
    with np.errstate(over="ignore"):
        for name, view in views.items():
            view[...] = given[name]
