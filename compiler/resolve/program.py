"""A file of the language with the files that it uses: who defines which name."""

from __future__ import annotations

import os
import re
from functools import cache

from ...grammar.parser import parse
from ...runtime.record import Record, fresh
from ..diagnostics.collect import Collector
from ..diagnostics.diagnostic import Diagnostic, Label
from ..graph.layer import find_layer
from ..limits import DEFAULT_LIMITS, Limits
from ..reading import ReadError, contained, packaged, read_source
from ..source import Source, Span
from ..syntax import tree
from ..syntax.node import Node

LIBRARY = "compiler/library"
_DEFINED = re.compile(r"^(?:block|cell) (\w+)", re.MULTILINE)
Item = tree.Block | tree.Cell


class Namespace(Record, eq=False, frozen=False):
    """One parsed file: its own blocks and cells, those of the files that it uses, and its nets."""

    source: Source
    file: tree.File
    own: dict[str, Item] = fresh(factory=dict)
    used: dict[str, tuple[Item, Namespace]] = fresh(factory=dict)
    nets: dict[str, tree.Net] = fresh(factory=dict)

    def find(self, name: str) -> tuple[Item, Namespace] | None:
        """The block or cell of that name, and the file that defines it; a file's names win over bundled ones."""
        if name in self.own:
            return self.own[name], self
        return self.used.get(name)


class Loader:
    """Loads a file and all that it uses. Every file is read and parsed once."""

    def __init__(self, collector: Collector, limits: Limits) -> None:
        self.collector = collector
        self.limits = limits
        self.files: dict[str, Namespace] = {}
        self._reads = 0
        self._bytes = 0

    def load(self, source: Source, path: str | None) -> Namespace:
        """The namespace of an entry file; `path` is None when it has no folder to use files from."""
        key = os.path.realpath(path) if path else source.name
        root = os.path.dirname(key) if path else None
        return self._load(source, key, root, root, ())

    def _load(
        self, source: Source, key: str, folder: str | None, root: str | None, chain: tuple[str, ...]
    ) -> Namespace:
        file, diagnostics = parse(source, self.limits)
        for diagnostic in diagnostics:
            self.collector.add(diagnostic)
        space = Namespace(source, file)
        self.files[key] = space
        for item in file.items:
            if isinstance(item, tree.Use):
                self._use(item, space, folder, root, (*chain, key))
        for item in file.items:
            if not isinstance(item, tree.Use):
                self._define(item, space)
        if len(space.own) > self.limits.blocks:
            self._report(
                "limit",
                f"more than {self.limits.blocks:,} blocks in one file",
                file.items[0],
                help="use `repeat` and parameters; the limit `blocks` can be raised with `--limit blocks=…`",
            )
        return space

    def _define(self, item: tree.Block | tree.Cell | tree.Net, space: Namespace) -> None:
        name = item.name.id
        known = space.own.get(name) or space.nets.get(name)
        if known is not None:
            self._report(
                "duplicate-name",
                f"`{name}` is defined twice in this file",
                item.name,
                labels=(Label(known.name.span, "first defined here"),),
                help="rename one of them",
            )
        elif isinstance(item, tree.Net):
            space.nets[name] = item
        else:
            space.own[name] = item
            if find_layer(name) is not None or (not _bundled(space) and find_bundled(name)):
                self.collector.add(
                    Diagnostic(
                        "shadowed-library",
                        f"`{name}` hides the bundled layer of that name",
                        item.name.span,
                        notes=("a file's own names win",),
                        help="rename it if you want the bundled one",
                        severity="warning",
                    )
                )

    def _use(
        self, item: tree.Use, space: Namespace, folder: str | None, root: str | None, chain: tuple[str, ...]
    ) -> None:
        try:
            used = self._used(item, folder, root, chain)
        except ReadError as error:
            d = error.diagnostic
            message = f"{d.message}, at {d.span}" if d.span else d.message
            help = d.help or "name a file beside this one, or a bundled library" * (d.code == "missing-file")
            self._report(d.code, message, item.path, help=help)
            return
        if used is None:
            return
        for name, block in used.own.items():
            other = space.used.get(name)
            if other is not None and other[0] is not block:
                self._report(
                    "duplicate-name",
                    f"`{name}` is defined by two used files",
                    item.path,
                    labels=(Label(other[0].name.span, "here"), Label(block.name.span, "and here")),
                    help="use one of the files, or rename the block in one of them",
                )
            space.used[name] = (block, used)

    def _used(self, item: tree.Use, folder: str | None, root: str | None, chain: tuple[str, ...]) -> Namespace | None:
        name = item.path.value
        bundled = packaged(LIBRARY).get(name)
        if bundled is not None:
            path, shown = bundled, f"{name}.net"
        elif folder is None or root is None:
            raise ReadError(
                "outside",
                "a text without a folder cannot use files",
                help="save it to a file, or use a bundled library",
            )
        else:
            path = contained(root, folder, name)
            shown = name
        if path in chain:
            raise ReadError("recursion", f"`{name}` uses itself", help="take one of the `use` lines away")
        if path in self.files:
            return self.files[path]
        if len(chain) > self.limits.include_depth:
            raise ReadError(
                "limit",
                f"files use each other more than {self.limits.include_depth} deep",
                help="put what they define into fewer files",
            )
        self._reads += 1
        if self._reads > self.limits.include_files:
            raise ReadError(
                "limit",
                f"more than {self.limits.include_files} files are used",
                help="use fewer; the limit `include_files` can be raised with `--limit include_files=…`",
            )
        source = read_source(path, shown, self.limits)
        self._bytes += len(source.text.encode())
        if self._bytes > self.limits.include_bytes:
            raise ReadError(
                "limit",
                f"the used files are over {self.limits.include_bytes:,} bytes together",
                help="use less; the limit `include_bytes` can be raised with `--limit include_bytes=…`",
            )
        home = os.path.dirname(path)
        return self._load(source, path, home, home if bundled else root, chain)

    def _report(self, code: str, message: str, node: Node, *, labels: tuple[Label, ...] = (), help: str = "") -> None:
        self.collector.add(Diagnostic(code, message, node.span, labels=labels, help=help))


def _bundled(space: Namespace) -> bool:
    return space.source.name.startswith("library/")


@cache
def library() -> dict[str, tuple[Item, Namespace]]:
    """The bundled blocks and cells, by name, with the file of each."""
    found: dict[str, tuple[Item, Namespace]] = {}
    for file, path in packaged(LIBRARY).items():
        collector = Collector()
        source = read_source(path, f"library/{file}.net", DEFAULT_LIMITS)
        space = Loader(collector, DEFAULT_LIMITS).load(source, path)
        found |= {name: (item, space) for name, item in space.own.items()}
    return found


@cache
def _bundled_names() -> frozenset[str]:
    texts = [read_source(path, path, DEFAULT_LIMITS).text for path in packaged(LIBRARY).values()]
    return frozenset(name for text in texts for name in _DEFINED.findall(text))


def find_bundled(name: str) -> tuple[Item, Namespace] | None:
    """The bundled block or cell of that name, with its file; the files are parsed only when a spec names one."""
    return library()[name] if name in _bundled_names() else None


def bundled(span: Span) -> bool:
    """Whether a place is in a bundled block or cell."""
    return any(span.source is space.source for _, space in library().values())
