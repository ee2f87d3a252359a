"""Work in two lanes: a large operation is divided between two threads.

Most are divided by the samples of the batch. What an operation computes of rows that do not depend on each other is
written twice, for each half of the rows; of a sum over the rows, the halves are added. Where a weight is large, it is
divided itself if less of its size is then needed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

from ...runtime.record import Record, replace
from ...runtime.tiers import LARGE
from ..graph.code import Code, Names
from ..graph.dims import Dim, Poly
from ..graph.graph import Node
from ..graph.op import Along, Op
from ..graph.tensor import TensorType
from ..graph.tiers import Tier
from ..ops.cut import Cut
from ..ops.embed import Embed
from ..ops.linear import Linear
from ..ops.shape import Concat
from ..ops.sliding import Sliding
from ..recurrence.body import Body
from ..recurrence.scan import Scan
from .blocks import write_blocks
from .chains import elementwise

# What makes up for the thirty microseconds that a second thread takes to wake: bytes read and written, or arithmetic.
BYTES, FLOPS = 4 << 20, 100_000_000
# Compiled kernels let go of the interpreter once for all that they do, so that less of it pays: arithmetic above all.
EASIER_BYTES, EASIER_FLOPS = 2, 8


class _Cut(Record):
    """The dimension in which each input and the output are divided; None where each lane has the whole."""

    ins: tuple[int | None, ...]
    out: int | None


def lanes_pay(nodes: Sequence[Node], tier: Tier, number: Callable[[Dim], int]) -> bool:
    """Whether BLAS is held to one thread for each lane: with windows over images, most of the time goes into copies
    and small products. Large products, and those of a loop, BLAS divides better by itself, unless the loop is compiled
    and runs in two lanes as a whole."""
    loops = [node.op.body for node in nodes if isinstance(node.op, Scan)]
    if loops:
        return tier == "fast" and all(_compiled(body, number) for body in loops)
    return any(isinstance(node.op, Sliding) for node in nodes)


def _compiled(body: Body, number: Callable[[Dim], int]) -> bool:
    """Whether a loop over this is compiled, see `runtime/kernels/fast/loops.py`."""
    for node in body.nodes:
        if not node.op.elementwise and not isinstance(node.op, Linear | Embed | Cut | Concat):
            return False
        macs = node.op.macs(tuple([v.type for v in node.ins]), tuple([v.type for v in node.outs]))
        if number(macs.value) >= LARGE:
            return False
    return True


def write_node(op: Op, code: Code) -> None:
    """The statements of an operation, in two lanes where these are wanted and it is large and can be divided."""
    cut, _ = _cut(op, code)
    if cut is None:
        _write(op, code)
        return
    first, second = (_lane(op, code, cut, number) for number in (0, 1))
    for name, part in (("first", first), ("second", second)):
        code(f"def {name}():")
        code.lines += [f"    {line}" for line in part.lines]
    code.kernels.add("lanes.together")
    run = ["together(first, second)"]
    if cut.out is None:
        run.append(f"np.add({code.outs[0]}, {second.outs[0]}, out={code.outs[0]})")
    if _by_batch(cut, code):
        # A batch of one sample has no second half.
        run = ["if n_2:", *(f"    {line}" for line in run), "else:", "    first()"]
    code.lines += run


def draft_node(op: Op, code: Code) -> None:
    """The scratch memory of what `write_node` writes; the statements of halves are left out."""
    cut, halves = _cut(op, code)
    if cut is None:
        _write(op, code)
    else:
        code.scratches += halves(cut).scratches


def _cut(op: Op, code: Code) -> tuple[_Cut | None, Callable[[_Cut], Code]]:
    """How an operation is divided; None where it is not to be, cannot be, or is too small for that. With it what gives
    the code that both lanes would write, which each cut is tried by once."""
    halves = cache(partial(_halves_tried, op, code))
    return _chosen(op, code, halves), halves


def _chosen(op: Op, code: Code, halves: Callable[[_Cut], Code]) -> _Cut | None:
    if not code.names.lanes or _in_a_chain(op, code):
        return None
    how, along = op.over_steps(), op.along()
    if (how is None and along is None) or op.random or len(code.outs) != 1:
        return None
    called = _tried(op, code).kernels
    if not _pays(op, code, any(kernel.startswith("fast.") for kernel in called)):
        return None
    by_samples = _by_samples(code, 0 if how == "rows" else None) if how is not None else None
    by_weight = _by_weight(along, code) if along is not None and not _lying(called) else None
    cut = by_samples or by_weight
    # Tiles of whole rows of channels are wanted in compiled kernels.
    whole = any(kernel.startswith("fast.winograd.") for kernel in called)
    if by_samples and by_weight and not whole and _weights_are_large(code):
        cut = min(by_weight, by_samples, key=lambda cut: _scratch(halves(cut)))
    # A half of a weight may be written in another form than the whole.
    if cut is not None and cut is by_weight and _lying(halves(cut).kernels):
        cut = by_samples
    return cut


def _lying(kernels: set[str]) -> bool:
    """Whether there are some that take only arrays that lie together."""
    return any(kernel.startswith(("fast.direct.", "bands.")) for kernel in kernels)


def _halves_tried(op: Op, code: Code, cut: _Cut) -> Code:
    """What both lanes would write."""
    tried = code.blank()
    for number in (0, 1):
        _lane(op, tried, cut, number)
    return tried


def _scratch(code: Code) -> int:
    """The bytes of scratch memory."""
    return sum(code.names.bytes(type) for _, type in code.scratches)


def _in_a_chain(op: Op, code: Code) -> bool:
    """Whether the operation becomes part of a chain, which is divided as a whole."""
    return code.fast and op.elementwise and elementwise(_tried(op, code).lines)


def _tried(op: Op, code: Code) -> Code:
    """What an operation would write."""
    tried = code.blank()
    op.numpy(tried)
    return tried


def _weights_are_large(code: Code) -> bool:
    """Whether a weight, or the gradient of one, takes more than the samples."""
    types, bytes = (*code.types, code.out_types[0]), code.names.bytes
    weights = sum(bytes(type) for type in types if not _has_batch(type))
    return 2 * weights >= sum(bytes(type) for type in types if _has_batch(type))


def _by_weight(along: Along, code: Code) -> _Cut | None:
    """Each lane has a part of the weight."""
    if code.out_types[0].shape[along.out] == 1:
        return None
    axes = zip(along.ins, code.types, strict=False)
    return _Cut(tuple(None if axis is None else axis % type.rank for axis, type in axes), along.out)


def _by_batch(cut: _Cut, code: Code) -> bool:
    """Whether what is divided depends on the batch."""
    pairs = zip(cut.ins, code.types, strict=True)
    return any(axis is not None and _depends(type.shape[axis]) for axis, type in pairs)


def _by_samples(code: Code, out: int | None) -> _Cut | None:
    """All inputs that depend on the batch have the same rows, and so has the output, or it does not depend on it."""
    if code.names.planned.get("N", 0) < 2:
        return None
    cut = _Cut(tuple(0 if _has_batch(type) else None for type in code.types), out)
    divided = [type for type in (*code.types, *code.out_types) if _has_batch(type)]
    rows = {type.shape[0] for type in divided}
    inside = any(_has_batch(type.with_shape(*type.shape[1:])) for type in divided)
    if len(rows) != 1 or inside or not _has_batch(code.types[0]) or (out == 0) != _has_batch(code.out_types[0]):
        return None
    return cut


def _pays(op: Op, code: Code, compiled: bool) -> bool:
    bytes = sum(code.names.bytes(type) for type in (*code.types, code.out_types[0]))
    if bytes < BYTES >> (9 if compiled else 6):
        return False
    enough = (BYTES // EASIER_BYTES, FLOPS // EASIER_FLOPS) if compiled else (BYTES, FLOPS)
    return bytes >= enough[0] or code.number(op.flops(code.types, code.out_types).value) >= enough[1]


def _lane(op: Op, code: Code, cut: _Cut, number: int) -> Code:
    """What an operation writes for one of the halves."""
    types = tuple(_half(*pair, number) for pair in zip(code.types, cut.ins, strict=True))
    outs = (_half(code.out_types[0], cut.out, number),)
    ins = [_part(code, *operand, number) for operand in zip(code.ins, code.types, cut.ins, strict=True)]
    if cut.out is None and number == 1:
        out = code.like_scratch()
    else:
        out = _part(code, code.outs[0], code.out_types[0], cut.out, number)
    part = replace(code, ins=tuple(ins), outs=(out,), types=types, out_types=outs, lane=True, lines=[], _after=[])
    _write(op, part)
    return part


def _write(op: Op, code: Code) -> None:
    if not write_blocks(op, code):
        op.numpy(code)
        code.done()


def _half(type: TensorType, axis: int | None, number: int) -> TensorType:
    if axis is None:
        return type
    return type.with_shape(*type.shape[:axis], _halves(type.shape[axis])[number], *type.shape[axis + 1 :])


def _part(code: Code, name: str, type: TensorType, axis: int | None, number: int) -> str:
    """The view of an array that belongs to a lane."""
    if axis is None:
        return name
    first = code.names.size(_halves(type.shape[axis])[0])
    return code.view(f"{name}[{':, ' * axis}{f'{first}:' if number else f':{first}'}]")


def _halves(size: Dim) -> tuple[Dim, Dim]:
    """Both parts of a size, the first the larger."""
    if isinstance(size, Poly):
        first, second = (size.rename("N", half) for half in Names.HALVES)
        return first, second
    return size - size // 2, size // 2


def _has_batch(type: TensorType) -> bool:
    return any(map(_depends, type.shape))


def _depends(size: Dim) -> bool:
    return isinstance(size, Poly) and "N" in size.symbols
