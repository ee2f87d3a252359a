"""A process that has imported what `netc train` needs, and forks a child for each command: the real one, started soon.

It reads requests from standard input, one line of JSON each, and answers with two: the child's process id, and the
status that it ended with. A child stays a zombie until the next request, so that its number is nobody else's when it is
killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

CALLS = ("mkdir", "open", "write", "fsync", "close", "replace", "unlink", "ftruncate", "fstat", "statvfs")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    from netc.compiler.cli.main import netc

    for arguments in json.loads(sys.argv[1]):
        assert not netc.main(arguments, standalone_mode=False)
    child = None
    print("ready", flush=True)
    while line := sys.stdin.readline():
        if child is not None:
            os.waitpid(child, 0)
        request = json.loads(line)
        # A signal waits until the child is ready to be ended by it.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        child = os.fork()
        if child == 0:
            run(request)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        print(child, flush=True)
        found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert found is not None
        print(found.si_status if found.si_code == os.CLD_EXITED else -found.si_status, flush=True)


def run(request: dict[str, Any]) -> None:
    """Become the command; it ends by SystemExit."""
    for number in SIGNALS:
        signal.signal(number, lambda number, _: os._exit(128 + number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    nowhere = os.open(os.devnull, os.O_RDWR)
    said = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for descriptor, target in ((nowhere, 0), (nowhere, 1), (said, 2)):
        os.dup2(descriptor, target)
    if request["every_step"]:
        from netc.runtime.training import fit

        fit.CHECKPOINT_SECONDS = -1.0
    if request["plan"]:
        Faults(**request["plan"]).install()
    sys.argv = ["netc", *request["arguments"]]
    from netc.start import main as start

    start()


class Faults:
    """Counts the calls of `os` that touch a folder, and at the one with the number `at` does what `kind` says.

    `kind` is the name of an error that the call fails with, `short` (a write writes half, other calls find the disk
    full), `kill` (the process is killed before the call, in the middle of it when it writes) or `count`, which writes
    the number of calls to `count`. With `stays` every later call that changes something fails as well.
    """

    def __init__(self, folder: str, at: int, kind: str, stays: bool, count: str) -> None:
        self.folder, self.at, self.kind, self.stays, self.count = folder, at, kind, stays, count
        self.made: list[str] = []
        self.ours: set[int] = set()

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self.wrapped(name, getattr(os, name)))

    def wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if not self.touches(arguments[0]):
                return real(*arguments, **keywords)
            if name == "close":
                self.ours.discard(arguments[0])
            self.made.append(name)
            number = len(self.made) - 1
            if self.kind == "count":
                with open(self.count, "w") as file:
                    file.write(" ".join(self.made))
            elif number == self.at or (self.stays and number > self.at and name not in ("fstat", "statvfs")):
                self.fail(name, real, arguments)
                if name == "write":
                    return real(arguments[0], bytes(arguments[1])[: (len(arguments[1]) + 1) // 2])
            result = real(*arguments, **keywords)
            if name == "open":
                self.ours.add(result)
            return result

        return call

    def touches(self, given: Any) -> bool:
        return given in self.ours if isinstance(given, int) else os.fspath(given).startswith(self.folder)

    def fail(self, name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Fail as planned; returns where a write writes half."""
        if self.kind == "kill":
            if name == "write":
                real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "short" and name == "write" and len(self.made) - 1 == self.at:
            return
        if name == "close":
            # As on Linux: whatever it says, the descriptor is closed.
            real(*arguments)
        code = 28 if self.kind == "short" else int(self.kind)
        raise OSError(code, os.strerror(code))


if __name__ == "__main__":
    main()
