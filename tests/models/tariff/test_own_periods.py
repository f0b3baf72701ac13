"""Periods of the tariff's own names, on weekdays and weekends, in price and bill."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.models.network.grid import Grid
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.results.billing.bill import bill
from tests.support.cases.tariff_cases import problems_of, simple, table

WEEK = ["mon", "tue", "wed", "thu", "fri"]
EVERY = list(range(1, 13))


def six_periods(**changes: Any) -> dict[str, Any]:
    """Summer and winter, each with peak, shoulder and off-peak of its own; weekends are off-peak."""
    ratios = {f"{s}_{p}": r for s, f in (("summer", 1.0), ("winter", 0.5)) for p, r in
              (("peak", 4.0 * f), ("shoulder", 2.0 * f), ("off_peak", 1.0 * f))}  # fmt: skip
    day = []
    for season, months in (("summer", [6, 7, 8, 9]), ("winter", [1, 2, 3, 4, 5, 10, 11, 12])):
        for period, hours, days in (
            ("peak", ["12:00-18:00"], WEEK),
            ("shoulder", ["08:00-12:00"], WEEK),
            ("off_peak", ["00:00-08:00", "18:00-24:00"], WEEK),
            ("off_peak", ["00:00-24:00"], ["sat", "sun"]),
        ):
            day.append({**table(hours, months, f"{season}_{period}"), "days": days})
    plain = dict.fromkeys(("line_loss_rate", "system_operation_yuan_per_kwh"), 0.0)
    return simple(
        purchase_price_yuan_per_kwh=0.1, government_funds_yuan_per_kwh=0.0, **plain, ratios=ratios, day=day,
        voltages={"10kV": {"single_part_yuan_per_kwh": 0.0}}, otherwise="winter_off_peak",
        **changes,
    )  # fmt: skip


def test_weekend_and_own_names_price_and_bill_alike() -> None:
    # Friday 2026-07-03 13:00 is peak 0.4; Saturday at the same hour off-peak 0.1. A tariff that knows no
    # weekend takes 0.4 on both, one of five names cannot say winter_shoulder, 0.1
    tariff = Tariff(**six_periods())
    times = pd.DatetimeIndex(["2026-07-03 13:00", "2026-07-04 13:00", "2026-01-05 08:00"])
    assert list(tariff.period(times)) == ["summer_peak", "summer_off_peak", "winter_shoulder"]
    price = tariff.energy_price_yuan_per_kwh(times, "10kV", "single_part", 1.0)
    np.testing.assert_allclose(price, [0.4, 0.1, 0.1])
    connection = Grid(voltage_kv_level="10kV", scheme="single_part", import_limit_mw=9, export_limit_mw=0)
    whole = pd.date_range("2026-07-03", "2026-07-05", freq="h", inclusive="left")
    month = bill(whole, np.ones(48), np.zeros(48), 1.0, tariff, connection)
    # Friday 6 h x 0.4 + 4 h x 0.2 + 14 h x 0.1 = 4.6, Saturday 24 x 0.1 = 2.4: 7,000 yuan of 1 MW;
    # two Fridays would be 9,200
    np.testing.assert_allclose(month.total_yuan, 7000.0)
    prices = tariff.energy_price_yuan_per_kwh(whole, "10kV", "single_part", 1.0)
    np.testing.assert_allclose(month.total_yuan, 1000.0 * prices.sum())


def test_holidays_have_the_tables_of_a_weekday_that_is_named() -> None:
    # 4 July 2025 is a Friday: peak 0.4 at 13:00, as a Sunday off-peak 0.1
    holidays = [{"name": "Independence Day", "first": date(2026, 7, 3), "last": date(2026, 7, 3)}]
    times = pd.DatetimeIndex(["2026-07-03 13:00"])
    assert list(Tariff(**six_periods(holidays=holidays)).period(times)) == ["summer_peak"]
    sunday = Tariff(**six_periods(holidays=holidays, holidays_as="sun"))
    assert list(sunday.period(times)) == ["summer_off_peak"]
    connection = Grid(voltage_kv_level="10kV", scheme="single_part", import_limit_mw=9, export_limit_mw=0)
    times = pd.date_range("2026-07-03 13:00", periods=1, freq="h")
    assert bill(times, np.ones(1), np.zeros(1), 1.0, sunday, connection).total_yuan == 100.0


def test_gaps_and_overlaps_name_the_weekdays(tmp_path: Path) -> None:
    tables = six_periods()
    del tables["otherwise"]
    tables["day"][3]["days"] = ["sun"]
    tables["day"][7]["days"] = ["fri", "sat", "sun"]
    text = "\n".join(problems_of(tables, tmp_path))
    assert "month 6, 7, 8, 9 of the validity has no table" in text
    assert text.split("month 6, 7, 8, 9 of the validity has no table")[1].splitlines()[0].endswith(", on sat")
    assert "overlaps day[4].hours[0] = '12:00-18:00' in month 1, 2, 3, 4, 5, 10, 11, 12, on fri" in text


def test_an_unused_name_is_a_slip(tmp_path: Path) -> None:
    ratios = {**six_periods()["ratios"], "sumer_peak": 4.0}
    (line,) = problems_of(six_periods() | {"ratios": ratios}, tmp_path)
    assert "`ratios.sumer_peak`" in line
