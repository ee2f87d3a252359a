"""The shape of the source: which folder may import which, who may import what from outside, and what is forbidden."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("compiler", "grammar", "runtime")


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


SOURCE = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for folder in FOLDERS
    for path in files(folder)
}

# From the lowest layer to the highest: a file imports only its own layer and those below. A file stands in the first
# layer that names it or a folder above it.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("runtime/record",),
    ("runtime/errors", "runtime/limits", "runtime/ports", "runtime/program", "runtime/space", "runtime/tiers"),
    ("runtime/data", "runtime/initial", "runtime/kernels", "runtime/measure", "runtime/roofline", "runtime/session"),
    ("runtime/prediction", "runtime/run", "runtime/trainer"),
    ("runtime/training",),
    ("compiler/version", "compiler/limits", "compiler/source", "compiler/units"),
    ("compiler/diagnostics", "compiler/syntax"),
    ("compiler/reading", "grammar"),
    ("compiler/format", "compiler/graph"),
    ("compiler/ops", "compiler/training"),
    ("compiler/layers", "compiler/analysis", "compiler/passes", "compiler/recurrence"),
    ("compiler/emit",),
    ("compiler/resolve",),
    ("compiler/export", "compiler/report", "compiler/vocabulary", "compiler/driver", "compiler/expand"),
    ("compiler/reference",),
    ("compiler/cli",),
)
# What an operation needs of one that is declared after it.
LATE = {
    ("compiler/graph/images", "compiler/ops/reshape"),
}
OUTSIDE = {
    "lark": {"grammar/generate"},
    "click": {"compiler/cli"},
    "rich": {"compiler/report/table", "compiler/cli/progress"},
    "numpy": {"runtime", "compiler/export"},
    "onnx": {"compiler/export/model", "compiler/export/foreign"},
    "onnxruntime": {"runtime/session"},
    "safetensors": set[str](),
    "threadpoolctl": {"runtime/kernels/lanes"},
    "numba": {"runtime/kernels/fast"},
    "llvmlite": {"runtime/kernels/fast"},
    "scipy": {"runtime/kernels/fast"},
}
# Also what stands beside the folders, and is imported as `netc`.
ALL_SOURCE = SOURCE | {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in (ROOT / "src" / "netc").glob("*.py")
}
FORBIDDEN_MODULES = {
    "_pickle", "asyncio", "cPickle", "code", "codeop", "copyreg", "ctypes", "dill", "ftplib", "http", "joblib",
    "marshal", "multiprocessing", "pickle", "pty", "requests", "runpy", "shelve", "smtplib", "socket", "ssl",
    "subprocess", "urllib", "webbrowser", "xmlrpc", "yaml",
}  # fmt: skip
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "globals", "breakpoint"}
# However they are reached: `os.system`, `sys.setrecursionlimit`, `numpy.lib.format.open_memmap` is fine.
FORBIDDEN_ATTRIBUTES = {
    "system", "popen", "execv", "execve", "execvp", "fork", "posix_spawn", "spawnv", "setrecursionlimit", "find_class",
    "eval", "exec", "__import__", "__builtins__", "__subclasses__", "__globals__",
}  # fmt: skip
# The one place that runs a program which the compiler has written, and the one that runs the loop of a chain of its
# statements. What a record runs goes by how many fields it has.
LET_THROUGH = {
    "runtime/trainer": {"exec", "compile"},
    "runtime/kernels/fast/compiled": {"exec", "compile"},
    "runtime/record": {"exec"},
}


def module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__")


def layer(name: str) -> int:
    if name in ("compiler", "runtime"):
        return 0
    for place, members in enumerate(LAYERS):
        if any(name == member or name.startswith(f"{member}/") for member in members):
            return place
    pytest.fail(f"{name} stands in no layer; say in LAYERS where it belongs")


def typing_only(tree: ast.Module) -> set[ast.AST]:
    """What stands under `if TYPE_CHECKING`, which never runs."""
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If))
    return {
        inner
        for block in blocks
        if isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for statement in block.body
        for inner in ast.walk(statement)
    }


def inside(path: str, *, runs: bool = False) -> Iterator[tuple[str, int]]:
    """The modules of the package that a file imports, with the line; with `runs`, without those for types alone."""
    skipped = typing_only(SOURCE[path]) if runs else set()
    for node in ast.walk(SOURCE[path]):
        if not isinstance(node, ast.ImportFrom) or node.level == 0 or node in skipped:
            continue
        parts = path.removesuffix(".py").split("/")[: -node.level]
        base = "/".join([*parts, *(node.module or "").split(".")]).strip("/")
        for alias in node.names:
            name = f"{base}/{alias.name}".strip("/")
            found = name if f"{name}.py" in SOURCE or f"{name}/__init__.py" in SOURCE else base
            yield found, node.lineno


def outside(path: str) -> Iterator[tuple[str, int]]:
    """The top-level modules from outside that a file imports."""
    for node in ast.walk(SOURCE[path]):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0], node.lineno


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCE) > 100
    assert ("compiler/driver", 1) not in set(inside("compiler/driver.py"))
    assert "compiler/limits" in {name for name, _ in inside("compiler/driver.py")}


@pytest.mark.parametrize("path", SOURCE)
def test_a_file_imports_only_its_layer_and_those_below(path: str) -> None:
    own = layer(module(path))
    for found, line in inside(path, runs=True):
        allowed = layer(found) <= own or (module(path), found) in LATE
        assert allowed, f"{path}:{line} imports {found}, which is above it"


@pytest.mark.parametrize("folder", ["compiler", "runtime"])
def test_every_folder_is_told_of(folder: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    there = {path.parent.relative_to(ROOT).as_posix() for path in files(folder) if path.stem == "__init__"} - {folder}
    assert {name for name in there if f"`{name}/`" not in text} == set()


@pytest.mark.parametrize(("name", "found"), sorted(LATE))
def test_what_is_let_through_is_imported_inside_a_function(name: str, found: str) -> None:
    path = f"{name}.py"
    assert found in {imported for imported, _ in inside(path)}, "nobody needs this exception any more"
    top = {node.lineno for node in SOURCE[path].body}
    assert all(line not in top for imported, line in inside(path) if imported == found)


@pytest.mark.parametrize("path", SOURCE)
def test_imports_inside_the_package_are_relative(path: str) -> None:
    for name, line in outside(path):
        assert name not in ("netc", "compiler", "grammar", "runtime", "specs"), f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", SOURCE)
def test_what_comes_from_outside_has_one_door(path: str) -> None:
    for name, line in outside(path):
        known = name in sys.stdlib_module_names or name in OUTSIDE
        assert known, f"{path}:{line} imports {name}, which is no dependency"
        doors = OUTSIDE.get(name)
        inside_door = doors is None or any(
            module(path) == door or module(path).startswith(f"{door}/") for door in doors
        )
        assert inside_door, f"{path}:{line} imports {name}"


@pytest.mark.parametrize(
    "path",
    [path.relative_to(ROOT).as_posix() for folder in (*FOLDERS, "tests", "benchmarks") for path in files(folder)],
)
def test_a_file_has_a_docstring_and_at_most_400_lines(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert text.count("\n") <= 400
    assert not text or ast.get_docstring(ast.parse(text)), "the first thing in a file says what it is for"


@pytest.mark.parametrize("path", SOURCE)
def test_no_file_has_the_name_of_a_module_that_breaks_others(path: str) -> None:
    assert Path(path).stem not in {"ast", "types", "random", "utils", "helpers", "common"}


def runs_text(tree: ast.Module) -> list[tuple[str, int]]:
    """What a file does that could run text as code, start a process or reach out, with the lines."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in FORBIDDEN_CALLS:
            found.append((node.id, node.lineno))
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
            found.append((node.attr, node.lineno))
        elif isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                found.append((node.arg, node.value.lineno))
        elif isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [(name, node.lineno) for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
    return found


@pytest.mark.promise("P13", "source files that run no text, start no process and reach out to nothing", 150)
@pytest.mark.parametrize("path", ALL_SOURCE)
def test_nothing_runs_text_or_reaches_out(path: str) -> None:
    found = runs_text(ALL_SOURCE[path])
    assert {name for name, _ in found} == LET_THROUGH.get(module(path), set()), found
    assert len(found) == len(LET_THROUGH.get(module(path), ())), "more than once"


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from pickle import loads", "import yaml", "import os; os.system('ls')", "f = eval; f('1')",
        "np.load(p, allow_pickle=True)", "np.load(p, allow_pickle=flag)", "run(c, shell=True)", "import urllib.request",
        "import sys; sys.setrecursionlimit(10)", "builtins.exec('1')", "import marshal as m", "object.__subclasses__()",
    ],
)  # fmt: skip
def test_what_runs_text_is_seen(text: str) -> None:
    assert runs_text(ast.parse(text))


LOOK = """
import sys
sys.argv = ["netc", *{arguments!r}]
from netc.compiler.cli.main import main
assert main() == 0
print(*sorted({{name.split(".")[0] for name in sys.modules}} & {{{heavy}}}), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["analyze", "lenet5"], ["analyze", "lenet5", "--format", "json"]])
def test_analysis_imports_nothing_heavy(arguments: list[str]) -> None:
    heavy = ", ".join(map(repr, ("numpy", "onnx", "onnxruntime", "rich", "lark", "safetensors", "importlib_metadata")))
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(arguments=arguments, heavy=heavy)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, ""), done.stderr


def test_help_imports_no_compiler() -> None:
    code = LOOK.format(arguments=["--help"], heavy="'nothing'") + (
        "\nprint([name for name in sys.modules if name.startswith(('netc.compiler.graph', 'netc.grammar'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.rstrip().endswith("[]")
