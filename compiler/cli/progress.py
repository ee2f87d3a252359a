"""How training shows itself: a bar with rate and time left on a terminal, else a plain line for each epoch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO, cast

import click

from ...runtime.training.fit import Position
from ..diagnostics.visible import visible


class _Listener:
    """Standard error, on which a run with a folder does not depend.

    Once it cannot be written, since the terminal is gone, the reader of a pipe has ended or a disk is full, what is
    written goes nowhere. Where it is `needed`, that is an error.
    """

    def __init__(self, *, needed: bool) -> None:
        self._file = sys.stderr
        self._needed = needed

    def write(self, text: str) -> None:
        self._tried(self._file.write, text)

    def flush(self) -> None:
        self._tried(self._file.flush)

    def _tried(self, call: Callable[..., object], *arguments: str) -> None:
        try:
            call(*arguments)
        except OSError:
            if self._needed:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Progress:
    """Writes to standard error, which is `needed` where nothing else is kept of a run."""

    def __init__(self, epochs: int, *, needed: bool) -> None:
        self.epochs = epochs
        self._listener = cast(TextIO, _Listener(needed=needed))
        animated = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bar = _Bar(epochs, self._listener) if animated else None

    def say(self, text: str) -> None:
        """Write a line."""
        if self._bar is not None:
            self._bar.pause()
        click.echo(visible(text, 4000), file=self._listener)

    def step(self, position: Position, loss: float, size: int) -> None:
        if self._bar is not None:
            self._bar.step(position, loss, size)

    def epoch(self, record: dict[str, Any]) -> None:
        self.say(line(record, self.epochs))

    def close(self) -> None:
        if self._bar is not None:
            self._bar.pause()


def line(record: dict[str, Any], epochs: int) -> str:
    """One epoch in words: `epoch 3/20  loss 0.1234  held-out loss 0.1  accuracy 97.50 %  1,234 samples/s`."""
    parts = [f"epoch {record['epoch']}/{epochs}", f"loss {record['loss']:.4g}"]
    if "held_out_loss" in record:
        parts.append(f"held-out loss {record['held_out_loss']:.4g}")
    if "held_out_accuracy" in record:
        parts.append(f"accuracy {100 * record['held_out_accuracy']:.2f} %")
    return "  ".join([*parts, f"{record['samples_per_second']:,.0f} samples/s"])


class _Bar:
    def __init__(self, epochs: int, file: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._epochs = epochs
        self._shown = 0.0
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(file=file),
            transient=True,
        )
        self._task = self._progress.add_task("", epoch="", loss="", rate="")
        self._started = time.monotonic()
        self._first = 0

    def step(self, position: Position, loss: float, size: int) -> None:
        if not self._progress.live.is_started:
            self._progress.start()
            # Nothing hides it for good then, however the process ends.
            self._progress.console.show_cursor(True)
            self._started, self._first = time.monotonic(), position.epoch * size + position.index
        done = position.epoch * size + position.index
        seconds = time.monotonic() - self._started
        rate = f"{(done - self._first) / seconds:,.0f} samples/s" if seconds > 0.5 else ""
        epoch = f"{position.epoch + 1}/{self._epochs}"
        self._progress.update(
            self._task, completed=done, total=self._epochs * size, epoch=epoch, loss=f"{loss:.4g}", rate=rate
        )

    def pause(self) -> None:
        if self._progress.live.is_started:
            self._progress.stop()
