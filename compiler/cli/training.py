"""What `netc train` does: spec and data to a run folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ...runtime.data.dataset import Dataset, Splits
from ...runtime.errors import RunError
from ...runtime.program import Program
from ...runtime.record import Record, asdict, replace
from ...runtime.run.checkpoint import State, check_saved, newest, save, save_weights
from ...runtime.run.folder import RunFolder, read_alphabet
from ...runtime.run.signals import Interrupt
from ...runtime.space import check_disk, check_memory
from ...runtime.tiers import require
from ...runtime.trainer import Trainer
from ...runtime.training.fit import Fit, Options, Position, stored_position
from ..graph.identity import identity as of_graph
from ..training.settings import Settings
from .progress import Progress
from .running import Given, make_program, wanted_settings, with_data


def run(given: Given, options: dict[str, Any]) -> int:
    """Train, and return the exit code. Raises RunError."""
    settings = wanted_settings(given)
    chosen = _chosen(settings, options)
    # A schedule may depend on the number of epochs.
    trained = replace(given.network, settings=replace(settings, epochs=chosen.epochs))
    given = replace(given, network=trained)
    known = read_alphabet(Path(options["resume"]), given.request.limits) if options["resume"] else None
    given, data = with_data(given, options, known)
    data = parts(data, chosen.seed, options)
    batch = min(chosen.batch or data.train.size, data.train.size)
    program = make_program(given, batch, options["dtype"], budget=options["memory_budget"])
    require(program.tier)
    check_memory(program.memory.total)
    if options["dry_run"]:
        click.echo("\n".join(_plan(program, chosen, data)))
        return 0
    return _train(given, program, chosen, data, options)


def _chosen(settings: Settings, options: dict[str, Any]) -> Options:
    def pick(name: str, otherwise: Any) -> Any:
        return options[name] if options[name] is not None else otherwise

    return Options(
        pick("epochs", settings.epochs),
        pick("batch", settings.batch),
        pick("seed", settings.seed),
        options["patience"],
    )


def parts(data: Splits, seed: int, options: dict[str, Any]) -> Splits:
    """What is trained on and what is tested on."""
    if options["samples"] is not None:
        data = replace(data, train=data.train.limit(options["samples"]))
    if options["val_split"] is not None:
        train, test = data.train.split(options["val_split"], seed, _stratified_by(data.train))
        return replace(data, train=train, test=test)
    return data


def _stratified_by(data: Dataset) -> str | None:
    """The one array of a whole number for each sample, if there is just one."""
    found = [name for name, array in data.arrays.items() if array.ndim == 1 and array.dtype.kind in "iu"]
    return found[0] if len(found) == 1 else None


def _plan(program: Program, chosen: Options, data: Splits) -> list[str]:
    parts = ", ".join(f"{name} {size:,}" for name, size in asdict(program.memory).items())
    weights = sum(_count(p.shape) for p in program.parameters if p.trainable)
    batch = f"batches of {chosen.batch}" if chosen.batch else "all at once"
    tested = f", tested on {data.test.size:,}" if data.test is not None else ""
    return [
        f"{program.name}: {weights:,} parameters, {program.dtype}",
        f"data: {data.train.size:,} samples in {batch}{tested}",
        f"training: {chosen.epochs} epochs, seed {chosen.seed}",
        f"memory: {program.memory.total:,} bytes ({parts})",
    ]


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _train(given: Given, program: Program, chosen: Options, data: Splits, options: dict[str, Any]) -> int:
    trainer = Trainer(program, chosen.seed)
    where = options["resume"] or options["out"]
    progress = Progress(chosen.epochs, needed=where is None)
    probe = _probe(given, program, data.train, options) if where and options["log_gradients"] else None
    run = Run(given, program, trainer, Path(where), options, data.alphabet, progress.say) if where else None
    try:
        for note in _notes(program, data, where):
            progress.say(note)
        return _fit(trainer, chosen, data, run, progress, probe)
    finally:
        progress.close()
        if run:
            run.folder.close()


def _fit(
    trainer: Trainer, chosen: Options, data: Splits, run: Run | None, progress: Progress, probe: _Probe | None
) -> int:
    position = run.begin() if run else Position()
    with Interrupt() as interrupt:
        fit = Fit(
            trainer,
            data.train,
            data.test,
            chosen,
            run.save if run else _forget,
            _Logs(progress, run, probe),
            lambda: interrupt.pending is not None,
            position,
        )
        if fit.complete:
            progress.say(_complete(fit))
        done = fit.run()
        if done and run:
            run.finish(fit.position.epoch)
            progress.say(_written(run.folder.path, fit.position))
    if done:
        return 0
    assert interrupt.pending is not None
    kept = f"; go on with `--resume {run.folder.path}`" if run else "; without `--out` nothing was kept"
    progress.say(f"stopped in epoch {fit.position.epoch + 1}{kept}")
    return 128 + interrupt.pending


def _complete(fit: Fit) -> str:
    """Why a run that is resumed has nothing left to do, and how to go on."""
    epochs = fit.position.epoch
    if epochs >= fit.options.epochs:
        return (
            f"the run is complete: {epochs} epochs are done, {fit.options.epochs} asked for; `--epochs` gives it more"
        )
    return f"the run ended after {epochs} epochs, the best being {fit.position.best_epoch}: `--patience` gives it more"


def _written(folder: Path, position: Position) -> str:
    """The files of weights that a run ends with."""
    last = f"{folder / 'last.safetensors'} (epoch {position.epoch})"
    best = f"{folder / 'best.safetensors'} (epoch {position.best_epoch}), "
    return f"weights: {best if position.best is not None else ''}{last}"


def _notes(program: Program, data: Splits, where: str | None) -> Iterator[str]:
    """What is said before the first step: what will not be kept, and what of a vocabulary the text leaves empty."""
    if where is None:
        yield "without `--out DIR` the weights are not kept"
    size = program.inputs[0].classes if data.alphabet is not None else None
    if data.alphabet is not None and size is not None and size > len(data.alphabet):
        yield f"the text has {len(data.alphabet):,} different characters, and `{program.inputs[0].name}` takes {size:,}"


def _forget(position: Position, improved: bool) -> None:
    """Without a folder nothing is kept."""


class _Probe(Record, eq=False):
    """Tells the gradients by the states of cells on one batch, the first samples of the data."""

    trainer: Trainer
    batch: dict[str, Any]
    random: Any

    def norms(self, state: dict[str, Any]) -> dict[str, list[float]]:
        self.trainer.load_state_dict(state)
        # Dropout drops the same each time: epochs can be compared, and a resumed run with one that was not.
        self.trainer.rng.bit_generator.state = self.random
        return {name: norms.tolist() for name, norms in self.trainer.state_gradients(**self.batch).items()}


def _probe(given: Given, program: Program, train: Dataset, options: dict[str, Any]) -> _Probe:
    size = min(program.sizes["N"], train.size)
    probes = make_program(given, size, options["dtype"], probes=True)
    if not probes.probes:
        help = "leave `--log-gradients` out"
        raise RunError("no-states", f"the net `{program.name}` has no cell whose gradients could be recorded", help)
    batch = train.first(size)
    if probes.unroll is not None:
        batch = {name: array[:, : probes.unroll.steps] for name, array in batch.items()}
    trainer = Trainer(probes)
    return _Probe(trainer, batch, trainer.rng.bit_generator.state)


class _Logs(Record):
    """Tells the terminal and the run folder of each epoch."""

    progress: Progress
    run: Run | None
    probe: _Probe | None

    def step(self, position: Position, loss: float, size: int) -> None:
        self.progress.step(position, loss, size)

    def epoch(self, record: dict[str, Any]) -> None:
        self.progress.epoch(record)
        if self.run is not None:
            self.run.folder.record(record)
            if self.probe is not None:
                norms = self.probe.norms(self.run.trainer.state_dict())
                self.run.folder.record_gradients({"epoch": record["epoch"], "step": record["step"], "norms": norms})


class Run:
    """A run folder with what goes into it."""

    def __init__(
        self,
        given: Given,
        program: Program,
        trainer: Trainer,
        path: Path,
        options: dict[str, Any],
        alphabet: str | None,
        say: Callable[[str], None],
    ) -> None:
        self.given = given
        self.program = program
        self.trainer = trainer
        self.options = options
        self.alphabet = alphabet
        self.say = say
        self.folder = RunFolder(path, resume=bool(options["resume"]))
        self.identity = identity(given, program)

    def begin(self) -> Position:
        """Write what was asked for, and say where training begins. Raises RunError."""
        position = self._resume() if self.options["resume"] else Position()
        self._start(position)
        return position

    def _start(self, position: Position) -> None:
        """Write what was asked for, and check that there is room."""
        check_saved(self.folder.path, expected(self.program), self.given.request.limits)
        check_disk(self.folder.path, sum(_count(shape) * 8 for _, shape in expected(self.program).values()))
        network = self.given.network
        resolved: dict[str, Any] = {"net": network.name, "variant": network.variant}
        resolved |= {"parameters": dict(network.parameters)}
        self.folder.write("spec.net", network.span.source.text)
        resolved |= {"dims": dict(self.program.sizes)} | ({"alphabet": self.alphabet} if self.alphabet else {})
        self.folder.write("resolved.json", json.dumps(resolved, indent=1) + "\n")
        self.folder.write("args.json", json.dumps(self.options, indent=1, default=str) + "\n")
        for reason in self.folder.start_metrics(position.epoch, self.given.request.limits):
            self.say(f"warning: {reason}")

    def _resume(self) -> Position:
        """Take the newest whole checkpoint, and say which; a run that has none yet starts afresh.

        Raises RunError when there are checkpoints and none is whole.
        """
        limits = self.given.request.limits
        found, skipped = newest(self.folder.checkpoints, self.identity, expected(self.program), _restored, limits)
        for reason in skipped:
            self.say(f"warning: {reason}")
        if found is None and skipped:
            message = f"none of the {len(skipped)} checkpoints is whole: {skipped[0]}"
            help = "put one back from a copy, or begin again with another `--out`"
            raise RunError("bad-checkpoint", message, help, str(self.folder.checkpoints))
        if found is None:
            self.say("no checkpoint yet: training starts afresh")
            return Position()
        state, position = found
        self.say(f"resuming from step {state.step:,}")
        groups: dict[str, dict[str, Any]] = {"model": {}, "optimizer": {}}
        for name, array in state.tensors.items():
            group, _, rest = name.partition("/")
            groups[group][rest] = array
        self.trainer.load_state_dict(groups["model"])
        self.trainer.load_optimizer_state(groups["optimizer"])
        self.trainer.steps = state.step
        self.trainer.rng.bit_generator.state = state.position["random"]
        if position.chunk:
            self._carry(state.position.get("states"))
        return position

    def _carry(self, stored: Any) -> None:
        """Put the states of cells back with which a run was stopped within a batch. Raises RunError."""
        try:
            self.trainer.carry(stored)
        except (TypeError, ValueError):
            message = "was stopped within a batch of another size"
            help = "resume it with the batch that it was started with"
            raise RunError("other-network", message, help, str(self.folder.path)) from None

    def save(self, position: Position, improved: bool) -> None:
        """Write a checkpoint, and after the best epoch so far the weights too."""
        weights = self.trainer.state_dict()
        tensors = {f"model/{name}": array for name, array in weights.items()}
        tensors |= {f"optimizer/{name}": array for name, array in self.trainer.optimizer_state().items()}
        random = self.trainer.rng.bit_generator.state
        where: dict[str, Any] = {"position": asdict(position), "random": random}
        if position.chunk:
            where["states"] = [states.tolist() for states in self.trainer.carried()]
        state = State(self.trainer.steps, tensors, where)
        # The best weights first: a run that dies in between makes them again from the checkpoint before.
        if improved:
            save_weights(self.folder.path / "best.safetensors", weights, self.alphabet, position.epoch)
        save(self.folder.checkpoints, state, self.identity)

    def finish(self, epoch: int) -> None:
        """Write the weights at the end."""
        save_weights(self.folder.path / "last.safetensors", self.trainer.state_dict(), self.alphabet, epoch)


def _restored(state: State) -> tuple[State, Position]:
    """The state with its position. Raises ValueError for one that training cannot go on from."""
    try:
        return state, stored_position(state.position["position"], state.position["random"])
    except (KeyError, TypeError, OverflowError):
        raise ValueError from None


def identity(given: Given, program: Program) -> str:
    """A hash of what a checkpoint must fit: the network, and the optimizer's slots."""
    text = json.dumps([of_graph(given.network.graph), program.dtype, list(program.slots)])
    return hashlib.sha256(text.encode()).hexdigest()


def expected(program: Program) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The tensors of a checkpoint, with their element types and shapes."""
    found = {f"model/{p.name}": (program.dtype, p.shape) for p in program.parameters}
    for slot in program.slots:
        found |= {f"optimizer/{slot}/{p.name}": (program.dtype, p.shape) for p in program.parameters if p.trainable}
    return found
