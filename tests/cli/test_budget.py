"""`--memory-budget` and `trainer(memory_budget=…)`: what is asked for is kept to, or refused with what would do."""

from __future__ import annotations

import pytest

import netc

from .conftest import Run


def test_analysis_plans_what_the_trainer_takes(netc_run: Run) -> None:
    done = netc_run("analyze", "digits", "--dim", "N=64", "--memory-budget", "4MiB")
    assert done.returncode == 0
    assert "to stay within 4.0 MiB, a step makes values again by " in done.stdout
    trainer = netc.load("digits").trainer(N=64, memory_budget=4 << 20)
    assert trainer.arena.nbytes == trainer.memory.total <= 4 << 20


def test_a_budget_that_is_large_enough_costs_nothing(netc_run: Run) -> None:
    done = netc_run("analyze", "lenet5", "--memory-budget", "1GiB")
    assert "a step makes values again by 0 FLOPs" in done.stdout


@pytest.mark.parametrize("command", ["analyze", "emit"])
def test_a_budget_that_nothing_fits_is_refused(command: str, netc_run: Run) -> None:
    done = netc_run(command, "lenet5", "--memory-budget", "1KiB")
    assert done.returncode == 1
    assert done.stderr.startswith("error[over-budget]: it takes at least ")
    assert done.stdout == ""


def test_the_same_in_python() -> None:
    with pytest.raises(netc.RunError, match="the budget is 1,000") as refused:
        netc.load("lenet5").trainer(N=4, memory_budget=1000)
    assert refused.value.code == "over-budget"


def test_the_program_within_a_budget_says_what_it_makes_again(netc_run: Run) -> None:
    done = netc_run("emit", "digits", "--batch", "64", "--memory-budget", "4MiB")
    assert done.returncode == 0
    assert "        # again " in done.stdout
