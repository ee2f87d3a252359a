"""`netc emit`: the program stands alone, and holds no word of the spec but in comments."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import netc
from netc.compiler.cli.main import netc as command
from netc.compiler.driver import SPECS, bundled
from netc.compiler.emit.standalone import RUNTIME
from netc.compiler.reading import packaged

RUN = """
import sys
import numpy as np
space = {}
exec(open(sys.argv[1]).read(), space)
assert not any(name.startswith("netc") for name in sys.modules)
given = np.load(sys.argv[2])
raw = np.zeros(space["ARENA"] + 64, np.uint8)
start = -raw.ctypes.data % 64
arena = raw[start : start + space["ARENA"]]
arena[:] = given["arena"]
run, feeds, results = space["step"](arena, (8,), np.random.default_rng(5))
for feed, name in zip(feeds, ("image", "label")):
    feed[...] = given[name]
run()
loss = float(results[0])  # an update works where it lies
space["update"](arena)(0, 1)
np.savez(sys.argv[3], arena=arena, loss=loss)
"""


def emitted(*arguments: str) -> str:
    done = CliRunner().invoke(command, ["emit", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("name", ["lenet5", "digits"])
def test_a_standalone_program_is_the_trainer(name: str, tmp_path: Path) -> None:
    """With nothing but NumPy it makes the same bytes of the arena as a trainer does."""
    (tmp_path / "program.py").write_text(emitted(name, "--standalone", "--batch", "8"))
    (tmp_path / "run.py").write_text(RUN)
    trainer = netc.load(name).trainer(N=8)
    rng = np.random.default_rng(0)
    shape = tuple(int(dim) for dim in trainer.program.inputs[0].dims[1:])
    image, label = rng.random((8, *shape), dtype=np.float32), rng.integers(10, size=8)
    np.savez(tmp_path / "given.npz", arena=trainer.arena, image=image, label=label)
    paths = [str(tmp_path / file) for file in ("run.py", "program.py", "given.npz", "left.npz")]
    subprocess.run([sys.executable, "-I", *paths], check=True, timeout=60)
    trainer.rng = np.random.default_rng(5)
    loss = trainer.step(image=image, label=label)
    left = np.load(tmp_path / "left.npz")
    assert left["loss"] == loss
    assert np.array_equal(left["arena"], trainer.arena)


def test_a_standalone_program_is_called_as_it_says() -> None:
    """The line of its docstring that calls it, with numbers for the sizes, whatever their order on the command line."""
    source = emitted("elman_series", "--standalone", "--dim", "T=5")
    space: dict[str, Any] = {}
    exec(source, space)
    (call,) = re.findall(r"`run, feeds, results = (.*)`", space["__doc__"])
    space |= {"N": 3, "T": 2, "arena": np.zeros(space["ARENA"], np.uint8)}
    run, feeds, results = eval(call, space)
    assert [feed.shape for feed in feeds] == [(3, 2, 1), (3, 2, 1)]
    run()
    assert np.isfinite(results[0])
    space["update"](space["arena"])(0, 1)


@pytest.mark.parametrize("name", bundled())
def test_a_standalone_program_defines_nothing_twice(name: str) -> None:
    series = "[N, T" in Path(packaged(SPECS)[name]).read_text("utf-8")
    tree = ast.parse(emitted(name, "--standalone", *(["--dim", "T=3"] if series else [])))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(names) == len(set(names))
    imports = [name for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for name in node.names]
    assert len(imports) == len({(name.name, name.asname) for name in imports})


def test_kernels_define_nothing_differently() -> None:
    """A program that stands alone has the kernels of several modules, whose names mean the same in all of them."""
    defined: dict[str, set[str]] = defaultdict(set)
    for path in (RUNTIME / "kernels").glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined[node.name].add(ast.dump(node))
            elif isinstance(node, ast.Assign):
                defined[ast.unparse(node.targets[0])].add(ast.dump(node.value))
    assert len(defined) > 100
    assert [name for name, meanings in defined.items() if len(meanings) > 1] == []


HOSTILE = """net {net} {{
  input {x}: f32[N, 4]
  target {y}: i64[N]
  {a} = fc(3)
  output {a}
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}
"""


def test_names_reach_the_source_in_comments_alone(tmp_path: Path) -> None:
    """A spec with other names, those of Python among them, gives the same code."""
    neutral = {"net": "n", "x": "x", "y": "y", "a": "a"}
    sources = []
    for names in (neutral, {"net": "os", "x": "exec", "y": "__import__", "a": "arena"}):
        path = tmp_path / "spec.net"
        path.write_text(HOSTILE.format(**names))
        tree = ast.parse(emitted(str(path)))
        assert isinstance(tree.body[0], ast.Expr)
        sources.append(ast.dump(ast.Module(tree.body[1:], [])))
    assert sources[0] == sources[1]


@pytest.mark.parametrize("stage", ["graph", "predict", "evaluate", "step"])
def test_stages(stage: str) -> None:
    text = emitted("lenet5", "--stop-after", stage)
    assert "Conv(" in text
    assert ("--- gradients" in text) == (stage == "step")


@pytest.mark.parametrize(("name", "states"), [("elman_series", 1), ("char_lstm", 4), ("char_gru", 2)])
def test_a_loop_shows_one_step_below_it(name: str, states: int) -> None:
    """Each node on a line of its own, further in; all that it reads is made there, once, or handed in."""
    text = emitted(name, "--stop-after", "step", "--dim", "T=3")
    outer: set[str] = set()
    steps = 0
    for line in text.splitlines():
        if not line.startswith("  "):
            inner = set(outer)
        made, _, rest = line.strip().partition(" = ")
        if rest:
            read = re.findall(r"%\d+", rest.partition(" : ")[0])
            assert set(read) <= inner, line
            assert inner.isdisjoint(re.findall(r"%\d+", made)) or not line.startswith("  "), line
            (inner if line.startswith("  ") else outer).update(re.findall(r"%\d+", made))
        elif " : " in line:
            (inner if line.startswith("  ") else outer).add(line.split()[1])
            steps += line.startswith("  state")
    assert steps == 2 * states, "those of the loops, and of their gradients"
    assert "Body(" not in text
    assert max(map(len, text.splitlines())) < 300


@pytest.mark.parametrize("options", [[], ["--standalone"], ["--stop-after", "step"], ["--memory-map", "map.svg"]])
def test_a_net_without_layers(options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It computes nothing but its loss, which belongs to no layer."""
    monkeypatch.chdir(tmp_path)
    lines = ("input x: f32[N, 4]", "target y: f32[N, 4]", "output x", "train { loss = mse; optimizer = sgd(lr = 0.1) }")
    done = CliRunner().invoke(
        command, ["emit", "-", "--dim", "N=2", *options], input="\n".join(["net a {", *lines, "}"])
    )
    assert done.exit_code == 0, done.output
    assert "loss" in (Path("map.svg").read_text("utf-8") if "--memory-map" in options else done.output)
