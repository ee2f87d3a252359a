"""A program with its kernels pasted in, so that it needs NumPy alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

RUNTIME = Path(__file__).parent.parent.parent / "runtime"
_IMPORT = re.compile(r"^from netc\.runtime\.([\w.]+) import .*\n", re.MULTILINE)


def standalone(source: str) -> str:
    """The source with each import of a module of the runtime replaced by that module's own text."""
    parts: dict[str, tuple[list[str], str]] = {}
    for module in _IMPORT.findall(source):
        _paste(module, parts)
    imports = sorted({line for lines, _ in parts.values() for line in lines})
    head, _, rest = _IMPORT.sub("", source).partition("\nimport numpy as np\n")
    pasted = "\n\n\n".join(text for _, text in parts.values())
    return f"{head}\nimport numpy as np\n" + "".join(f"{line}\n" for line in imports) + f"\n{pasted}\n\n{rest}"


def _paste(module: str, parts: dict[str, tuple[list[str], str]]) -> None:
    """Add a module's import lines and what follows them, after those of its neighbours that it imports from."""
    if module in parts:
        return
    text = (RUNTIME / f"{module.replace('.', '/')}.py").read_text("utf-8")
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    wanted = []
    for node in imports:
        if isinstance(node, ast.ImportFrom) and node.level:
            _paste(f"{module.rpartition('.')[0]}.{node.module}", parts)
        elif not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            wanted.append(ast.unparse(node))
    first = max(node.end_lineno or 0 for node in imports)
    parts[module] = (
        [line for line in wanted if line != "import numpy as np"],
        "\n".join(text.splitlines()[first:]).strip(),
    )
