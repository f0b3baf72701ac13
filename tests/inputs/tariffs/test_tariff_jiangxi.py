"""The tariff that comes with the program: published prices, any step, and times it does not cover."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.tariffs.tariff_files import known_tariffs, read_tariff
from parkdispatch.models.errors import InputError

JIANGXI = read_tariff("jiangxi-2026")


def at(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(list(texts))


def year(step: str = "15min") -> pd.DatetimeIndex:
    return pd.date_range("2026-01-01", "2027-01-01", freq=step, inclusive="left")


def test_hour_that_spans_two_periods_gets_the_mean_price() -> None:
    # 11:00-12:00 in March is half flat, half valley; by its start alone it would cost the flat 0.6467
    hour = JIANGXI.energy_price_yuan_per_kwh(at("2026-03-02 11:00"), "1-10kV", "two_part", hours=1.0)
    np.testing.assert_allclose(hour, [(0.6467 + 0.4006) / 2], atol=1e-4)


def test_holiday_goes_before_the_month() -> None:
    # February has no deep valley; without the holiday rule noon of the Spring Festival would be flat
    times = at("2026-02-14 12:00", "2026-02-15 12:00", "2026-02-23 13:45", "2026-02-24 12:00")
    assert list(JIANGXI.period(times)) == ["flat", "deep_valley", "deep_valley", "flat"]
    assert JIANGXI.period(at("2026-02-15 16:00"))[0] == "peak"  # the rest of the day is an ordinary day


@pytest.mark.parametrize(
    ("clock", "price"), [("16:00", 0.8928), ("08:00", 0.6467), ("01:00", 0.4006), ("12:00", 0.3596)]
)
def test_march_2026_prices_at_10kv(clock: str, price: float) -> None:
    # Published for March 2026: 1-10 kV, two-part.
    price_yuan_per_kwh = JIANGXI.energy_price_yuan_per_kwh(at(f"2026-03-02 {clock}"), "1-10kV", "two_part")
    np.testing.assert_allclose(price_yuan_per_kwh, [price], atol=1e-4)


@pytest.mark.parametrize(
    ("when", "price"),
    [
        ("2026-01-05 18:00", 0.935),
        ("2026-01-05 09:00", 0.853),
        ("2026-01-05 07:00", 0.607),
        ("2026-01-05 00:00", 0.361),
        ("2026-07-06 12:00", 0.320),
    ],
)
def test_prices_at_110kv(when: str, price: float) -> None:
    price_yuan_per_kwh = JIANGXI.energy_price_yuan_per_kwh(at(when), "110kV", "two_part")
    np.testing.assert_allclose(price_yuan_per_kwh, [price], atol=5e-4)


def test_demand_prices() -> None:
    prices = [JIANGXI.demand_price_yuan_per_kw_month(v) for v in ("1-10kV", "35kV", "110kV", "220kV")]
    assert prices == [42.3, 40.6, 39.1, 37.5]


@pytest.mark.parametrize(
    ("day", "spans"),
    [  # notice 463, hours other than flat, in quarter-hours
        ("2026-01-20", {"sharp": 8, "peak": 16, "valley": 24}),
        ("2026-02-10", {"peak": 24, "valley": 24}),
        ("2026-04-20", {"peak": 24, "valley": 20, "deep_valley": 8}),
        ("2026-08-20", {"sharp": 8, "peak": 16, "valley": 20, "deep_valley": 8}),
        ("2026-09-20", {"peak": 24, "valley": 20, "deep_valley": 8}),
    ],
)
def test_day_tables_of_notice_463(day: str, spans: dict[str, int]) -> None:
    times = pd.date_range(day, periods=96, freq="15min")
    counts = pd.Series(JIANGXI.period(times)).value_counts().to_dict()
    assert counts == spans | {"flat": 96 - sum(spans.values())}


def test_built_in_tariffs_are_named_as_their_files() -> None:
    assert known_tariffs()
    assert all(read_tariff(name).name == name for name in known_tariffs())


def test_year_is_classified_fast() -> None:
    times = year()
    JIANGXI.period(times)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        JIANGXI.period(times)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05  # about 0.005; the margin is for a busy machine


@settings(max_examples=50)
@given(step=st.sampled_from([1, 3, 5, 15]), start=st.integers(0, 360))
def test_finer_times_get_the_price_of_their_quarter_hour(step: int, start: int) -> None:
    quarters = pd.date_range(pd.Timestamp("2026-01-01") + pd.Timedelta(days=start), periods=96, freq="15min")
    fine = pd.date_range(quarters[0], periods=96 * 15 // step, freq=f"{step}min")
    coarse_price = JIANGXI.energy_price_yuan_per_kwh(quarters, "35kV", "two_part")
    fine_price = JIANGXI.energy_price_yuan_per_kwh(fine, "35kV", "two_part", hours=step / 60)
    np.testing.assert_array_equal(np.repeat(coarse_price, 15 // step), fine_price)


@settings(max_examples=30)
@given(hours=st.sampled_from([0.5, 1, 2, 3, 6, 24]), voltage=st.sampled_from(["35kV", "110kV"]))
def test_longer_intervals_keep_the_mean_of_the_year(hours: float, voltage: str) -> None:
    fine = JIANGXI.energy_price_yuan_per_kwh(year(), voltage, "single_part")
    coarse = JIANGXI.energy_price_yuan_per_kwh(
        year(f"{hours * 60:.0f}min"), voltage, "single_part", hours=hours
    )
    np.testing.assert_allclose(coarse.mean(), fine.mean(), rtol=1e-12)


def test_times_outside_the_validity() -> None:
    times = pd.date_range("2026-12-31 23:30", periods=5, freq="15min")
    with pytest.raises(InputError, match=r"1 of 2 days, 2027-01-01; valid from 2026-01-01 to 2026-12-31"):
        JIANGXI.period(times)
    with pytest.raises(InputError, match="2027-01-01"):  # begins inside, ends outside
        JIANGXI.energy_price_yuan_per_kwh(at("2026-12-31 22:00"), "110kV", "two_part", hours=3)


def test_times_with_a_zone_are_refused() -> None:
    with pytest.raises(InputError, match="Asia/Shanghai"):
        JIANGXI.period(pd.date_range("2026-01-01", periods=2, freq="h", tz="Asia/Shanghai"))


@pytest.mark.parametrize(
    ("hours", "start"), [(0.25, "00:05"), (1.0, "00:20"), (0.4, "00:00"), (0.0, "00:00"), (0.1, "00:00")]
)
def test_intervals_that_straddle_quarter_hours(hours: float, start: str) -> None:
    with pytest.raises(InputError, match="quarter-hour|minutes after midnight"):
        JIANGXI.energy_price_yuan_per_kwh(at(f"2026-01-01 {start}"), "110kV", "two_part", hours=hours)


def test_unknown_voltage_and_scheme() -> None:
    with pytest.raises(InputError, match=r"'500kV'.*110kV"):
        JIANGXI.level("500kV")
    with pytest.raises(InputError, match=r"'two_part'.*below_1kV"):
        JIANGXI.energy_price_yuan_per_kwh(at("2026-01-01"), "below_1kV", "two_part")
    with pytest.raises(InputError, match=r"demand_price_yuan_per_kw_month.*below_1kV"):
        JIANGXI.demand_price_yuan_per_kw_month("below_1kV")


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError, match=r"'jiangxi-2062'.*jiangxi-2026.*did you mean `jiangxi-2026`"):
        read_tariff("jiangxi-2062")
