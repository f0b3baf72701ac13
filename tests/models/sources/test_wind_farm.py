"""The wind farm: speeds, power curve, calibration, curtailment and what it refuses."""

from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.models.device import Array, Park, Seen
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.models.site import Site
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.sources.wind_farm import Wind
from parkdispatch.models.sources.wind_speed import IEC_CLASS_3_CURVE, power_share, speeds_of_year
from parkdispatch.studies.device_conformance import check_device
from tests.support.small_parks import SmallPark

SITE = Site(latitude_deg=28.3, longitude_deg=115.2)
NO_LOSSES = {"wake_losses": 0.0, "other_losses": 0.0, "availability": 1.0}


def park(times: pd.DatetimeIndex, hours: float = 0.25, weather: pd.DataFrame | None = None) -> Park:
    def read() -> pd.DataFrame:
        assert weather is not None, "drawn speeds need no weather"
        return weather

    return Park(times=times, hours=hours, site=SITE, tariff=None, weather=read)  # type: ignore[arg-type]


def year(year_: int = 2026, step: str = "15min") -> pd.DatetimeIndex:
    return pd.date_range(f"{year_}-01-01", f"{year_ + 1}-01-01", freq=step, inclusive="left")


def available(farm: Wind, times: pd.DatetimeIndex, hours: float = 0.25) -> Array:
    return farm.series(park(times, hours))["available_mw"]


def refused(**changes: Any) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        Wind.model_validate(changes)
    return "\n".join(problem_sentences(caught.value, "wind", Wind))


def test_the_default_is_the_park_s_9_6_mw_with_15_gwh_a_year() -> None:
    """Not scaled, the speeds of the valley would make about half as much; scaled power would pass 9.6 MW."""
    power_mw = available(Wind(), year())
    assert power_mw.sum() / 4 == pytest.approx(15_000.0, rel=1e-9)
    assert power_mw.min() >= 0
    assert power_mw.max() == pytest.approx(9.6 * 0.95 * 0.96 * 0.97, rel=1e-9), "the rating less the losses"
    assert available(Wind(), year(2028)).sum() / 4 == pytest.approx(15_000.0, rel=1e-9)


def test_the_yearly_energy_follows_the_rating_or_is_given() -> None:
    assert available(Wind(rated_mw=4.8), year()).sum() / 4 == pytest.approx(7_500.0)
    assert available(Wind(annual_energy_mwh=20_000.0), year()).sum() / 4 == pytest.approx(20_000.0)
    assert available(Wind(annual_energy_mwh=1.0), year()).sum() / 4 == pytest.approx(1.0)
    aged = Wind(age_years=10.0, degradation_per_year=0.01)
    assert available(aged, year()).sum() / 4 == pytest.approx(0.9 * 15_000.0)


def test_a_window_is_a_slice_of_its_year() -> None:
    whole = available(Wind(), year())
    july = pd.date_range("2026-07-15", periods=96, freq="15min")
    assert np.array_equal(available(Wind(), july), whole[195 * 96 : 196 * 96])
    hourly = available(Wind(), year(step="h"), 1.0)
    assert hourly == pytest.approx(whole.reshape(-1, 4).mean(axis=1)), "an hour is the mean of its quarters"
    assert available(Wind(seed=2), july).tolist() != whole[195 * 96 : 196 * 96].tolist()
    across = pd.date_range("2026-12-31 23:30", periods=1, freq="h")
    beyond = available(Wind(), year(2027))[:2]
    assert available(Wind(), across, 1.0)[0] == pytest.approx((whole[-2:].sum() + beyond.sum()) / 4)


def test_drawn_speeds_have_their_means_their_shape_and_their_memory() -> None:
    means = (5.0, 6.0, 7.0, 8.0, 5.0, 4.0, 3.0, 2.0, 6.0, 7.0, 8.0, 0.0)
    speeds = speeds_of_year(2028, means, 2.0, 0.9, 3)
    month = year(2028).month.to_numpy() - 1
    assert np.bincount(month, speeds) / np.bincount(month) == pytest.approx(np.array(means))
    assert len(speeds) == 366 * 96
    steady = speeds_of_year(2026, (6.0,) * 12, 3.0, 0.9, 3)
    # Weibull of shape 3: standard deviation over mean 0.3634, median over mean 0.9911
    assert steady.std() / 6.0 == pytest.approx(0.363, abs=0.02)
    assert np.median(steady) / 6.0 == pytest.approx(0.991, abs=0.02)
    assert np.corrcoef(steady[:-4], steady[4:])[0, 1] == pytest.approx(0.9, abs=0.02)
    january = speeds_of_year(2028, (6.0,) * 12, 3.0, 0.9, 3)[: 31 * 96]
    assert np.array_equal(january, steady[: 31 * 96]), "a leap year has the same January"


def test_weather_s_speeds_at_hub_height_through_the_curve() -> None:
    """4 m/s at 10 m are 4 x 10^0.2 = 6.34 m/s at 100 m: 0.2508 + 0.34 x 0.1525 = 0.3026 of the rating."""
    times = pd.date_range("2026-07-15", periods=3, freq="h")
    weather = pd.DataFrame({"wind_speed_m_per_s": [4.0, 1.0, 30.0]}, index=times)
    farm = Wind(speed="weather", rated_mw=10.0, **NO_LOSSES)
    power_mw = farm.series(park(times, 1.0, weather))["available_mw"]
    at_hub = 4.0 * 10**0.2
    assert power_mw == pytest.approx([10 * (0.2508 + (at_hub - 6) * (0.4033 - 0.2508)), 0.0, 0.0])
    assert power_share(np.array([10.0, 15.0, 22.0, 23.5]), IEC_CLASS_3_CURVE).tolist() == [0.9178, 1, 1, 0]
    calm = pd.DataFrame({"wind_speed_m_per_s": [2.0, 2.0, 2.0]}, index=times)
    with pytest.raises(InputError, match="same all day"):
        farm.series(park(times, 1.0, calm))


def test_each_loss_takes_its_share_and_a_curve_of_one_s_own_is_used() -> None:
    july = pd.date_range("2026-07-15", periods=96, freq="15min")
    bare = {"annual_energy_mwh": 0, "mean_speed_m_per_s": 6.0}
    without = available(Wind.model_validate({**bare, **NO_LOSSES}), july)
    for name, share in (("wake_losses", 0.1), ("other_losses", 0.1), ("availability", 0.9)):
        farm = Wind.model_validate({**bare, **NO_LOSSES, name: share})
        assert available(farm, july) == pytest.approx(0.9 * without), name
    flat = Wind.model_validate({**bare, **NO_LOSSES, "power_curve": [[0, 0.5], [75, 0.5]]})
    assert available(flat, july) == pytest.approx(np.full(96, 4.8))


def test_output_is_curtailed_unless_it_must_run() -> None:
    """6 MW of wind, a load of 4 MW, 1 MW of export that costs 50 yuan/MWh: curtailed, or 50 yuan an hour."""

    def plan(load: float, **changes: Any) -> Any:
        small = SmallPark(2).load(load).grid(100.0, -50.0, export_limit=1.0)
        return small.add("wind", Wind(**changes), available_mw=6.0).solve()

    assert plan(4.0).cost == pytest.approx(0.0)
    assert plan(4.0).value("wind", "output_mw") == pytest.approx([4.0, 4.0])
    forced = plan(5.0, must_run=True)
    assert forced.cost == pytest.approx(100.0)
    assert forced.value("wind", "output_mw") == pytest.approx([6.0, 6.0])
    with pytest.raises(InfeasibleError, match=r"more supplied than.* 2 intervals, 2\.000 MWh"):
        plan(4.0, must_run=True)


def test_a_plant_of_a_series_may_have_to_run_too() -> None:
    """Two plants without modules, given by series: 3 MW are curtailed by price below zero, 2 MW must run."""
    small = SmallPark(1).load(1.0).grid(100.0, -50.0, export_limit=9.0)
    small.add("free", Pv(), available_mw=3.0).add("forced", Pv(must_run=True), available_mw=2.0)
    plan = small.solve()
    assert plan.value("free", "output_mw") == pytest.approx([0.0])
    assert plan.value("forced", "output_mw") == pytest.approx([2.0])
    assert plan.cost == pytest.approx(50.0)


def test_a_farm_that_must_run_conforms() -> None:
    assert check_device(Wind(must_run=True)) == []


def test_the_self_check_sees_what_is_broken() -> None:
    def residuals(output: float, curtailed: float, injected: float, **changes: Any) -> dict[str, float]:
        values = {"output_mw": output, "available_mw": 5.0, "curtailed_mw": curtailed}
        arrays = {key: np.array([value]) for key, value in values.items()}
        times = pd.date_range("2026-07-15", periods=1, freq="h")
        return dict(Wind(**changes).self_check(Seen(times, 1.0, arrays, {}, {"ac": np.array([injected])})))

    assert set(residuals(4.0, 1.0, 4.0).values()) == {0.0}
    assert residuals(6.0, -1.0, 6.0)["output_within_available_mw"] == 1.0
    assert residuals(4.0, 0.5, 4.0)["curtailed_is_the_rest_mw"] == 0.5
    assert residuals(4.0, 1.0, 3.0)["injection_is_output_mw"] == 1.0
    assert residuals(4.0, 1.0, 4.0, must_run=True)["output_is_available_mw"] == 1.0
    assert np.isnan(residuals(np.nan, 1.0, 4.0)["output_within_available_mw"])


def test_refused_with_field_and_value() -> None:
    assert "`wind.rated_mw` = 0" in refused(rated_mw=0)
    assert "10 comes after 10" in refused(power_curve=[[3, 0], [10, 1], [10, 0]])
    assert "`wind.power_curve[1][1]` = 90" in refused(power_curve=[[3, 0], [10, 90]])
    assert "list of 12 numbers" in refused(mean_speed_m_per_s=[5.0, 6.0])
    text = refused(annual_energy_mwh=15e6)
    assert "`wind.annual_energy_mwh` = 15000000" in text and "MWh, not kWh" in text
    assert "because `speed` is weather" in refused(annual_energy_mwh=1000, speed="weather")
    too_much = Wind(annual_energy_mwh=70_000.0)
    with pytest.raises(InputError, match=r"annual_energy_mwh` = 70000: must be [\d.]+ or less"):
        available(too_much, year())


def test_a_given_series_beyond_the_rating_is_impossible() -> None:
    times = pd.date_range("2026-07-15", periods=3, freq="h")
    given = {"available_mw": np.array([9.6, 9.7, 12.0])}
    (problem,) = Wind().impossible(given, park(times, 1.0))["available_mw"]
    assert problem.startswith("12 at 2026-07-15 02:00: must be 9.6 MW or less") and "1 such" in problem
    assert Wind().impossible({"available_mw": np.array([9.6])}, park(times[:1], 1.0)) == {}
