"""Every limit that netc keeps, in one place; each can be set with `--limit NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Iterable

from ..runtime.limits import FileLimits
from ..runtime.record import fields, replace

KIB, MIB = 2**10, 2**20


class Limits(FileLimits):
    """What untrusted input may cost; `MEANINGS` says what each limit counts."""

    file_bytes: int = MIB
    include_bytes: int = 4 * MIB
    include_files: int = 256
    include_depth: int = 16
    line_bytes: int = 64 * KIB
    name_chars: int = 64
    integer_digits: int = 19
    string_bytes: int = 4 * KIB
    bracket_depth: int = 64
    trailers: int = 16
    tokens: int = 100_000
    blocks: int = 10_000
    block_depth: int = 100
    nesting: int = 150
    layers: int = 100_000
    values: int = 1_000_000
    steps: int = 400_000
    rank: int = 8
    dim: int = 2**31 - 1
    elements: int = 2**53
    diagnostics: int = 20


DEFAULT_LIMITS = Limits()

MEANINGS: dict[str, str] = {
    "data_bytes": "bytes of a file of data in memory, or of all members of an archive",
    "unpack_ratio": "times that a packed file of data may be larger unpacked",
    "members": "members of an archive of arrays",
    "row_bytes": "characters of a row of a table",
    "header_bytes": "bytes of the header of a file of weights",
    "file_bytes": "bytes of one file",
    "include_bytes": "bytes of all used files together",
    "include_files": "files used, directly or not",
    "include_depth": "files that use each other in a row",
    "line_bytes": "bytes of one line",
    "name_chars": "characters of a name",
    "integer_digits": "digits of a whole number, which is at most 2^63 - 1",
    "string_bytes": "bytes of a text in quotes",
    "bracket_depth": "brackets open at one place",
    "trailers": "calls, indexes and fields on one value, as in `f(1)[2].x`",
    "tokens": "words, numbers and signs of one file",
    "blocks": "blocks and cells of one file",
    "block_depth": "uses of blocks inside each other",
    "nesting": "bodies and expressions being resolved inside each other",
    "layers": "layer uses of the network, after expansion",
    "values": "tensors that the operations of the network read and make, after expansion",
    "steps": "statements run while the network is resolved",
    "rank": "dimensions of a tensor",
    "dim": "size of one dimension",
    "elements": "elements of one tensor",
    "diagnostics": "mistakes that `netc check` shows in full",
}

# These limits can only be lowered: what is nested deeper does not fit the stack of Python, and a longer number is above
# 2^63 - 1.
FIXED = frozenset(("include_depth", "bracket_depth", "block_depth", "nesting", "integer_digits"))


def raised(limits: Limits, settings: Iterable[str]) -> Limits:
    """The limits with settings such as `layers=200000` put in.

    Raises ValueError with a sentence for people.
    """
    known = set(fields(Limits))
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in known:
            raise ValueError(f"there is no limit `{name}`; the limits are {', '.join(sorted(known))}")
        digits = text.replace("_", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and int(digits) > 0):
            raise ValueError(f"the limit `{name}` is a whole number from 1 up, not `{text}`")
        most = getattr(DEFAULT_LIMITS, name)
        if name in FIXED and int(digits) > most:
            raise ValueError(f"the limit `{name}` can be lowered, not raised: {most} is the most")
        limits = replace(limits, **{name: int(digits)})
    return limits
