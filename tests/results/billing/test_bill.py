"""The bill, computed a second time: by hand, and against the prices the optimizer sees."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.grid import Grid
from parkdispatch.results.billing.bill import Bill, bill

JIANGXI = read_tariff("jiangxi-2026")


def grid(**changes: Any) -> Grid:
    given_ = {"voltage_kv_level": "110kV", "import_limit_mw": 500, "export_limit_mw": 500}
    return Grid.model_validate(given_ | changes)


def make(
    bought: list[float],
    sold: list[float] | None = None,
    start: str = "2026-03-02 16:00",
    minutes: int = 15,
    **g: Any,
) -> Bill:
    times = pd.date_range(start, periods=len(bought), freq=f"{minutes}min")
    exported = np.array(sold or [0.0] * len(bought))
    return bill(times, np.array(bought), exported, minutes / 60, JIANGXI, grid(**g))


def amounts(billed: Bill) -> dict[str, float]:
    return {str(k): float(v) for k, v in billed.lines.groupby("charge")["yuan"].sum().items()}


# --- by hand


def test_every_line_of_one_quarter_hour() -> None:
    # 4 MW for a quarter-hour of peak: 1,000 kWh, demand 4,000 kW
    assert amounts(make([4.0], [0.0])) == pytest.approx(
        {
            "purchased_energy": 1000 * 0.4102 * 1.6,
            "line_loss": 1000 * 0.4102 * 0.0368,  # without the ratio; with it, 24.15 instead of 15.10
            "transmission": 108.5,
            "system_operation": 46.15,
            "government_funds": 26.7525,
            "demand": 4000 * 39.1,
            "sale": 0.0,
        }
    )


def test_sale_is_a_negative_cost() -> None:
    billed = make([0.0], [4.0])
    assert billed.total_yuan == pytest.approx(-414.3)


def test_demand_is_averaged_over_a_quarter_hour() -> None:
    # 5 minutes at 60 MW and 10 at nothing: 20 MW; the highest 5 minutes would cost three times as much
    assert amounts(make([60.0, 0, 0], minutes=5))["demand"] == pytest.approx(20_000 * 39.1)
    assert amounts(make([60.0, 0, 0], minutes=60))["demand"] == pytest.approx(60_000 * 39.1)


def test_demand_is_per_month() -> None:
    billed = make([10.0, 20.0, 5.0], start="2026-03-31 23:30")
    assert list(billed.by_charge_yuan["demand"]) == pytest.approx([20_000 * 39.1, 5_000 * 39.1])
    assert list(billed.by_charge_yuan.index) == ["2026-03", "2026-04"]


def test_same_month_of_two_years_is_two_months() -> None:
    tariff = JIANGXI.model_copy(update={"valid_to": pd.Timestamp("2027-12-31").date()})
    times = pd.DatetimeIndex(["2026-03-02", "2027-03-02"])
    billed = bill(times, np.array([10.0, 20.0]), np.zeros(2), 0.25, tariff, grid())
    assert list(billed.by_charge_yuan.index) == ["2026-03", "2027-03"]
    assert amounts(billed)["demand"] == pytest.approx(30_000 * 39.1)  # 20,000 if they were one


def test_peak_before_the_horizon_counts_in_the_first_month() -> None:
    billed = make([10.0, 20.0, 5.0], start="2026-03-31 23:30", peak_so_far_mw=25)
    assert list(billed.by_charge_yuan["demand"]) == pytest.approx([25_000 * 39.1, 5_000 * 39.1])


def test_single_part_has_no_demand_line() -> None:
    billed = amounts(make([4.0], scheme="single_part"))
    assert "demand" not in billed
    assert billed["transmission"] == pytest.approx(131.6)


def test_hour_is_booked_to_its_periods() -> None:
    # 11:00-12:00 in March: half flat, half valley
    energy = make([8.0], start="2026-03-02 11:00", minutes=60).energy_kwh
    assert energy.loc["2026-03"].to_dict() == {"flat": 4000.0, "valley": 4000.0}


def test_spring_festival_noon_is_deep_valley() -> None:
    energy = make([4.0, 4.0], start="2026-02-15 11:45").energy_kwh
    assert energy.loc["2026-02"].to_dict() == {"deep_valley": 1000.0, "flat": 1000.0}


def test_lines_are_quantity_times_price_and_add_up() -> None:
    billed = make([4.0] * 200, [1.0] * 200, start="2026-02-28 20:00")
    np.testing.assert_allclose(billed.lines["yuan"], billed.lines["quantity"] * billed.lines["price_yuan"])
    assert billed.by_charge_yuan.to_numpy().sum() == pytest.approx(billed.total_yuan)
    assert billed.by_period_yuan.to_numpy().sum() == pytest.approx(billed.total_yuan)
    assert billed.energy_kwh.to_numpy().sum() == pytest.approx(200 * 1000)


# --- agreement with the prices the optimizer sees


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    minutes=st.sampled_from([5, 15, 30, 60]),
    first_day=st.integers(0, 354),
    voltage=st.sampled_from(["1-10kV", "35kV", "110kV", "220kV"]),
    scheme=st.sampled_from(["two_part", "single_part"]),
    floor=st.floats(0, 150),
)
def test_agrees_with_the_tariff(
    seed: int, minutes: int, first_day: int, voltage: str, scheme: str, floor: float
) -> None:
    draw = np.random.default_rng(seed)
    begin = pd.Timestamp("2026-01-01") + pd.Timedelta(days=first_day)
    times = pd.date_range(begin, periods=10 * 1440 // minutes, freq=f"{minutes}min")
    net_mw = draw.uniform(-40, 100, len(times))
    bought, sold = np.maximum(net_mw, 0), np.maximum(-net_mw, 0)
    hours = minutes / 60
    device = grid(voltage_kv_level=voltage, scheme=scheme, peak_so_far_mw=floor)

    price = JIANGXI.energy_price_yuan_per_kwh(times, voltage, device.scheme, hours)
    wanted = (price * bought * hours * 1000).sum() - 0.4143 * (sold * hours * 1000).sum()
    if scheme == "two_part":
        average = pd.Series(bought, times).resample("15min" if minutes < 15 else f"{minutes}min").mean()
        peaks = average.groupby(pd.DatetimeIndex(average.index).month).max().to_list()
        if pd.Timestamp(times[-1]).month != begin.month:
            assert len(peaks) == 2
        peaks[0] = max(peaks[0], floor)
        wanted += sum(peaks) * 1000 * JIANGXI.demand_price_yuan_per_kw_month(voltage)
    billed = bill(times, bought, sold, hours, JIANGXI, device).total_yuan
    assert billed == pytest.approx(wanted, rel=1e-9)


def test_agrees_over_a_whole_year() -> None:
    times = pd.date_range("2026-01-01", periods=35040, freq="15min")
    bought = np.random.default_rng(1).uniform(0, 100, len(times))
    price = JIANGXI.energy_price_yuan_per_kwh(times, "110kV", "single_part")
    billed = bill(times, bought, np.zeros(len(times)), 0.25, JIANGXI, grid(scheme="single_part"))
    assert billed.total_yuan == pytest.approx((price * bought * 250).sum(), rel=1e-12)
    assert len(billed.by_charge_yuan) == 12


def test_quarters_and_their_repetition_in_hours_cost_the_same() -> None:
    hourly = [10.0, 30.0, 20.0, 0.0]
    coarse, fine = make(hourly, minutes=60), make(list(np.repeat(hourly, 4)))
    assert coarse.total_yuan == pytest.approx(fine.total_yuan, rel=1e-12)


# --- refused


def test_outside_the_validity() -> None:
    with pytest.raises(InputError, match="2027-01-01"):
        make([1.0, 1.0], start="2026-12-31 23:45")


@pytest.mark.parametrize(
    ("start", "minutes"), [("2026-03-02 08:05", 15), ("2026-03-02 08:10", 10), ("2026-03-02 08:20", 60)]
)
def test_straddling_intervals(start: str, minutes: int) -> None:
    with pytest.raises(InputError, match="straddle"):
        make([1.0], start=start, minutes=minutes)


@pytest.mark.parametrize("voltage", ["500kV", "below_1kV"])
def test_no_such_price(voltage: str) -> None:
    with pytest.raises(InputError, match=f"'{voltage}'"):
        make([1.0], voltage_kv_level=voltage)
