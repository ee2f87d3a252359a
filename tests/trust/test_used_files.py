"""`use "blocks.net"` reaches files beside the spec and nothing else, and says nothing of what is in the others."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from netc.compiler.diagnostics.diagnostic import Diagnostic
from netc.compiler.diagnostics.render import full
from netc.compiler.driver import Request, compile_spec
from netc.compiler.limits import DEFAULT_LIMITS, Limits
from netc.compiler.reading import ReadError, contained, read_source
from netc.compiler.source import Source
from netc.runtime.record import replace

SECRET = "token = hunter2"
NET = "net a {\n\tinput x: f32[N, 3, 8, 8]\n\tx -> relu\n}\n"
BLOCK = "block small { relu }\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of specs in a folder with secrets."""
    folder = tmp_path / "specs"
    (folder / "sub").mkdir(parents=True)
    (folder / "blocks.net").write_text(BLOCK)
    (folder / "sub" / "more.net").write_text('use "../blocks.net"\n' + BLOCK.replace("small", "more"))
    for place in (tmp_path / "secret.net", tmp_path / "secret", folder / ".env", folder / "plain.txt"):
        place.write_text(SECRET)
    return folder


def use(root: Path, *names: str, limits: Limits = DEFAULT_LIMITS) -> list[Diagnostic]:
    """The errors of a spec in the root that uses these files."""
    spec = root / "spec.net"
    spec.write_text("".join(f'use "{name}"\n' for name in names) + NET)
    found = compile_spec(Request(str(spec), limits=limits))
    return [diagnostic for diagnostic in found.diagnostics if diagnostic.severity == "error"]


@pytest.mark.parametrize(
    "name", ["blocks.net", "./blocks.net", "sub/more.net", "sub/../blocks.net", "sub//more.net", "sub/./more.net"]
)
def test_files_in_the_folder_are_used(root: Path, name: str) -> None:
    assert use(root, name) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret.net", "is outside the folder of the spec"),
        ("sub/../../secret.net", "is outside the folder of the spec"),
        ("../specs/blocks.net", "is outside the folder of the spec"),
        ("sub/../../specs/../secret.net", "is outside the folder of the spec"),
        ("./.././secret.net", "is outside the folder of the spec"),
        ("/etc/secret.net", "is not a relative path"),
        ("//host/secret.net", "is not a relative path"),
        ("~/secret.net", "is not a relative path"),
        ("http://host/secret.net", "is not a relative path"),
        ("file:///secret.net", "is not a relative path"),
        ("C:/secret.net", "is not a relative path"),
        ("..\\\\secret.net", "is not a relative path"),
        ("", "is not a relative path"),
        (".env", "is not a `.net` file"),
        ("plain.txt", "is not a `.net` file"),
        ("../secret", "is not a `.net` file"),
        ("sub", "is not a `.net` file"),
        (".", "is not a `.net` file"),
        ("..", "is not a `.net` file"),
        ("blocks.net/", "is not a `.net` file"),
        ("blocks.NET", "is not a `.net` file"),
    ],
)
def test_nothing_else_is_used(root: Path, name: str, reason: str) -> None:
    (diagnostic,) = use(root, name)
    assert diagnostic.code == "outside"
    assert reason in diagnostic.message
    assert str(diagnostic.span).endswith("spec.net:1:5")
    assert "hunter2" not in full(diagnostic)


@pytest.mark.parametrize("target", ["../secret", "../secret.net", "blocks.net", "/proc/self/environ", "missing.net"])
def test_links_are_not_followed_wherever_they_lead(root: Path, target: str) -> None:
    (root / "link.net").symlink_to(target)
    (root / "dir").symlink_to("sub")
    for name in ("link.net", "dir/more.net", "dir/../blocks.net"):
        (diagnostic,) = use(root, name)
        assert (diagnostic.code, diagnostic.message) == ("outside", f"`{name}` goes through a link")


def test_the_spec_itself_may_lie_behind_a_link_to_its_folder(root: Path) -> None:
    assert use(root, "blocks.net") == []
    link = root.parent / "link"
    link.symlink_to(root)
    assert compile_spec(Request(str(link / "spec.net"))).diagnostics == ()


def test_a_relative_spec_is_held_to_its_own_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "sub")
    (root / "sub" / "here.net").write_text('use "../blocks.net"\n' + NET)
    assert [d.code for d in compile_spec(Request("here.net")).diagnostics] == ["outside"]


def test_a_text_without_a_folder_uses_no_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    found = compile_spec(Request("blocks.net", text='use "blocks.net"\n' + NET))
    assert [d.code for d in found.diagnostics] == ["outside"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("sub.net", "not-a-file"),
        ("pipe.net", "not-a-file"),
        ("x.net", "missing-file"),
        ("blocks.net/x.net", "missing-file"),
        ("y" * 300 + ".net", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_said_at_the_use(root: Path, name: str, code: str) -> None:
    (root / "sub.net").mkdir()
    os.mkfifo(root / "pipe.net")
    (diagnostic,) = use(root, name)
    assert (diagnostic.code, str(diagnostic.span)[-13:]) == (code, "/spec.net:1:5")


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"block b { relu }\n# \xe2\x80\xae\n", "control-character", "bad.net:2:3"),
        (b"\n \xff", "encoding", "line 2, byte 2"),
    ],
)
def test_the_message_names_the_place_in_the_used_file(root: Path, data: bytes, code: str, place: str) -> None:
    (root / "bad.net").write_bytes(data)
    (diagnostic,) = use(root, "bad.net")
    assert diagnostic.code == code
    assert place in diagnostic.message


def test_a_message_about_a_used_file_points_into_it(root: Path) -> None:
    (root / "bad.net").write_text("block b { relu relu }\n")
    (diagnostic,) = use(root, "bad.net")
    assert str(diagnostic.span).startswith("bad.net:1:")


def test_a_file_that_uses_itself(root: Path) -> None:
    (root / "one.net").write_text('use "two.net"\n')
    (root / "two.net").write_text('use "one.net"\n')
    assert [d.code for d in use(root, "one.net")] == ["recursion"]
    assert [d.code for d in use(root, "spec.net")] == ["recursion"]


def test_a_file_used_twice_is_read_once(root: Path) -> None:
    assert use(root, "blocks.net", "sub/more.net", "blocks.net", limits=replace(DEFAULT_LIMITS, include_files=2)) == []


# Limits


def test_files_at_the_limit_and_one_past_it(root: Path) -> None:
    names = [f"f{i}.net" for i in range(257)]
    for name in names:
        (root / name).write_text("")
    assert use(root, *names[:256]) == []
    (diagnostic,) = use(root, *names)
    assert (diagnostic.code, diagnostic.message) == ("limit", "more than 256 files are used")
    assert ":257:" in str(diagnostic.span)


def test_depth_at_the_limit_and_one_past_it(root: Path) -> None:
    for i in range(17):
        (root / f"f{i}.net").write_text(f'use "f{i + 1}.net"\n')
    (root / "f17.net").write_text("")
    assert use(root, "f2.net") == []
    (diagnostic,) = use(root, "f1.net")
    assert (diagnostic.code, diagnostic.message) == ("limit", "files use each other more than 16 deep")


@pytest.mark.parametrize("char", ["x", "漢"])
def test_bytes_at_the_limit_and_one_past_it(root: Path, char: str) -> None:
    for name, size in (("a.net", 60), ("b.net", 40), ("c.net", 41)):
        text = "#" + char * ((size - 1) // len(char.encode()))
        (root / name).write_bytes(text.encode().ljust(size))
    limits = replace(DEFAULT_LIMITS, include_bytes=100)
    assert use(root, "a.net", "b.net", limits=limits) == []
    (diagnostic,) = use(root, "a.net", "c.net", limits=limits)
    assert (diagnostic.code, diagnostic.message) == ("limit", "the used files are over 100 bytes together")


def test_a_bad_file_used_ten_thousand_times_is_not_read_ten_thousand_times(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "bad.net").write_bytes((b"#" * 60 + b"\n") * 17_000 + b"\xff")
    read = []

    def counted(path: str, shown: str, limits: Limits) -> Source:
        read.append(path)
        return read_source(path, shown, limits)

    monkeypatch.setattr("netc.compiler.resolve.program.read_source", counted)
    found = use(root, *["bad.net"] * 10_000)
    assert len(read) < 300
    assert len(found) == 10_000


@pytest.mark.trust
def test_names_of_a_thousand_parts(root: Path) -> None:
    begin = time.process_time()
    found = use(root, *["sub/" * 1000 + f"x{i}.net" for i in range(150)], *["sub/../" * 500 + "y.net"] * 50)
    assert time.process_time() - begin < 20
    assert {diagnostic.code for diagnostic in found} <= {"missing-file", "unreadable"}


# The rule by itself


def test_contained_gives_the_path_below_the_folder_of_the_file_that_uses_it(root: Path) -> None:
    top = str(root)
    assert contained(top, f"{top}/sub", "more.net") == f"{top}/sub/more.net"
    assert contained(top, f"{top}/sub", "../blocks.net") == f"{top}/blocks.net"
    assert contained(top, top, "sub/new.net") == f"{top}/sub/new.net"
    assert contained("/", "/specs", "../blocks.net") == "/blocks.net"
    with pytest.raises(ReadError, match="outside the folder of the spec"):
        contained(f"{top}/sub", f"{top}/sub", "../blocks.net")


@pytest.mark.parametrize("name", ["\0.net", "a\0/../../secret.net", "a\0b.net"])
def test_contained_refuses_nul(root: Path, name: str) -> None:
    with pytest.raises(ReadError) as caught:
        contained(str(root), str(root), name)
    assert caught.value.diagnostic.code == "outside"
