"""Work that is due in windows: solved by hand, day by day, in blocks, and as plain Pyomo."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.studies.device_conformance import check_device
from tests.support.flexible_parks import add, park_at, problems, rounded, seen, solved
from tests.support.small_parks import Plan, SmallPark, Values

NIGHT = {"window": "22:00-06:00", "machine_mw": 8.0, "daily_energy_mwh": 8.0}


def mill_in(price: Values, mill: ShiftableLoad, start: str = "2026-07-15", **given: Values) -> SmallPark:
    """A mill that buys by the hour at these prices [yuan/MWh]."""
    return add(SmallPark(len(price), 60, start).grid(price), "mill", mill, **given)  # type: ignore[arg-type]


def power_mw(plan: Plan) -> list[float]:
    return rounded(plan, "mill", "power_mw")


# --- by hand


def test_a_part_of_a_day_has_its_share_of_the_work() -> None:
    """6 h of 24 with 24 MWh: 6 MWh, 4 at price 1 and 2 at 5: 14 yuan. The whole day's work would cost 104."""
    plan = solved(mill_in([5, 1, 5, 6, 6, 6], ShiftableLoad(daily_energy_mwh=24, machine_mw=4)))
    assert plan.cost == pytest.approx(4 * 1 + 2 * 5)
    assert power_mw(plan)[1] == 4


def test_a_window_across_midnight_that_is_cut_at_both_ends() -> None:
    """6 of 8 hours are left of the first night and 2 of the last are in the horizon: 6 + 8 + 2 MWh."""
    plan = solved(mill_in([3.0] * 48, ShiftableLoad(**NIGHT)))
    power = np.array(power_mw(plan))
    assert [power[:6].sum(), power[22:30].sum(), power[46:].sum()] == pytest.approx([6, 8, 2])
    assert power.sum() == pytest.approx(16)


def test_what_is_done_before_midnight_is_not_due_after_it() -> None:
    """At a price below zero all 8 MWh are done before midnight, none is left; in proportion, 6 would be."""
    night = ShiftableLoad(**NIGHT)
    evening = solved(mill_in([-1.0, -1.0], night, "2026-07-15 22:00"))
    assert evening.cost == pytest.approx(-8)
    state = night.state_after(seen(evening, "mill"))
    assert state == {"done_mwh": pytest.approx(8), "done_is_known": 1}
    assert sum(power_mw(solved(mill_in([3.0] * 6, night.starting_from(state), "2026-07-16")))) == 0
    assert sum(power_mw(solved(mill_in([3.0] * 6, night, "2026-07-16")))) == pytest.approx(6)


def test_what_is_left_is_due_in_proportion_to_the_hours_left() -> None:
    """Nothing is done at midnight, 8 MWh are left for 6 h: 4 by 3:00. By the window's share it were 5."""
    plan = solved(mill_in([3.0] * 3, ShiftableLoad(**NIGHT, done_mwh=0.0), "2026-07-16"))
    assert sum(power_mw(plan)) == pytest.approx(4)


def test_days_one_after_the_other_do_the_work_of_the_year() -> None:
    """Three days planned alone, across two midnights: 6 + 8 + 8 + 2 MWh, and every night its 8."""
    mill, powers = ShiftableLoad(**NIGHT), []
    for day in ("2026-07-15", "2026-07-16", "2026-07-17"):
        prices = [9.0] * 22 + [-1.0, 1.0]
        plan = solved(mill_in(prices, mill, day))
        mill = mill.starting_from(mill.state_after(seen(plan, "mill")))
        powers += power_mw(plan)
    power = np.array(powers)
    assert [power[22:30].sum(), power[46:54].sum()] == pytest.approx([8, 8])
    assert power[:6].sum() == pytest.approx(6)


def test_an_order_between_two_times() -> None:
    """10 MWh from 1:00 to 5:00 at 4 MW: hours 1, 2 and half of 3 at 2, not hour 0 or 5 at 1 yuan."""
    order = {"begin": "2026-07-15T01:00", "end": "2026-07-15T05:00", "energy_mwh": 10}
    mill = ShiftableLoad.model_validate({"orders": [order], "machine_mw": 4})
    plan = solved(mill_in([1, 2, 2, 3, 9, 1], mill))
    assert power_mw(plan) == [0, 4, 4, 2, 0, 0]


def test_the_least_power_and_a_given_availability() -> None:
    """12 MWh in 6 h, at least 1 MW and at most 4; nothing runs in hour 2: 1 4 0 1 2 4."""
    mill = ShiftableLoad(daily_energy_mwh=12, window="00:00-06:00", machine_mw=2, machines=2, min_power_mw=1)
    plan = solved(mill_in([9, 1, 1, 9, 5, 1], mill, availability=[1, 1, 0, 1, 1, 1]))
    assert power_mw(plan) == [1, 4, 0, 1, 2, 4]


def test_whole_machines() -> None:
    """Three machines of 2 MW and 9 MWh: 6 MW and 4 MW, for 14 yuan; parts of machines would do it for 12."""
    fields: dict[str, Any] = {"daily_energy_mwh": 9, "window": "00:00-06:00", "machine_mw": 2, "machines": 3}
    prices = [1, 2, 3, 3, 3, 3]
    assert power_mw(solved(mill_in(prices, ShiftableLoad(**fields)))) == [6, 3, 0, 0, 0, 0]
    plan = solved(mill_in(prices, ShiftableLoad(**fields, in_blocks=True)))
    assert power_mw(plan) == [6, 4, 0, 0, 0, 0]
    assert plan.cost == pytest.approx(14)


def test_a_machine_runs_its_block_to_the_end() -> None:
    """3 MWh in blocks of 3 h: hours 3 to 5 for 11; in single hours 0, 4 and 5 for 3."""
    fields: dict[str, Any] = {
        "daily_energy_mwh": 3,
        "window": "00:00-06:00",
        "machine_mw": 1,
        "in_blocks": True,
    }
    prices = [1, 9, 9, 9, 1, 1]
    assert solved(mill_in(prices, ShiftableLoad(**fields))).cost == pytest.approx(3)
    plan = solved(mill_in(prices, ShiftableLoad(**fields, block_hours=3)))
    assert power_mw(plan) == [0, 0, 0, 1, 1, 1]


def test_a_block_goes_on_after_midnight() -> None:
    """Two machines start at 23:00 in blocks of 3 h: both run at 0:00 and 1:00 at any price."""
    fields: dict[str, Any] = {"daily_energy_mwh": 12, "window": "20:00-08:00", "machine_mw": 1, "machines": 2}
    mill = ShiftableLoad(**fields, in_blocks=True, block_hours=3)
    evening = solved(mill_in([9.0, -5.0], mill, "2026-07-15 22:00"))
    assert power_mw(evening) == [0, 2]
    mill = mill.starting_from(mill.state_after(seen(evening, "mill")))
    assert mill.running == (0, 2)
    night = solved(mill_in([90.0, 90.0, 1, 1, 1, 1, 1, 1], mill, "2026-07-16"))
    assert power_mw(night)[:2] == [2, 2]
    forgetful = mill.model_copy(update={"running": ()})
    assert power_mw(solved(mill_in([90.0, 90.0, 1, 1, 1, 1, 1, 1], forgetful, "2026-07-16")))[:2] == [0, 0]


def test_before_midnight_enough_machines_run_for_what_no_block_can_begin_any_more() -> None:
    """Window to 2:00, blocks of 3 h, 6 MWh, of which 2 may be left at midnight: a machine runs on for them.

    It might stop at 23:00 with 3 done, but could not start again. Two machines need not: they have done all.
    """
    fields: dict[str, Any] = {"daily_energy_mwh": 6, "window": "20:00-02:00", "machine_mw": 1.0}
    mill = ShiftableLoad(**fields, in_blocks=True, block_hours=3, machines=2)
    evening = solved(mill_in([1.0, 1.0, 1.0, 9.0], mill, "2026-07-15 20:00"))
    assert power_mw(evening) == [2, 2, 2, 0]
    alone = mill.model_copy(update={"machines": 1})
    evening = solved(mill_in([1.0, 1.0, 1.0, 9.0], alone, "2026-07-15 20:00"))
    assert power_mw(evening) == [1, 1, 1, 1]
    alone = alone.starting_from(alone.state_after(seen(evening, "mill")))
    assert power_mw(solved(mill_in([99.0] * 4, alone, "2026-07-16"))) == [1, 1, 0, 0]


def test_no_block_begins_that_midnight_cuts_and_the_window_ends() -> None:
    """A block of 4 h begins at 22:00, not at 23:00 of a window to 2:00, even at a price below zero."""
    fields: dict[str, Any] = {"daily_energy_mwh": 4, "window": "18:00-02:00", "machine_mw": 1.0}
    mill = ShiftableLoad(**fields, in_blocks=True, block_hours=4, done_mwh=4.0)
    assert power_mw(solved(mill_in([-1.0], mill, "2026-07-15 23:00"))) == [0]
    assert power_mw(solved(mill_in([-1.0], mill, "2026-07-15 22:00"))) == [1]


@pytest.mark.parametrize(("price", "cost"), [(5.0, 21 * 10 + 3 * 4 + 2 * 5), (7.0, 23 * 10 + 4)])
def test_work_is_moved_from_its_usual_hours_where_that_pays(price: float, cost: float) -> None:
    """Usually 1 MW, at most 3; hour 3 is 6 yuan cheaper: 2 MWh move for 5 yuan each, none for 7."""
    mill = ShiftableLoad(daily_energy_mwh=24, machine_mw=3, shift_yuan_per_mwh=price)
    prices = [4.0 if hour == 3 else 10.0 for hour in range(24)]
    assert solved(mill_in(prices, mill)).cost == pytest.approx(cost)


def test_the_usual_profile_has_the_shape_of_the_day() -> None:
    """Twice as much by day: 8 MWh in the night shift of 22:00 to 6:00 are 1 MW, none where it is off."""
    shape = (1.0,) * 6 + (2.0,) * 18
    mill = ShiftableLoad(daily_energy_mwh=24, window="00:00-12:00", machine_mw=8, usual_shape=shape)
    times = SmallPark(24).times
    assert mill.series(park_at(times, 1.0))["usual_mw"].tolist() == pytest.approx(
        [24 / 18] * 6 + [48 / 18] * 6 + [0] * 12
    )


# --- checks and messages


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("work_of_window_mwh", lambda power: power * 0.9),
        ("available_power_mw", lambda power: power + 5.0),
        ("outside_window_mw", lambda power: np.roll(power, 12)),
        ("work_done_mwh", lambda power: np.roll(power, 1)),
    ],
)
def test_a_broken_rule_is_seen(rule: str, change: Any) -> None:
    mill = ShiftableLoad(daily_energy_mwh=12, window="00:00-06:00", machine_mw=4)
    truth = seen(solved(mill_in([9, 1, 1, 9, 5, 1] + [9] * 18, mill)), "mill")
    assert max(mill.self_check(truth).values()) <= 1e-6
    power = change(truth.values["power_mw"])
    broken = replace(truth, values={**truth.values, "power_mw": power}, injection={"ac": -power})
    assert mill.self_check(broken)[rule] > 0.1


def test_blocks_cut_short_and_parts_of_machines_are_seen() -> None:
    mill = ShiftableLoad(
        daily_energy_mwh=3, window="00:00-06:00", machine_mw=1, machines=2, in_blocks=True, block_hours=3
    )
    truth = seen(solved(mill_in([1, 9, 9, 9, 1, 1], mill)), "mill")
    for power, rule in (
        ([1, 1, 0, 0, 1, 1], "block_length_mw"),
        ([0, 0, 0, 1.5, 1.5, 1.5], "machines_running_mw"),
    ):
        drawn = np.array(power, dtype=float)
        broken = replace(truth, values={**truth.values, "power_mw": drawn}, injection={"ac": -drawn})
        assert mill.self_check(broken)[rule] >= 0.5


def test_what_cannot_be_is_refused_all_at_once() -> None:
    refused = problems(
        ShiftableLoad, daily_energy_mwh=60, window="22:00-06:00", machine_mw=5, min_power_mw=6, block_hours=3
    )
    assert refused == [
        "`device.min_power_mw` = 6: must be at most 5, the largest power",
        "`device.block_hours` = 3: must be left out, because `in_blocks` is false",
        "`device.daily_energy_mwh` = 60: must be in [0, 40], least and largest power for 8 h",
    ]


def test_work_is_either_daily_or_by_order() -> None:
    order = {"begin": "2026-07-15T01:00", "end": "2026-07-15T05:00", "energy_mwh": 10}
    endless = [{**order, "end": "9999-12-31T23:59"}]
    assert problems(ShiftableLoad, machine_mw=5, orders=endless) == [
        "`device.orders[0].end` = 9999-12-31 23:59:00: must lie 366 days or less after the begin"
    ]
    later = {"begin": "2026-07-15T04:00", "end": "2026-07-15T09:00", "energy_mwh": 10}
    assert problems(ShiftableLoad, machine_mw=5) == [
        "`device`: must have either `daily_energy_mwh` or `orders`"
    ]
    assert problems(ShiftableLoad, machine_mw=5, daily_energy_mwh=5, orders=[order]) == [
        "`device`: must have not both `daily_energy_mwh` and `orders`"
    ]
    assert problems(ShiftableLoad, machine_mw=5, orders=[order, later]) == [
        "`device.orders[1].begin` = 2026-07-15 04:00:00: must not lie before 2026-07-15 05:00:00, the end of"
        " the order before"
    ]
    assert problems(ShiftableLoad, machine_mw=5, orders=[{**order, "end": "2026-07-15T00:00"}]) == [
        "`device.orders[0].end` = 2026-07-15 00:00:00: must lie after the begin, 2026-07-15 01:00:00"
    ]


@pytest.mark.parametrize("window", ["22-6", "22:00-06:10", "25:00-06:00", "06:00"])
def test_a_window_that_is_none_is_refused(window: str) -> None:
    (line,) = problems(ShiftableLoad, machine_mw=5, daily_energy_mwh=5, window=window)
    assert line.startswith(f"`device.window` = '{window}': must ")


def test_a_given_availability_that_leaves_too_little_is_told() -> None:
    mill, times = ShiftableLoad(**{**NIGHT, "machine_mw": 1.0}), SmallPark(48).times
    given = np.where(times.hour == 23, 0.5, 1.0)
    assert mill.impossible({"availability": given}, park_at(times, 1.0)) == {
        "availability": ["7.5 MWh in the window from 2026-07-15 22:00 on: must allow for its work, 8 MWh"]
    }


# --- any park


def test_it_does_what_every_device_must() -> None:
    order = {"begin": "2026-03-31T05:00", "end": "2026-04-01T18:00", "energy_mwh": 20}
    assert (
        check_device(ShiftableLoad.model_validate({"orders": [order], "machine_mw": 2, "min_power_mw": 0.1}))
        == []
    )


@pytest.mark.parametrize("seed", range(3))
def test_random_parks_are_those_of_plain_pyomo(seed: int) -> None:
    random = np.random.default_rng(seed)
    park = SmallPark(20, 60, "2026-07-31 18:00").load(random.uniform(0, 5, 20))
    park.grid(random.uniform(-9, 99, 20), random.uniform(-20, 60, 20), export_limit=9, demand=200.0)
    park.battery(power_mw=2.0, energy_mwh=3.0, eta_charge=0.9)
    windows = ["22:00-06:00", "00:00-24:00", "07:00-19:00"]
    for number in range(2):
        mill = ShiftableLoad(
            daily_energy_mwh=float(random.integers(6, 12)),
            window=windows[(seed + number) % 3],
            machine_mw=1.0,
            machines=int(random.integers(2, 5)),
            in_blocks=bool(number),
            block_hours=3.0 * number,
            shift_yuan_per_mwh=float(random.integers(0, 20)),
        )
        add(park, f"mill_{number}", mill)
    solved(park)
