"""What all benchmarks share: their environment, their tables, and RESULTS.md with a section for each last run."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

PATH = Path(__file__).with_name("RESULTS.md")


def machine() -> str:
    """The machine and the interpreter, in a line."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def environment(threads: int | None = None) -> dict[str, str]:
    """The environment of what is measured: as users have it, without settings that slow it down, on so many threads."""
    slow = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
    found = {name: value for name, value in os.environ.items() if name not in slow}
    pools = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS") if threads else ()
    return {**found, **dict.fromkeys(pools, str(threads))}


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown, its first column left-aligned."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


def record(title: str, text: str) -> None:
    """Put a section into RESULTS.md in the place of the one with its title, or at the end."""
    whole = PATH.read_text("utf-8") if PATH.exists() else ""
    section = f"# {title}\n\n{text.strip()}\n"
    old = re.compile(rf"^# {re.escape(title)}\n.*?(?=^# |\Z)", re.MULTILINE | re.DOTALL)
    found, count = old.subn(lambda _: f"{section}\n", whole)
    text = found if count else f"{whole}\n{section}"
    PATH.write_text(f"{text.strip()}\n", "utf-8")
