"""What files of data and weights may cost."""

from __future__ import annotations

from .record import Record


class FileLimits(Record):
    """`data_bytes` is what one file, or all members of an archive together, may take in memory: files that are mapped
    do not count. Honest numbers stay far below an `unpack_ratio` of 200; that of deflate itself is 1032. A row and a
    header are read as a whole."""

    data_bytes: int = 4 << 30
    unpack_ratio: int = 200
    members: int = 10_000
    row_bytes: int = 4 << 20
    header_bytes: int = 32 << 20


DEFAULT_FILE_LIMITS = FileLimits()
