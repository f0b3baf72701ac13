"""What a device writes that would not become rows is refused, in the template and in the plain model alike.

Left out in silence, it would be the optimum of another problem that is called proven.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from parkdispatch.models.device import Device
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from tests.support.small_parks import Bare, SmallPark

Write = Callable[[Any, Interval], object]


def park_with(write: Write) -> SmallPark:
    """A load that a generator serves, in which that is written besides."""

    class Generator(Bare):
        def interval(self, block: Any, interval: Interval) -> Terms:
            block.power_mw = pyo.Var(bounds=(0, 5.0))
            write(block, interval)
            return Terms({self.bus: block.power_mw}, {"fuel": 100.0 * block.power_mw})

    return SmallPark(2).load(3.0).grid(500.0, import_limit=20.0).add("generator", Generator())


def on_the_interval(block: Any, _: Interval) -> None:
    block.parent_block().limit = pyo.Constraint(expr=block.power_mw <= 1.0)


def deactivated_word(block: Any, interval: Interval) -> None:
    interval.committed("unit", block.power_mw, 4.0, 5.0)
    block.unit_least.deactivate()


def fixed_word(_: Any, interval: Interval) -> None:
    interval.binary("lamp").fix(1)


def deactivated_block(block: Any, _: Interval) -> None:
    block.limit = pyo.Constraint(expr=block.power_mw <= 1.0)
    block.deactivate()


def gap_in_the_domain(block: Any, _: Interval) -> None:
    block.step_mw = pyo.Var(domain=pyo.Set(initialize=[0, 2, 5]))


def variable_of_no_block(block: Any, _: Interval) -> None:
    block.limit = pyo.Constraint(expr=block.power_mw <= pyo.Var(bounds=(0, 1)))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (on_the_interval, "`limit` is written outside of the device's own block"),
        (deactivated_word, "`unit_least` is deactivated"),
        (fixed_word, "`lamp` is fixed"),
        (deactivated_block, "its block is deactivated"),
        (gap_in_the_domain, "`step_mw` has the domain"),
    ],
)
def test_it_is_refused_by_name_in_both(write: Write, words: str) -> None:
    park = park_with(write)
    horizon = Horizon(park.times, park.hours)
    ways: Mapping[str, Callable[[Mapping[str, Device]], object]] = {
        "template": lambda devices: compile_template(devices, park.hours),
        "plain": lambda devices: build_plain_pyomo(devices, horizon, park.series),
    }
    for way, build in ways.items():
        with pytest.raises(InputError) as refused:
            build(park.devices)
        assert words in str(refused.value), way


def test_a_variable_of_no_block_is_the_authors_mistake() -> None:
    park = park_with(variable_of_no_block)
    with pytest.raises(InputError, match=r"device generator: .* a variable that is on no device's block"):
        compile_template(park.devices, park.hours)


def test_a_row_without_variables_that_does_not_hold_is_infeasible() -> None:
    """Solvers leave such a row out: the dispatch they find is none."""

    def nothing_above_one(block: Any, _: Interval) -> None:
        block.limit = pyo.Constraint(expr=0 * block.power_mw >= 1.0)

    with pytest.raises(InfeasibleError, match=r"generator.limit"):
        park_with(nothing_above_one).solve()


def test_a_row_without_variables_that_holds_costs_nothing() -> None:
    def nothing_below_one(block: Any, _: Interval) -> None:
        block.limit = pyo.Constraint(expr=0 * block.power_mw <= 1.0)

    assert np.isclose(park_with(nothing_below_one).solve().optimum.proof.objective_yuan, 2 * 3 * 100.0)
