"""Models in onnxruntime: the one module that imports it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .errors import RunError
from .ports import Port

Array = NDArray[Any]

_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}


class Session:
    """A model ready to run; `inputs` are its ports, `outputs` their names."""

    def __init__(self, model: bytes | Path, threads: int | None = None) -> None:
        options = onnxruntime.SessionOptions()
        # What it would log is in its errors.
        options.log_severity_level = 4
        if threads is not None:
            options.intra_op_num_threads = threads
        self._where = "" if isinstance(model, bytes) else str(model)
        given = model if isinstance(model, bytes) else str(model)
        try:
            self._session = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            # onnxruntime's errors have no common type of their own.
            if "NOT_IMPLEMENTED" in str(error):
                help = "declare the inputs as f32, or write it with `--no-verify`"
                raise self._error("no-kernel", f"onnxruntime cannot run it: {_short(error)}", help) from None
            raise self._error("bad-model", f"onnxruntime refuses it: {_short(error)}", "export it again") from None
        self.inputs = tuple(self._port(given) for given in self._session.get_inputs())
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    @property
    def metadata(self) -> dict[str, str]:
        """What the model says of itself: with netc's models the spec, its parameters and the name of the net."""
        found = self._session.get_modelmeta()
        return {**found.custom_metadata_map, "net": found.graph_name}

    def run(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for a batch of inputs, which become the types that the model takes. Raises RunError."""
        types = {port.name: port.dtype for port in self.inputs}
        given = {name: array.astype(types.get(name, array.dtype), copy=False) for name, array in arrays.items()}
        try:
            found = self._session.run(None, given)
        except Exception as error:
            message = f"onnxruntime cannot run it: {_short(error)}"
            raise self._error("bad-model", message, "check the inputs") from None
        return dict(zip(self.outputs, map(np.asarray, found), strict=True))

    def _port(self, given: Any) -> Port:
        dtype = _TYPES.get(given.type)
        if dtype is None:
            message = f"takes {given.type} as `{given.name}`; what can be fed is {', '.join(_TYPES)}"
            raise self._error("bad-model", message, "export it with other inputs")
        return Port(given.name, dtype, tuple(dim if isinstance(dim, int) else str(dim or "N") for dim in given.shape))

    def _error(self, code: str, message: str, help: str) -> RunError:
        return RunError(code, message, help, self._where)


def _short(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:300]
