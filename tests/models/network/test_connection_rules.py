"""Sale prices by period, reserve, blackouts, and several connections of one park."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.device import Array, Park
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.site import Site
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.audit import audit, bills
from tests.support.small_case import add, write_case
from tests.support.small_parks import SmallPark

JIANGXI = read_tariff("jiangxi-2026")
ALL_PERIODS = {"sharp": 0.6, "peak": 0.5, "flat": 0.4, "valley": 0.3, "deep_valley": 0.1}


def grid(**changes: Any) -> Grid:
    given = {"voltage_kv_level": "110kV", "import_limit_mw": 100, "export_limit_mw": 50}
    return Grid.model_validate(given | changes)


def series(device: Grid, times: pd.DatetimeIndex, hours: float) -> dict[str, Array]:
    site = Site(latitude_deg=28.4, longitude_deg=115.4)
    park = Park(times=times, hours=hours, site=site, tariff=JIANGXI, weather=pd.DataFrame)
    return dict(device.series(park))


def refused(**changes: Any) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        grid(**changes)
    return "\n".join(problem_sentences(caught.value, "grid", Grid))


def test_the_sale_price_follows_the_periods_of_the_tariff() -> None:
    """In July 10:00 to 11:30 is flat, then valley, deep valley from noon, sharp from 20:30 to 22:30.

    An hour that is half flat and half valley sells at the mean of both, 0.35.
    """
    times = pd.DatetimeIndex([f"2026-07-15 {hour}:00" for hour in (10, 11, 12, 20, 21)])
    prices = series(grid(sale_price_yuan_per_kwh=ALL_PERIODS), times, 1.0)["sale_price_yuan_per_mwh"]
    assert prices == pytest.approx([400.0, 350.0, 100.0, 550.0, 600.0])
    assert series(grid(), times, 1.0)["sale_price_yuan_per_mwh"] == pytest.approx([414.3] * 5)


def test_surplus_is_stored_for_the_period_that_sells_best() -> None:
    """4 MWh at noon, a battery of 2 MW: 2 MWh sold at 0.1 yuan/kWh, 2 at 0.6: 1,400 yuan; at once 400."""
    times = pd.DatetimeIndex(["2026-07-15 12:00", "2026-07-15 13:00", "2026-07-15 21:00"])
    device = grid(scheme="single_part", sale_price_yuan_per_kwh=ALL_PERIODS)
    small = SmallPark(3).pv([4.0, 0.0, 0.0]).battery(power_mw=2.0)
    small.add("grid", device, **series(device, times, 1.0))
    plan = small.solve()
    assert plan.cost == pytest.approx(-1400.0)
    assert plan.value("grid", "export_mw") == pytest.approx([2.0, 0.0, 2.0])


def test_a_table_of_sale_prices_names_each_period_of_the_tariff() -> None:
    assert grid(sale_price_yuan_per_kwh=ALL_PERIODS).tariff_problems(JIANGXI) == []
    (line,) = grid(sale_price_yuan_per_kwh={"peak": 0.5, "flat": 0.4}).tariff_problems(JIANGXI)
    assert line.startswith("`sale_price_yuan_per_kwh`: must have a price for each period")
    assert line.endswith("has none for sharp, valley, deep_valley")
    (line,) = grid(sale_price_yuan_per_kwh={**ALL_PERIODS, "noon": 1}).tariff_problems(JIANGXI)
    assert line.startswith("`sale_price_yuan_per_kwh.noon`: must be a period of tariff jiangxi-2026: sharp")
    assert "must be a number or a table" in refused(sale_price_yuan_per_kwh="dear")


def test_the_reserve_is_kept_free_of_import() -> None:
    times = pd.date_range("2026-07-15", periods=2, freq="h")
    limited = series(grid(import_reserve_mw=30.0), times, 1.0)
    assert limited["import_limit_mw"].tolist() == [70.0, 70.0]
    assert limited["export_limit_mw"].tolist() == [50.0, 50.0]
    of_transformers = Grid.model_validate(
        {
            "voltage_kv_level": "110kV",
            "transformers": {"count": 2, "rating_mva": 120},
            "import_reserve_mw": 100,
        }
    )
    assert series(of_transformers, times, 1.0)["import_limit_mw"] == pytest.approx([128.0, 128.0])
    assert (
        refused(import_reserve_mw=101)
        == "`grid.import_reserve_mw` = 101: must be 100 or less, the import limit"
    )


def test_what_a_reserve_leaves_is_all_that_is_imported() -> None:
    """Of 10 MW 4 are kept free: 6 at 100 and 2 from a unit at 900, 2,400 yuan. Without the reserve 800."""
    times = pd.date_range("2026-07-15", periods=1, freq="h")
    device = grid(scheme="single_part", import_limit_mw=10.0, import_reserve_mw=4.0)
    given = {**series(device, times, 1.0), "purchase_price_yuan_per_mwh": 100.0}
    small = SmallPark(1).load(8.0).source(9.0, 900.0).add("grid", device, **given)
    assert small.solve().cost == pytest.approx(6 * 100 + 2 * 900)


def test_each_connection_has_limits_prices_and_a_peak_of_its_own() -> None:
    """10 and 4 MW from a connection at 100 with 1,000 yuan for each MW of its peak, and one of 4 MW at 150.

    The second takes 4 MW of the first hour and none of the second: 6 x 1,000 + 10 x 100 + 4 x 150 = 7,600.
    One peak of both together would be 10 MW, and all power bought at 100: 11,400.
    """
    small = SmallPark(2).load([10.0, 4.0]).grid(100.0, demand=1000.0)
    plan = small.grid(150.0, import_limit=[4.0, 4.0], name="second").solve()
    assert plan.value("grid", "import_mw") == pytest.approx([6.0, 4.0])
    assert plan.cost == pytest.approx(6000 + 1000 + 600)


def test_a_blackout_takes_every_interval_that_it_touches() -> None:
    """From 10:20 to 11:00: the quarter-hours from 10:15, the hour from 10:00; not those that begin at 11."""
    device = grid(blackouts=[{"begin": "2026-07-15 10:20:00", "end": "2026-07-15 11:00:00"}])
    quarters = pd.date_range("2026-07-15 10:00", periods=5, freq="15min")
    limited = series(device, quarters, 0.25)
    assert limited["import_limit_mw"].tolist() == [100.0, 0.0, 0.0, 0.0, 100.0]
    assert limited["export_limit_mw"].tolist() == [50.0, 0.0, 0.0, 0.0, 50.0]
    hours = pd.date_range("2026-07-15 09:00", periods=3, freq="h")
    assert series(device, hours, 1.0)["import_limit_mw"].tolist() == [100.0, 0.0, 100.0]


def test_a_battery_bridges_a_blackout_or_nothing_does() -> None:
    """3 MWh in the hour without grid come from the battery, bought at 100 before; they were bought at 300."""
    limits = {"import_limit": [9.0, 0.0], "export_limit": 0.0}
    plan = SmallPark(2).load(3.0).grid([100.0, 300.0], **limits).battery().solve()
    assert plan.cost == pytest.approx(600.0)
    with pytest.raises(InfeasibleError, match=r"3\.000 MWh in all"):
        SmallPark(2).load(3.0).grid([100.0, 300.0], **limits).solve()


def test_blackouts_are_refused_with_field_and_value() -> None:
    backwards = {"begin": "2026-07-15 12:00:00", "end": "2026-07-15 10:00:00"}
    assert "`grid.blackouts[0].end` = 2026-07-15 10:00:00: must be after `begin`" in refused(
        blackouts=[backwards]
    )
    text = refused(blackouts=[{"begin": 2026, "end": "2026-07-15T10:00:00+08:00"}])
    assert "`grid.blackouts[0].begin` = 2026: must be a date and time" in text
    assert "`grid.blackouts[0].end` = '2026-07-15T10:00:00+08:00': must be local time" in text


SECOND = """
[device.second]
kind = "grid"
bus = "ac"
scheme = "single_part"
voltage_kv_level = "10kV"
import_limit_mw = 20.0
export_limit_mw = 5.0
blackouts = [{ begin = 2026-07-15T03:00:00, end = 2026-07-15T04:00:00 }]

[device.pv_2]
kind = "pv"
must_run = true

[device.wind]
kind = "wind"
"""
SECOND_PV = '"pv_2.available_mw" = { file = "pv.csv", column = "pv" }\n'


def test_several_connections_and_plants_are_planned_and_billed_each(tmp_path: Path) -> None:
    """Two bills that agree with the costs of their connections; two plants, one of a series alone."""
    path = write_case(tmp_path, add(SECOND))
    text = path.read_text("utf-8").replace("[series]\n", "[series]\n" + SECOND_PV)
    path.write_text(text, "utf-8")
    case = load_case(path)
    prepared = prepare(case, day_times(case, case.calendar.plan_date))
    optimum = optimize(case.devices, prepared.times, prepared.hours, prepared.series)
    solution = to_dataset(optimum, {})
    checked = audit(solution, prepared)
    assert checked.holds and not checked.not_billed, checked.failed
    of = bills(solution, case)
    assert set(of) == {"grid", "second"}
    assert all(bill.total_yuan != 0 for bill in of.values())
    out = (prepared.times.hour == 3).astype(bool)
    assert solution["second.import_mw"].to_numpy()[out].max() == pytest.approx(0.0, abs=1e-9)
    assert np.array_equal(
        prepared.series["pv_2", "available_mw"], solution["pv_2.output_mw"].to_numpy().round(12)
    )
