"""Steps of a demand that are shed for a price: solved by hand, day by day, and as plain Pyomo."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.inputs.variations.ageing import with_yearly_changes
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import YearlyChanges
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.studies.device_conformance import check_device
from tests.support.flexible_parks import add, park_at, problems, rounded, seen, solved
from tests.support.small_parks import Plan, SmallPark, Values


def load_of(*steps: dict[str, Any]) -> InterruptibleLoad:
    return InterruptibleLoad.model_validate({"steps": steps})


def park_of(
    price: Values, load: InterruptibleLoad, demand_mw: Values = 10.0, start: str = "2026-07-15", **grid: Any
) -> SmallPark:
    """A load that buys by the hour at these prices [yuan/MWh]."""
    park = SmallPark(len(price), 60, start).grid(price, **grid)  # type: ignore[arg-type]
    return add(park, "load", load, demand_mw=demand_mw)


def shed_mw(plan: Plan, step: int = 0) -> list[float]:
    return rounded(plan, "load", f"step_{step}_shed_mw")


# --- by hand


def test_a_step_is_shed_where_power_is_dearer() -> None:
    """10 MW at 100, 500 and 900 yuan/MWh; 4 MW for 600: 1,000 + 5,000 + 6 x 900 + 4 x 600."""
    plan = solved(park_of([100, 500, 900], load_of({"power_mw": 4, "price_yuan_per_mwh": 600})))
    assert shed_mw(plan) == [0, 0, 4]
    assert plan.cost == pytest.approx(1000 + 5000 + 5400 + 2400)


def test_whole_steps_and_parts_of_steps() -> None:
    """At most 8 MW can be bought for a load of 10: 4 go as a whole, 2 if divisible, none of 3."""
    step = {"power_mw": 4, "price_yuan_per_mwh": 600}
    limits = {"demand_mw": [10.0, 8.0], "import_limit": 8.0}
    assert shed_mw(solved(park_of([100, 900], load_of(step), **limits))) == [4, 4]
    divisible = solved(park_of([100, 100], load_of({**step, "divisible": True}), **limits))
    assert shed_mw(divisible) == [2, 0]
    assert shed_mw(solved(park_of([900.0], load_of(step), demand_mw=[3.0]))) == [0]


def test_steps_by_share_and_by_price() -> None:
    """A tenth of 10 and 20 MW for 200 and 5 MW for 800: at 500 the tenth goes, at 900 both."""
    steps = [{"share": 0.1, "price_yuan_per_mwh": 200}, {"power_mw": 5, "price_yuan_per_mwh": 800}]
    plan = solved(park_of([500, 900], load_of(*steps), [10.0, 20.0]))
    assert (shed_mw(plan, 0), shed_mw(plan, 1)) == ([1, 2], [0, 5])


def test_hours_a_day_go_to_the_dearest() -> None:
    step = {"power_mw": 4, "price_yuan_per_mwh": 100, "max_hours_per_day": 2}
    plan = solved(park_of([500, 900, 400, 800, 300], load_of(step)))
    assert shed_mw(plan) == [0, 4, 0, 4, 0]


def test_the_longest_event_and_the_hours_between_two() -> None:
    """Two hours at most, three between: of 9 8 7 6 5 9 either [0, 1] and [5], or as by hours alone all."""
    step = {"power_mw": 1, "price_yuan_per_mwh": 100, "max_event_hours": 2, "recovery_hours": 3}
    plan = solved(park_of([900, 800, 700, 600, 500, 900], load_of(step)))
    assert shed_mw(plan) == [1, 1, 0, 0, 0, 1]
    without = {"power_mw": 1, "price_yuan_per_mwh": 100, "max_event_hours": 2}
    assert sum(shed_mw(solved(park_of([900, 800, 700, 600, 500, 900], load_of(without))))) == 4


def test_events_of_a_month_are_counted_by_their_start() -> None:
    """One event a month: July's best is hour 1; August begins anew in the last two hours."""
    step = {"power_mw": 1, "price_yuan_per_mwh": 100, "max_events_per_month": 1, "max_event_hours": 1}
    prices = [500, 900, 500, 600, 700, 800]
    plan = solved(park_of(prices, load_of(step), start="2026-07-31 20:00"))
    assert shed_mw(plan) == [0, 1, 0, 0, 0, 1]
    used_up = solved(park_of(prices, load_of({**step, "events_before": 1}), start="2026-07-31 20:00"))
    assert shed_mw(used_up) == [0, 0, 0, 0, 0, 1]


def test_notice_keeps_the_first_hours() -> None:
    """Two hours of notice: nothing begins in hours 0 and 1; what is under way goes on."""
    step = {"power_mw": 1, "price_yuan_per_mwh": 100, "notice_hours": 2}
    assert shed_mw(solved(park_of([900, 900, 900, 50], load_of(step)))) == [0, 0, 1, 0]
    under_way = load_of({**step, "shed_hours_before": 1})
    assert shed_mw(solved(park_of([900, 50, 900, 50], under_way))) == [1, 0, 1, 0]


def test_what_is_shed_is_caught_up_in_time() -> None:
    """4 MW in hour 0 save 900 a MWh; half is drawn again in hours 1 or 2 at 300, not in hour 3 at 10."""
    step = {"power_mw": 4, "price_yuan_per_mwh": 380, "catch_up_share": 0.5, "catch_up_hours": 2}
    plan = solved(park_of([900, 350, 300, 10, 10], load_of(step)))
    assert shed_mw(plan) == [4, 0, 0, 0, 0]
    assert rounded(plan, "load", "step_0_caught_up_mw") == [0, 0, 2, 0, 0]
    assert plan.cost == pytest.approx(6 * 900 + 4 * 380 + 10 * 350 + 12 * 300 + 2 * 100)


def test_nothing_is_left_to_be_caught_up_after_the_end() -> None:
    """In the last hour nothing is shed, because it could not be caught up."""
    step = {"power_mw": 4, "price_yuan_per_mwh": 100, "catch_up_share": 1, "catch_up_hours": 2}
    assert shed_mw(solved(park_of([100, 100, 900], load_of(step)))) == [0, 0, 0]


# --- day by day


def test_events_are_handed_over_at_midnight() -> None:
    """Shed at 23:00, at most two hours, two hours between, two events a month.

    The event ends after 0:00, so the next begins at 3:00, and is the second and last. Forgotten, three hours
    from 0:00 on would be shed.
    """
    step = {"power_mw": 1, "price_yuan_per_mwh": 100, "max_event_hours": 2, "recovery_hours": 2}
    load = load_of({**step, "max_events_per_month": 2})
    evening = solved(park_of([50, 900], load, start="2026-07-15 22:00"))
    state = load.state_after(seen(evening, "load"))
    assert state == {"step_0_shed_hours": 1, "step_0_rested_hours": 0, "step_0_events": 1}
    morning = solved(
        park_of([900, 890, 880, 870, 860, 150, 150, 150], load.starting_from(state), start="2026-07-16")
    )
    assert shed_mw(morning) == [1, 0, 0, 1, 1, 0, 0, 0]
    rested = load.starting_from(load.starting_from(state).state_after(seen(morning, "load")))
    assert rested.initial_state() == {"step_0_shed_hours": 0, "step_0_rested_hours": 3, "step_0_events": 2}


def test_a_new_month_begins_to_count_anew() -> None:
    step = {"power_mw": 1, "price_yuan_per_mwh": 100, "max_events_per_month": 1, "events_before": 1}
    assert shed_mw(solved(park_of([900, 50], load_of(step), start="2026-07-31"))) == [0, 0]
    plan = solved(park_of([900, 50], load_of(step), start="2026-08-01"))
    assert shed_mw(plan) == [1, 0]
    assert load_of(step).state_after(seen(plan, "load"))["step_0_events"] == 1


# --- checks and messages


def broken(step: dict[str, Any], shed: list[float], caught: list[float] | None = None, **changes: Any) -> Any:
    """Residuals of a load that is shed as said."""
    load = load_of({"power_mw": 1, "price_yuan_per_mwh": 100, **step})
    truth = seen(solved(park_of([50] * len(shed), load)), "load")
    drawn = 10.0 - np.array(shed) + np.array(caught or [0.0] * len(shed))
    values = {"step_0_shed_mw": np.array(shed), "step_0_on": (np.array(shed) > 0).astype(float)}
    if caught is not None:
        values["step_0_caught_up_mw"] = np.array(caught)
    return load.self_check(replace(truth, values={**truth.values, **values}, injection={"ac": -drawn}))


@pytest.mark.parametrize(
    ("rule", "step", "shed", "caught"),
    [
        ("step_size_mw", {}, [0.5, 0, 0, 0, 0], None),
        ("hours_of_day_h", {"max_hours_per_day": 1}, [1.0, 0, 1, 0, 0], None),
        ("event_length_h", {"max_event_hours": 2}, [1.0, 1, 1, 0, 0], None),
        ("recovery_h", {"recovery_hours": 2}, [1.0, 0, 1, 0, 0], None),
        ("notice_h", {"notice_hours": 2}, [0.0, 1, 0, 0, 0], None),
        ("events_of_month_count", {"max_events_per_month": 1}, [1.0, 0, 1, 0, 0], None),
        (
            "caught_up_in_time_mwh",
            {"catch_up_share": 1, "catch_up_hours": 2},
            [1.0, 0, 0, 0, 0],
            [0.0, 0, 0, 1, 0],
        ),
        ("caught_up_at_end_mwh", {"catch_up_share": 1, "catch_up_hours": 2}, [0.0, 0, 0, 0, 1], [0.0] * 5),
        (
            "caught_up_power_mw",
            {"catch_up_share": 1, "catch_up_hours": 2},
            [1.0, 1, 0, 0, 0],
            [0.0, 1, 1, 0, 0],
        ),
    ],
)
def test_a_broken_rule_is_seen(rule: str, step: dict[str, Any], shed: Any, caught: Any) -> None:
    assert broken(step, shed, caught)[rule] >= 0.5


def test_what_cannot_be_is_refused() -> None:
    price = {"price_yuan_per_mwh": 100}
    assert problems(InterruptibleLoad, steps=[]) == [
        "`device.steps` = []: must have at least 1 entries, not 0"
    ]
    assert problems(InterruptibleLoad, steps=[price]) == [
        "`device.steps[0]`: must have either `power_mw` or `share`"
    ]
    steps = [{**price, "power_mw": 1, "share": 0.1, "catch_up_share": 0.5}, {**price, "share": 10}]
    assert problems(InterruptibleLoad, steps=steps) == [
        "`device.steps[0]`: must have not both `power_mw` and `share`",
        "`device.steps[0].catch_up_hours` = 0: must be above 0 where `catch_up_share` is, which is 0.5, and"
        " only there",
        "`device.steps[1].share` = 10: must be in (0, 1] (a fraction, not percent: 0.1?)",
    ]


def test_an_event_shorter_than_an_interval_is_refused() -> None:
    load = load_of({"power_mw": 1, "price_yuan_per_mwh": 100, "max_event_hours": 0.5})
    with pytest.raises(
        InputError, match=r"steps\[0\].max_event_hours` = 0.5: must be at least 1, the length"
    ):
        load.series(park_at(SmallPark(4).times, 1.0))


def test_a_case_that_gives_the_demand_needs_no_yearly_energy(tmp_path: Path) -> None:
    case = """
        name = "park"
        tariff = "jiangxi-2026"
        site = { latitude_deg = 28.3, longitude_deg = 115.2 }
        calendar = { year = 2026, plan_date = 2026-07-15 }
        series."load.demand_mw" = { file = "load.csv" }
        device.load = { kind = "interruptible_load", steps = [{ share = 0.1, price_yuan_per_mwh = 900 }] }
        device.grid = { kind = "grid", voltage_kv_level = "110kV", import_limit_mw = 20, export_limit_mw = 5 }
    """
    (tmp_path / "case.toml").write_text(case, encoding="utf-8")
    assert isinstance(load_case(tmp_path / "case.toml").devices["load"], InterruptibleLoad)


def test_it_grows_with_the_load_of_the_park() -> None:
    """By 10 % a year, to 1.21 times in two years; a demand that does not grow would be 1."""
    case = load_case("gaoan").with_devices({"load": InterruptibleLoad.example()})
    prepared = prepare(case, day_times(case, date(2026, 7, 15)))
    grown = with_yearly_changes(prepared, YearlyChanges(load=0.1).factors(2))
    key = ("load", "demand_mw")
    np.testing.assert_allclose(grown.series[key], 1.21 * prepared.series[key])


# --- any park


def test_it_does_what_every_device_must() -> None:
    step = {"share": 0.1, "price_yuan_per_mwh": 300, "notice_hours": 3, "max_events_per_month": 1}
    load = InterruptibleLoad.model_validate(
        {"annual_energy_mwh": 90_000, "steps": [{**step, "catch_up_share": 0.8, "catch_up_hours": 5}]}
    )
    assert check_device(load) == []


@pytest.mark.parametrize("seed", range(3))
def test_random_parks_are_those_of_plain_pyomo(seed: int) -> None:
    random = np.random.default_rng(seed)
    park = SmallPark(24, 60, "2026-07-31 14:00")
    park.grid(random.uniform(100, 900, 24), random.uniform(0, 90, 24), export_limit=9, demand=200.0)
    park.battery(power_mw=1.0, energy_mwh=2.0, eta_charge=0.9)
    steps = [
        {
            "power_mw": 1.0,
            "price_yuan_per_mwh": float(random.integers(100, 500)),
            "max_hours_per_day": 4,
            "max_events_per_month": 2,
            "max_event_hours": 3,
            "recovery_hours": 2,
            "notice_hours": 2,
        },
        {
            "share": 0.2,
            "price_yuan_per_mwh": float(random.integers(0, 200)),
            "divisible": True,
            "max_hours_per_day": 6,
            "catch_up_share": 0.9,
            "catch_up_hours": 4,
            "rested_hours_before": 1,
            "recovery_hours": 2,
        },
    ]
    add(park, "load", load_of(*steps), demand_mw=random.uniform(2, 6, 24))
    solved(park)
