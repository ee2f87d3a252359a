"""Which code is tried, and which tests belong to which of its modules."""

from __future__ import annotations

import re
from pathlib import Path

# An area and where its code is; each has an equal share of the faults.
AREAS: dict[str, tuple[str, ...]] = {
    "parser": ("grammar", "compiler/syntax", "compiler/resolve"),
    "shape rules": ("compiler/graph", "compiler/layers"),
    "operations": ("compiler/ops", "runtime/kernels"),
    "checkpoints": ("runtime/run", "runtime/training/fit.py", "runtime/trainer.py"),
}

# Each a command line of pytest; those of a module run one after the other, the sharpest and fastest of them first.
MESSAGES = "tests/ui tests/resolve tests/specs/test_cells.py"
NOISE = "tests/trust/test_mutants.py::test_mutants[0]"
LAYERS = "tests/layers tests/analysis -k 'not gradients and not exports'"
LOWERED = "tests/export/test_primitives.py"
FIFTY_STEPS = "tests/training"
FAST = "tests/training -k fast"
TEXTS = ("tests/grammar", MESSAGES, "tests/format -k 'not analysis'", NOISE)
MEANING = (
    MESSAGES,
    "tests/grammar/test_expressions.py tests/analysis tests/recurrent/test_weights.py tests/specs/test_specs.py",
    f"tests/test_random_programs.py {NOISE}",
)
FIGURES = (
    LAYERS,
    MESSAGES,
    "tests/report/test_explain.py tests/docs/test_reference.py",
    "tests/test_random_programs.py",
)
PROGRAMS = ("tests/ops tests/kernels", "tests/recurrent/test_gradients.py tests/emit/test_lanes.py", FIFTY_STEPS)
RUNS = ("tests/run tests/training --ignore=tests/run/test_train.py", "tests/run/test_train.py")


def of_kernels(name: str) -> tuple[str, ...]:
    """The tests of kernels that certain primitives run."""
    return (f"tests/kernels tests/ops -k '{name}'", FIFTY_STEPS)


# The tests of a module stand at the first of these that begins its path.
TESTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("grammar/", TEXTS),
    ("compiler/syntax/", ("tests/grammar/test_round_trip.py", *TEXTS)),
    ("compiler/resolve/cell", (*MEANING, "tests/expand -k 'cells or recurrent'")),
    ("compiler/resolve/", MEANING),
    ("compiler/graph/code", PROGRAMS),
    ("compiler/graph/onnx_code", (LOWERED, "tests/export/test_odd.py tests/export/test_one_file.py")),
    ("compiler/graph/make", PROGRAMS),
    ("compiler/graph/computation", PROGRAMS),
    ("compiler/graph/", FIGURES),
    (
        "compiler/ops/sliding",
        ("tests/kernels tests/ops -k 'Pool or Conv or convolution'", f"{LOWERED} -k 'Pool or Conv'", LAYERS),
    ),
    ("compiler/ops/direct", ("tests/kernels tests/ops -k 'fast and (Conv or Deconv or convolution)'", FAST)),
    ("compiler/ops/winograd", ("tests/kernels tests/ops -k 'Conv or Deconv or convolution'", FAST)),
    ("compiler/ops/unfolding", ("tests/kernels tests/ops -k 'Conv or convolution'", "tests/emit/test_lanes.py")),
    ("runtime/kernels/activations", of_kernels("Elu or Gelu or Silu or Hard or Sigmoid or Unary")),
    ("runtime/kernels/bands", of_kernels("Deconv or convolution")),
    ("runtime/kernels/convolution", of_kernels("Conv or Deconv or convolution")),
    ("runtime/kernels/distance", of_kernels("SquaredDistance")),
    ("runtime/kernels/embedding", of_kernels("Embed")),
    ("runtime/kernels/local_response", of_kernels("Lrn")),
    ("runtime/kernels/fast/optimizers", (FAST,)),
    ("runtime/kernels/fast/chains", ("tests/kernels/test_chains.py", FAST)),
    *(
        (f"runtime/kernels/fast/{name}", (f"tests/kernels tests/ops -k 'fast and ({tests})'", FAST))
        for name, tests in (
            ("compiled", "Conv or convolution"),
            ("convolution", "Conv or Deconv or convolution"),
            ("direct", "Conv or convolution"),
            ("elementary", "Sigmoid or Unary or Gelu"),
            ("embedding", "Embed"),
            ("losses", "CrossEntropy"),
            ("norm", "Norm"),
            ("pooling", "Pool or pooling"),
            ("tile", "Conv or convolution"),
            ("winograd", "Conv or convolution"),
        )
    ),
    ("runtime/kernels/fast/", ("tests/kernels/test_loops.py", FAST, "tests/recurrent/test_compiled.py")),
    ("runtime/kernels/lanes", ("tests/emit/test_lanes.py", FIFTY_STEPS)),
    ("runtime/kernels/losses", of_kernels("CrossEntropy or Nll or Bce")),
    ("runtime/kernels/norm", of_kernels("Norm")),
    ("runtime/kernels/optimizers", ("tests/kernels/test_optimizers.py", FIFTY_STEPS)),
    ("runtime/kernels/pooling", of_kernels("Pool or pooling")),
    ("runtime/kernels/recurrence", ("tests/recurrent",)),
    ("runtime/kernels/regions", of_kernels("Fractional")),
    ("runtime/kernels/resampling", of_kernels("Upsample or resampling")),
    ("runtime/kernels/softmax", of_kernels("Softmax")),
    ("runtime/kernels/winograd", of_kernels("Conv or Deconv or convolution")),
    ("runtime/run/", ("tests/trust/test_foreign_files.py", *RUNS)),
    ("runtime/", RUNS),
)  # fmt: skip


def files(root: Path, area: str) -> list[Path]:
    """The modules of an area, in order."""
    places = [root / place for place in AREAS[area]]
    found = [path for place in places for path in (place.rglob("*.py") if place.is_dir() else [place])]
    return sorted(path for path in found if path.name != "__init__.py")


def tests_of(root: Path, path: str) -> tuple[str, ...]:
    """The tests of a module; of a layer's and of a primitive's also those that bear its name."""
    for start, tests in TESTS:
        if path.startswith(start):
            return tests
    if path.startswith("compiler/layers/"):
        return (LAYERS, MESSAGES, f"tests/layers -k {Path(path).stem}")
    primitives = re.findall(r"^@primitive\nclass (\w+)", (root / path).read_text("utf-8"), re.MULTILINE)
    names = " or ".join([*primitives, f"test_{Path(path).stem}", "table_of_figures"])
    return (
        f"tests/ops tests/kernels {LOWERED} -k '{names}'",
        LAYERS,
        MESSAGES,
    )
