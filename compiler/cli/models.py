"""ONNX models in the place of a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ..driver import Request, compile_spec
from ..limits import Limits
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


@dataclass(frozen=True, slots=True)
class Known:
    """A model with the network that it says it was made from, None for a model that netc did not make."""

    session: Session
    given: Given | None


def open_model(path: str, limits: Limits) -> Known:
    """The model of a file. Raises RunError."""
    from pathlib import Path

    from ...runtime.data.files import read
    from ...runtime.session import Session

    file = Path(path)
    read(file, limits)
    session = Session(file)
    metadata = session.metadata
    if "netc_version" not in metadata:
        return Known(session, None)
    sets = {key.removeprefix("parameter."): value for key, value in metadata.items() if key.startswith("parameter.")}
    dims = {key.removeprefix("dim."): int(value) for key, value in metadata.items() if _DIM.fullmatch(f"{key}={value}")}
    request = Request(path, metadata["spec"], metadata["net"], None, sets, dims)
    if "expanded" in metadata:
        request = Request(path, metadata["expanded"])
    found = compile_spec(request)
    return Known(session, Given(found.networks[0], request) if found.networks else None)
