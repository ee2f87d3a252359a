"""Large elementwise operations that go over their arrays several times, block by block: what one statement writes is in
cache for the next, and scratch memory is that of one block."""

from __future__ import annotations

from ...runtime.record import replace
from ..graph.code import NAME, Code
from ..graph.op import Op
from ..graph.tensor import ITEM_BYTES, TensorType
from .chains import elementwise

# The bytes of a block, of which a few fit into the cache of a core; in two lanes shorter statements would wait for each
# other's turn of the interpreter. An array of fewer bytes than `LEAST` blocks stays in cache itself.
BYTES, IN_LANES, LEAST = 1 << 17, 1 << 19, 3


def write_blocks(op: Op, code: Code) -> bool:
    """Write a loop over blocks if that pays; whether it did."""
    out, bytes = code.out_types[0], IN_LANES if code.lane else BYTES
    if not op.elementwise or any(type.shape != out.shape for type in code.types):
        return False
    if code.names.bytes(out) < LEAST * bytes:
        return False
    size = bytes // ITEM_BYTES[out.dtype]
    arrays, types = (*code.ins, *code.outs), (*code.types, *code.out_types)
    blocks = tuple(code.names.new("a") for _ in arrays)
    part = replace(code, ins=blocks[:-1], outs=blocks[-1:], lines=[], views=[], scratches=[], kernels=set(), _after=[])
    part.types = tuple(TensorType(type.dtype, (size,)) for type in code.types)
    part.out_types = (TensorType(out.dtype, (size,)),)
    op.numpy(part)
    part.done()
    known = {*blocks, *(name for name, _ in part.scratches)}
    once = len(part.lines) == 1 and part.lines[0].startswith("np.")
    chained = code.fast and elementwise(part.lines)
    if once or chained or any(known & set(NAME.findall(view)) for _, view in part.views):
        return False
    code.kernels |= {*part.kernels, "blocks.in_blocks"}
    code.scratches += part.scratches
    code.views += part.views
    lists = {
        block: code.view(f"in_blocks({code.stored(array, type)}, {size})")
        for block, array, type in zip(blocks, arrays, types, strict=True)
    }
    first = lists[blocks[0]]
    for name, _ in part.scratches:
        lists[name] = code.view(f"[{name}[: block.size] for block in {first}]")
    code(f"for {', '.join(lists)} in zip({', '.join(lists.values())}):")
    code.lines += [f"    {line}" for line in part.lines]
    return True
