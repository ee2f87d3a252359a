"""From the graph of a network to what runs: prediction, evaluation and a step of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...runtime.record import Record, replace
from ..graph.computation import Carried, Computation
from ..graph.graph import Graph, Node, Parameter, Port, Value
from ..graph.make import Make
from ..graph.tensor import Float, TensorType
from ..ops.fill import Fill
from ..recurrence.probe import norms, probed
from ..recurrence.scan import Scan
from ..recurrence.unrolling import carried
from ..training.settings import LossCall
from .autodiff import differentiate
from .dead import drop_dead
from .loss import total_loss


class _Leaves(Record, eq=False):
    """The parameters, inputs and targets of a graph as those of computations; `of` maps its values to theirs."""

    parameters: tuple[Parameter, ...]
    inputs: tuple[Port, ...]
    targets: tuple[Port, ...]
    of: Mapping[Value, Value]
    float_type: Float | None


def _leaves(graph: Graph, float_type: Float | None) -> _Leaves:
    of: dict[Value, Value] = {}
    for value in [leaf.value for part in (graph.parameters, graph.inputs, graph.targets) for leaf in part]:
        type = value.type
        if float_type and type.dtype in ("f32", "f64"):
            type = TensorType(float_type, type.shape)
        of[value] = Value(type, len(of) + 1)
    parameters = tuple([replace(parameter, value=of[parameter.value]) for parameter in graph.parameters])
    return _Leaves(parameters, _ports(graph.inputs, of), _ports(graph.targets, of), of, float_type)


def _ports(ports: Sequence[Port], of: Mapping[Value, Value]) -> tuple[Port, ...]:
    return tuple([replace(port, value=of[port.value]) for port in ports])


class _Copy:
    """A graph being made anew from its leaves; `of` maps its values to the new ones.

    With `carries` the states of cells start from where the step before left them; with `probes` `probed` has, by the
    name of each state, the loop that it is of and something added to it at every step.
    """

    def __init__(
        self,
        graph: Graph,
        leaves: _Leaves,
        *,
        training: bool,
        carries: bool = False,
        probes: bool = False,
    ) -> None:
        self.graph, self.leaves = graph, leaves
        self.b = Make(leaves.float_type, len(leaves.of))
        self.of = dict(leaves.of)
        self.carried: list[Carried] = []
        self.probed: dict[str, tuple[Scan, Value]] = {}
        makers = {value: node for node in graph.nodes for value in node.outs}
        for node in graph.nodes:
            self.b.use = node.use
            ins = [self.of[value] for value in node.ins]
            states = tuple(carried(node, makers)) if carries and isinstance(node.op, Scan) else ()
            for place, _ in states:
                ins[place] = self.b.leaf(ins[place].type)
            op = node.op
            if probes and isinstance(op, Scan):
                op, taken, found = probed(self.b, op, tuple(ins))
                ins = list(taken)
                names = self._state_names(node)
                self.probed |= {names[name]: (op, value) for name, value in found.items()}
            outs = op.train(self.b, tuple(ins)) if training else op.lower(self.b, tuple(ins))
            self.carried += [Carried(ins[place], outs[place], initial) for place, initial in states]
            self.of.update(zip(node.outs, outs, strict=True))

    def _state_names(self, node: Node) -> dict[str, str]:
        """The name of each state in the network; of the loops of one cell the second and later ones are numbered."""
        assert isinstance(node.op, Scan)
        use = self.graph.uses[node.use].name
        number = sum(name.startswith(f"{use}.") and name.endswith(f".{node.op.states[0]}") for name in self.probed)
        scope = f"{use}.{number + 1}" if number else use
        return {name: f"{scope}.{name}" for name in node.op.states}

    def loss(self, calls: Sequence[LossCall], *, alone: bool = False) -> Value:
        return total_loss(self.b, calls, self.of, alone=alone)

    def inference(self, feeds: tuple[Port, ...], loss: Value | None) -> Computation:
        """The outputs from what is fed, and the loss, by the nodes that there are by now."""
        nodes, outputs = tuple(self.b.nodes), _ports(self.graph.outputs, self.of)
        return drop_dead(Computation(feeds, self.leaves.parameters, nodes, len(nodes), outputs, loss))


def computations(
    graph: Graph,
    calls: Sequence[LossCall],
    float_type: Float | None = None,
    *,
    carries: bool = False,
    probes: bool = False,
) -> dict[str, Computation]:
    """What there is to run: `predict`, the outputs from the inputs, and `evaluate`, those and the loss from inputs and
    targets, both at inference; `step`, the loss in training with the gradient by each parameter that it depends on, and
    the buffers' new values.

    `float_type` stands in for every float type of the graph. With `carries` the states of cells go on from step to
    step, with `probes` the outputs of a step are the norms of the gradient by each state after each step of its loop.
    """
    leaves = _leaves(graph, float_type)
    copy = _Copy(graph, leaves, training=False)
    return {
        "predict": copy.inference(leaves.inputs, None),
        "evaluate": copy.inference((*leaves.inputs, *leaves.targets), copy.loss(calls)),
        "step": _step(_Copy(graph, leaves, training=True, carries=carries, probes=probes), calls),
    }


def prediction(graph: Graph, float_type: Float | None = None) -> Computation:
    """The outputs from the inputs, at inference: of a graph without a loss there is nothing else to run."""
    leaves = _leaves(graph, float_type)
    return _Copy(graph, leaves, training=False).inference(leaves.inputs, None)


def _step(copy: _Copy, calls: Sequence[LossCall]) -> Computation:
    loss, leaves = copy.loss(calls, alone=True), copy.leaves
    forward = len(copy.b.nodes)
    trained = {p.value: p for p in leaves.parameters if p.trainable}
    added = tuple([value for _, value in copy.probed.values()])
    found = differentiate(copy.b, {loss: copy.b(Fill(loss.type, 1.0))}, (*trained, *added))
    outputs = tuple(
        Port(name, norms(copy.b, found[value], loop), copy.graph.uses[0].span)
        for name, (loop, value) in copy.probed.items()
        if value in found
    )
    by_value: Mapping[Value, Parameter] = {p.value: p for p in leaves.parameters}
    return drop_dead(
        Computation(
            (*leaves.inputs, *leaves.targets),
            leaves.parameters,
            tuple(copy.b.nodes),
            forward,
            outputs,
            loss,
            gradients=tuple((parameter, found[value]) for value, parameter in trained.items() if value in found),
            updates=tuple((by_value[buffer], value) for buffer, value in copy.b.updates.items()),
            carried=tuple(copy.carried),
        )
    )
