"""Random networks: what they export is what the NumPy program computes."""

from __future__ import annotations

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.export.export import export
from netc.compiler.resolve.network import Network
from netc.compiler.syntax.printer import print_tree
from netc.runtime.errors import RunError

from ..strategies.programs import make


def proof(network: Network, text: str, dtype: str) -> bool:
    """Whether the runtime could run it; that it could not is only right for float64."""
    try:
        export(network)
    except RunError as error:
        if error.code == "no-kernel" and dtype == "f64":
            return False
        raise AssertionError(f"{error!r}\n{text}") from error
    except Exception as error:
        raise AssertionError(f"{error!r}\n{text}") from error
    return True


def exported(seeds: range) -> None:
    """Export each network with its proof; float64 ones for which the runtime has a kernel."""
    proven = 0
    for seed in seeds:
        program = make(seed)
        text = print_tree(program.file)
        found = compile_spec(Request("made", text, sets=program.sets, dims=program.dims))
        assert not found.failed, text
        proven += proof(found.networks[0], f"seed {seed}\n{text}", program.dtype)
    assert proven > len(seeds) * 0.7


@pytest.mark.parametrize("part", range(4))
def test_random_networks_export_and_agree(part: int) -> None:
    exported(range(100 * part, 100 * part + 30))


@pytest.mark.trust
@pytest.mark.parametrize("part", range(5))
def test_five_hundred_random_networks(part: int) -> None:
    exported(range(1000 * part, 1000 * part + 100))
