"""ONNX models in the place of a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...runtime.errors import RunError
from ..driver import Request, compile_spec
from ..limits import Limits
from ..reading import ReadError
from .running import Given

if TYPE_CHECKING:
    from ...runtime.session import Session

# A dimension in the metadata, and its number; a model may come from anywhere.
_DIM = re.compile(r"dim\.[A-Z]\w*=[1-9][0-9]{0,8}", re.ASCII)


def is_model(spec: str) -> bool:
    """Whether a command is given a model file."""
    return spec.endswith(".onnx")


def check_options(spec: str, options: Mapping[str, Any]) -> None:
    """A model has its weights in it; a spec needs them. Raises a usage error."""
    if is_model(spec) and options["weights"]:
        raise click.UsageError("a model has its weights in it: leave `--weights` out")
    if not is_model(spec) and not options["weights"]:
        raise click.UsageError("give the weights of the network: `--weights FILE`")


def open_model(path: str, limits: Limits) -> Session:
    """The model of a file, checked before it is run. Raises RunError."""
    from ...runtime.data.files import read
    from ...runtime.session import Session
    from ...runtime.space import limit_memory
    from ..export.foreign import check_foreign

    file = Path(path)
    # A model is a program of its own, whose results can be of any size.
    limit_memory()
    check_foreign(file, read(file, limits))
    session = Session(file)
    if not session.inputs or not session.outputs:
        lacks = "outputs" if session.inputs else "inputs"
        raise RunError("bad-model", f"has no {lacks}", "export it again", path)
    return session


def alphabet_of(session: Session, path: str) -> str | None:
    """The characters that a model's numbers stand for, None where it does not say so. Raises RunError."""
    from ...runtime.run.checkpoint import is_alphabet

    found = session.metadata.get("alphabet")
    if found is not None and not is_alphabet(found):
        raise RunError("bad-model", "has an alphabet that is not one", "export it again", path)
    return found


def network_of(session: Session, path: str, limits: Limits) -> Given:
    """The network that a model says it was made from, which has its inputs and outputs. Raises RunError."""
    metadata = session.metadata
    help = "export it with netc, or use `netc predict`"
    if "netc_version" not in metadata or "spec" not in metadata:
        raise RunError("bad-model", "does not say which network it was made from", help, path)
    sets = {key.removeprefix("parameter."): value for key, value in metadata.items() if key.startswith("parameter.")}
    dims = {key.removeprefix("dim."): int(value) for key, value in metadata.items() if _DIM.fullmatch(f"{key}={value}")}
    request = Request(path, metadata["spec"], metadata["net"], None, sets, dims, limits=limits)
    if "expanded" in metadata:
        request = Request(path, metadata["expanded"], limits=limits)
    try:
        found = compile_spec(request)
    except ReadError as error:
        message = f"says that it was made from a spec that cannot be read: {error.diagnostic.message}"
        raise RunError("bad-model", message, help, path) from None
    if not found.networks:
        reason = f": {found.diagnostics[0].message}" if found.diagnostics else ""
        raise RunError("bad-model", f"says that it was made from a spec with mistakes{reason}", help, path)
    graph = found.networks[0].graph
    for what, own, said in (
        ("inputs", {port.name for port in session.inputs}, {port.name for port in graph.inputs}),
        ("outputs", set(session.outputs), {port.name for port in graph.outputs}),
    ):
        if own != said:
            names = f"{', '.join(sorted(own))[:200]}, those of the network it says it was made from are"
            message = f"its {what} are {names} {', '.join(sorted(said))[:200]}"
            raise RunError("bad-model", message, help, path)
    return Given(found.networks[0], request)
