"""A program with its kernels pasted in, so that it needs NumPy alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

RUNTIME = Path(__file__).parent.parent.parent / "runtime"
_IMPORT = re.compile(r"^from netc\.runtime\.([\w.]+) import .*\n", re.MULTILINE)


def standalone(source: str) -> str:
    """The source with each import of a module of the runtime replaced by that module's own text."""
    modules = _IMPORT.findall(source)
    parts = [_contents(RUNTIME / f"{module.replace('.', '/')}.py") for module in modules]
    imports = sorted({line for lines, _ in parts for line in lines})
    head, _, rest = _IMPORT.sub("", source).partition("\nimport numpy as np\n")
    pasted = "\n\n\n".join(text for _, text in parts)
    return f"{head}\nimport numpy as np\n" + "".join(f"{line}\n" for line in imports) + f"\n{pasted}\n\n{rest}"


def _contents(path: Path) -> tuple[list[str], str]:
    """The import lines of a module, and what follows them."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    body = ast.parse(text).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    first = max(node.end_lineno or 0 for node in imports)
    wanted = [node for node in imports if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")]
    return (
        [line for node in wanted if (line := ast.unparse(node)) != "import numpy as np"],
        "\n".join(lines[first:]).strip(),
    )
