"""Model files: there whole or not at all, with the weights in them or beside them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

import netc
from netc.compiler.cli.main import netc as cli
from netc.compiler.export import export as exporting
from netc.compiler.export import model as model_file
from netc.compiler.export.export import export_file
from netc.compiler.export.files import written_beside
from netc.runtime.errors import RunError
from netc.runtime.session import Session

from ..trust.measured import measured
from .weights import lively

SPEC = """net wide {
  input x: f32[N, 40]
  fc(50) -> relu -> fc(7)
}
"""


def command(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["export", *arguments])


def outputs(model: Path) -> np.ndarray:
    (found,) = Session(model).run({"x": np.ones((2, 40), np.float32)}).values()
    return found


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.fixture
def net() -> netc.Net:
    return netc.loads(SPEC)


def test_weights_beside_give_what_weights_inside_give(net: netc.Net, tmp_path: Path) -> None:
    weights = lively(net.network)
    export_file(net.network, tmp_path / "in.onnx", weights)
    found = export_file(net.network, tmp_path / "m.onnx", weights, beside=True)
    assert {d.error is not None and d.error <= 1e-5 for d in found} == {True}
    model, data = (name for name in names(tmp_path) if name.startswith("m."))
    assert data.endswith(".weights")
    assert np.array_equal(outputs(tmp_path / "m.onnx"), outputs(tmp_path / "in.onnx"))
    onnx.checker.check_model(str(tmp_path / model), full_check=True)
    kept = {tensor.name: tensor for tensor in onnx.load(str(tmp_path / model)).graph.initializer}
    assert all(np.array_equal(onnx.numpy_helper.to_array(kept[name]), weights[name]) for name in weights)
    proto = onnx.load(str(tmp_path / model), load_external_data=False)
    beside = {t.name for t in proto.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
    assert beside == {"fc1.weight", "fc2.weight"}
    assert (tmp_path / model).stat().st_size < 4000


def test_large_weights_go_beside_unasked(net: netc.Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large is a number of bytes, which is made small here; the real size is tried by `make trust`."""
    monkeypatch.setattr(model_file, "LARGE", 9000)
    export_file(net.network, tmp_path / "m.onnx")
    assert len(names(tmp_path)) == 2
    with pytest.raises(RunError) as caught:
        net.to_onnx()
    assert caught.value.code == "too-large"
    assert "`netc export`" in caught.value.help


def test_the_same_weights_give_the_same_files(net: netc.Net, tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        export_file(net.network, tmp_path / "m.onnx", beside=True)
        found.append({name: (tmp_path / name).read_bytes() for name in names(tmp_path)})
    assert found[0] == found[1]


def test_a_new_model_takes_the_place_of_the_old_one_and_its_weights(net: netc.Net, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    other = tmp_path / "m.onnx.copy.weights"
    other.write_bytes(b"mine")
    export_file(net.network, path, lively(net.network, 1), beside=True)
    first, old = outputs(path), set(names(tmp_path))
    export_file(net.network, path, lively(net.network, 2), beside=True)
    assert not np.allclose(first, outputs(path))
    assert len(names(tmp_path)) == 3
    assert len(old & set(names(tmp_path))) == 2
    export_file(net.network, path, lively(net.network, 1))
    assert np.array_equal(first, outputs(path))
    assert names(tmp_path) == ["m.onnx", other.name]


def test_what_is_not_proven_is_not_written(net: netc.Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tolerance that nothing meets, the old files stay and no new one is left."""
    path = tmp_path / "m.onnx"
    export_file(net.network, path, lively(net.network, 1), beside=True)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    monkeypatch.setattr(exporting, "tolerance", lambda _: -1.0)
    for beside in (True, False):
        with pytest.raises(RunError) as caught:
            export_file(net.network, path, lively(net.network, 2), beside=beside)
        assert caught.value.code == "not-equal"
        assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_wrong_weights_in_the_file_are_found(net: netc.Net, tmp_path: Path) -> None:
    """The comparison runs what was written: a byte that differs there ends it."""
    trainer, made = exporting._prepared(net.network, None, 17, True, False)

    def damaged() -> None:
        with written_beside(tmp_path / "m.onnx", made) as (proto, file):
            (weights,) = file.parent.glob("*.weights")
            data = bytearray(weights.read_bytes())
            data[3] ^= 0x40
            weights.write_bytes(data)
            exporting._proven(net.network, trainer, made, proto, file)

    with pytest.raises(RunError) as caught:
        damaged()
    assert caught.value.code == "not-equal"
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["a b.onnx", "a..b.onnx", "é.onnx", "[x]*?.onnx", "%41.onnx", "m.onnx\n", ".onnx"])
def test_odd_names(name: str, net: netc.Net, tmp_path: Path) -> None:
    path = tmp_path / name
    for seed in (1, 2):
        export_file(net.network, path, lively(net.network, seed), beside=True)
    assert len(names(tmp_path)) == 2
    (weights,) = set(names(tmp_path)) - {name}
    assert set(weights) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.%_-")
    outputs(path)


def test_names_that_look_alike_keep_their_own_weights(net: netc.Net, tmp_path: Path) -> None:
    for name in ("a b.onnx", "a_b.onnx", "a%20b.onnx"):
        export_file(net.network, tmp_path / name, beside=True)
    assert len(names(tmp_path)) == 6


def test_a_network_of_short_weights_has_no_second_file(tmp_path: Path) -> None:
    net = netc.loads("net a {\n  input x: f32[N, 40]\n  fc(3)\n}")
    export_file(net.network, tmp_path / "m.onnx", beside=True)
    assert names(tmp_path) == ["m.onnx"]
    outputs(tmp_path / "m.onnx")


@pytest.mark.parametrize("flags", [[], ["--external-data"]])
@pytest.mark.parametrize("place", ["missing/m.onnx", "folder", "full/m.onnx"])
def test_what_cannot_be_written_ends_with_2(place: str, flags: list[str], tmp_path: Path) -> None:
    (tmp_path / "wide.net").write_text(SPEC)
    (tmp_path / "folder").mkdir()
    (tmp_path / "full").symlink_to("/proc/1/task")
    done = command(str(tmp_path / "wide.net"), "-o", str(tmp_path / place), *flags)
    assert done.exit_code == 2, done.stderr
    assert "error[cannot-write]" in done.stderr
    assert names(tmp_path) == ["folder", "full", "wide.net"]
    assert names(tmp_path / "folder") == []


def test_weights_cannot_stand_beside_what_is_no_file(net: netc.Net, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError) as caught:
        export_file(net.network, tmp_path / "pipe", beside=True)
    assert (caught.value.code, caught.value.exit) == ("cannot-write", 2)
    assert caught.value.message.startswith("is no file")
    assert names(tmp_path) == ["pipe"]
    assert (tmp_path / "pipe").is_fifo()


FULL = """
import resource, sys
from pathlib import Path
import netc
from netc.compiler.export import model as model_file
from netc.compiler.export.export import export_file
from netc.compiler.export.files import written_beside
net = netc.load(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    export_file(net.network, Path(sys.argv[2]), verified=False, beside=True)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_disk_that_fills_up_leaves_the_old_model(net: netc.Net, tmp_path: Path) -> None:
    """The limit on the size of a file stands in for a full disk."""
    spec, path = tmp_path / "wide.net", tmp_path / "m.onnx"
    spec.write_text(SPEC)
    export_file(net.network, path, lively(net.network, 1), beside=True)
    before, was = outputs(path), names(tmp_path)
    done = subprocess.run([sys.executable, "-c", FULL, spec, path], capture_output=True, text=True, check=False)
    assert done.stdout == f"RunError cannot be written: {os.strerror(errno.EFBIG).lower()}\n", done.stderr
    assert names(tmp_path) == was
    assert np.array_equal(outputs(path), before)


WATCHED = """
import sys
from pathlib import Path
import numpy as np
import netc
from netc.compiler.export import model as model_file
from netc.compiler.export.export import export_file
from netc.compiler.export.files import written_beside
from netc.runtime.session import Session

net, path = netc.loads(sys.argv[1]), Path(sys.argv[2])
x, known, seen = np.ones((2, 40), np.float32), [], []
weights = [net.trainer(N=1, seed=seed).state_dict() for seed in (1, 2)]

def outputs():
    return next(iter(Session(path).run({"x": x}).values())).tobytes()

for beside in (True, False):
    for arrays in weights:
        export_file(net.network, path, arrays, verified=False, beside=beside)
        known.append(outputs())

def look(event, arguments):
    if event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "open"):
        seen.append(event)
        if outputs() not in known:
            print("a model with other weights at", event, arguments)

sys.addaudithook(look)
for beside in (True, True, False, True):
    weights.reverse()
    export_file(net.network, path, weights[0], verified=False, beside=beside)
print(seen.count("os.rename"), len(set(known)))
"""


def test_at_no_time_a_model_stands_beside_other_weights(tmp_path: Path) -> None:
    """Looked at before every change of a file: what is there is the old model or the new one, with its own weights."""
    arguments = [sys.executable, "-c", WATCHED, SPEC, str(tmp_path / "m.onnx")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    # Three times weights, a model that is written and then gets its place; and once a model alone.
    assert done.stdout == f"{3 * 4 + 1} 2\n", done.stdout + done.stderr


@pytest.mark.trust
def test_two_gigabytes_of_weights(tmp_path: Path) -> None:
    """Written and proven in less memory than a protocol buffer of them would take beside them."""
    net = netc.loads("net big {\n  input x: f32[N, 24000]\n  fc(24000, bias = no)\n}")
    with pytest.raises(RunError) as caught:
        net.to_onnx()
    assert caught.value.code == "too-large"
    (tmp_path / "big.net").write_text("net big {\n  input x: f32[N, 24000]\n  fc(24000, bias = no)\n}\n")
    done = measured(tmp_path, tmp_path / "export", "-m", "netc", "export", "big.net", "-o", "big.onnx")
    assert "equal to the NumPy program within" in done.err
    (weights,) = tmp_path.glob("big.onnx.*.weights")
    assert weights.stat().st_size == 4 * 24000**2
    assert (tmp_path / "big.onnx").stat().st_size < 2000
    # The program's arena, what onnxruntime packs and maps of the weights, and little more.
    assert done.mebibytes < 3.2 * 4 * 24000**2 / 2**20
