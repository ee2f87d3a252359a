"""An entry of the hostile corpus: a spec, with what stands beside it or in its place.

Each entry says which exit codes `netc analyze` may end with: 0 figures, 1 a mistake in the text, 2 no readable text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

GOOD = "net a {\n  input x: f32[N, 3, 8, 8]\n  x -> relu\n}\n"


def net(body: str, before: str = "", shape: str = "N, 3, 8, 8") -> str:
    return f"{before}net a {{\n  input x: f32[{shape}]\n{body}\n}}\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """`text` is the file `a.net`; `others` stand beside it; `make` does what is no text in the folder.
    `many_layers` are expanded before they are refused; what is `large` is left to `make trust`."""

    name: str
    status: int
    text: str | bytes = GOOD
    others: tuple[tuple[str, str], ...] = ()
    make: Callable[[Path], None] | None = None
    large: bool = False
    many_layers: bool = False

    def write(self, folder: Path) -> Path:
        """Write the entry's files; returns the path to analyse."""
        folder.mkdir(parents=True)
        spec = folder / "a.net"
        spec.write_bytes(self.text.encode() if isinstance(self.text, str) else self.text)
        for name, text in self.others:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        if self.make is not None:
            self.make(spec)
        return spec
