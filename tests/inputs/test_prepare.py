"""From a checked case to numbers: which times, whose series, and which weather."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs import prepare as prepare_module
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, month_times, prepare, read_weather_of, year_times
from parkdispatch.models.device import Array, Park
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.load import Load
from tests.support.bad_files import CLIMATE, WEATHER, WITH_WEATHER
from tests.support.bad_inputs import PV_FILE
from tests.support.small_case import add, load_mw, replaced, row, series, swap, write_case

HOURLY = (
    swap("minutes = 15", "minutes = 60"),
    replaced("load.csv", series("time,load [MW]", load_mw, minutes=60)),
)


def case_of(folder: Path, *damages: Any) -> Case:
    return load_case(str(write_case(folder, *damages)))


@pytest.mark.parametrize(
    ("year", "minutes", "count"), [(2026, 15, 35040), (2028, 15, 35136), (2026, 60, 8760)]
)
def test_a_year_has_all_its_intervals(year: int, minutes: int, count: int, tmp_path: Path) -> None:
    changes = [swap("year = 2026", f"year = {year}"), swap("= 2026-07-15", f"= {year}-07-15")]
    changes.append(
        swap(
            "valid_from = 2026-01-01\nvalid_to = 2026", "valid_from = 2020-01-01\nvalid_to = 2030", "own.toml"
        )
    )
    case = case_of(tmp_path, *changes, swap("minutes = 15", f"minutes = {minutes}"))
    times = year_times(case)
    assert len(times) == count
    assert times[0] == pd.Timestamp(year, 1, 1)
    assert times[-1] + pd.Timedelta(minutes=minutes) == pd.Timestamp(year + 1, 1, 1)


def test_days_and_months_begin_at_midnight(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    day, month = day_times(case, date(2026, 2, 28)), month_times(case, date(2026, 2, 28))
    assert (day[0], len(day)) == (pd.Timestamp("2026-02-28"), 96)
    assert (month[0], len(month)) == (pd.Timestamp("2026-02-01"), 28 * 96)
    assert month_times(case, date(2026, 12, 31))[-1] == pd.Timestamp("2026-12-31 23:45")


def test_files_take_the_place_of_what_devices_make(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    times = day_times(case, date(2026, 7, 16))
    prepared = prepare(case, times)
    hour = np.arange(96) / 4
    assert prepared.series["load", "demand_mw"] == pytest.approx([load_mw(h) for h in hour], abs=5e-4)
    assert prepared.series["grid", "import_limit_mw"] == pytest.approx(150.0)
    assert {key[0] for key in prepared.series} == {"grid", "load", "pv"}
    assert all(values.shape == (96,) for values in prepared.series.values())


def test_one_series_of_a_device_may_be_read_and_the_others_made(tmp_path: Path) -> None:
    price = series("time,price [元/千瓦时]", lambda hour: 0.01 * hour)
    entry = '"grid.sale_price_yuan_per_mwh" = { file = "price.csv" }\n'
    case = case_of(tmp_path, swap("[series]\n", f"[series]\n{entry}"), replaced("price.csv", price))
    prepared = prepare(case, day_times(case, date(2026, 7, 15)))
    assert prepared.series["grid", "sale_price_yuan_per_mwh"][48] == pytest.approx(120.0)
    assert prepared.series["grid", "purchase_price_yuan_per_mwh"][48] == pytest.approx(510.0)


def test_fewer_devices_keep_their_numbers(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    prepared = prepare(case, day_times(case, date(2026, 7, 15)))
    dark = prepared.of(case.with_devices({n: d for n, d in case.devices.items() if n != "pv"}))
    assert set(dark.series) == {key for key in prepared.series if key[0] != "pv"}
    assert dark.series["load", "demand_mw"] is prepared.series["load", "demand_mw"]


def test_a_forecast_of_the_sun_needs_no_weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare_module, "read_weather_of", lambda *_: pytest.fail("weather was read"))
    case = case_of(tmp_path)
    assert prepare(case, day_times(case, date(2026, 7, 15)))


def test_an_hour_of_weather_is_the_mean_of_its_quarters(tmp_path: Path) -> None:
    quarters = case_of(tmp_path / "q", *WITH_WEATHER)
    hours = case_of(tmp_path / "h", *WITH_WEATHER, *HOURLY)
    fine = read_weather_of(quarters, day_times(quarters, date(2026, 7, 15)))
    coarse = read_weather_of(hours, day_times(hours, date(2026, 7, 15)))
    assert len(coarse) == 24
    assert coarse.to_numpy() == pytest.approx(fine.to_numpy().reshape(24, 4, -1).mean(axis=1))
    available_mw = prepare(hours, day_times(hours, date(2026, 7, 15))).series["pv", "available_mw"]
    assert available_mw.max() > 20.0
    assert available_mw[:5].max() == 0.0


def test_a_day_of_the_representative_year_is_that_day_of_it(tmp_path: Path) -> None:
    case = case_of(tmp_path, swap(PV_FILE, ""), add(CLIMATE))
    year = read_weather_of(case, year_times(case))
    day = read_weather_of(case, day_times(case, date(2026, 7, 15)))
    pd.testing.assert_frame_equal(day, year.loc["2026-07-15"], check_freq=False)


def test_weather_problems_are_told_once_and_not_blamed_on_the_plant(tmp_path: Path) -> None:
    case = case_of(tmp_path, *WITH_WEATHER, row("w.csv", 7, "2026-07-15 01:15,-1,30,2"))
    both = case.with_devices({**case.devices, "pv_2": case.devices["pv"]})
    with pytest.raises(InputError) as caught:
        prepare(both, day_times(both, date(2026, 7, 15)))
    assert caught.value.problems == ["w.csv row 7: ghi = -1: must be 0 to 1500 W/m2"]


def test_no_weather_at_all(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    with pytest.raises(InputError, match="`weather` is missing: must be given"):
        read_weather_of(case, day_times(case, date(2026, 7, 15)))


def test_a_typical_year_may_be_declared(tmp_path: Path) -> None:
    whole = pd.date_range("2019-01-01", "2020-01-01", freq="1h", inclusive="left")
    rows = "".join(f"{time:%Y-%m-%d %H:%M},{100 * (8 < time.hour < 16)},20,2\n" for time in whole)
    head = WEATHER.splitlines()[0]
    once = (*WITH_WEATHER, replaced("w.csv", f"{head}\n{rows}"))
    with pytest.raises(InputError, match="must cover 2026-07-15"):
        case = case_of(tmp_path / "a", *once)
        read_weather_of(case, day_times(case, date(2026, 7, 15)))
    case = case_of(tmp_path / "b", *once, swap('file = "w.csv"', 'file = "w.csv"\ntypical = true'))
    weather = read_weather_of(case, day_times(case, date(2026, 7, 15)))
    assert weather["ghi_w_per_m2"].sum() / 4 == pytest.approx(700.0)


class _Broken(Load):
    """A device that makes what its own specification forbids."""

    def series(self, park: Park) -> Mapping[str, Array]:
        return {"demand_mw": np.where(np.arange(len(park.times)) == 5, np.nan, -1.0)}


def test_what_a_device_makes_is_checked_too(tmp_path: Path) -> None:
    case = case_of(tmp_path).with_devices({"other": _Broken(annual_energy_mwh=1)})
    with pytest.raises(InputError) as caught:
        prepare(case, day_times(case, date(2026, 7, 15)))
    assert caught.value.problems == [
        "`other.demand_mw` = -1 at 2026-07-15 00:00: must be in [0, 100000] MW; 96 such values"
    ]


def test_a_device_that_cannot_be_made_does_not_hide_its_files(tmp_path: Path) -> None:
    entry = '"grid.sale_price_yuan_per_mwh" = { file = "none.csv" }\n'
    late = swap("valid_from = 2026-01-01", "valid_from = 2026-08-01", "own.toml")
    case = case_of(tmp_path, swap("[series]\n", f"[series]\n{entry}"), late)
    with pytest.raises(InputError) as caught:
        prepare(case, day_times(case, date(2026, 7, 15)))
    first, second = caught.value.problems
    assert first.startswith(
        "`tariff` = 'own': has no price on 1 of 1 days, 2026-07-15; valid from 2026-08-01"
    )
    assert second.startswith('`series."grid.sale_price_yuan_per_mwh".file`: ')
