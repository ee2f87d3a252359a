"""The folder of a run: what was asked for, the metrics, the checkpoints; one run at a time."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import RunError
from .atomic import cannot_write, write_atomic

# Times differ from run to run; everything else in a record does not.
COLUMNS = ("epoch", "step", "loss", "held_out_loss", "held_out_accuracy", "seconds", "samples_per_second")


class RunFolder:
    """Holds DIR for one run, as long as the object lives.

    Raises RunError when another run holds it, or when it is to be a new one and is not empty.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        try:
            if not resume and path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise RunError(
                    "folder-not-empty",
                    "is not an empty folder",
                    f"choose another, or go on with `--resume {path}`",
                    str(path),
                    2,
                )
            if resume and not path.is_dir():
                raise RunError("missing-file", "there is no such run", "start it with `--out`", str(path), 2)
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise cannot_write(path, error) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise RunError(
                "folder-in-use", "another run works in it", "wait for it, or choose another", str(path), 2
            ) from None

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._lock)

    def write(self, name: str, text: str) -> None:
        """Write one of the files that say what was asked for. Raises RunError."""
        write_atomic(self.path / name, text.encode())

    def start_metrics(self, step: int) -> None:
        """Keep the records up to a step alone, so that those after a resumed checkpoint are not there twice."""
        records = [record for record in self._records() if record["step"] <= step]
        self._rewrite(records)

    def record(self, record: Mapping[str, Any]) -> None:
        """Add a record to the metrics. Raises RunError."""
        self._rewrite([*self._records(), dict(record)])

    def record_gradients(self, record: Mapping[str, Any]) -> None:
        """Add the norms of the gradients by the states of cells, from the first step to the last, to `gradients.jsonl`.

        Raises RunError.
        """
        path = self.path / "gradients.jsonl"
        try:
            before = path.read_text() if path.exists() else ""
        except OSError as error:
            raise cannot_write(path, error) from None
        self.write(path.name, f"{before}{json.dumps(dict(record))}\n")

    def _records(self) -> list[dict[str, Any]]:
        try:
            lines = (self.path / "metrics.jsonl").read_text().splitlines()
            return [json.loads(line) for line in lines]
        except (OSError, ValueError):
            return []

    def _rewrite(self, records: list[dict[str, Any]]) -> None:
        lines = "".join(f"{json.dumps(record)}\n" for record in records)
        table = io.StringIO()
        writer = csv.DictWriter(table, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        self.write("metrics.jsonl", lines)
        self.write("metrics.csv", table.getvalue())


def read_alphabet(path: Path) -> str | None:
    """The characters that a run numbers, None for a run of other data, or one that has not begun."""
    try:
        found = json.loads((path / "resolved.json").read_text())["alphabet"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) and len(set(found)) == len(found) else None
