"""The text of one function of a program, taken apart at the comments that name its layers."""

from __future__ import annotations

import re

from ..record import Record

_LAYER = re.compile(r"^        # (.*)\n", re.MULTILINE)
_NAME = re.compile(r"\bd?[pxgw]\d+\b")
_VIEW = re.compile(r"^    (w\d+) = (.*)$", re.MULTILINE)
# A kernel that has its arrays, and its call.
_BOUND = re.compile(r"^    (k\d+) = (.*)$", re.MULTILINE)
_CALL = re.compile(r"\bk\d+\b")
# What goes over lists, which are named too.
_EACH = re.compile(r"\bfor (.*?) in ")
_END = "\n    return run"


class Section(Record):
    """The statements that follow one comment, and the arrays that they touch: for each parameter, value or gradient
    its own name or those of the views of it. Scratch memory is not among them."""

    comment: str
    statements: str
    touched: dict[str, set[str]]


class Function(Record):
    """`head` makes the arrays and begins `run`; the sections are what runs; `tail` returns it."""

    text: str
    head: str
    sections: tuple[Section, ...]
    tail: str = _END


def taken_apart(source: str, name: str) -> Function:
    """The function `name` of a program's source."""
    found = re.search(rf"^def {name}\(.*?^    return run", source, re.MULTILINE | re.DOTALL)
    assert found is not None
    head, *rest = _LAYER.split(found[0].removesuffix(_END))
    behind: dict[str, set[str]] = {}
    for view, text in _VIEW.findall(head):
        behind[view] = set(_touched(text, behind))
    bound = dict(_BOUND.findall(head))
    sections = (
        Section(comment, statements, _touched(_CALL.sub(lambda call: bound[call[0]], statements), behind))
        for comment, statements in zip(rest[::2], rest[1::2], strict=True)
    )
    return Function(found[0], head, tuple(sections))


def _touched(text: str, behind: dict[str, set[str]]) -> dict[str, set[str]]:
    """What a text names; `behind` has the arrays that each view is of."""
    touched: dict[str, set[str]] = {}
    each = {name for names in _EACH.findall(text) for name in _NAME.findall(names)}
    for name in [name for name in _NAME.findall(text) if name not in each]:
        for array in behind.get(name, {name}):
            touched.setdefault(array, set()).add(name)
    return touched
