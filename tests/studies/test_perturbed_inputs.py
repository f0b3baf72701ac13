"""A handful of the draws of the harness: loads that differ in their tenth digit change nothing."""

import numpy as np
import pytest

from parkdispatch.models.errors import SolverError
from tests.support.harnesses import perturbed_inputs
from tests.support.harnesses.perturbed_inputs import Program, faults_of_draw


@pytest.mark.parametrize("draw", range(4))
def test_loads_a_little_off_change_nothing(draw: int) -> None:
    assert faults_of_draw(draw, ("day", "peak")) in (("day", []), ("peak", []))


def test_what_fails_or_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that stops, one that jumps by a hundredth, one that is not proven, and a good one."""

    def solved(random: np.random.Generator | None, jump: float, gap: float) -> tuple[float, float]:
        cost = 100.0 if random is None else 100.0 + jump
        return cost, cost - gap

    def stopped(_: np.random.Generator | None) -> tuple[float, float]:
        raise SolverError("stopped")

    programs = {
        "stopped": Program(stopped),
        "jumps": Program(lambda random: solved(random, 1.0, 0.0)),
        "open": Program(lambda random: solved(random, 0.0, 0.1)),
        "good": Program(lambda random: solved(random, 1e-6, 1e-7)),
    }
    monkeypatch.setattr(perturbed_inputs, "PROGRAMS", programs)
    perturbed_inputs._unperturbed_yuan.cache_clear()
    faults = dict(faults_of_draw(draw, tuple(programs)) for draw in range(4))
    assert faults == {
        "stopped": ["SolverError: stopped"],
        "jumps": ["cost 101, unperturbed 100"],
        "open": ["not proven: cost 100, bound 99.9"],
        "good": [],
    }
    perturbed_inputs._unperturbed_yuan.cache_clear()
