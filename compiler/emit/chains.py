"""Elementwise statements that follow each other as one call: in the tier `fast` they are one compiled loop.

What a statement does is read off its text, so that no operation has to know of this. Whether the arrays lie alike is
seen when they are there (`runtime/kernels/fast/chains.py`); here is only said which statements may be taken together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from ...runtime.record import Record
from ..graph.code import NAME, Code, Names

_NUMBER = r"-?\d+\.?\d*(?:e[-+]?\d+)?"
_OPERAND = rf"(?:[a-z]+\d+|{_NUMBER})"
# The functions that the runtime has an expression for; a hyperbolic tangent NumPy computes faster.
_FUNCTIONS = "add|subtract|multiply|divide|maximum|minimum|greater|less|negative|abs|sqrt|exp"
_STATEMENT = (
    rf"np\.(?:{_FUNCTIONS})\({_OPERAND}(?:, {_OPERAND})?, out=(?P<out>[a-z]+\d+)\)"
    rf"|sigmoid\([a-z]+\d+, (?P<made>[a-z]+\d+)\)"
    r"|np\.copyto\((?P<copy>[a-z]+\d+), [a-z]+\d+\)"
    rf"|(?P<filled>[a-z]+\d+)\.fill\({_NUMBER}\)"
)
# What a compiled loop can do besides.
_STEP = (
    r"np\.tanh\([a-z]+\d+, out=(?P<bent>[a-z]+\d+)\)"
    r"|np\.matmul\([a-z]+\d+, [a-z]+\d+, out=(?P<product>[a-z]+\d+)\)"
    r"|[a-z]+\d+\.take\([a-z]+\d+, axis=0, out=(?P<taken>[a-z]+\d+), mode=\"clip\"\)"
)
_LOOP = r"for (?P<names>[\w, ]+) in (?:zip\((?P<lists>[\w, ]+)\)|(?P<list>\w+)):"
_MOVES = r"np\.copyto\(|[a-z]+\d+\.fill\("


class _Place(Record, frozen=False):
    """Where a statement stands: its code, and the number of its line."""

    code: Code
    line: int


def elementwise(lines: Sequence[str]) -> bool:
    """Whether all of these statements can be part of a chain."""
    return bool(lines) and all(re.fullmatch(_STATEMENT, line) for line in lines)


def fuse(codes: Sequence[Code], names: Names) -> None:
    """Put chains in the place of the statements that follow each other in these codes."""
    _Fusing(codes, names).run()


class _Fusing:
    def __init__(self, codes: Sequence[Code], names: Names) -> None:
        self.codes = codes
        self.names = names
        self.views = {name: expression for code in codes for name, expression in code.views}
        self.scratch = {name for code in codes for name, _ in code.scratches}
        # What stands in a list is read through the name that goes over it, and what a bound kernel has by its call.
        lists = [text for name, text in self.views.items() if text.startswith("[") or name.startswith("k")]
        texts = [*lists, *(line for code in codes for line in code.lines)]
        self.uses = Counter(self._root(name) for text in texts for name in NAME.findall(text))

    def run(self) -> None:
        for run in list(self._runs()):
            self._replace(run, {})
        for code in self.codes:
            for start in reversed([n for n, line in enumerate(code.lines) if re.fullmatch(_LOOP, line)]):
                self._loop(code, start)
        for code in self.codes:
            code.lines[:] = [line for line in code.lines if line]

    def _runs(self) -> Iterator[list[_Place]]:
        """Statements that follow each other."""
        found: list[_Place] = []
        for code in self.codes:
            for number, line in enumerate(code.lines):
                if re.fullmatch(_STATEMENT, line):
                    found.append(_Place(code, number))
                    continue
                yield found
                found = []
        yield found

    def _loop(self, code: Code, start: int) -> None:
        """The same within a loop, whose names stand for another array at each step."""
        header = re.fullmatch(_LOOP, code.lines[start])
        assert header is not None
        lists = (header["lists"] or header["list"]).split(", ")
        varying = dict(zip(header["names"].split(", "), lists, strict=True))
        body = list(takewhile(lambda line: line.startswith("    "), code.lines[start + 1 :]))
        texts = [line.removeprefix("    ") for line in body]
        if all(re.fullmatch(_STATEMENT, text) or re.fullmatch(_STEP, text) for text in texts):
            self._compiled(code, start, texts, varying)
            return
        found: list[_Place] = []
        runs = [found]
        for number in range(start + 1, len(code.lines)):
            if not code.lines[number].startswith("    "):
                break
            # Those of a loop within this one stay as they are.
            if re.fullmatch(_STATEMENT, code.lines[number].removeprefix("    ")):
                found.append(_Place(code, number))
            else:
                found = []
                runs.append(found)
        for run in runs:
            self._replace(run, varying)
        text = "\n".join(line for line in code.lines[start + 1 :] if line.startswith("    "))
        used = {name: of for name, of in varying.items() if name in NAME.findall(text)}
        if len(used) > 1:
            code.lines[start] = f"for {', '.join(used)} in zip({', '.join(used.values())}):"
        elif used:
            code.lines[start] = "".join(f"for {name} in {of}:" for name, of in used.items())

    def _compiled(self, code: Code, start: int, texts: Sequence[str], varying: Mapping[str, str]) -> None:
        """One call in the place of a loop."""
        used = list(dict.fromkeys(name for text in texts for name in NAME.findall(text)))
        arrays = ", ".join(f'"{name}": {name}' for name in used if name not in varying)
        lists = ", ".join(f'"{name}": {varying[name]}' for name in used if name in varying)
        halves = "together" if self.names.lanes else "in_turn"
        options = f"arrays={{{arrays}}}, lists={{{lists}}}, dead={self._dead(texts)!r}, halves={halves}"
        name = self.names.new("c")
        code.views.append((name, f"loop({', '.join(map(repr, texts))}, {options})"))
        code.kernels |= {"fast.loops.loop", f"lanes.{halves}"}
        code.lines[start : start + 1 + len(texts)] = [f"{name}()"]

    def _replace(self, run: list[_Place], varying: dict[str, str]) -> None:
        """A chain in the place of a run, unless nothing is computed there."""
        texts = [place.code.lines[place.line].strip() for place in run]
        if not run or all(re.match(_MOVES, text) for text in texts):
            return
        indent = "    " if varying else ""
        used = list(dict.fromkeys(name for text in texts for name in NAME.findall(text)))
        changing = [name for name in used if name in varying]
        arrays = ", ".join(f'"{name}": {name}' for name in used)
        options = f", dead={self._dead(texts)!r}" + (", two=True" if self.names.lanes else "")
        call = f"chain({', '.join(map(repr, texts))}, arrays={{{arrays}}}{options})"
        name, last = self.names.new("c"), run[-1].code
        if changing:
            lists = ", ".join(varying[other] for other in changing)
            over = f"zip({lists}, strict=True)" if len(changing) > 1 else lists
            last.views.append((name, f"[{call} for {', '.join(changing)} in {over}]"))
            step = self.names.new("c")
            varying[step] = name
            name = step
        else:
            last.views.append((name, call))
        last.kernels.add("fast.chains.chain")
        for place in run:
            place.code.lines[place.line] = ""
        last.lines[run[-1].line] = f"{indent}{name}()"

    def _dead(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The names of scratch memory that is written here first, and read nowhere else."""
        here = Counter(self._root(name) for text in texts for name in NAME.findall(text))
        written: dict[str, bool] = {}
        for text in texts:
            match = re.fullmatch(_STATEMENT, text) or re.fullmatch(_STEP, text)
            assert match is not None
            out = next(name for name in match.groups() if name)
            reads = Counter(NAME.findall(text)) - Counter([out])
            for name in [*reads, out]:
                written.setdefault(self._root(name), name == out and name not in reads)
        dead = {
            root for root, first in written.items() if first and root in self.scratch and here[root] == self.uses[root]
        }
        return tuple(dict.fromkeys(n for text in texts for n in NAME.findall(text) if self._root(n) in dead))

    def _root(self, name: str) -> str:
        """The array that a view is of."""
        while names := NAME.findall(self.views.get(name, "")):
            if self.views[name].startswith("["):
                break
            name = names[0]
        return name
