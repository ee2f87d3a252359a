"""A loop over steps as one compiled function, which lets go of the interpreter for all of its steps.

Where the samples do not depend on each other, the loop runs in two halves of them, side by side.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .chains import EXPRESSIONS, Array, Run, Statement, chain, parse
from .layout import Halves, NoForm, Plan


def loop(
    *lines: str, arrays: Mapping[str, Any], lists: Mapping[str, Sequence[Array]], dead: Sequence[str], halves: Halves
) -> Run:
    """What runs these statements once for each item of the lists, which the names of `lists` stand for in turn.

    Statements are those of a chain, `np.tanh`, `np.matmul` and `x.take(…, axis=0, mode="clip")`. What `dead` names hold
    is read by no other statement of the program. `halves` runs the two halves of the samples. Arrays that a compiled
    loop has no form for are left to NumPy.
    """
    steps = min(map(len, lists.values()))
    try:
        return Plan(list(map(read, lines)), arrays, lists, dead, steps).run(halves)
    except NoForm:
        return _by_steps(lines, arrays, lists, steps)


def read(line: str) -> Statement:
    """A statement of a loop, see `chains.parse`; a look-up is `take` of the table and the places."""
    call = ast.parse(line, mode="eval").body
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "take":
        names = [call.func.value, call.args[0], *(given.value for given in call.keywords if given.arg == "out")]
        table, places, out = [name.id for name in names if isinstance(name, ast.Name)]
        return Statement("take", (table, places), out)
    return parse(line)


def _by_steps(lines: Sequence[str], arrays: Mapping[str, Any], lists: Mapping[str, Sequence[Array]], steps: int) -> Run:
    """The same by NumPy, step by step: elementwise statements that follow each other are a chain."""
    runs: list[Run] = []
    for step in range(steps):
        here = {**arrays, **{name: items[step] for name, items in lists.items()}}
        waiting: list[str] = []
        for line in lines:
            statement = read(line)
            if statement.function in EXPRESSIONS:
                waiting.append(line)
                continue
            if waiting:
                runs.append(chain(*waiting, arrays=here))
            waiting = []
            runs.append(_by_numpy(statement, here))
        if waiting:
            runs.append(chain(*waiting, arrays=here))

    def run() -> None:
        for part in runs:
            part()

    return run


def _by_numpy(statement: Statement, arrays: Mapping[str, Any]) -> Run:
    first, *rest = [arrays[name] for name in statement.operands if isinstance(name, str)]
    out = arrays[statement.out]
    if statement.function == "take":
        return partial(first.take, *rest, axis=0, out=out, mode="clip")
    return partial(getattr(np, statement.function), first, *rest, out=out)
