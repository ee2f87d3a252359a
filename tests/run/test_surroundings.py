"""What is around a run: its terminal, folder, limits and clock. When these fail, the run does not, or says why."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netc.runtime.errors import RunError
from netc.runtime.space import check_disk

from .runs import Forks, arguments, results

NETC = [sys.executable, "-m", "netc"]
ENVIRONMENT = os.environ | {"OPENBLAS_NUM_THREADS": "1"}


def given(runs: Forks, folder: Path, *more: str) -> list[str]:
    return [*NETC, *arguments(runs.place, "dense", "--out", str(folder), *more)]


def shell(text: str, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a text of bash in which "$@" is the command."""
    return subprocess.run(
        ["bash", "-c", text, "bash", *command],
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def wanted(runs: Forks) -> dict[str, object]:
    assert runs.run(arguments(runs.place, "dense", "--out", str(runs.place / "wanted"))).code == 0
    return results(runs.place / "wanted")


@pytest.mark.parametrize(
    "text",
    [
        '"$@" 2>&1 | head -1; exit ${PIPESTATUS[0]}',
        '"$@" 2>&1 | true; exit ${PIPESTATUS[0]}',
        '"$@" | true; exit ${PIPESTATUS[0]}',
        '"$@" >&-',
        '"$@" 2>&-',
        '"$@" <&- >&- 2>&-',
        '"$@" 2>/dev/full',
        '"$@" >/dev/full',
        'env -u HOME -u TERM -u PATH -u USER "$@"',
        'TERM=nothing "$@"',
        'LC_ALL=C HOME=/nowhere "$@"',
        'trap "" HUP; "$@" & kill -HUP $!; wait $!',
    ],
)
def test_a_run_that_nobody_hears_is_finished(text: str, runs: Forks, wanted: dict[str, object], tmp_path: Path) -> None:
    done = shell(text, given(runs, tmp_path / "run"))
    assert done.returncode == 0, done
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stdout + done.stderr
    assert results(tmp_path / "run") == wanted


def test_a_run_without_a_folder_ends_with_its_reader(runs: Forks) -> None:
    command = [*NETC, *arguments(runs.place, "dense", "--epochs", "1000000")]
    done = shell('"$@" 2>&1 | head -2; exit ${PIPESTATUS[0]}', command)
    assert done.returncode == 1
    warning, first = done.stdout.splitlines()
    assert warning == "without `--out DIR` the weights are not kept"
    assert first.startswith("epoch 1/1000000  loss ")


def terminal(command: list[str], until: Callable[[bytes], bool], **environment: str) -> tuple[int, bytes]:
    """Run a command on a terminal of its own, which is gone when so much has been written; its exit code, and that."""
    child, master = pty.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execvpe(command[0], command, ENVIRONMENT | environment)
    written = b""
    try:
        while not until(written):
            select.select([master], [], [], 60)
            written += os.read(master, 4096)
    except OSError:
        pass
    finally:
        os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), written


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_a_terminal_shows_the_run_and_may_go(kind: str, runs: Forks, wanted: dict[str, object], tmp_path: Path) -> None:
    whole = terminal(given(runs, tmp_path / "whole"), lambda _: False, TERM=kind)
    assert whole[0] == 0
    assert b"epoch 4/4  loss" in whole[1]
    assert (b"\x1b" in whole[1]) == (kind != "dumb")
    # A cursor that is hidden is shown at once, so that it is there whatever ends the process, and when the bar goes.
    assert whole[1].count(b"\x1b[?25h") == 2 * whole[1].count(b"\x1b[?25l")
    gone = terminal(given(runs, tmp_path / "gone"), lambda text: b"epoch 1/4  loss" in text, TERM=kind)
    assert gone[0] == 0
    assert results(tmp_path / "gone") == results(tmp_path / "whole") == wanted


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("missing/../data/run", "cannot be written"),
        ("a" * 300, "cannot be written: file name too long"),
        ("classes.npz", "error[folder-not-empty]"),
        ("classes.npz/run", "cannot be written: not a directory"),
        ("/proc/run", "cannot be written"),
        ("", "the run folder has an empty name"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_in_a_line(out: str, words: str, runs: Forks) -> None:
    where = out if out.startswith("/") or not out else str(runs.place / out)
    if out.startswith("missing"):
        where = str(runs.place / "classes.npz" / ".." / "run")
    for option in ("--out", "--resume"):
        ended = runs.run(arguments(runs.place, "dense", option, where))
        assert ended.code == 2, ended
        assert option == "--resume" or words in ended.said
        assert "Traceback" not in ended.said


def test_a_folder_that_is_removed_ends_the_run_in_a_line(runs: Forks, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    runs.start(arguments(runs.place, "dense", "--out", str(folder), "--epochs", "100000"))
    deadline = time.monotonic() + 60
    while not list(folder.glob("checkpoints/step-*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    shutil.move(folder, tmp_path / "elsewhere")
    ended = runs.end()
    assert ended.code == 2
    said = [line for line in ended.said.splitlines() if not line.startswith("epoch")]
    assert "error[cannot-write]: cannot be written: no such file or directory" in said[0]
    assert len(said) == 2
    moved = arguments(runs.place, "dense", "--resume", str(tmp_path / "elsewhere"), "--epochs", "1")
    assert runs.run(moved).code == 0


@pytest.mark.parametrize("kib", [1, 2, 3, 4, 5])
def test_a_limit_on_the_size_of_files_is_an_error_of_the_disk(
    kib: int, runs: Forks, wanted: dict[str, object], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    largest = max(path.stat().st_size for path in (runs.place / "wanted").rglob("*") if path.is_file())
    assert 1024 < largest < 5 * 1024
    done = shell(f'ulimit -f {kib}; "$@"', given(runs, folder))
    assert (done.returncode == 0) == (kib * 1024 >= largest)
    if done.returncode:
        assert "error[cannot-write]: cannot be written: file too large" in done.stderr
        assert "Traceback" not in done.stderr
        again = runs.run(arguments(runs.place, "dense", "--resume", str(folder)))
        assert again.code == 0, again
    assert results(folder) == wanted


def mounts() -> bool:
    """Whether a file system of one's own can be made here."""
    return shutil.which("unshare") is not None and not shell('"$@"', ["unshare", "-rm", "true"]).returncode


@pytest.mark.trust
@pytest.mark.skipif(not mounts(), reason="no file system of one's own can be mounted here")
@pytest.mark.parametrize("pages", range(4, 16))
def test_a_disk_that_is_too_small(pages: int, runs: Forks, wanted: dict[str, object], tmp_path: Path) -> None:
    """A disk of so many pages of 4 KiB, in memory: what is on it when the run ended is resumed on a larger one."""
    disk, folder = tmp_path / "disk", tmp_path / "run"
    disk.mkdir()
    text = (
        f'mount -t tmpfs -o size={4 * pages}k none "{disk}" && "$@"; code=$?; cp -a "{disk}/run" "{folder}"; exit $code'
    )
    done = shell(f"unshare -rm bash -c '{text}' bash \"$@\"", given(runs, disk / "run"))
    assert done.returncode in (0, 2), done
    if done.returncode:
        assert "error[cannot-write]: " in done.stderr
        assert "Traceback" not in done.stderr
        assert runs.run(arguments(runs.place, "dense", "--resume", str(folder))).code == 0
    assert results(folder) == wanted


def test_room_is_looked_at_before_the_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        f_bavail = 10
        f_frsize = 100

    monkeypatch.setattr(os, "statvfs", lambda _: Found)
    check_disk(tmp_path, 500)
    with pytest.raises(RunError, match="has room for 1,000 bytes, two checkpoints take 1,002") as caught:
        check_disk(tmp_path, 501)
    assert (caught.value.code, caught.value.exit) == ("cannot-write", 2)


def test_the_order_of_checkpoints_is_not_that_of_the_clock(
    runs: Forks, wanted: dict[str, object], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    assert runs.run(arguments(runs.place, "dense", "--out", str(folder))).code == 0
    older, newer = sorted((folder / "checkpoints").glob("step-*"))
    os.utime(older, (2e9, 2e9))
    os.utime(newer, (0, 0))
    again = runs.run(arguments(runs.place, "dense", "--resume", str(folder)))
    step = int(newer.stem.removeprefix("step-"))
    assert (again.code, f"resuming from step {step}\n" in again.said) == (0, True)
    assert results(folder) == wanted


def test_rates_do_not_follow_the_clock_when_it_is_set(runs: Forks, tmp_path: Path) -> None:
    """The wall clock here goes back by a day whenever it is read."""
    text = (
        "import sys, time\n"
        "wall = iter(range(2_000_000_000, 0, -86_400))\n"
        "time.time = lambda: float(next(wall))\n"
        "from netc.start import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", text, *arguments(runs.place, "dense", "--out", str(tmp_path / "run"))]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done
    for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        assert 0 < record["seconds"] < 60
        assert record["samples_per_second"] > 0
