"""Rows of states hold at every history a unit can have, and refuse those that it cannot have."""

from itertools import pairwise, product
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from parkdispatch.models.device import Array
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.network_tightening import tighten_over_network
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.time_blocks.cut_loop import MAX_ROUNDS, MISSED, CutLoop
from parkdispatch.optimizer.time_blocks.links import find_links
from tests.support.parks.long_parks import random_long_park
from tests.support.small_parks import Bare, SmallPark

HOURS_A_DAY = 24
MIN_UP_H, MIN_DOWN_H = 3, 2


class ThreeHourUnit(Bare):
    """Power of 2 to 6 MW that runs for three hours at least, and stands for two."""

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power_mw = pyo.Var(bounds=(0, 6))
        interval.committed("run", block.power_mw, 2.0, 6.0, min_up_h=MIN_UP_H, min_down_h=MIN_DOWN_H)
        return Terms({self.bus: block.power_mw}, {"fuel": 300.0 * interval.hours * block.power_mw})


@pytest.fixture
def two_days() -> Tiled:
    park = SmallPark(2 * HOURS_A_DAY, 60).grid(500.0).load(10.0)
    return park.add("unit", ThreeHourUnit()).tiled()


def handed_over(tiled: Tiled, name: str, hours_back: int) -> int:
    """The column that says whether the unit is on, was started or stopped, so many hours before midnight."""
    names = [column.key[-1] for column in tiled.template.columns]
    return (HOURS_A_DAY - 1 - hours_back) * len(names) + names.index(name)


def states_of(tiled: Tiled, columns: Array, on: tuple[int, ...]) -> Array:
    """What is handed over at midnight after a unit was on or not in these hours, the latest last."""
    values = dict[int, float]()
    for hours_back in range(len(on) - 1):
        now, before = on[-1 - hours_back], on[-2 - hours_back]
        values[handed_over(tiled, "run_on", hours_back)] = now
        values[handed_over(tiled, "run_start", hours_back)] = max(0, now - before)
        values[handed_over(tiled, "run_stop", hours_back)] = max(0, before - now)
    return np.array([values[int(column)] for column in columns])


def is_allowed(on: tuple[int, ...]) -> bool:
    """Whether every run and every stop that begins and ends in these hours is long enough."""
    changes = [hour for hour in range(1, len(on)) if on[hour] != on[hour - 1]]
    return all(end - begin >= (MIN_UP_H if on[begin] else MIN_DOWN_H) for begin, end in pairwise(changes))


def test_every_history_is_allowed_that_the_unit_can_have(two_days: Tiled) -> None:
    """Of 64 histories of six hours, started and stopped as they may be."""
    links, _ = find_links(two_days, two_days.program, [0, HOURS_A_DAY])
    histories = [on for on in product((0, 1), repeat=6) if is_allowed(on)]
    assert len(histories) > 10
    for on in histories:
        assert links.violation(states_of(two_days, links.columns, on)) <= 1e-9, on


@pytest.mark.parametrize(
    "wrong",
    [
        {("run_on", 0): 0, ("run_start", 0): 1},  # off in the hour in which it was started
        {("run_on", 0): 0, ("run_start", 1): 1},  # off an hour after it was started
        {("run_on", 0): 1, ("run_stop", 0): 1},  # on in the hour in which it was stopped
        {("run_on", 0): 1, ("run_start", 0): 1, ("run_start", 1): 1},  # started twice in two hours
    ],
    ids=str,
)
def test_what_no_unit_can_hand_over_is_refused(two_days: Tiled, wrong: dict[tuple[str, int], int]) -> None:
    """Without rows of states a block after the other had to say so, at a penalty."""
    links, _ = find_links(two_days, two_days.program, [0, HOURS_A_DAY])
    values = np.zeros(links.count)
    for (name, hours_back), value in wrong.items():
        column = handed_over(two_days, name, hours_back)
        values[np.searchsorted(links.columns, column)] = value
        assert column in links.columns
    assert links.violation(values) >= 1 - 1e-9


def test_a_park_without_memory_of_decisions_has_none() -> None:
    """A battery's energy at midnight may be anything within its bounds."""
    tiled = SmallPark(48, 60).grid(500.0).load(10.0).battery().tiled()
    links, _ = find_links(tiled, tiled.program, [0, 24])
    assert links.count == 1
    assert links.rows.shape[0] == 0


def test_the_master_proposes_links_at_which_blocks_have_points() -> None:
    """Until the optimum blocks miss their links 229 times; without rows of states it was 418 times."""
    tiled = random_long_park(5, 8, units=2).tiled()
    program = tighten_over_network(tiled)
    day = len(tiled.horizon) // 8
    loop = CutLoop(tiled, program, range(0, len(tiled.horizon), day), ThreadPool(1))
    answer = loop.run(np.inf)
    missed_count = 0
    for _ in range(MAX_ROUNDS):
        missed_count += sum(block.missed > MISSED for block in loop.evaluate(answer.values).answers)
        answer = loop.master.solve(answer.values)
        loop.bound_yuan = max(loop.bound_yuan, answer.bound_yuan)
        if loop.is_within(1e-6):
            break
    assert loop.is_within(1e-6)
    assert missed_count <= 300
