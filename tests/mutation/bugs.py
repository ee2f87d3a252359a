"""Known bugs, put back one at a time: each must be found by tests of random networks, random texts or properties, none
of which was written for it. `python -m tests.mutation.bugs [NAME …]` shows what finds each.

Some were here once, which `once` says by the commit that mended them; the others are those that other libraries had.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from .faults import Fault
from .judge import Judge, Outcome

ROOT = Path(__file__).parents[2]
RANDOM_EXPORTS = ("tests/export/test_random.py",)
RANDOM_PROGRAMS = ("tests/test_random_programs.py",)
RANDOM_MEMORY = ("tests/emit/test_reuse.py",)
PRIMITIVES = ("tests/ops/test_primitives.py",)
EXPORTED_PRIMITIVES = ("tests/export/test_primitives.py",)
MUTANTS = ("tests/trust/test_mutants.py",)
ROUND_TRIPS = ("tests/grammar/test_round_trip.py",)


@dataclass(frozen=True)
class Bug:
    """`old` stands in the file once, and was or could have been `new`; `tests` find it."""

    path: str
    old: str
    new: str
    tests: tuple[str, ...]
    once: str = ""


BUGS: dict[str, Bug] = {
    "the slope of leaky_relu is a float32 in a model of float64": Bug(
        "compiler/ops/unary.py",
        """        if code.dtype == "f32":
            code.last("LeakyRelu\"""",
        """        if True:
            code.last("LeakyRelu\"""",
        EXPORTED_PRIMITIVES,
        "257d649",
    ),
    "the gates of an LSTM are in PyTorch's order in the model": Bug(
        "compiler/recurrence/operators.py", '"lstm": "iofg"', '"lstm": "ifgo"', RANDOM_EXPORTS
    ),
    "the GRU resets before its product where it should after it": Bug(
        "compiler/recurrence/operators.py",
        'int(arguments["reset"] == "after")',
        'int(arguments["reset"] != "after")',
        RANDOM_EXPORTS,
    ),
    "a padded sequence runs one step too long": Bug(
        "compiler/ops/select.py", "np.greater({lengths}", "np.greater_equal({lengths}", RANDOM_EXPORTS
    ),
    "the mean of a window counts the padding": Bug(
        "runtime/kernels/pooling.py", "positions >= -counted[axis][0]", "positions >= -before[axis]", RANDOM_EXPORTS
    ),
    "with ceil a window may start in the end padding": Bug(
        "compiler/graph/window.py",
        "if (windows.value - 1) * self.stride >= size + self.before:",
        "if False:",
        RANDOM_PROGRAMS,
    ),
    "batch norm divides by the unbiased variance": Bug(
        "runtime/kernels/norm.py",
        "np.divide(var, rows * width, out=var)",
        "np.divide(var, rows * width - 1, out=var)",
        PRIMITIVES,
    ),
    "the gradient of what was spread is not summed": Bug(
        "compiler/ops/arithmetic.py",
        "return sum_to(b, left, ins[0].type.shape), sum_to(b, right, ins[1].type.shape)",
        "return left, right",
        PRIMITIVES,
    ),
    "a result takes the memory of an input that is still read": Bug(
        "compiler/emit/lifetimes.py", "home.end <= place and", "home.end <= place + 1 and", RANDOM_MEMORY
    ),
    "characters that show nothing reach the terminal": Bug(
        "compiler/diagnostics/visible.py", "char if _prints(char)", "char if char != chr(27)", MUTANTS
    ),
    "the comma of a tuple of one is lost when a spec is printed": Bug(
        "compiler/syntax/printer.py", "{',' if len(items) == 1 else ''}", "", ROUND_TRIPS
    ),
}


def tried(judge: Judge, bug: Bug) -> Outcome:
    """What becomes of a bug."""
    text = (ROOT / bug.path).read_text("utf-8")
    if text.count(bug.old) != 1:
        raise LookupError(f"{bug.path} does not have `{bug.old}` once")
    return judge.judge(Fault(bug.path, 0, "", text.replace(bug.old, bug.new)), bug.tests, 300)


def main() -> None:
    judge = Judge(ROOT)
    missed = 0
    for name in sys.argv[1:] or BUGS:
        outcome = tried(judge, BUGS[name])
        missed += outcome.verdict == "survived"
        print(f"{outcome.verdict} in {outcome.seconds:.0f} s: {name} ({outcome.why})", flush=True)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
