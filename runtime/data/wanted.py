"""What is asked of a source of data."""

from __future__ import annotations

from collections.abc import Sequence

from ..limits import DEFAULT_FILE_LIMITS, FileLimits
from ..ports import Port
from ..record import Record


class Wanted(Record):
    """What the data are for: the ports, and what the user says about the source.

    `seq_len` are the steps of a sample of a text or series; `alphabet` are the characters that numbers already stand
    for, in their order.
    """

    inputs: Sequence[Port]
    targets: Sequence[Port]
    labels: str | None = None
    target: str | None = None
    seq_len: int | None = None
    alphabet: str | None = None
    limits: FileLimits = DEFAULT_FILE_LIMITS
