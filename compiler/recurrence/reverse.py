"""The gradient of a loop: a loop in the other direction.

Back-propagation through time (Werbos, "Backpropagation through time: what it does and how to do it", 1990): the
gradient by the states after a step, with that by the step's outputs, gives those by the states before it, by the
step's inputs, and by what is the same at every step, which is summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...runtime.record import Record, replace
from ..graph.graph import Value
from ..graph.make import Make
from ..graph.op import Gradients, Values
from ..ops.arithmetic import Add
from ..ops.cut import Cut
from ..ops.fill import FillLike
from ..ops.steps import Before
from ..passes.autodiff import differentiate
from .body import Body, without_dead
from .overwrite import same_as_parts
from .regroup import regroup


class _Reverse(Record, eq=False):
    """One step back. The inputs of `body` are the gradients by the outputs `seeded`, then steps of the stacks of
    `reads`; its captured values are `captured`. Its outputs are the gradients by the inputs `by_inputs`, its totals
    those by the captured `by_captured`. All but `body` names values of the step forward."""

    body: Body
    seeded: tuple[int, ...]
    reads: tuple[Value, ...]
    captured: tuple[Value, ...]
    by_inputs: tuple[Value, ...]
    by_captured: tuple[Value, ...]


def saving(body: Body) -> Body:
    """The step with all that its gradient reads among its outputs."""
    found = _reverse(body, range(len(body.outputs)))
    kept = dict.fromkeys(body.outputs)
    kept.update(dict.fromkeys(_kept(body, value) for value in found.reads if value not in body.inputs))
    return replace(body, outputs=tuple(kept))


class Backward(Record, eq=False):
    """The loop of a gradient: its step, what it takes, and how its results are those that are wanted."""

    body: Body
    ins: Values
    _step: _Reverse
    _forward: Body

    def gradients(self, results: Values) -> Gradients:
        """The gradient by each input of the loop forward, from the results of the loop back."""
        forward, step = self._forward, self._step
        count, stacks = len(forward.states), len(step.by_inputs)
        by = dict(zip(step.by_inputs, results[count:], strict=False))
        by |= dict(zip(step.by_captured, results[count + stacks :], strict=True))
        return (*results[:count], *(by.get(value) for value in (*forward.inputs, *forward.captured)))


def backward(b: Make, body: Body, ins: Values, outs: Values, gys: Gradients, reverse: bool) -> Backward:
    """The loop of the gradient of a loop forward over `body`, which was made by `saving`.

    `ins`, `outs` and `gys` are those of the loop forward, `reverse` its direction.
    """
    count = len(body.states)
    step = _reverse(body, [place for place, gy in enumerate(gys[count:]) if gy is not None])
    initial, stacks = ins[:count], dict(zip(body.inputs, ins[count:], strict=False))
    kept = dict(zip(body.outputs, outs[count:], strict=True))
    last = [
        b(FillLike(out.type.shape, 0.0), out) if gy is None else gy for out, gy in zip(outs[:count], gys, strict=False)
    ]
    seeds = [gy for gy in gys[count:] if gy is not None]

    def stack(value: Value) -> Value:
        if value in stacks:
            return stacks[value]
        source = _kept(body, value)
        if source is value:
            return kept[value]
        return b(Before(reverse), initial[body.states.index(value)], kept[source])

    captured = dict(zip(body.captured, ins[count + len(stacks) :], strict=True))
    taken = (*last, *seeds, *(stack(value) for value in step.reads), *(captured[value] for value in step.captured))
    return Backward(regroup(step.body), taken, step, body)


def _kept(body: Body, value: Value) -> Value:
    """What is stacked up so that this value is known at every step: of a state, what a step makes of it."""
    if value not in body.states:
        return value
    after = body.next[body.states.index(value)]
    return after if any(after in node.outs for node in body.nodes) else value


def _reverse(body: Body, seeded: Iterable[int]) -> _Reverse:
    """The step back, when there is a gradient by these outputs and by all states."""
    m = Make()
    of = {leaf: m.leaf(leaf.type) for leaf in body.leaves}
    for node in body.nodes:
        m.use = node.use
        of.update(zip(node.outs, m.keep(node.op, tuple([of[value] for value in node.ins])), strict=True))
    forward = len(m.nodes)
    seeded = tuple(seeded)
    states = tuple([m.leaf(state.type) for state in body.states])
    given = tuple([m.leaf(body.outputs[place].type) for place in seeded])
    seeds: dict[Value, Value] = {}
    results = (*body.next, *(body.outputs[place] for place in seeded))
    for value, seed in zip((of[value] for value in results), (*states, *given), strict=True):
        seeds[value] = m(Add(), seeds[value], seed) if value in seeds else seed
    wanted = [leaf for leaf in body.leaves if leaf.type.dtype in ("f32", "f64")]
    found = differentiate(m, seeds, [of[leaf] for leaf in wanted])
    by = {leaf: found[of[leaf]] for leaf in wanted if of[leaf] in found}
    before = tuple(
        [by[s] if s in by else m(FillLike(s.type.shape, 0.0), g) for s, g in zip(body.states, states, strict=True)]
    )
    return _step(body, m, forward, of, by, before, states, seeded, given)


def _step(
    body: Body,
    m: Make,
    forward: int,
    of: Mapping[Value, Value],
    by: Mapping[Value, Value],
    before: Values,
    states: Values,
    seeded: tuple[int, ...],
    given: Values,
) -> _Reverse:
    # Parts are cut again from what they are parts of, which alone is kept.
    cuts = [node for node in m.nodes[:forward] if isinstance(node.op, Cut)]
    same = same_as_parts(m.nodes[:forward])
    back = [replace(node, ins=tuple([same.get(value, value) for value in node.ins])) for node in m.nodes[forward:]]
    by_inputs = tuple([value for value in body.inputs if value in by])
    by_captured = tuple([value for value in body.captured if value in by])
    step = without_dead(
        Body(
            states,
            given,
            (),
            (*cuts, *back),
            before,
            tuple([by[value] for value in by_inputs]),
            tuple([by[value] for value in by_captured]),
        )
    )
    needed = {value for node in step.nodes for value in node.ins} | set(step.results)
    captured = tuple([value for value in body.captured if of[value] in needed])
    made = [value for node in body.nodes for value in node.outs if not isinstance(node.op, Cut)]
    reads = tuple([value for value in (*body.states, *body.inputs, *made) if of[value] in needed])
    step = replace(step, inputs=(*given, *(of[v] for v in reads)), captured=tuple([of[v] for v in captured]))
    return _Reverse(step, seeded, reads, captured, by_inputs, by_captured)
