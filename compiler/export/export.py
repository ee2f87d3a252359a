"""Export with its proof: a model built, checked, run and compared before it gets its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...runtime.errors import RunError
from ...runtime.record import Record, replace
from ...runtime.trainer import Trainer
from ..analysis.figures import TooSmall, analyse
from ..emit.program import program
from ..expand.expand import CannotExpand, expand
from ..graph.tensor import Float, TensorType
from ..limits import Limits
from ..report.summary import symbols
from ..resolve.network import Network
from .files import write_model, written_beside
from .model import OPSET, Content, Origin, build, check, content, to_bytes
from .nodes import Exported
from .verify import BATCHES, Difference, compare, tolerance

Array = NDArray[Any]

# The number that a symbolic dimension other than N has while the model is compared, unless it is bound or the network
# needs a larger one.
SIZE = 5
LARGEST_SIZE = 10_000
# A spec that is not all there is to its network; that a comment looks so does no harm.
USES = re.compile(r'\buse\s*"')
REPORT = "please report it with the spec; nothing was written"


class Model(Record, eq=False):
    """A model with what was found when it was compared; none when that was not asked for."""

    proto: Any
    differences: tuple[Difference, ...]

    @property
    def worst(self) -> float:
        return worst(self.differences)


def worst(differences: tuple[Difference, ...]) -> float:
    """The largest of some differences."""
    return max((difference.error for difference in differences if difference.error is not None), default=0.0)


def export(
    network: Network,
    weights: Mapping[str, Array] | None = None,
    *,
    opset: int = OPSET,
    folded: bool = True,
    lower_rnn: bool = False,
    verified: bool = True,
) -> Model:
    """The ONNX model of a network, proven equal to its NumPy program unless `verified` is false.

    Raises NotExportable for a layer that the opset cannot say; RunError for an opset that is not known, where weights
    do not fit or are not finite, where they are too large for one model, and where the two differ.
    """
    trainer, made = _prepared(network, weights, opset, folded, lower_rnn)
    if made.large:
        message = "the weights are too large for a model in memory, which holds at most 2 GiB"
        raise RunError("too-large", message, "`netc export` writes them to a file beside the model")
    return _model(network, trainer, made, verified)


def export_file(
    network: Network,
    path: Path,
    weights: Mapping[str, Array] | None = None,
    *,
    opset: int = OPSET,
    folded: bool = True,
    lower_rnn: bool = False,
    verified: bool = True,
    beside: bool = False,
    alphabet: str | None = None,
) -> tuple[Difference, ...]:
    """Write the ONNX model of a network, with its weights in a file beside it if they are large or `beside` is true.

    `alphabet` are the characters that its numbers stand for, which its metadata have.
    It gets its name once it is proven. Raises as `export` does, and RunError where it cannot be written.
    """
    trainer, made = _prepared(network, weights, opset, folded, lower_rnn)
    made = replace(made, origin=replace(made.origin, alphabet=alphabet or ""))
    if beside or made.large:
        with written_beside(path, made) as (proto, file):
            return _proven(network, trainer, made, proto, file) if verified else ()
    model = _model(network, trainer, made, verified)
    write_model(path, to_bytes(model.proto))
    return model.differences


def _prepared(
    network: Network, weights: Mapping[str, Array] | None, opset: int, folded: bool, lower_rnn: bool
) -> tuple[Trainer, Content]:
    """The NumPy program with these weights, and what the model is made of: the arrays are those of the program."""
    trainer = reference(network, weights)
    trainer.check_finite()
    arrays = {parameter.name: trainer.view(parameter.name) for parameter in trainer.program.parameters}
    made = content(network.graph, arrays, _origin(network), opset=opset, folded=folded, lower_rnn=lower_rnn)
    return trainer, made


def _origin(network: Network) -> Origin:
    text, expanded = network.span.source.text, ""
    if USES.search(text):
        # A network that cannot be written out is still a model.
        with suppress(CannotExpand):
            expanded = expand(network, Limits())
    dims = {name: network.dims[name] for name in network.fixed}
    return Origin(network.name, text, network.parameters, dims, expanded)


def reference(
    network: Network, weights: Mapping[str, Array] | None, float_type: Float | None = None, **sizes: int
) -> Trainer:
    """The NumPy program that a model is held against, with these weights or fresh ones.

    `sizes` are the largest numbers of its symbolic dimensions, where they are not those of the comparison. Raises
    RunError.
    """
    planned = _compared_sizes(network) | sizes
    trainer = Trainer(program(network.name, network.graph, None, planned, float_type))
    if weights is not None:
        trainer.load_state_dict(weights)
    return trainer


def _compared_sizes(network: Network) -> dict[str, int]:
    """The largest number of each symbolic dimension in the comparison: one that leaves every result positions."""
    sizes = dict.fromkeys(symbols(network), SIZE) | dict(network.dims) | {"N": max(BATCHES)}
    while True:
        try:
            analyse(network.graph).check(sizes)
            return sizes
        except TooSmall as error:
            sizes[error.symbol] *= 2
            if sizes[error.symbol] > LARGEST_SIZE:
                raise RunError("too-small", str(error), f"bind it: `--dim {error.symbol}=…`") from None


def _model(network: Network, trainer: Trainer, made: Content, verified: bool) -> Model:
    """The model with its weights in it."""
    proto = build(made)
    return Model(proto, _proven(network, trainer, made, proto) if verified else ())


def _proven(
    network: Network, trainer: Trainer, made: Content, proto: Any, path: Path | None = None
) -> tuple[Difference, ...]:
    """Check a model, which lies at `path` if its weights stand beside it, and compare it with its NumPy program.

    Raises RunError.
    """
    from ...runtime.session import Session

    check_shapes(made.found, check(proto, path))

    def exact() -> Trainer:
        return reference(network, trainer.state_dict(), "f64")

    differences = tuple(compare(Session(path or to_bytes(proto)), trainer, exact, [{"N": batch} for batch in BATCHES]))
    wrong = [difference for difference in differences if not difference.equal(tolerance(trainer))]
    if wrong:
        message = f"onnxruntime differs from the NumPy program by {worst(differences):.2e} of the largest output"
        if all(difference.finite for difference in wrong):
            raise RunError("not-equal", message, REPORT)
        message += ", where the network makes numbers that are not finite"
        raise RunError("not-equal", message, "keep these out, which runtimes pass on differently; nothing was written")
    return differences


def check_shapes(found: Exported, inferred: Mapping[str, list[int | str]]) -> None:
    """Hold the shapes that onnx infers against netc's own; a symbolic size is any name. Raises RunError."""
    for name, type in found.shapes.items():
        theirs = inferred.get(name)
        if theirs is not None and not _same(type, theirs):
            raise RunError("not-equal", f"`{name}` is {type}, onnx infers {theirs}", REPORT)


def _same(type: TensorType, theirs: list[int | str]) -> bool:
    return len(type.shape) == len(theirs) and all(
        own == size or isinstance(size, str) for own, size in zip(type.shape, theirs, strict=True)
    )
