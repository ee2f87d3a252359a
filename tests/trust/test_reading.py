"""Reading spec files from strangers: whatever the file is, there is a text or a reason, and never a wait."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netc.compiler.diagnostics.codes import CODES
from netc.compiler.diagnostics.diagnostic import Diagnostic
from netc.compiler.diagnostics.render import full
from netc.compiler.limits import DEFAULT_LIMITS, Limits
from netc.compiler.reading import ReadError, decode, read_source
from netc.runtime.record import replace

# Unicode Standard Annex 9, section 2: the explicit directional formatting characters and marks.
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"]


def refused(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> Diagnostic:
    with pytest.raises(ReadError) as caught:
        read_source(str(path), "shown.net", limits)
    return caught.value.diagnostic


def rejected(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Diagnostic:
    with pytest.raises(ReadError) as caught:
        decode(data, "shown.net", limits)
    return caught.value.diagnostic


def said(diagnostic: Diagnostic) -> tuple[str, str]:
    return diagnostic.code, diagnostic.message


# What is not a file


def test_a_folder(tmp_path: Path) -> None:
    assert said(refused(tmp_path)) == ("not-a-file", "`shown.net` is not a regular file")


def test_a_named_pipe_without_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.net")
    assert refused(tmp_path / "pipe.net").code == "not-a-file"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device(device: str) -> None:
    # A process without a terminal cannot even open /dev/tty: ENXIO.
    assert refused(device).code == "not-a-file"


def test_a_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.net"))
        assert refused(tmp_path / "s.net").code == "not-a-file"


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    (tmp_path / "a.net").symlink_to("b.net")
    (tmp_path / "b.net").symlink_to("a.net")
    assert said(refused(tmp_path / "a.net")) == (
        "unreadable", "`shown.net` is a link that leads back to itself, or may not be followed"
    )  # fmt: skip


def test_a_link_to_a_net_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.net").write_text("x")
    (tmp_path / "b.net").symlink_to("a.net")
    assert read_source(str(tmp_path / "b.net"), "b.net", DEFAULT_LIMITS).text == "x"


@pytest.mark.parametrize("target", ["secret", ".git/config", "/proc/self/environ", "/etc/passwd", "missing"])
def test_a_link_to_another_file_is_refused_unread(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret").write_text("password")
    (tmp_path / "a.net").symlink_to(target)
    diagnostic = refused(tmp_path / "a.net")
    assert said(diagnostic) == ("outside", "`shown.net` is a link to a file that is not a `.net` file")
    assert diagnostic.span is None


def test_what_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert said(refused(tmp_path / "x.net")) == ("missing-file", "there is no file `shown.net`")
    assert refused(tmp_path / "file" / "x.net").code == "missing-file"
    assert refused("").code == "missing-file"


@pytest.mark.parametrize("name", ["a\0.net", "\0", "\ud800.net"])
def test_what_is_no_file_name(name: str) -> None:
    assert said(refused(name)) == ("unreadable", "`shown.net` is not the name of a file")


def test_a_name_too_long(tmp_path: Path) -> None:
    assert said(refused(tmp_path / ("x" * 300))) == ("unreadable", "`shown.net` cannot be read: file name too long")
    assert refused("/".join(["x"] * 5000)).code == "unreadable"


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("x")
    path.chmod(0)
    if os.geteuid() == 0:
        # The superuser reads everything; others are checked in a process without its rights.
        program = (
            "import os, sys; from netc.compiler import reading, limits; os.setuid(65534)\n"
            "try: reading.read_source(sys.argv[1], 'shown.net', limits.DEFAULT_LIMITS)\n"
            "except reading.ReadError as error: print(error.diagnostic.code, error.diagnostic.message)"
        )
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
        assert done.stdout == "unreadable `shown.net` cannot be read: permission denied\n"
    else:
        assert said(refused(path)) == ("unreadable", "`shown.net` cannot be read: permission denied")


def test_a_file_that_fails_while_it_is_read() -> None:
    # Address 0 of a process is never mapped, so the first read of its memory is an I/O error.
    assert said(refused("/proc/self/mem")) == ("unreadable", "`shown.net` cannot be read: input/output error")


def test_a_file_that_claims_to_be_empty() -> None:
    assert read_source("/proc/self/comm", "shown.net", DEFAULT_LIMITS).text
    assert refused("/proc/self/maps", replace(DEFAULT_LIMITS, file_bytes=100)).code == "too-large"


# Size


def test_a_sparse_file_of_5_gb_is_refused_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "big.net").open("wb") as file:
        file.truncate(5 * 2**30)
    diagnostic = refused(tmp_path / "big.net")
    assert said(diagnostic) == ("too-large", "`shown.net` is over the limit of 1,048,576 bytes")
    assert "--limit file_bytes=" in diagnostic.help


@pytest.mark.parametrize("limit", [DEFAULT_LIMITS.file_bytes, 10])
def test_size_at_the_limit_and_one_past_it(tmp_path: Path, limit: int) -> None:
    limits = replace(DEFAULT_LIMITS, file_bytes=limit)
    path = tmp_path / "a.net"
    path.write_bytes((b"x" * 9 + b"\n") * (limit // 10) + b"\n" * (limit % 10))
    assert len(read_source(str(path), "a.net", limits).text) == limit
    with path.open("ab") as file:
        file.write(b"\n")
    assert refused(path, limits).code == "too-large"
    assert rejected(path.read_bytes(), limits).code == "too-large"


@pytest.mark.parametrize("char", ["x", "é", "漢", "\U00010000"])
@pytest.mark.parametrize("before", ["", "one\n\n"])
@pytest.mark.parametrize("after", ["", "\nlast", "\r\nlast"])
def test_line_at_the_limit_and_one_past_it(char: str, before: str, after: str) -> None:
    limits = replace(DEFAULT_LIMITS, line_bytes=120)
    fits = char * (120 // len(char.encode()))
    decode((before + fits + after).encode(), "a.net", limits)
    diagnostic = rejected((before + fits + "y" + after).encode(), limits)
    assert said(diagnostic) == ("limit", "a line is over the limit of 120 bytes")
    assert diagnostic.span is not None
    assert str(diagnostic.span) == f"shown.net:{3 if before else 1}:1"


def test_the_default_limit_of_a_line() -> None:
    decode(b"x" * 65536, "a.net", DEFAULT_LIMITS)
    assert rejected(b"x" * 65537).code == "limit"


# Encoding


def test_bytes_become_text_with_lf_line_ends() -> None:
    assert decode("größe\r\n漢\n\r\n".encode(), "a.net", DEFAULT_LIMITS).text == "größe\n漢\n\n"
    assert decode(b"", "a.net", DEFAULT_LIMITS).text == ""


def test_one_byte_order_mark_is_allowed_and_no_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfnet", "a.net", DEFAULT_LIMITS).text == "net"
    assert decode(b"\xef\xbb\xbf", "a.net", DEFAULT_LIMITS).text == ""
    for data, place in ((b"\xef\xbb\xbf\xef\xbb\xbfnet", "1:1"), (b"net\n a\xef\xbb\xbf", "2:3")):
        diagnostic = rejected(data)
        assert said(diagnostic) == ("control-character", "U+FEFF is a byte-order mark inside the text")
        assert str(diagnostic.span) == f"shown.net:{place}"


@pytest.mark.parametrize(
    ("codec", "mark", "name"),
    [
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
        ("utf-32-le", b"\xff\xfe\0\0", "UTF-32"),
        ("utf-32-be", b"\0\0\xfe\xff", "UTF-32"),
    ],
)
def test_other_unicode_encodings_are_named(codec: str, mark: bytes, name: str) -> None:
    diagnostic = rejected(mark + "net a {}".encode(codec))
    assert said(diagnostic) == ("encoding", f"`shown.net` is {name}")
    assert diagnostic.help == "save it as UTF-8"


def test_utf_16_without_a_mark_is_full_of_nul() -> None:
    assert rejected("net".encode("utf-16-le")).message == "U+0000 is a control character"


@pytest.mark.parametrize(
    ("data", "byte", "line", "column"),
    [
        (b"\xff", "ff", 1, 1),
        (b"net\n  \xe9t\xe9", "e9", 2, 3),
        ("é".encode() + b"\n\n" + "é".encode() + b"\x80", "80", 3, 3),
        (b"\xc0\x80", "c0", 1, 1),  # an overlong NUL
        (b"\xe0\x80\xaf", "e0", 1, 1),  # an overlong /
        (b"\xed\xa0\x80", "ed", 1, 1),  # a surrogate
        (b"\xf4\x90\x80\x80", "f4", 1, 1),  # beyond U+10FFFF
        (b"abc\xe6\xbc", "e6", 1, 4),  # a character cut short by the end
    ],
)
def test_what_is_not_utf_8_is_placed(data: bytes, byte: str, line: int, column: int) -> None:
    assert said(rejected(data)) == (
        "encoding", f"`shown.net` is not UTF-8: byte 0x{byte} at line {line}, byte {column} of the line"
    )  # fmt: skip


# Characters


@pytest.mark.parametrize("char", [*CONTROLS, *BIDI, "\u2028", "\u2029"], ids=lambda char: f"U+{ord(char):04X}")
@pytest.mark.parametrize("place", ["net %s {", "# a comment %s\n", 'use "x%s.net"'])
def test_control_and_direction_characters_are_refused_everywhere(char: str, place: str) -> None:
    diagnostic = rejected(("one\ntwo " + place % char).encode())
    assert diagnostic.code == "control-character"
    assert diagnostic.message.startswith(f"U+{ord(char):04X} is ")
    assert str(diagnostic.span) == f"shown.net:2:{5 + place.index('%')}"
    assert diagnostic.help == "delete it"
    assert ("direction" in diagnostic.message) == (char in BIDI)
    assert char == "\n" or char not in full(diagnostic)


@pytest.mark.parametrize("text", ["a\rb", "a\r", "\r", "a\r\r\nb", "# a\rnet", "a\n\rb"])
def test_a_lone_carriage_return_is_refused(text: str) -> None:
    diagnostic = rejected(text.encode())
    assert said(diagnostic) == ("control-character", "U+000D is a carriage return without a line feed")
    assert diagnostic.help == "end lines with LF or CR LF"


def test_tab_line_feed_and_all_other_characters_are_text() -> None:
    allowed = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]
    text = "".join(c for c in allowed if c not in {*CONTROLS, *BIDI, "\r", "\u2028", "\u2029", "\ufeff"})
    limits = replace(DEFAULT_LIMITS, file_bytes=2**23, line_bytes=2**23)
    assert decode(text.encode(), "a.net", limits).text == text


@given(st.binary(max_size=60) | st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_text_or_a_reason(data: bytes) -> None:
    diagnostic = None
    try:
        source = decode(data, "a.net", DEFAULT_LIMITS)
    except ReadError as error:
        diagnostic = error.diagnostic
    if diagnostic is None:
        assert source.text.encode() == data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    else:
        assert diagnostic.code in CODES
        assert full(diagnostic).replace("\n", "").isprintable()


# Standard input

_STDIN = """
import sys
from netc.compiler.limits import DEFAULT_LIMITS
from netc.compiler.reading import ReadError, read_stdin
try:
    print(len(read_stdin("<stdin>", DEFAULT_LIMITS).text))
except ReadError as error:
    print(error.diagnostic.code, error.diagnostic.message)
"""


def _stdin(shell: str) -> str:
    script = f"export LC_ALL=C; {shell}".replace("READ", '"$0" -c "$1"')
    done = subprocess.run(["sh", "-c", script, sys.executable, _STDIN], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("shell", "said"),
    [
        ("printf 'net\\r\\n' | READ", "4"),
        ("READ < /dev/null", "0"),
        ("READ < /dev/zero", "too-large `<stdin>` is over the limit of 1,048,576 bytes"),
        ("yes 2>/dev/null | READ", "too-large `<stdin>` is over the limit of 1,048,576 bytes"),
        ("printf 'a\\0' | READ", "control-character U+0000 is a control character"),
        ("READ <&-", "unreadable standard input is closed"),
        ("exec 0>/dev/null; READ", "unreadable standard input cannot be read: bad file descriptor"),
    ],
)
def test_standard_input(shell: str, said: str) -> None:
    assert _stdin(shell) == said


def test_standard_input_that_a_parent_left_non_blocking() -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    with subprocess.Popen([sys.executable, "-c", _STDIN], stdin=read, stdout=subprocess.PIPE, text=True) as child:
        os.close(read)
        os.write(write, b"x" * 10)
        time.sleep(0.5)
        os.write(write, b"y" * 10)
        os.close(write)
        assert child.communicate(timeout=60)[0] == "20\n"
