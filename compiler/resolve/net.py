"""Resolving one net: parameters, body, outputs; the graph that follows, and its expectations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...grammar.parser import parse
from ...runtime.record import Record, replace
from ..analysis.figures import FREE, TooSmall, analyse
from ..diagnostics.collect import Collector
from ..diagnostics.diagnostic import Diagnostic
from ..graph.builder import Builder
from ..graph.graph import Graph, Node, Port, Value
from ..graph.op import OpError
from ..limits import Limits
from ..recurrence.scan import Scan
from ..source import Source, Span
from ..syntax import tree
from ..training.settings import Settings
from .doubts import doubts
from .evaluate import Evaluator
from .expect import check_expectations
from .frame import Frame
from .names import NameCheck
from .naming import Mark, settle
from .network import Network
from .outline import Outline
from .program import Namespace
from .rules import check_rules
from .settings import Broken, Reader
from .statements import run
from .unroll import check_unroll
from .values import UNKNOWN, Tensor, Unknown, write
from .walk import Stop


class Choice(Record):
    """Which network of a net is wanted: a variant, single parameters as text, and values of symbolic dimensions."""

    variant: str | None = None
    sets: Mapping[str, str] = {}
    dims: Mapping[str, int] = {}


class NetResolver:
    """Resolves nets of one file whose names have been checked; `broken` are the places found wrong there."""

    def __init__(self, space: Namespace, broken: set[Span], collector: Collector, limits: Limits) -> None:
        self.space = space
        self.broken = broken
        self.collector = collector
        self.limits = limits
        self._before: Evaluator | None = None

    def resolve(self, net: Outline, choice: Choice) -> Network | None:
        """The network of a net, or None when there are errors in it. Every error is reported.

        When a symbolic dimension has to be a number and the choice gives one, or gives one that is too small, the net
        is resolved again with the numbers put in.
        """
        trial = Collector()
        network = self._resolve(net, choice, {}, trial)
        given = {name: size for name, size in choice.dims.items() if name != "N" and name in net.symbols}
        put: Mapping[str, int] = {}
        # T stays open where it can: expectations are about one step.
        for fixed in ({name: size for name, size in given.items() if name not in FREE}, given):
            unbound = any(diagnostic.code == "unbound-dimension" for diagnostic in trial.ordered())
            if fixed != put and (unbound or (network is not None and not _fits(network))):
                trial, put = Collector(), fixed
                network = self._resolve(net, choice, fixed, trial)
        variant = net.variants[choice.variant] if choice.variant is not None else None
        for diagnostic in trial.ordered():
            inside = diagnostic.span and variant and variant.span.start <= diagnostic.span.start < variant.span.end
            if variant and not inside:
                note = f"this is the variant `{variant.name.id}`"
                diagnostic = replace(diagnostic, notes=(*diagnostic.notes, note))
            self.collector.add(diagnostic)
        return network

    def _resolve(self, net: Outline, choice: Choice, fixed: Mapping[str, int], collector: Collector) -> Network | None:
        builder = Builder(self.limits)
        evaluator = Evaluator(builder, collector, self.broken, fixed, self.limits)
        if self._before is not None:
            # A thousand variants of a large net are one large task: they share the limit on steps.
            evaluator.steps = self._before.steps + len(self._before.builder.uses)
        self._before = evaluator
        evaluator.symbols = set(net.symbols)
        evaluator.only_input = sum(isinstance(s, tree.Input) for s in net.body.statements) == 1
        root = Mark(net.name.id)
        frame = Frame(self.space, [{}], None, None, root, ())
        self._check_dims(net, choice.dims, evaluator, frame)
        try:
            values = self._parameters(net, choice, evaluator, frame)
            if values is None:
                return None
            run(evaluator, net.body, frame)
        except Stop:
            return None
        except OpError as error:
            evaluator.report_op(frame, error, net.name.span)
            return None
        outputs = _outputs(net, evaluator, frame)
        if outputs is None or collector.failed:
            return None
        train = next((s for s in net.body.statements if isinstance(s, tree.Train)), None)
        try:
            settings = _settings(train, outputs, evaluator, frame) if train else None
        except Broken:
            return None
        names, scopes = settle(root, len(builder.uses))
        graph = builder.finish(_ports(evaluator.inputs), _ports(evaluator.targets), outputs, names, scopes)
        if train:
            check_rules(evaluator, frame, train, graph)
            check_unroll(evaluator, frame, train, graph)
            if collector.failed:
                return None
        _unused(graph, train, frame, collector)
        for doubt in doubts(graph, settings):
            collector.add(doubt)
        parameters = {name: write(value) for name, value in values.items()}
        network = Network(
            net.name.id,
            choice.variant,
            self.space.source.name,
            net.name.span,
            parameters,
            dict(choice.dims),
            frozenset(fixed),
            graph,
            train,
            settings,
            () if choice.sets else net.expectations(choice.variant),
            root,
            frame.names[0],
        )
        check_expectations(network, evaluator, frame)
        return network

    def _parameters(self, net: Outline, choice: Choice, evaluator: Evaluator, frame: Frame) -> dict[str, object] | None:
        """The parameters' values, from `--set`, the variant and the defaults, in that order."""
        names, sets = frame.names[0], choice.sets
        settings = net.variants[choice.variant].settings if choice.variant is not None else ()
        changed = {s.name.id: s.value for s in settings if isinstance(s, tree.Setting)}
        missing = []
        for parameter in net.parameters:
            name = parameter.name.id
            expr = self._given(name, sets[name], evaluator) if name in sets else changed.get(name, parameter.default)
            if expr is None:
                missing.append(name)
                continue
            names[name] = evaluator.evaluate(expr, frame)
        unknown = [name for name in sets if name not in {p.name.id for p in net.parameters}]
        for name in unknown:
            known = ", ".join(p.name.id for p in net.parameters) or "none"
            evaluator.report(
                frame,
                "unknown-setting",
                f"the net `{net.name.id}` has no parameter `{name}`",
                net.name.span,
                help=f"its parameters are {known}",
            )
        if missing:
            evaluator.report(
                frame,
                "missing-argument",
                f"the net `{net.name.id}` needs a value for `{missing[0]}`",
                net.name.span,
                help=f"give it: `--set {missing[0]}=…`, or write a default",
            )
        return None if missing or unknown else dict(names)

    def _check_dims(self, net: Outline, dims: Mapping[str, int], evaluator: Evaluator, frame: Frame) -> None:
        for name in dims:
            if name not in net.symbols:
                evaluator.report(
                    frame,
                    "unknown-setting",
                    f"the net `{net.name.id}` has no dimension `{name}`",
                    net.name.span,
                    help=f"its symbolic dimensions are {', '.join(net.symbols) or 'none'}",
                )

    def _given(self, name: str, text: str, evaluator: Evaluator) -> tree.Expr | None:
        """The expression that `--set name=text` gives."""
        source = Source(f"--set {name}", text)
        file, diagnostics = parse(Source(source.name, f"net given {{ let {name} = {text}\n}}"), self.limits)
        item = file.items[0] if file.items else None
        if diagnostics or not isinstance(item, tree.Net) or not isinstance(item.body.statements[0], tree.Let):
            evaluator.collector.add(
                Diagnostic(
                    "syntax",
                    f"`{text}` is not a value",
                    Span(source, 0, len(text)),
                    help=f"write it as in a spec: `--set {name}=10`, `--set {name}=[3, 4, 6, 3]`",
                )
            )
            return None
        collector = evaluator.collector
        value = item.body.statements[0].value
        before = len(collector)
        check = NameCheck(Namespace(source, self.space.file, self.space.own, self.space.used), collector, self.broken)
        check.value(value)
        return value if len(collector) == before else None


def _fits(network: Network) -> bool:
    """Whether every size is at least 1 at the dimensions given."""
    try:
        analyse(network.graph).check(network.dims)
    except TooSmall:
        return False
    return True


def _outputs(net: Outline, evaluator: Evaluator, frame: Frame) -> tuple[Port, ...] | None:
    found = frame.outputs
    if _target_among(found, evaluator, frame):
        return None
    if not found:
        if isinstance(frame.it, tuple) or frame.it is None:
            evaluator.report(
                frame,
                "no-output",
                f"the net `{net.name.id}` ends with {len(frame.it)} values, which have no names"
                if frame.it
                else f"the net `{net.name.id}` has no result",
                net.name.span,
                help="bind them to names, and list these: `output a, b`"
                if frame.it
                else "write a pipeline in it, such as `fc(10)`",
            )
            return None
        found = [("output", frame.it, net.name.span)]
    return None if any(isinstance(value, Unknown) for _, value, _ in found) else _ports(found)


def _target_among(found: list[tuple[str, object, Span]], evaluator: Evaluator, frame: Frame) -> bool:
    """Whether a target is listed as an output, which is reported."""
    targets = {tensor.value for _, tensor, _ in evaluator.targets if isinstance(tensor, Tensor)}
    wrong = [(name, span) for name, value, span in found if isinstance(value, Tensor) and value.value in targets]
    if not wrong:
        return False
    name, span = wrong[0]
    rest = [other for other, _, _ in found if other not in [each for each, _ in wrong]]
    rest = rest or [other for other, value in frame.names[0].items() if value is frame.it]
    message = f"`{name}` is a target, which the loss alone reads, and no result of the net"
    help = f"write `output {', '.join(rest)}`" if rest else "take it away: the last value is the result"
    evaluator.report(frame, "no-output", message, span, help=help)
    return True


def _settings(train: tree.Train, outputs: tuple[Port, ...], evaluator: Evaluator, frame: Frame) -> Settings | None:
    """The settings of the `train` block; None where there is nothing to train by. Raises Broken."""
    tensors = {port.name: Tensor(port.value, port.span) for port in outputs}
    targets = {name: value for name, value, _ in evaluator.targets if isinstance(value, Tensor)}
    return Reader(evaluator, frame, tensors, targets).read(train)


def _ports(found: list[tuple[str, object, Span]] | list[tuple[str, Tensor | Unknown, Span]]) -> tuple[Port, ...]:
    return tuple(Port(name, value.value, span) for name, value, span in found if isinstance(value, Tensor))


def _read(nodes: Iterable[Node]) -> set[Value]:
    """Everything that is read by a node, or in the step of a cell by one of its own or as its result."""
    read: set[Value] = set()
    for node in nodes:
        read.update(node.ins)
        if isinstance(node.op, Scan):
            read |= _read(node.op.body.nodes) | set(node.op.body.results)
    return read


def _unused(graph: Graph, train: tree.Train | None, frame: Frame, collector: Collector) -> None:
    """Warn of layers whose result nothing reads, and of inputs that only the loss does."""
    read = _read(graph.nodes) | {port.value for port in graph.outputs}
    read |= {value for use in graph.uses for value in use.ins}
    inputs = [port for port in graph.inputs if port.value not in read]
    todo: list[object] = (
        [setting.value for setting in train.settings if isinstance(setting, tree.Setting)] if train else []
    )
    while todo:
        expr = todo.pop()
        if isinstance(expr, tree.Name):
            value = frame.names[0].get(expr.id, UNKNOWN)
            read |= {value.value} if isinstance(value, Tensor) else set()
        elif isinstance(expr, tree.Call):
            todo += [argument.value for argument in expr.arguments]
        elif isinstance(expr, tree.Arithmetic):
            todo += [expr.first, *(item for _, item in expr.rest)]
        elif isinstance(expr, tree.Group):
            todo.append(expr.value)
    for port in inputs:
        if port.value in read:
            collector.add(
                Diagnostic(
                    "unused-value",
                    f"the loss alone reads the input `{port.name}`",
                    port.span,
                    help=f"write `target {port.name}: {port.value.type}`: an input is needed to predict as well",
                    severity="warning",
                )
            )
    for use in graph.uses:
        if use.outs and not any(value in read for value in use.outs):
            collector.add(
                Diagnostic(
                    "unused-value",
                    f"nothing reads the result of `{use.kind}`",
                    use.span,
                    help="use it, name it in `output`, or take it away",
                    severity="warning",
                )
            )
