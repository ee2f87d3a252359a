"""From the graph of a network to what runs: prediction, evaluation and a step of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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


class _Copy:
    """A graph being made anew, in another element type; `of` maps its values to the new ones.

    With `carries` the states of cells start from where the step before left them; with `probes` `probed` has, by the
    name of each state, the loop that it is of and something added to it at every step.
    """

    def __init__(
        self,
        graph: Graph,
        float_type: Float | None,
        *,
        training: bool,
        carries: bool = False,
        probes: bool = False,
    ) -> None:
        self.b = Make(float_type)
        self._float = float_type
        self.of: dict[Value, Value] = {}
        self.parameters = tuple([replace(p, value=self._leaf(p.value)) for p in graph.parameters])
        self.inputs = tuple(self._port(port) for port in graph.inputs)
        self.targets = tuple(self._port(port) for port in graph.targets)
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
                names = self._state_names(graph, node)
                self.probed |= {names[name]: (op, value) for name, value in found.items()}
            outs = op.train(self.b, tuple(ins)) if training else op.lower(self.b, tuple(ins))
            self.carried += [Carried(ins[place], outs[place], initial) for place, initial in states]
            self.of.update(zip(node.outs, outs, strict=True))

    def _state_names(self, graph: Graph, node: Node) -> dict[str, str]:
        """The name of each state in the network; of the loops of one cell the second and later ones are numbered."""
        assert isinstance(node.op, Scan)
        use = graph.uses[node.use].name
        number = sum(name.startswith(f"{use}.") and name.endswith(f".{node.op.states[0]}") for name in self.probed)
        scope = f"{use}.{number + 1}" if number else use
        return {name: f"{scope}.{name}" for name in node.op.states}

    def _leaf(self, value: Value) -> Value:
        type = value.type
        if self._float and type.dtype in ("f32", "f64"):
            type = TensorType(self._float, type.shape)
        made = self.of[value] = self.b.leaf(type)
        return made

    def _port(self, port: Port) -> Port:
        return replace(port, value=self._leaf(port.value))

    def outputs(self, graph: Graph) -> tuple[Port, ...]:
        return tuple(replace(port, value=self.of[port.value]) for port in graph.outputs)

    def loss(self, calls: Sequence[LossCall], *, alone: bool = False) -> Value:
        return total_loss(self.b, calls, self.of, alone=alone)


def prediction(graph: Graph, float_type: Float | None = None) -> Computation:
    """The outputs from the inputs, at inference. `float_type` stands in for every float type of the graph."""
    copy = _Copy(graph, float_type, training=False)
    made = Computation(
        copy.inputs, copy.parameters, tuple(copy.b.nodes), len(copy.b.nodes), outputs=copy.outputs(graph)
    )
    return drop_dead(made)


def evaluation(graph: Graph, calls: Sequence[LossCall], float_type: Float | None = None) -> Computation:
    """The outputs and the loss from the inputs and targets, at inference."""
    copy = _Copy(graph, float_type, training=False)
    loss = copy.loss(calls)
    nodes = tuple(copy.b.nodes)
    feeds = (*copy.inputs, *copy.targets)
    return drop_dead(Computation(feeds, copy.parameters, nodes, len(nodes), outputs=copy.outputs(graph), loss=loss))


def training(
    graph: Graph,
    calls: Sequence[LossCall],
    float_type: Float | None = None,
    *,
    carries: bool = False,
    probes: bool = False,
) -> Computation:
    """The loss in training with the gradient by each parameter that it depends on, and the buffers' new values; with
    `carries` the states of cells go on from step to step, with `probes` the outputs are the norms of the gradient by
    each state after each step of its loop."""
    copy = _Copy(graph, float_type, training=True, carries=carries, probes=probes)
    loss = copy.loss(calls, alone=True)
    forward = len(copy.b.nodes)
    trained = {p.value: p for p in copy.parameters if p.trainable}
    added = tuple([value for _, value in copy.probed.values()])
    found = differentiate(copy.b, {loss: copy.b(Fill(loss.type, 1.0))}, (*trained, *added))
    outputs = tuple(
        Port(name, norms(copy.b, found[value], loop), graph.uses[0].span)
        for name, (loop, value) in copy.probed.items()
        if value in found
    )
    by_value: Mapping[Value, Parameter] = {p.value: p for p in copy.parameters}
    return drop_dead(
        Computation(
            (*copy.inputs, *copy.targets),
            copy.parameters,
            tuple(copy.b.nodes),
            forward,
            outputs,
            loss,
            gradients=tuple((parameter, found[value]) for value, parameter in trained.items() if value in found),
            updates=tuple((by_value[buffer], value) for buffer, value in copy.b.updates.items()),
            carried=tuple(copy.carried),
        )
    )
