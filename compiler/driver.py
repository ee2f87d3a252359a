"""The whole compiler in one place: from what a user names to networks and diagnostics."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from ..runtime.record import Record
from .diagnostics.collect import Collector
from .diagnostics.diagnostic import Diagnostic
from .diagnostics.suggest import closest
from .limits import DEFAULT_LIMITS, Limits
from .reading import ReadError, decode, packaged, read_source, read_stdin
from .resolve.bodies import FileCheck
from .resolve.count import count_layers
from .resolve.net import Choice, NetResolver
from .resolve.network import Network
from .resolve.outline import Outline, outline
from .resolve.program import Loader, Namespace
from .source import Source, Span

SPECS = "specs"
_VARIANT = re.compile(r"^ *variant +(\w+)", re.MULTILINE)


class Request(Record):
    """What to compile: `spec` is a path, `-` for standard input, or the name of a bundled spec or variant; `text` is a
    spec given directly, which `spec` then names.

    `every` asks for all nets of the file at all their variants; otherwise `net` and `variant` pick one, by default
    the last net at its default parameters. `sets` are parameters as text in the language; `dims` symbolic dimensions.
    """

    spec: str
    text: str | None = None
    net: str | None = None
    variant: str | None = None
    sets: Mapping[str, str] = {}
    dims: Mapping[str, int] = {}
    every: bool = False
    stdin_name: str = "<stdin>"
    limits: Limits = DEFAULT_LIMITS


class Unchecked(Record):
    """The `count` expectations of a net that were held against no figure, the first at `span`, and why."""

    title: str
    count: int
    span: Span
    reason: str


class Compiled(Record):
    """`diagnostics` is in the order of the text; `networks` is empty when there is an error among them, other than an
    expectation that does not hold."""

    networks: tuple[Network, ...]
    diagnostics: tuple[Diagnostic, ...]
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def failed(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


def compile_spec(request: Request) -> Compiled:
    """Read, parse, check and resolve a spec.

    Raises ReadError when there is no text to work on: no such file or bundled spec, or one that cannot be read.
    """
    source, path, variant = _find(request)
    collector = Collector()
    space = Loader(collector, request.limits).load(source, path)
    broken = _check_names(space, collector)
    resolver = NetResolver(space, broken, collector, request.limits)
    networks: list[Network] = []
    unchecked = []
    small: dict[str, bool] = {}
    for net, choice in _choices(space, request, variant, collector):
        if net.name.id not in small:
            small[net.name.id] = count_layers(net, space, request.limits, collector)
        network = resolver.resolve(net, choice) if small[net.name.id] else None
        networks += [network] if network is not None else []
        checks = net.expectations(choice.variant)
        if checks and (network is None or choice.sets):
            reason = "the net has errors" if network is None else "`--set` makes it another network"
            title = f"{net.name.id} variant {choice.variant}" if choice.variant else net.name.id
            unchecked.append(Unchecked(title, len(checks), checks[0].span, reason))
    found = _once(collector.ordered(), broken)
    broken_text = any(d.severity == "error" and d.code != "expectation" for d in found)
    return Compiled(() if broken_text else tuple(networks), found, tuple(unchecked))


def _check_names(space: Namespace, collector: Collector) -> set[Span]:
    """Check the names of a file and of all that it uses."""
    broken: set[Span] = set()
    todo, done = [space], set()
    while todo:
        file = todo.pop()
        if id(file) in done:
            continue
        done.add(id(file))
        FileCheck(file, collector, broken).run()
        todo += [used for _, used in file.used.values()]
    return broken


def _once(found: tuple[Diagnostic, ...], broken: set[Span]) -> tuple[Diagnostic, ...]:
    """The diagnostics without those on the quotes of a text that is wrong in itself: another says what to write."""
    places = {d.span for d in found if d.code in ("bad-argument", "not-a-tensor")} | broken
    return tuple(d for d in found if d.code != "bad-character" or d.span not in places)


def _choices(
    space: Namespace, request: Request, variant: str | None, collector: Collector
) -> Iterable[tuple[Outline, Choice]]:
    """The nets to resolve, each with its variant and parameters."""
    nets = [outline(net) for name, net in space.nets.items() if request.net in (None, name)]
    if not nets:
        _no_net(space, request, collector)
        return
    chosen = request.variant or variant
    if chosen is not None:
        with_variant = [net for net in nets if chosen in net.variants]
        if not with_variant:
            known = ", ".join(name for net in nets for name in net.variants)
            _report(space, collector, f"no net here has a variant `{chosen}`", known, "leave `--variant` out")
            return
        yield with_variant[-1], Choice(chosen, request.sets, request.dims)
    elif not request.every:
        yield nets[-1], Choice(None, request.sets, request.dims)
    else:
        for net in nets:
            names: list[str | None] = list(net.variants)
            if not names or request.sets or all(parameter.default is not None for parameter in net.parameters):
                names.insert(0, None)
            for name in names:
                yield net, Choice(name, request.sets, request.dims)


def _no_net(space: Namespace, request: Request, collector: Collector) -> None:
    known = ", ".join(space.nets)
    if request.net is not None and known:
        _report(space, collector, f"there is no net `{request.net}` in this file", known)
    elif not collector.failed and not (request.every and space.file.items):
        _report(space, collector, "there is no net in this file", "")


def _report(
    space: Namespace, collector: Collector, message: str, known: str, otherwise: str = "write `net name { … }`"
) -> None:
    span = Span(space.source, 0, 0)
    help = f"there are {known}" if known else otherwise
    collector.add(Diagnostic("no-net", message, span, help=help))


def _find(request: Request) -> tuple[Source, str | None, str | None]:
    """The text of a spec, the path that it came from, and the variant that its name stands for. Raises ReadError."""
    spec = request.spec
    if request.text is not None:
        return decode(request.text.encode("utf-8", "surrogatepass"), spec, request.limits), None, None
    if spec == "-":
        return read_stdin(request.stdin_name, request.limits), None, None
    if re.fullmatch(r"\w+", spec, re.ASCII):
        specs = packaged(SPECS)
        if spec in specs:
            return read_source(specs[spec], f"{spec}.net", request.limits), specs[spec], None
        for name, path in specs.items():
            if spec in _variants(path):
                return read_source(path, f"{name}.net", request.limits), path, spec
        if not os.path.exists(spec):
            raise ReadError(
                "missing-file", f"there is no bundled spec `{spec}`, and no file of that name", help=_similar(spec)
            )
    stem, _, name = spec.rpartition(":")
    if stem.endswith(".net") and not os.path.exists(spec):
        raise ReadError("missing-file", f"there is no file `{spec}`", help=f"write `{stem} --variant {name}`")
    return read_source(spec, spec, request.limits), spec, None


def bundled() -> dict[str, list[str]]:
    """The bundled specs with the names of their variants."""
    return {name: _variants(path) for name, path in packaged(SPECS).items()}


def _variants(path: str) -> list[str]:
    return _VARIANT.findall(read_source(path, path, DEFAULT_LIMITS).text)


def _similar(spec: str) -> str:
    names = [name for stem, variants in bundled().items() for name in (stem, *variants)]
    found = closest(spec, names)
    return f"did you mean `{found}`?" if found else f"the bundled specs are {', '.join(bundled())}"
