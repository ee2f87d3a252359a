"""The memory that analysis prints is the memory that training takes: the plan is sound, exact, and all there is."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import netc
from netc.compiler.driver import bundled
from netc.compiler.emit.memory import largest_batch, needed
from netc.compiler.emit.plan import Room
from netc.compiler.emit.plans import Plan, plan
from netc.compiler.emit.write import Body
from netc.compiler.graph.tiers import Tier
from netc.runtime.kernels import lanes
from netc.runtime.record import asdict
from netc.runtime.trainer import Trainer

NAMES = [name for stem, variants in bundled().items() for name in (stem, *variants)]
SMALL = ["mlp", "lenet5", "lenet5_1998", "caffe_lenet", "digits", "squeezenet"]


def batch(trainer: Trainer, n: int) -> dict[str, np.ndarray]:
    """Random inputs and targets for n samples."""
    rng = np.random.default_rng(n)
    arrays = {}
    for port in (*trainer.program.inputs, *trainer.program.targets):
        shape = tuple(n if isinstance(dim, str) else dim for dim in port.dims)
        floats = port.dtype.startswith("float")
        arrays[port.name] = rng.normal(size=shape) if floats else rng.integers(port.classes or 2, size=shape)
    return {name: array.astype(np.float32) if array.dtype.kind == "f" else array for name, array in arrays.items()}


Span = tuple[int, int, int, int]  # the first byte, the byte after the last, the first node, the last node


def spans(made: Plan, body: Body, room: Room) -> list[Span]:
    """All that is in use at some time between the start of the arena and the parameters: values, the scratch memory of
    nodes, and in a step the gradients from when they are made."""
    found: list[Span] = []
    homes = {id(piece): piece for piece in room.homes.values()}
    for piece in homes.values():
        bytes = max(body.spelling.bytes(value.type) for value in piece.values)
        if piece.fixed is None:
            start = piece.place
            assert all(room.homes[value] is piece for value in piece.values)
        elif piece.fixed[0] == "gradient":
            place = made.arena.gradients[piece.fixed[1]]
            assert place is not None
            start = place
        else:
            continue
        found.append((start, start + bytes, piece.start, piece.end))
    for number, (written, places) in enumerate(zip(body.nodes, room.scratch, strict=True)):
        for (_, type), place in zip(written.code.scratches, places, strict=True):
            found.append((place, place + body.spelling.bytes(type), number, number))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_lives_at_the_same_time_lies_apart(name: str) -> None:
    """For every node, no two pieces of memory in use overlap, and each lies before the parameters."""
    network = netc.load(name).network
    made = plan(network.graph, network.settings, {"N": 2, "T": 3})
    for body_name, body, room in made.bodies:
        found = spans(made, body, room)
        assert made.arena.first >= max(span[1] for span in found)
        assert body_name == "step" or min(span[0] for span in found) >= made.arena.gradient_bytes
        apart(found)


def apart(found: list[Span]) -> None:
    """What is in use at the same time does not overlap."""
    open_spans: list[Span] = []
    for span in sorted(found):
        open_spans = [other for other in open_spans if other[1] > span[0]]
        for _, _, first, last in open_spans:
            assert span[3] < first or last < span[2]
        open_spans.append(span)


WIDE = """net wide {
  input image: f32[N, 3, 32, 32]
  target label: i64[N]
  conv(32, 3, pad = same) -> batchnorm -> relu -> conv(32, 3, pad = same) -> relu -> maxpool(2)
  conv(64, 3, pad = same) -> batchnorm -> relu -> conv(256, 3) -> relu -> maxpool(2)
  conv(256, 3, pad = same) -> relu -> conv(256, 3, pad = same) -> relu -> flatten
  logits = fc(10)
  output logits
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9) }
}
"""


def test_blocks_are_larger_where_memory_is_free_anyway(tier: Tier) -> None:
    """Some of them are, some convolutions are computed in tiles for it, and the plan takes not a byte more."""
    network = netc.loads(WIDE, tier=tier).network
    sketched, made = (plan(network.graph, network.settings, {"N": 64}, text=text, tier=tier) for text in (False, True))
    assert asdict(made.arena) == asdict(sketched.arena)
    larger = 0
    for (_, before, _), (_, body, room) in zip(sketched.bodies, made.bodies, strict=True):
        found = spans(made, body, room)
        assert max(span[1] for span in found) <= made.arena.first
        apart(found)
        for one, other in zip(before.nodes, body.nodes, strict=True):
            sizes = [[body.spelling.bytes(type) for _, type in node.code.scratches] for node in (one, other)]
            larger += sum(sizes[1]) > sum(sizes[0])
    assert larger > 3
    called = {
        kernel.rpartition(".")[2] for _, body, _ in made.bodies for node in body.nodes for kernel in node.code.kernels
    }
    assert {"winograd_conv", "winograd", "winograd_weight_gradient"} - called == {
        "winograd" if tier == "numpy" else "winograd_conv"
    }


@pytest.mark.parametrize("name", SMALL)
def test_the_arena_has_the_bytes_that_analysis_prints(name: str, tier: str) -> None:
    net = netc.load(name, tier=tier)
    printed = net.analyze(N=4).memory.training
    trainer = net.trainer(N=4)
    assert printed is not None
    assert trainer.arena.nbytes == trainer.memory.total == printed.total
    assert printed == trainer.memory
    weights = sum(array.nbytes for key, array in trainer.state_dict().items() if "running_" not in key)
    if name != "lenet5_1998":
        assert printed.parameters == printed.gradients == weights


@pytest.mark.parametrize("name", NAMES)
def test_the_program_of_every_bundled_network_has_the_bytes_that_analysis_prints(name: str) -> None:
    net = netc.load(name)
    made = plan(net.network.graph, net.network.settings, {"N": 3, "T": 4}).arena
    found = needed(net.network.graph, net.network.settings, {"N": 3, "T": 4}).training
    assert found is not None
    assert made.total == found.total


def traced(trainer: Trainer, n: int) -> int:
    """The most bytes that Python and NumPy hold during a step beyond what they hold before it."""
    arrays = batch(trainer, n)
    for _ in range(2):
        trainer.step(**arrays)
    tracemalloc.start()
    trainer.step(**arrays)
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    trainer.step(**arrays)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 4 * 1024
    return peak - before


@pytest.mark.parametrize("name", ["mlp", "lenet5", "lenet5_1998", "digits"])
def test_a_step_allocates_no_array(name: str, tier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first step of a batch's size all that comes and goes is small objects and NumPy's buffers for mixed
    types, which are 8,192 elements long: no more for a batch four times as large. Two lanes may each hold theirs."""
    trainer = netc.load(name, tier=tier).trainer(N=512)
    assert traced(trainer, 512) < 256 * 1024
    monkeypatch.setattr(lanes, "_helper", lambda: None)
    small, large = traced(trainer, 128), traced(trainer, 512)
    assert large < 128 * 1024
    assert large - small < 8 * 1024


@pytest.mark.parametrize("name", ["lenet5", "digits", "lenet5_1998"])
def test_a_smaller_batch_runs_in_the_same_arena(name: str) -> None:
    """It gives what a trainer that is planned for it gives."""
    large, small = (netc.load(name).trainer(N=n, dtype="float64", seed=1) for n in (9, 5))
    arrays = batch(large, 5)
    large.step(**batch(large, 9))
    small.load_state_dict(large.state_dict())
    inputs = {port.name: arrays[port.name] for port in large.program.inputs}
    for port, array in large.forward(**inputs).items():
        assert np.allclose(array, small.forward(**inputs)[port], rtol=1e-12, atol=1e-12)
    if "digits" not in name:
        for key, gradient in large.gradients(**arrays).items():
            assert np.allclose(gradient, small.gradients(**arrays)[key], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["mlp", "lenet5"])
def test_the_largest_batch_is_the_largest(name: str) -> None:
    network = netc.load(name).network
    budget = 64 << 20
    found = largest_batch(network.graph, network.settings, {}, budget)

    def total(n: int) -> int:
        memory = needed(network.graph, network.settings, {"N": n}).training
        assert memory is not None
        return memory.total

    assert total(found) <= budget < total(found + 1)
    assert largest_batch(network.graph, network.settings, {}, 1000) == 0


MEASURE = """
import resource, sys
import numpy as np
import netc
def high():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024
net = netc.load(sys.argv[1])
small = net.trainer(N=1)
ports = (*small.program.inputs, *small.program.targets)
rng = np.random.default_rng(0)
def arrays(n):
    made = {}
    for port in ports:
        shape = tuple(n if isinstance(d, str) else d for d in port.dims)
        floats = port.dtype == "float32"
        made[port.name] = rng.random(shape, dtype=np.float32) if floats else rng.integers(10, size=shape)
    return made
small.step(**arrays(1))
n = int(sys.argv[2])
data = arrays(n)
del small
before = high()
trainer = net.trainer(N=n)
for _ in range(3):
    trainer.step(**data)
print(trainer.arena.nbytes, high() - before)
"""


@pytest.mark.parametrize(("name", "n"), [("lenet5", 512), ("caffe_lenet", 256), ("digits", 512)])
def test_the_process_grows_by_no_more_than_the_arena(name: str, n: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, name, str(n)], capture_output=True, text=True, check=True, timeout=120
    )
    arena, growth = map(int, done.stdout.split())
    assert arena > 16 << 20
    assert growth <= arena * 1.05 + (32 << 20)


def test_the_source_is_what_runs() -> None:
    """The trainer's source holds the arena's size, and every address in it lies within."""
    program = netc.load("lenet5").trainer(N=4).program
    assert f"ARENA = {program.memory.total}" in program.source
    places = [int(place) for place in re.findall(r"at\(arena, (\d+)", program.source)]
    assert places
    assert max(places) < program.memory.total
