"""`pdx.hedge` from a forecast in memory or a file: the same set points, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

import parkdispatch as pdx
from parkdispatch.inputs.prepare import day_times
from parkdispatch.operations.forecasting.forecast_request import DayForecasts
from parkdispatch.results.forecasts.hedge_files import UNITS
from tests.support.small_case import write_case


def forecast_of(case: pdx.Case) -> DayForecasts:
    day = case.calendar.plan_date
    times = day_times(case, day)
    table = pd.DataFrame({"p10": 60.0, "p50": 70.0, "p90": 85.0}, index=times)
    return DayForecasts(day, times[0], {"load": table})


def test_a_forecast_in_memory_and_its_file_give_the_same_set_points(tmp_path: Path) -> None:
    case = pdx.load_case(str(write_case(tmp_path / "case")))
    made = forecast_of(case)
    hedge = pdx.hedge(case, forecast=made, paths=2, peak_so_far_mw=100)
    assert hedge.gap < 1e-6
    assert hedge.cvar_yuan >= hedge.expected_yuan
    assert set(hedge.set_points.columns) >= {"battery_1.charge_mw", "battery_1.discharge_mw"}
    (table,) = made.tables.values()
    named = table.rename(columns=lambda name: f"load_{name} [MW]").rename_axis("time")
    named.to_csv(tmp_path / "tomorrow.csv", date_format="%Y-%m-%d %H:%M")
    again = pdx.hedge(case, forecast=tmp_path / "tomorrow.csv", paths=2, peak_so_far_mw=100)
    pd.testing.assert_frame_equal(again.set_points, hedge.set_points)
    files = hedge.write(tmp_path / "out")
    written = pd.read_csv(files["set_points.csv"], encoding="utf-8-sig", index_col=0)
    unit = UNITS["mw"]
    assert written[f"battery_1.charge_mw [{unit}]"].to_numpy() == pytest.approx(
        hedge.set_points["battery_1.charge_mw"].to_numpy(), abs=1e-6
    )


def test_a_forecast_of_another_day_is_refused() -> None:
    case = pdx.load_case("gaoan")
    with pytest.raises(pdx.InputError, match="has no value at 2026-07-15 00:00, must have one for each"):
        pdx.hedge(case, forecast=forecast_of(case), day="2026-07-15")
    with pytest.raises(pdx.InputError, match="argument `day` = soon"):
        pdx.hedge(case, forecast=forecast_of(case), day="soon")
