"""Reading text: the one door through which spec files come in."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import suppress

from .diagnostics.diagnostic import Diagnostic
from .limits import Limits
from .source import Source, Span

# Control characters other than tab and line feed, a lone carriage return, and the direction controls of Unicode.
_REFUSED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class ReadError(Exception):
    """A text cannot be read; `diagnostic` says why."""

    def __init__(self, code: str, message: str, *, span: Span | None = None, help: str = "") -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, span, help=help)


def read_source(path: str, shown: str, limits: Limits) -> Source:
    """The text of a regular file. Raises ReadError."""
    if os.path.islink(path) and not os.path.realpath(path).endswith(".net"):
        # A stranger's link to a file with secrets would have its lines quoted in messages.
        raise ReadError(
            "outside", f"`{shown}` is a link to a file that is not a `.net` file", help="name the file itself"
        )
    try:
        with open(path, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _not_a_file(shown)
            if status.st_size > limits.file_bytes:
                raise _too_large(shown, limits)
            data = file.read(limits.file_bytes + 1)
    except ValueError:
        raise ReadError("unreadable", f"`{shown}` is not the name of a file") from None
    except OSError as error:
        raise _failed(error, shown) from None
    return decode(data, shown, limits)


def _open(path: str, flags: int) -> int:
    """A file descriptor; opening a pipe does not wait for its writer."""
    return os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)


def read_stdin(shown: str, limits: Limits) -> Source:
    """The text on standard input. Raises ReadError."""
    if sys.stdin is None:
        raise ReadError("unreadable", "standard input is closed", help="name a file, or pipe a text into netc")
    with suppress(OSError):
        # The shell may have left it non-blocking, and a read would end before the text does.
        os.set_blocking(sys.stdin.fileno(), True)
    try:
        data = sys.stdin.buffer.read(limits.file_bytes + 1)
    except OSError as error:
        raise ReadError("unreadable", f"standard input cannot be read: {_reason(error)}") from None
    return decode(data, shown, limits)


def decode(data: bytes, shown: str, limits: Limits) -> Source:
    """The text of these bytes, checked: UTF-8, no hidden characters, no line too long. Raises ReadError."""
    if len(data) > limits.file_bytes:
        raise _too_large(shown, limits)
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise ReadError("encoding", f"`{shown}` is {name}", help="save it as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise ReadError(
            "encoding",
            f"`{shown}` is not UTF-8: byte 0x{data[error.start]:02x} at line {line}, byte {column} of the line",
            help="save it as UTF-8",
        ) from None
    source = Source(shown, text.removeprefix("\ufeff").replace("\r\n", "\n"))
    _check(source, limits)
    return source


def _check(source: Source, limits: Limits) -> None:
    found = _REFUSED.search(source.text)
    if found:
        code = ord(found.group())
        raise ReadError(
            "control-character",
            f"U+{code:04X} is {_kind(code)}",
            span=Span(source, found.start(), found.end()),
            help="end lines with LF or CR LF" if code == 0x0D else "delete it",
        )
    if len(source.text) <= limits.line_bytes // 4:
        return
    start = 0
    for line in source.text.split("\n"):
        if len(line) * 4 > limits.line_bytes and len(line.encode()) > limits.line_bytes:
            raise ReadError(
                "limit",
                f"a line is over the limit of {limits.line_bytes:,} bytes",
                span=Span(source, start, start + 1),
                help="break it after a comma or an operator",
            )
        start += len(line) + 1


def _kind(code: int) -> str:
    if code == 0x0D:
        return "a carriage return without a line feed"
    if code == 0xFEFF:
        return "a byte-order mark inside the text"
    if code in (0x2028, 0x2029):
        return "a line end that many editors do not show as one"
    return (
        "a control character" if code < 0x100 else "a direction character, which makes text read otherwise than it runs"
    )


def _too_large(shown: str, limits: Limits) -> ReadError:
    return ReadError(
        "too-large",
        f"`{shown}` is over the limit of {limits.file_bytes:,} bytes",
        help="the limit `file_bytes` can be raised with `--limit file_bytes=…`",
    )


def _not_a_file(shown: str, help: str = "name a `.net` file") -> ReadError:
    return ReadError("not-a-file", f"`{shown}` is not a regular file", help=help)


def _failed(error: OSError, shown: str) -> ReadError:
    if error.errno == errno.ENOENT or error.errno == errno.ENOTDIR:
        return ReadError("missing-file", f"there is no file `{shown}`")
    if error.errno == errno.EISDIR:
        return _not_a_file(shown, f"name the `.net` files in it: `{shown.rstrip('/')}/*.net`")
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return _not_a_file(shown)
    if error.errno == errno.ELOOP:
        return ReadError("unreadable", f"`{shown}` is a link that leads back to itself, or may not be followed")
    return ReadError("unreadable", f"`{shown}` cannot be read: {_reason(error)}")


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()


def packaged(folder: str, ending: str = ".net") -> dict[str, str]:
    """The paths of the files in a folder of this package that end so, by their names, which are sorted."""
    place = os.path.join(os.path.dirname(os.path.dirname(__file__)), folder)
    names = sorted(name.removesuffix(ending) for name in os.listdir(place) if name.endswith(ending))
    return {name: os.path.join(place, f"{name}{ending}") for name in names}


def contained(root: str, folder: str, relative: str) -> str:
    """The path of a used file: below `root`, reached from `folder` by a relative path without links.

    Raises ReadError with the code `outside`.
    """
    if not relative or relative.startswith(("/", "~")) or "\\" in relative or ":" in relative or "\0" in relative:
        raise ReadError(
            "outside", f"`{relative}` is not a relative path", help='name a file beside this one: `use "blocks.net"`'
        )
    if not relative.endswith(".net"):
        # Messages quote the lines of a file that does not parse, and not every file is for everybody's eyes.
        raise ReadError("outside", f"`{relative}` is not a `.net` file", help='name one: `use "blocks.net"`')
    # Names of a thousand parts are a stranger's right: the path is a string that grows and shrinks by a part.
    path, depth = folder, _below(folder, root)
    for part in relative.split("/"):
        if part in ("", "."):
            continue
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise ReadError(
                "outside",
                f"`{relative}` is outside the folder of the spec",
                help="move the file into the spec's folder",
            )
        path = os.path.dirname(path) if part == ".." else os.path.join(path, part)
        if os.path.islink(path):
            raise ReadError("outside", f"`{relative}` goes through a link", help="name the file itself")
    return path


def _below(folder: str, root: str) -> int:
    """How many folders deep one is in another. Raises ValueError when it is not in it."""
    if folder == root:
        return 0
    above = os.path.join(root, "")
    if not folder.startswith(above):
        raise ValueError(f"{folder} is not in {root}")
    return folder.removeprefix(above).count(os.sep) + 1
