"""A program with its kernels pasted in, so that it needs NumPy alone."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

RUNTIME = Path(__file__).parent.parent.parent / "runtime"
_IMPORT = re.compile(r"^from netc\.runtime\.([\w.]+) import .*\n", re.MULTILINE)


Imports = list[ast.Import | ast.ImportFrom]


def standalone(source: str) -> str:
    """The source with each import of a module of the runtime replaced by that module's own text."""
    parts: dict[str, tuple[Imports, str]] = {}
    for module in _IMPORT.findall(source):
        _paste(module, parts)
    head, _, rest = _IMPORT.sub("", source).partition("\nimport math\n\nimport numpy as np\n")
    imports = _imports([node for nodes, _ in parts.values() for node in nodes])
    pasted = "\n\n\n".join(text for _, text in parts.values())
    return f"{head}\n{imports}\n\nimport numpy as np\n\n{pasted}\n\n{rest}"


def _imports(nodes: Imports) -> str:
    """The imports of several modules, each name once: of modules first, then from them."""
    modules, names = {"math"}, defaultdict[str, set[str]](set)
    for node in nodes:
        found = {ast.unparse(name) for name in node.names}
        if isinstance(node, ast.Import):
            modules |= found
        elif node.module != "__future__":
            names[node.module or ""] |= found
    whole = [f"import {name}" for name in sorted(modules - {"numpy as np"})]
    return "\n".join(
        [*whole, *(f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names))]
    )


def _paste(module: str, parts: dict[str, tuple[Imports, str]]) -> None:
    """Add a module's imports and what follows them, after those of its neighbours that it imports from."""
    if module in parts:
        return
    text = (RUNTIME / f"{module.replace('.', '/')}.py").read_text("utf-8")
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    wanted: Imports = []
    for node in imports:
        if isinstance(node, ast.ImportFrom) and node.level:
            _paste(f"{module.rpartition('.')[0]}.{node.module}", parts)
        else:
            wanted.append(node)
    first = max(node.end_lineno or 0 for node in imports)
    parts[module] = (wanted, "\n".join(text.splitlines()[first:]).strip())
