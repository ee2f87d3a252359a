"""The folder of a run: what was asked for, the metrics, the checkpoints; one run at a time."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..data.files import is_folder, read
from ..errors import RunError
from ..limits import DEFAULT_FILE_LIMITS, FileLimits
from .atomic import append, cannot_write, remove_temporaries, write_atomic
from .checkpoint import is_alphabet

# Times differ from run to run; everything else in a record does not.
COLUMNS = ("epoch", "step", "loss", "held_out_loss", "held_out_accuracy", "seconds", "samples_per_second")


def no_run(path: Path) -> RunError:
    """What a folder that is not there is answered with, where a run is to go on in it."""
    return RunError("missing-file", "there is no such run", "start it with `--out`", str(path), 2)


class RunFolder:
    """Holds DIR for one run, as long as the object lives; nothing is written outside it, wherever links in it lead.

    Raises RunError when another run holds it, or when it is to be a new one and is not empty.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        if resume and not is_folder(path):
            raise no_run(path)
        try:
            if not resume:
                _refuse_full(path, set())
            if self.checkpoints.is_symlink():
                message, help = "is a link, and a run writes into its own folder", "put the folder itself there"
                raise RunError("cannot-write", message, help, str(self.checkpoints), 2)
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path)
            try:
                # Another run may have come and gone between the look and the lock.
                if not resume:
                    _refuse_full(path, {".lock", "checkpoints"})
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as error:
            raise cannot_write(Path(error.filename or path), error) from None
        for folder in (self.path, self.checkpoints):
            remove_temporaries(folder)

    def close(self) -> None:
        """Let the folder go."""
        with suppress(OSError):
            os.close(self._lock)

    def write(self, name: str, text: str) -> None:
        """Write one of the files that say what was asked for. Raises RunError."""
        write_atomic(self.path / name, text.encode())

    def start_metrics(self, epoch: int, limits: FileLimits = DEFAULT_FILE_LIMITS) -> list[str]:
        """Keep the records of so many epochs alone, so that those after a resumed checkpoint are not there twice.

        Returns what is said of lines that are left out because they are no records. Raises RunError.
        """
        records, left_out = _records(self.path / "metrics.jsonl", epoch, limits)
        self.write("metrics.jsonl", "".join(map(_line, records)))
        self.write("metrics.csv", ",".join(COLUMNS) + "\n" + "".join(map(_row, records)))
        gradients = self.path / "gradients.jsonl"
        if os.path.lexists(gradients):
            records, also_left_out = _records(gradients, epoch, limits)
            self.write(gradients.name, "".join(map(_line, records)))
            left_out += also_left_out
        return left_out

    def record(self, record: Mapping[str, Any]) -> None:
        """Add a record to the metrics. Raises RunError."""
        append(self.path / "metrics.jsonl", _line(record))
        append(self.path / "metrics.csv", _row(record))

    def record_gradients(self, record: Mapping[str, Any]) -> None:
        """Add the norms of the gradients by the states of cells, from the first step to the last, to `gradients.jsonl`.

        Raises RunError.
        """
        append(self.path / "gradients.jsonl", _line(record))


def _refuse_full(path: Path, known: set[str]) -> None:
    """Raises RunError where something else than these is in a folder, or it is none, and OSError."""
    if path.exists() and (not path.is_dir() or any(entry.name not in known for entry in path.iterdir())):
        help = f"choose another, or go on with `--resume {path}`"
        raise RunError("folder-not-empty", "is not an empty folder", help, str(path), 2)


def _locked(path: Path) -> int:
    """A descriptor of the folder's lock, held. The system lets go of it when the process ends, however it does.

    Raises RunError when another run holds it, and OSError.
    """
    lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        help = "wait for it, or choose another"
        raise RunError("folder-in-use", "another run works in it", help, str(path), 2) from None
    except BaseException:
        os.close(lock)
        raise
    return lock


def _records(path: Path, epoch: int, limits: FileLimits) -> tuple[list[dict[str, Any]], list[str]]:
    """The records of a file up to an epoch, and which lines are none, as one that a failing disk has cut off.

    Raises RunError.
    """
    records, left_out = [], []
    lines = read(path, limits).decode("utf-8", "replace").splitlines() if os.path.lexists(path) else []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if not (type(record["epoch"]) is type(record["step"]) is int):
                raise ValueError
            if record["epoch"] <= epoch:
                records.append(record)
        except (ValueError, KeyError, TypeError, RecursionError):
            left_out.append(f"{path}: line {number} is no record and is left out")
    return records, left_out


def _line(record: Mapping[str, Any]) -> str:
    """The record as JSON, which has no word for infinity."""
    known = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
    return json.dumps(known) + "\n"


def _row(record: Mapping[str, Any]) -> str:
    """The record as a row of `metrics.csv`."""
    row = io.StringIO()
    csv.DictWriter(row, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n").writerow(dict(record))
    return row.getvalue()


def read_alphabet(path: Path, limits: FileLimits) -> str | None:
    """The characters that a run numbers, None for a run of other data, or one that has not begun.

    Raises RunError where the run does not say it as a run does: a text that is numbered anew would mean another one.
    """
    resolved = path / "resolved.json"
    if not os.path.lexists(resolved):
        return None
    try:
        found = json.loads(read(resolved, limits))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or ("alphabet" in found and not is_alphabet(found["alphabet"])):
        message = "does not say what the run was given: it was changed or cut off"
        raise RunError("bad-checkpoint", message, "put it right, or start a run afresh with `--out`", str(resolved))
    alphabet: str | None = found.get("alphabet")
    return alphabet
