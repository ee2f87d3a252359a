"""Model files: there whole or not at all, with weights beside them or without."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...runtime.errors import RunError
from ...runtime.run.atomic import cannot_write, sync_folder, write_atomic, write_output
from .arrays import stored
from .model import Content, Place, build, to_bytes

# Numbers start at a page of memory, so that a runtime can map them.
PAGE = 4096


def write_model(path: Path, data: bytes) -> None:
    """Write a model that has its weights in it. Raises RunError."""
    write_output(path, data)
    _drop_weights(path, "")


@contextmanager
def written_beside(path: Path, content: Content) -> Iterator[tuple[Any, Path]]:
    """Write a model with its weights in a file beside it; first in a folder of its own, where it can be tested.

    When that ends well both get their places: the weights under a name that tells their content, and then the model, so
    that at no time a model stands beside weights that are not its own. Raises RunError, and then all is as it was.
    """
    folder = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.exists() and not path.is_symlink() and not path.is_file():
            message, help = "is no file, so that no weights can stand beside it", "leave `--external-data` out"
            raise RunError("cannot-write", message, help, str(path), 2)
        folder.mkdir(exist_ok=True)
        places, weights = _write_weights(folder, _safe(path.name), content)
        model = folder / path.name
        proto = build(content, places)
        write_atomic(model, to_bytes(proto))
        yield proto, model
        if weights is not None:
            weights.replace(path.with_name(weights.name))
        model.replace(path)
        sync_folder(path.parent)
        _drop_weights(path, weights.name if weights else "")
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_weights(folder: Path, name: str, content: Content) -> tuple[dict[str, Place], Path | None]:
    """One array after the other, so that never all of them are in memory twice; their places, and the file."""
    temporary, digest = folder / "weights", hashlib.sha256()
    spans = {}
    with temporary.open("wb") as file:
        for parameter, type in content.long():
            start = -(-file.tell() // PAGE) * PAGE
            padding = bytes(start - file.tell())
            numbers = stored(content.arrays[parameter], type).reshape(-1).view("u1").data
            for part in (padding, numbers):
                file.write(part)
                digest.update(part)
            spans[parameter] = start, len(numbers)
        file.flush()
        os.fsync(file.fileno())
    if not spans:
        temporary.unlink()
        return {}, None
    named = temporary.rename(folder / f"{name}.{digest.hexdigest()[:16]}.weights")
    return {parameter: Place(named.name, start, length) for parameter, (start, length) in spans.items()}, named


def _safe(name: str) -> str:
    """A file's name in letters that every system takes, different for different names; `..` would look like a way out
    of the folder."""
    return re.sub(rb"[^A-Za-z0-9._-]|\.(?=\.)", lambda found: b"%%%02X" % found[0][0], os.fsencode(name)).decode()


def _drop_weights(path: Path, kept: str) -> None:
    """Remove the weights of earlier models of this name, which nothing reads any more."""
    for old in path.parent.glob(f"{_safe(path.name)}.{'[0-9a-f]' * 16}.weights"):
        if old.name != kept:
            with suppress(OSError):
                old.unlink()
