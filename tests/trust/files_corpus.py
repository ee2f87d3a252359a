"""Hostile files of specs: bytes that are no text, texts that look like others, and paths that lead elsewhere."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from .spec import GOOD, Entry, net

# Bytes that are no text, or a text that shows reviewers something else


def _encodings() -> Iterator[Entry]:
    yield Entry("empty", 1, "")
    yield Entry("line-end-alone", 1, "\n")
    yield Entry("mark", 0, b"\xef\xbb\xbf" + GOOD.encode())
    yield Entry("two-marks", 1, b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD.encode())
    yield Entry("crlf", 0, GOOD.replace("\n", "\r\n"))
    yield Entry("carriage-returns", 1, GOOD.replace("\n", "\r"))
    for codec, status in {"utf-16": 2, "utf-16-le": 1, "utf-16-be": 1, "utf-32": 2, "utf-7": 0, "cp500": 2}.items():
        yield Entry(f"codec-{codec}", status, GOOD.encode(codec))
    broken = {
        "latin-1": "# größe\n".encode("latin-1") + GOOD.encode(),
        "cut-off": GOOD.encode() + b"# \xe2\x80",
        "overlong": GOOD.encode() + b"# \xc0\xaf",
        "surrogate": GOOD.encode() + b"# \xed\xa0\x80",
        "beyond-unicode": GOOD.encode() + b"# \xf4\x90\x80\x80",
        "ff": b"\xff" * 1000,
        "continuation": b"\x80" * 1000,
        "elf": b"\x7fELF\x02\x01\x01" + bytes(1000),
        "gzip": b"\x1f\x8b\x08\x00" + bytes(range(256)),
        "zip": b"PK\x03\x04" + bytes(range(256)),
        "pickle": b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.",
        "png": b"\x89PNG\r\n\x1a\n" + bytes(64),
        "nul-alone": b"\0",
        "nul-many": bytes(100_000),
        "nul-inside": GOOD.replace("relu", "re\0lu").encode(),
        "random": bytes((i * 7919 + 31) % 256 for i in range(5000)),
    }
    for name, data in broken.items():
        yield Entry(f"bytes-{name}", 1 if name in ("elf", "nul-alone", "nul-many", "nul-inside") else 2, data)
    for code in (*range(1, 9), 0x0B, 0x0C, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9B, 0x9F):
        yield Entry(f"control-{code:02x}", 1, GOOD + f"# a{chr(code)}b\n")
    for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029):
        yield Entry(f"bidi-{code:04x}", 1, net(f"  x -> relu # {chr(code)} }}"))
    names = {
        "cyrillic": "с",
        "fullwidth": "ｘ",
        "joiner": "x\u200d",
        "soft-hyphen": "x\u00ad",
        "combining": "e\u0301",
        "composed": "é",
        "tag": "x\U000e0061",
        "variation": "x\ufe0f",
        "emoji": "🦀",
        "math": "𝐱",
        "dotless": "ı",
    }
    for name, text in names.items():
        yield Entry(f"name-{name}", 1, net(f"  {text} = x -> relu\n  {text} -> tanh"))
        yield Entry(f"comment-{name}", 0, net(f"  x -> relu # {text}"))
    for name, digit in {"arabic": "٣", "fullwidth": "３", "superscript": "²", "roman": "Ⅷ", "half": "½"}.items():
        yield Entry(f"digit-{name}", 1, net(f"  x -> conv({digit}, 3)"))
    for name, space in {"no-break": "\xa0", "em": "\u2003", "ideographic": "\u3000", "zero": "\u200b"}.items():
        yield Entry(f"space-{name}", 1, net(f"  x{space}-> relu"))


# Other files


def _uses() -> Iterator[Entry]:
    block = "block unit { relu }\n"
    secret = (("../secret.net", "token = hunter2\n"), ("../secret.txt", "token = hunter2\n"))
    yield Entry("use-beside", 0, 'use "b.net"\n' + net("  x -> unit"), (("b.net", block),))
    for number, name in enumerate((
        "../secret.net", "./../secret.net", "sub/../../secret.net", "/etc/passwd", "/etc/passwd.net", "//etc/p.net",
        "~/secret.net", "file:///etc/passwd.net", "http://localhost/x.net", "C:\\\\x.net", "..\\\\secret.net", "", ".",
        "..", "a.net/", "%2e%2e/secret.net", "$HOME/x.net", "`id`.net", "$(id).net", "; id.net", "-rf.net", "a\tb.net",
        "secret.txt", ".env", "missing.net", "a.net", "x" * 255 + ".net", "/" * 500 + ".net", "sub/" * 500 + "x.net",
        "lstm", "recurrent", "../specs/lenet5", "con.net", "nul",
    )):  # fmt: skip
        yield Entry(f"use-{number}", 1, f'use "{name}"\n{GOOD}', secret)
    yield Entry("use-circle", 1, 'use "b.net"\n' + GOOD, (("b.net", 'use "c.net"\n'), ("c.net", 'use "b.net"\n')))
    yield Entry("use-back", 1, 'use "b.net"\n' + GOOD, (("b.net", 'use "a.net"\n'),))
    deep = tuple((f"b{i}.net", f'use "b{i + 1}.net"\n') for i in range(40))
    yield Entry("use-deep", 1, 'use "b0.net"\n' + GOOD, deep)
    doubled = tuple((f"b{i}.net", f'use "b{i + 1}.net"\nuse "./b{i + 1}.net"\n') for i in range(14))
    yield Entry("use-laugh", 0, 'use "b0.net"\n' + GOOD, (*doubled, ("b14.net", block)))
    many = tuple((f"b{i}.net", f"block unit{i} {{ relu }}\n") for i in range(300))
    yield Entry("use-many", 1, "".join(f'use "{name}"\n' for name, _ in many) + GOOD, many)
    yield Entry("use-broken", 1, 'use "b.net"\n' + GOOD, (("b.net", "block unit { relu relu ( }\n" * 500),))
    yield Entry("use-same-names", 1, 'use "b.net"\nuse "c.net"\n' + GOOD, (("b.net", block), ("c.net", block)))


def _links() -> Iterator[Entry]:
    def replaced(make: Callable[[Path], None]) -> Callable[[Path], None]:
        def write(spec: Path) -> None:
            spec.unlink()
            make(spec)

        return write

    def sock(spec: Path) -> None:
        here = Path.cwd()
        os.chdir(spec.parent)
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(spec.name)
        finally:
            os.chdir(here)

    def sparse(spec: Path) -> None:
        with spec.open("wb") as file:
            file.truncate(5 * 2**30)

    targets = {
        "loop": "a.net", "null": "/dev/null", "zero": "/dev/zero", "tty": "/dev/tty", "stdin": "/dev/stdin",
        "environment": "/proc/self/environ", "memory": "/proc/self/mem", "passwd": "/etc/passwd", "folder": ".",
        "missing": "nowhere.net", "random": "/dev/urandom",
    }  # fmt: skip
    for name, target in targets.items():
        yield Entry(f"link-{name}", 2, make=replaced(lambda spec, target=target: spec.symlink_to(target)))  # type: ignore[misc]
    yield Entry("folder", 2, make=replaced(lambda spec: spec.mkdir()))
    yield Entry("pipe", 2, make=replaced(lambda spec: os.mkfifo(spec)))
    yield Entry("socket", 2, make=replaced(sock))
    yield Entry("missing", 2, make=Path.unlink)
    yield Entry("sparse", 2, make=replaced(sparse))
    for name, target in {"secret": "../secret.net", "zero": "/dev/zero", "loop": "b.net"}.items():
        yield Entry(
            f"use-link-{name}", 1, 'use "b.net"\n' + GOOD,
            make=lambda spec, target=target: (spec.parent / "b.net").symlink_to(target),  # type: ignore[misc]
        )  # fmt: skip
    yield Entry("use-pipe", 1, 'use "b.net"\n' + GOOD, make=lambda spec: os.mkfifo(spec.parent / "b.net"))


ENTRIES = {entry.name: entry for make in (_encodings, _uses, _links) for entry in make()}
