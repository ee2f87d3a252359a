"""Every limit is kept to the number: what is at the limit is accepted, and one more is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from netc.compiler.cli.main import COMMANDS, netc
from netc.compiler.diagnostics.diagnostic import Diagnostic
from netc.compiler.driver import Request, compile_spec
from netc.compiler.limits import DEFAULT_LIMITS, FIXED, MEANINGS, Limits, raised
from netc.runtime.record import asdict, fields, replace

from .spec import net


def check(text: str, limits: Limits) -> list[Diagnostic]:
    found = compile_spec(Request("a.net", text=text, limits=limits))
    return [diagnostic for diagnostic in found.diagnostics if diagnostic.severity == "error"]


def _shape(*dims: int | str) -> str:
    return ", ".join(map(str, dims))


def _tokens(count: int) -> str:
    """The frame and `x -> relu` are 16 tokens (line ends inside count), `-> relu` are 2, `-x` for `x` is one more."""
    rest = count - 16
    return net("-" * (rest % 2) + "x -> relu" + " -> relu" * (rest // 2), shape="N")


def _text(count: int) -> str:
    """A text of so many bytes in fewer characters, between quotes."""
    return f'use "{"é" * (count // 2 - 2)}{"e" * (count % 2)}.net"\n' + net("x -> relu")


def _blocks(count: int) -> str:
    return net("x -> relu", "".join(f"block b{i} {{ relu }}\n" for i in range(count)))


def _values(count: int) -> str:
    """Two for each `relu`, and three for a sum where the number is odd."""
    odd = count % 2
    return net("x -> relu" + "\nit + it" * odd + "\nrelu" * ((count - 3 * odd) // 2 - 1))


def _steps(count: int) -> str:
    """Four statements, two for each repetition, and one more for an odd number."""
    odd = "let w = 1" * (count % 2)
    return net(f"let y = 0\nx -> relu\nrepeat {(count - 4) // 2} {{ let z = 1 }}\n{odd}")


def _blocks_deep(count: int) -> str:
    """Blocks that use each other, `count` uses inside each other."""
    blocks = [f"block b{i} {{ b{i + 1} }}\n" for i in range(count - 1)]
    return net("x -> b0", "".join(blocks) + f"block b{count - 1} {{ relu }}\n")


# The limit, a value to test it with, a text with that many, and words of the message.
CASES: dict[str, tuple[int, Callable[[int], str], str]] = {
    "name_chars": (64, lambda n: net(f"{'y' * n} = x -> relu\n{'y' * n} -> relu"), "a name of"),
    "integer_digits": (19, lambda n: net(f"let y = {'0' * (n - 1)}1\nx -> relu"), "this number is too large"),
    "string_bytes": (4096, _text, "a text is over"),
    "bracket_depth": (64, lambda n: net("x -> " + "(" * (n - 1) + "relu" + ")" * (n - 1)), "brackets are open"),
    "trailers": (16, lambda n: net(f"let y = {'[' * 17}1{']' * 17}\nlet z = y{'[0]' * n}\nx -> relu"), "on one value"),
    "tokens": (200, _tokens, "words, numbers and signs"),
    "blocks": (10, _blocks, "blocks in one file"),
    "block_depth": (100, _blocks_deep, "blocks are nested deeper"),
    "nesting": (50, lambda n: net("x -> " + "(" * (n - 3) + "relu" + ")" * (n - 3)), "are nested more than"),
    "layers": (30, lambda n: net(f"x -> relu\nrepeat {n - 1} {{ relu }}"), "layer uses"),
    "values": (30, _values, "tensors that operations read"),
    "steps": (40, _steps, "takes more than"),
    "rank": (8, lambda n: net("x -> relu", shape=_shape("N", *[1] * (n - 1))), "a tensor of rank"),
    "dim": (2**31 - 1, lambda n: net("x -> relu", shape=_shape("N", n)), "a dimension of"),
    "elements": (24, lambda n: net("x -> relu", shape={24: "N, 2, 3, 4", 25: "N, 5, 5"}[n]), "a tensor of"),
}  # fmt: skip
ELSEWHERE = {
    "file_bytes": "test_reading.py", "line_bytes": "test_reading.py", "include_bytes": "test_used_files.py",
    "include_files": "test_used_files.py", "include_depth": "test_used_files.py", "diagnostics": "tests/cli",
    **dict.fromkeys(("data_bytes", "unpack_ratio", "members", "row_bytes", "header_bytes"), "test_foreign_files.py"),
}  # fmt: skip


def test_every_limit_is_tested() -> None:
    assert set(CASES) | set(ELSEWHERE) == set(fields(Limits)) == set(MEANINGS)


@pytest.mark.parametrize("name", CASES)
def test_at_the_limit_and_one_past_it(name: str) -> None:
    value, text, words = CASES[name]
    limits = replace(DEFAULT_LIMITS, **{name: value})
    assert [d for d in check(text(value), limits) if d.code == "limit"] == []
    found = [d for d in check(text(value + 1), limits) if d.code == "limit"]
    assert len(found) == 1
    assert words in found[0].message
    assert found[0].span is not None


def test_the_variants_of_a_file_share_the_limit_of_steps() -> None:
    text = net("x -> relu\nrepeat 20 { relu }\n" + "".join(f"variant v{i} {{ }}\n" for i in range(100)))
    steps = {n: replace(DEFAULT_LIMITS, steps=n) for n in (200, 20_000)}
    found = {n: compile_spec(Request("a.net", text=text, every=True, limits=limits)) for n, limits in steps.items()}
    assert len(found[20_000].networks) == 101
    assert {d.code for d in found[200].diagnostics} == {"limit"}


def test_the_default_of_elements() -> None:
    assert check(net("x -> relu", shape=_shape("N", 2**27, 2**26)), DEFAULT_LIMITS) == []
    assert [d.code for d in check(net("x -> relu", shape=_shape("N", 2**27 + 1, 2**26)), DEFAULT_LIMITS)] == ["limit"]


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_is_wrong_with_what_is_over_a_limit(name: str) -> None:
    """What is refused under a lower limit is refused for that alone."""
    value, text, _ = CASES[name]
    low = replace(DEFAULT_LIMITS, **{name: value - 1})
    assert [d.code for d in check(text(value), low)] == ["limit"]


# Setting limits


def test_settings_are_put_in() -> None:
    limits = raised(DEFAULT_LIMITS, ["layers=200_000", "nesting=3", "layers=300000"])
    assert limits == replace(DEFAULT_LIMITS, layers=300_000, nesting=3)
    assert raised(DEFAULT_LIMITS, []) == DEFAULT_LIMITS


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "1e3", "ten", "0x10", "²", "１", " 1", "1" * 19, "_", "1 000"])
def test_a_limit_is_a_whole_number_from_1_up(text: str) -> None:
    with pytest.raises(ValueError, match=r"^the limit `layers` is a whole number from 1 up, not "):
        raised(DEFAULT_LIMITS, [f"layers={text}"])


@pytest.mark.parametrize("name", ["", "layer", "LAYERS", " layers", "__class__"])
def test_an_unknown_limit_is_named_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=r"there is no limit `.*`; the limits are block_depth, .*trailers"):
        raised(DEFAULT_LIMITS, [f"{name}=1"])


@pytest.mark.parametrize("name", sorted(FIXED))
def test_depths_can_be_lowered_only(name: str) -> None:
    most = getattr(DEFAULT_LIMITS, name)
    assert raised(DEFAULT_LIMITS, [f"{name}={most}"]) == DEFAULT_LIMITS
    with pytest.raises(ValueError, match=f"the limit `{name}` can be lowered, not raised: {most} is the most"):
        raised(DEFAULT_LIMITS, [f"{name}={most + 1}"])


# By the command line


def _used(count: int, folder: Path) -> str:
    for number in range(count):
        (folder / f"f{number}.net").write_text("")
    return "".join(f'use "f{number}.net"\n' for number in range(count)) + net("x -> relu")


def _used_in_a_row(count: int, folder: Path) -> str:
    for number in range(count):
        (folder / f"f{number}.net").write_text(f'use "f{number + 1}.net"\n' if number + 1 < count else "")
    return 'use "f0.net"\n' + net("x -> relu")


def _used_bytes(count: int, folder: Path) -> str:
    (folder / "f.net").write_bytes(b"#" * count)
    return 'use "f.net"\n' + net("x -> relu")


def _alone(text: Callable[[int], str]) -> Callable[[int, Path], str]:
    """A text with no files beside it."""
    return lambda count, _: text(count)


# The same for what is counted in files: texts with files beside them, and how they are refused.
BY_FILES: dict[str, tuple[int, Callable[[int, Path], str], str]] = {
    "file_bytes": (200, lambda n, _: net("x -> relu").ljust(n, "\n"), "error[too-large]"),
    "line_bytes": (120, lambda n, _: net(f"x -> relu {'#' * (n - 10)}"), "error[limit]"),
    "include_bytes": (100, _used_bytes, "error[limit]"),
    "include_files": (3, _used, "error[limit]"),
    "include_depth": (5, _used_in_a_row, "error[limit]"),
    "diagnostics": (2, lambda n, _: net("x -> rellu\n" * n), "and 1 more"),
}  # fmt: skip
ALL = BY_FILES | {name: (value, _alone(text), "error[limit]") for name, (value, text, _) in CASES.items()}


@pytest.mark.promise("P3", "limits set by `--limit`: at the value, one past it, and set one higher", 21)
@pytest.mark.parametrize("name", ALL)
def test_a_limit_set_on_the_command_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is one past a limit is refused for that alone, and accepted when the limit is set one higher."""
    value, text, said = ALL[name]
    monkeypatch.chdir(tmp_path)
    value -= name in FIXED or value == getattr(DEFAULT_LIMITS, name)

    def refused(count: int, limit: int) -> bool:
        Path("a.net").write_text(text(count, tmp_path))
        return said in CliRunner().invoke(netc, ["check", "a.net", "--limit", f"{name}={limit}"]).output

    assert not refused(value, value)
    assert refused(value + 1, value)
    assert not refused(value + 1, value + 1)


READS_SPECS = [
    name for name in COMMANDS if "SPEC" in CliRunner().invoke(netc, [name, "--help"]).stdout.partition("\n")[0]
]


@pytest.mark.parametrize("command", READS_SPECS)
def test_every_command_that_reads_a_spec_keeps_the_limits(command: str, tmp_path: Path) -> None:
    (tmp_path / "a.net").write_text(net("x -> relu"))
    more = {
        "export": ["-o", "m.onnx"],
        "train": ["--data", "digits"], "eval": ["--data", "digits", "--weights", "w"],
        "predict": ["--data", "digits", "--weights", "w", "-o", "o.npz"],
    }.get(command, [])  # fmt: skip
    done = CliRunner().invoke(netc, [command, str(tmp_path / "a.net"), *more, "--limit", "tokens=10"])
    assert "the file has more than 10 words, numbers and signs" in done.output
    assert done.exit_code == 1
    unknown = CliRunner().invoke(netc, [command, str(tmp_path / "a.net"), *more, "--limit", "token=10"])
    assert unknown.exit_code == 2
    assert "there is no limit `token`" in unknown.output


def test_these_commands_read_specs() -> None:
    assert len(READS_SPECS) >= 11


def test_the_page_of_the_language_has_every_limit() -> None:
    page = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
    rows = [f"| `{name}` | {value:,} | {MEANINGS[name]} |" for name, value in asdict(DEFAULT_LIMITS).items()]
    assert "\n".join(rows) in page
