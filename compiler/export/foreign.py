"""Models from anywhere, looked at before onnxruntime sees them: what they read and how long they run is in the file."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from onnx import AttributeProto, TensorProto

from ...runtime.errors import RunError


def check_foreign(path: Path, data: bytes) -> None:
    """Refuse a model whose numbers are in files that do not lie beside it, and one that may never end.

    `path` is that of the model, `data` its bytes. Raises RunError.
    """
    try:
        proto = onnx.load_model_from_string(data)
    except Exception:
        # The parser's error is of a package of its own.
        raise _bad(path, "is no ONNX model, or not a whole one", "take the original file") from None
    if proto.functions:
        help = "put them into its graph: `onnx.inliner.inline_local_functions`"
        raise _bad(path, f"has {len(proto.functions):,} functions of its own", help)
    for node in _nodes(proto.graph):
        if node.op_type == "Loop":
            raise _bad(path, "has a Loop, of which nobody can tell when it ends", "export it with Scan, or unrolled")
    for tensor in _tensors(proto.graph):
        if tensor.data_location == TensorProto.EXTERNAL:
            _check_beside(path, tensor)


def _graphs(graph: Any) -> Iterator[Any]:
    """The graph and those inside its nodes."""
    todo = [graph]
    while todo:
        found = todo.pop()
        yield found
        for node in found.node:
            for attribute in node.attribute:
                if attribute.type == AttributeProto.GRAPH:
                    todo.append(attribute.g)
                todo += attribute.graphs


def _nodes(graph: Any) -> Iterator[Any]:
    for found in _graphs(graph):
        yield from found.node


def _tensors(graph: Any) -> Iterator[Any]:
    """Every tensor with numbers in it, also those of attributes and the parts of sparse ones."""
    for found in _graphs(graph):
        yield from found.initializer
        sparse = list(found.sparse_initializer)
        for node in found.node:
            for attribute in node.attribute:
                yield attribute.t
                yield from attribute.tensors
                sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
        for tensor in sparse:
            yield tensor.values
            yield tensor.indices


def _check_beside(path: Path, tensor: Any) -> None:
    """The numbers of a tensor must lie in a regular file in the model's own folder, and be there."""
    said = {entry.key: entry.value for entry in tensor.external_data}
    name = said.get("location", "")
    help = "put the model's files beside it, as they were exported"
    if name in ("", ".", "..") or any(sign in name for sign in "/\\\0"):
        raise _bad(path, f"has numbers in `{name[:100]}`, which is not the name of a file beside it", help)
    try:
        status = path.with_name(name).lstat()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise _bad(path, f"has numbers in `{name[:100]}`, which cannot be read: {reason}", help) from None
    if not stat.S_ISREG(status.st_mode):
        raise _bad(path, f"has numbers in `{name[:100]}`, which is no regular file", help)
    try:
        offset, length = (int(said.get(key, "0")) for key in ("offset", "length"))
    except ValueError:
        offset = length = -1
    if offset < 0 or length < 0 or offset + length > status.st_size:
        raise _bad(path, f"has numbers in `{name[:100]}` where it has no bytes", help)


def _bad(path: Path, message: str, help: str) -> RunError:
    return RunError("bad-model", message, help, str(path))
