"""The representative year: its sum, its nights, its variability, and what it refuses."""

import tomllib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.weather.climate import Climate
from parkdispatch.models.weather.representative_year import COLUMNS, representative_year
from parkdispatch.models.weather.sky import clear_sky, extraterrestrial_dni, sun_position
from tests.support.paths import ROOT

SITE = Site(latitude_deg=28.3, longitude_deg=115.2, altitude_m=50)
PARK = ROOT / "inputs" / "parks" / "gaoan"
CLIMATE: dict[str, Any] = {
    "annual_ghi_mj_per_m2": 4629.92,
    "daily_ghi_wh_per_m2": (2040, 2380, 3020, 3790, 4130, 4100, 5370, 5170, 4260, 3520, 2630, 2310),
    "clear_index_p10": (0.13, 0.19, 0.12, 0.17, 0.21, 0.16, 0.35, 0.58, 0.33, 0.31, 0.24, 0.34),
    "clear_index_p50": (0.71, 0.71, 0.59, 0.56, 0.72, 0.66, 0.90, 0.89, 0.85, 0.80, 0.87, 0.83),
    "clear_index_p90": (0.98, 1.03, 0.96, 1.03, 1.02, 1.00, 1.03, 0.99, 0.99, 1.00, 1.01, 0.99),
    "temp_mean_c": (6.1, 7.9, 12.1, 18.3, 22.4, 26.2, 29.5, 29.3, 25.2, 20.0, 14.5, 8.4),
    "temp_min_c": (3.4, 5.0, 9.1, 15.5, 19.4, 23.3, 26.3, 26.3, 22.4, 17.6, 11.0, 5.0),
    "temp_max_c": (9.0, 11.0, 15.4, 21.4, 25.5, 29.0, 33.0, 32.8, 28.5, 23.0, 18.3, 12.2),
    "wind_speed_m_per_s": (2.3, 2.3, 1.9, 2.7, 2.5, 2.4, 2.3, 2.3, 2.3, 3.1, 1.5, 2.4),
    "day_correlation": 0.54,
    "day_class_below": (0.2, 0.4, 0.6, 0.8),
    "step_std": (0.06, 0.11, 0.16, 0.13, 0.10),
    "deviation_std": (0.08, 0.17, 0.23, 0.18, 0.16),
    "correlation_15min": 0.75,
    "correlation_60min": 0.44,
    "intermittency": 0.8,
    "seed": 3,
}


def climate(**changes: Any) -> Climate:
    return Climate(**{**CLIMATE, **changes})


@pytest.fixture(scope="module")
def year() -> pd.DataFrame:
    return representative_year(climate(), SITE, 2026)


def clear_of(weather: pd.DataFrame) -> np.ndarray:
    sun = sun_position(pd.DatetimeIndex(weather.index), SITE, 15)
    return clear_sky(sun, SITE)["ghi"].to_numpy()


def daily_index(weather: pd.DataFrame) -> np.ndarray:
    ghi = weather["ghi_w_per_m2"].to_numpy().reshape(-1, 96).sum(axis=1)
    return np.asarray(ghi / clear_of(weather).reshape(-1, 96).sum(axis=1))


@pytest.mark.parametrize(("calendar", "intervals"), [(2026, 35040), (2028, 35136)])
def test_the_year_sums_to_the_published_irradiation(calendar: int, intervals: int) -> None:
    weather = representative_year(climate(), SITE, calendar)
    assert list(weather.columns) == list(COLUMNS)
    assert len(weather) == intervals
    assert weather["ghi_w_per_m2"].sum() * 900 / 1e6 == pytest.approx(4629.92, rel=1e-9)
    assert not weather.isna().any(axis=None)


@settings(max_examples=8, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    latitude=st.floats(20, 34),
    total=st.floats(3600, 4700),
    minutes=st.sampled_from([15, 30, 60]),
)
def test_any_seed_and_place_keeps_the_sum_and_the_physics(
    seed: int, latitude: float, total: float, minutes: int
) -> None:
    site = Site(latitude_deg=latitude, longitude_deg=115)
    weather = representative_year(climate(seed=seed, annual_ghi_mj_per_m2=total), site, 2027, minutes)
    ghi = weather["ghi_w_per_m2"].to_numpy()
    assert ghi.sum() * minutes * 60 / 1e6 == pytest.approx(total, rel=1e-9)
    sun = sun_position(pd.DatetimeIndex(weather.index), site, minutes)
    clear = clear_sky(sun, site)["ghi"].to_numpy()
    above = np.maximum(np.cos(np.radians(sun["zenith"].to_numpy())), 0.0) * extraterrestrial_dni(sun)
    assert (ghi >= 0).all()
    assert (ghi <= 1.2 * clear * (1 + 1e-6)).all()
    assert (ghi <= 0.9 * above * (1 + 1e-6)).all()
    assert (ghi[sun["apparent_zenith"].to_numpy() >= 90] == 0).all()
    assert weather["dni_w_per_m2"].between(0, 1400).all()


def test_global_is_direct_and_diffuse(year: pd.DataFrame) -> None:
    zenith = sun_position(pd.DatetimeIndex(year.index), SITE, 15)["zenith"].to_numpy()
    level = np.maximum(np.cos(np.radians(zenith)), 0) * year["dni_w_per_m2"] + year["dhi_w_per_m2"]
    assert np.abs(level - year["ghi_w_per_m2"]).max() < 1e-9


def test_same_seed_same_year_other_seed_other_year(year: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(year, representative_year(climate(), SITE, 2026), check_exact=True)
    assert not year.equals(representative_year(climate(seed=4), SITE, 2026))


def test_another_calendar_year_has_the_same_days() -> None:
    """Without it, moving a case to another year would change its weather; a leap day must shift nothing."""
    usual, leap = (representative_year(climate(), SITE, calendar) for calendar in (2027, 2028))
    late, late_leap = daily_index(usual)[90:], daily_index(leap)[91:]
    assert np.abs(late - late_leap).max() < 0.01


def test_months_have_the_shape_of_the_monthly_means(year: pd.DataFrame) -> None:
    month = pd.DatetimeIndex(year.index).month
    energy = year["ghi_w_per_m2"].groupby(month).sum().to_numpy() / 4
    days = np.bincount(pd.date_range("2026-01-01", "2026-12-31").month)[1:]
    table = np.asarray(CLIMATE["daily_ghi_wh_per_m2"]) * days
    assert energy / energy.sum() == pytest.approx(table / table.sum(), rel=1e-6)
    assert year["temp_air_c"].groupby(month).mean().to_numpy() == pytest.approx(
        CLIMATE["temp_mean_c"], abs=1e-9
    )
    assert year["wind_speed_m_per_s"].groupby(month).mean().to_numpy() == pytest.approx(
        CLIMATE["wind_speed_m_per_s"], abs=1e-9
    )
    days_of_year = year["temp_air_c"].to_numpy().reshape(-1, 96)
    span = pd.Series(days_of_year.max(axis=1) - days_of_year.min(axis=1)).groupby(month[::96]).mean()
    wanted = np.asarray(CLIMATE["temp_max_c"]) - np.asarray(CLIMATE["temp_min_c"])
    assert span.to_numpy() == pytest.approx(wanted, abs=0.6)


def test_days_are_correlated_and_vary_within_as_their_class(year: pd.DataFrame) -> None:
    daily = daily_index(year)
    assert np.corrcoef(daily[1:], daily[:-1])[0, 1] == pytest.approx(0.54, abs=0.05)
    clear = clear_of(year).reshape(-1, 96)
    high = clear > 0.2 * clear.max(axis=1, keepdims=True)
    index = np.where(high, year["ghi_w_per_m2"].to_numpy().reshape(-1, 96) / np.maximum(clear, 1), np.nan)
    deviation = index - np.nanmean(index, axis=1, keepdims=True)
    group = np.digitize(daily, CLIMATE["day_class_below"])
    for c, wanted in enumerate(CLIMATE["deviation_std"]):
        assert np.nanstd(deviation[group == c]) == pytest.approx(wanted, rel=0.2), c
    steps = np.diff(index, axis=1)
    for c, wanted in enumerate(CLIMATE["step_std"]):
        assert np.nanstd(steps[group == c]) == pytest.approx(wanted, rel=0.45), c


def gaoan_pv() -> Pv:
    return Pv(**tomllib.loads((PARK / "case.toml").read_text(encoding="utf-8"))["device"]["pv"])


def test_steps_of_the_plant_have_the_measured_quantiles(year: pd.DataFrame) -> None:
    """The measured plant: 15-minute steps over rated power while GHI exceeds 20 W/m2 before and after."""
    pv = gaoan_pv()
    faces = pv.face_power(year, SITE, 15)
    power = sum(pv.area_power(area, faces, 0.0).ac for area in pv.areas)
    ghi = year["ghi_w_per_m2"].to_numpy()
    day = (ghi[1:] > 20) & (ghi[:-1] > 20)
    quantiles = np.quantile(np.abs(np.diff(power))[day] / pv.rated_mwp, [0.5, 0.9, 0.99])
    assert quantiles == pytest.approx([0.033, 0.12, 0.31], rel=1 / 3)


def test_a_climate_sunnier_than_a_clear_sky_is_refused_month_by_month() -> None:
    with pytest.raises(InputError) as error:
        representative_year(climate(annual_ghi_mj_per_m2=12000), SITE, 2026)
    assert len(error.value.problems) == 12
    assert "month 7" in str(error.value)


@pytest.mark.parametrize("minutes", [0, -15, 7, 45, 120])
def test_intervals_must_divide_an_hour(minutes: int) -> None:
    with pytest.raises(InputError, match=f"minutes = {minutes}: must divide 60"):
        representative_year(climate(), SITE, 2026, minutes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clear_index_p10": (0.9,) * 12}, "month 1: clear_index p10 < p50 < p90"),
        ({"temp_min_c": (50.0,) * 12}, "month 12: temp_min <= mean <= max"),
        ({"day_class_below": (0.4, 0.2, 0.6, 0.8)}, "must ascend"),
        ({"correlation_60min": 0.9}, "correlation_60min <= correlation_15min"),
        ({"daily_ghi_wh_per_m2": (1,) * 11}, "at least 12"),
        ({"annual_ghi_mj_per_m2": -1}, "greater than 0"),
        ({"ghi": 1}, "Extra inputs"),
    ],
)
def test_a_wrong_climate_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        climate(**change)
