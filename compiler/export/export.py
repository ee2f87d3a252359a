"""Export with its proof: a model built, checked, run and compared before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ...runtime.errors import RunError
from ...runtime.trainer import Trainer
from ..emit.program import program
from ..graph.dims import Poly
from ..graph.tensor import DType
from ..resolve.network import Network
from .model import OPSET, Origin, build, check, is_large, to_bytes
from .nodes import nodes
from .verify import BATCHES, Difference, compare, tolerance

Array = NDArray[Any]

# The number that a symbolic dimension other than N has while the model is compared, unless it is bound.
SIZE = 5


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model with what was found when it was compared; none when that was not asked for."""

    proto: Any
    differences: tuple[Difference, ...]

    @property
    def worst(self) -> float:
        return max((difference.error for difference in self.differences), default=0.0)


def reference(
    network: Network, weights: Mapping[str, Array] | None, seed: int = 0, float_type: DType | None = None
) -> Trainer:
    """The NumPy program that a model is held against, with these weights or fresh ones. Raises Unbound, RunError."""
    symbols = {name for port in network.graph.inputs for dim in port.value.type.shape for name in _symbols(dim)}
    sizes = dict.fromkeys(symbols, SIZE) | dict(network.dims) | {"N": max(BATCHES)}
    trainer = Trainer(program(network.name, network.graph, None, sizes, float_type), seed)
    if weights is not None:
        trainer.load_state_dict(weights)
    return trainer


def _symbols(dim: object) -> tuple[str, ...]:
    return dim.symbols if isinstance(dim, Poly) else ()


def export(
    network: Network,
    weights: Mapping[str, Array] | None = None,
    *,
    opset: int = OPSET,
    folded: bool = True,
    verified: bool = True,
    seed: int = 0,
) -> Model:
    """The ONNX model of a network, proven equal to its NumPy program unless `verified` is false.

    Raises NotExportable for a layer that the opset cannot say, RunError where weights do not fit or the two differ.
    """
    trainer = reference(network, weights, seed)
    origin = Origin(network.name, network.span.source.text, network.parameters)
    model = build(network.graph, trainer.state_dict(), origin, opset=opset, folded=folded)
    if not verified:
        return Model(model, ())
    if not is_large(model):
        _check_shapes(network, check(model), opset)
    from ...runtime.session import Session

    def exact() -> Trainer:
        return reference(network, trainer.state_dict(), float_type="f64")

    differences = tuple(compare(Session(to_bytes(model)), trainer, exact))
    found = Model(model, differences)
    if not all(difference.equal(tolerance(trainer)) for difference in differences):
        raise RunError(
            "not-equal",
            f"onnxruntime differs from the NumPy program by {found.worst:.2e} of the largest output",
            "please report it with the spec; nothing was written",
            exit=1,
        )
    return found


def _check_shapes(network: Network, inferred: Mapping[str, list[int | str]], opset: int) -> None:
    """Hold the shapes that onnx infers against netc's own."""
    for name, type in nodes(network.graph, opset).shapes.items():
        for own, theirs in zip(type.shape, inferred.get(name, type.shape), strict=True):
            if isinstance(own, int) and isinstance(theirs, int) and own != theirs:
                raise AssertionError(f"{name} is {type}, onnx infers {inferred[name]}")
