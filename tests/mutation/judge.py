"""Running tests against a copy of the package, in children of a process that has imported all that is large."""

from __future__ import annotations

import compileall
import math
import os
import re
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Literal

from .faults import Fault

LARGE = (
    "numpy", "pytest", "hypothesis", "hypothesis.strategies", "jsonschema", "lark", "click", "rich.console", "onnx",
    "onnx.checker", "onnx.reference", "onnxruntime", "safetensors.numpy", "threadpoolctl",
)  # fmt: skip
# So that a fault which asks for everything does not get it.
MEMORY, FILE = 12 << 30, 8 << 30

Verdict = Literal["killed", "timeout", "survived"]


@dataclass(frozen=True)
class Outcome:
    """How a run ended, after how many seconds of a processor, and the first line that says why."""

    verdict: Verdict
    seconds: float
    why: str


class Judge:
    """A copy of the package, into which one fault at a time is put."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = tempfile.TemporaryDirectory(prefix="netc-mutants-")
        self.package = Path(self._folder.name) / "netc"
        shutil.copytree(root / "src" / "netc", self.package, ignore=shutil.ignore_patterns("__pycache__"))
        # By the hash of the source: a fault may have the size of what was there, and its second.
        compileall.compile_dir(self.package, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        sys.path.insert(0, self._folder.name)
        os.environ["PYTHONPATH"] = self._folder.name
        for name in LARGE:
            import_module(name)

    def judge(self, fault: Fault, tests: Sequence[str], seconds: float) -> Outcome:
        """Whether the tests find a fault."""
        path = self.package / fault.path
        whole = path.read_bytes()
        path.write_text(fault.text, "utf-8")
        try:
            return self.run(tests, seconds)
        finally:
            path.write_bytes(whole)

    def run(self, tests: Sequence[str], seconds: float) -> Outcome:
        """Run tests, command line after command line, up to the first that fails, for so many seconds of a processor at
        most: by the clock a busy machine would end runs that are right, so what waits for nothing has ten times as
        long there."""
        log = self.package.parent / "log"
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            _become(self.root, log, tests, seconds)
        found = 0
        try:
            while not found and time.monotonic() - start < 10 * seconds:
                found, status, usage = os.wait4(child, os.WNOHANG)
                time.sleep(0.02)
        finally:
            # With all that it has started.
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        if not found:
            _, status, usage = os.wait4(child, 0)
        took = usage.ru_utime + usage.ru_stime
        code = os.waitstatus_to_exitcode(status)
        if not found or code in (-signal.SIGXCPU, -signal.SIGKILL):
            return Outcome("timeout", took, f"no end after {seconds:.0f} s")
        said = log.read_text("utf-8", "replace")
        why = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
        return Outcome("killed" if code else "survived", took, why[1] if why else said[-300:] if code else "")


def _become(root: Path, log: Path, tests: Sequence[str], seconds: float) -> None:
    """Turn this process into a run of tests."""
    code = 3
    try:
        os.setsid()
        os.chdir(root)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 1))
        import hypothesis
        import pytest

        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", derandomize=True, database=None, phases=phases)
        hypothesis.settings.load_profile("mutants")
        # hypothesis, a plugin, is there before pytest could rewrite its assertions.
        options = (
            "-q",
            "-x",
            "-rfE",
            "--tb=line",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
        )
        for line in tests:
            code = pytest.main([*options, *shlex.split(line)])
            if code:
                break
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
