"""The load: its energy, its shapes, and that any window is a slice of the year."""

import math
import tomllib
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.device import Array, Park, Seen
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.demand_profile import Stop, noise, quarter_shape
from parkdispatch.models.loads.load import Load
from parkdispatch.models.site import Site
from tests.support.paths import ROOT

GAOAN = ROOT / "inputs" / "parks" / "gaoan"


def no_weather() -> pd.DataFrame:
    raise AssertionError("a load needs no weather")


def park(times: pd.DatetimeIndex, hours: float = 0.25) -> Park:
    site = Site(latitude_deg=28.4, longitude_deg=115.4)
    return Park(times=times, hours=hours, site=site, tariff=read_tariff("jiangxi-2026"), weather=no_weather)


def demand(load: Load, first: str, count: int, step: str = "15min") -> Array:
    times = pd.date_range(first, periods=count, freq=step)
    return load.series(park(times, pd.Timedelta(step) / pd.Timedelta(hours=1)))["demand_mw"]


def gaoan() -> Load:
    text = (GAOAN / "case.toml").read_text("utf-8")
    return Load.model_validate(tomllib.loads(text)["device"]["load"])


# --- by hand


def test_flat_shapes_give_the_mean() -> None:
    load = Load(annual_energy_mwh=8760, noise_std=0)
    np.testing.assert_allclose(demand(load, "2026-03-01", 96), 1.0, rtol=1e-12)


def test_leap_year_has_a_lower_mean() -> None:
    # 8784 h share the energy; with 8760 h the leap year would sum to 24 MWh too much
    load = Load(annual_energy_mwh=8760, noise_std=0)
    np.testing.assert_allclose(demand(load, "2028-02-29", 96), 8760 / 8784, rtol=1e-12)


def test_weekday_shape_begins_on_monday() -> None:
    load = Load(annual_energy_mwh=1, weekday_shape=(2, 1, 1, 1, 1, 1, 0), noise_std=0)
    monday, tuesday, sunday = (demand(load, day, 1)[0] for day in ("2026-03-02", "2026-03-03", "2026-03-08"))
    assert monday == pytest.approx(2 * tuesday)
    assert sunday == 0


def test_monthly_shape() -> None:
    load = Load(annual_energy_mwh=1, monthly_shape=(3, *(1,) * 11), noise_std=0)
    january, december = demand(load, "2026-01-31 23:45", 1)[0], demand(load, "2026-12-01", 1)[0]
    assert january == pytest.approx(3 * december)


def test_stop_lowers_its_days_and_raises_the_others() -> None:
    stop = Stop(first=date(2026, 2, 17), last=date(2026, 2, 18), share=0.25)
    load = Load(annual_energy_mwh=8760, stops=(stop,), noise_std=0)
    running = 365 / (363 + 2 * 0.25)
    days = [demand(load, day, 1)[0] for day in ("2026-02-16", "2026-02-17", "2026-02-18 23:45", "2026-02-19")]
    np.testing.assert_allclose(days, [running, running / 4, running / 4, running], rtol=1e-12)


def test_stop_of_some_hours_lowers_these_alone() -> None:
    """A stop of the night shift from 22:00 on leaves a quarter of it; a whole day's would lower noon."""
    stop = Stop(
        first=date(2026, 2, 17), last=date(2026, 2, 18), share=0.25, hours=("00:00-06:00", "22:00-24:00")
    )
    load = Load(annual_energy_mwh=8760, stops=(stop,), noise_std=0)
    running = 365 * 24 / (365 * 24 - 2 * 8 * 0.75)
    hours = [
        "2026-02-17 05:45",
        "2026-02-17 06:00",
        "2026-02-18 21:45",
        "2026-02-18 22:00",
        "2026-02-19 00:00",
    ]
    shares = [0.25, 1, 1, 0.25, 1]
    demand_mw = [demand(load, hour, 1)[0] for hour in hours]
    np.testing.assert_allclose(demand_mw, running * np.array(shares), rtol=1e-12)


def test_quarters_of_an_hour_lean_to_the_neighbours() -> None:
    hourly = np.array([1.0, 2.0, 4.0, *[4.0] * 20, 1.0])
    quarters = quarter_shape(hourly).reshape(24, 4)
    np.testing.assert_allclose(quarters[0], 1.0)  # its neighbour before is equal: level
    np.testing.assert_allclose(quarters[1], 2 + np.array([-0.375, -0.125, 0.125, 0.375]))  # slope 1, not 2
    np.testing.assert_allclose(quarters[2], 4.0)  # a maximum: level, else it would exceed 4


# --- known answers


def test_gaoan_load() -> None:
    # 408,900 tce / 0.3055 kgce/kWh = 1.3385 TWh, mean 152.8 MW; import limit 228 MW
    load = gaoan()
    year_mw = load.year_mw(2026)
    assert load.annual_energy_mwh == pytest.approx(408_900 / 0.3055, rel=1e-4)
    assert year_mw.mean() == pytest.approx(152.8, abs=0.05)
    assert year_mw.max() < 1.45 * year_mw.mean()
    assert year_mw.min() > 0.5 * year_mw.mean()
    steps = np.abs(np.diff(year_mw)) / year_mw.mean()
    assert 0.01 < np.quantile(steps, 0.5) < 0.025
    assert np.quantile(steps, 0.99) < 0.18  # steadier than the whole region


def test_noise_has_its_deviation_and_correlation() -> None:
    drawn = noise(200_000, 0.6, (7,))
    assert drawn.std() == pytest.approx(1.0, abs=0.02)
    assert np.corrcoef(drawn[1:], drawn[:-1])[0, 1] == pytest.approx(0.6, abs=0.02)
    assert np.abs(drawn).max() <= 4


# --- properties

shapes = st.lists(st.floats(0, 5), min_size=24, max_size=24).filter(lambda shape: sum(shape) > 0.1)


@settings(max_examples=20)
@given(
    energy=st.floats(0, 1e7),
    hourly=shapes,
    seed=st.integers(0, 2**31),
    std=st.floats(0, 0.2),
    year=st.integers(2024, 2028),
)
def test_year_sums_to_its_energy(
    energy: float, hourly: list[float], seed: int, std: float, year: int
) -> None:
    load = Load(annual_energy_mwh=energy, hourly_shape=tuple(hourly), seed=seed, noise_std=std)
    days = 366 if year % 4 == 0 else 365
    demand_mw = demand(load, f"{year}-01-01", days * 96)
    assert demand_mw.sum() / 4 == pytest.approx(energy, rel=1e-9, abs=1e-9)
    assert (demand_mw >= 0).all()


@settings(max_examples=20)
@given(first=st.integers(0, 2 * 35040 - 200), count=st.integers(1, 200))
def test_window_is_a_slice_of_its_years(first: int, count: int) -> None:
    load = Load(annual_energy_mwh=1e6, seed=3)
    both = np.concatenate([load.year_mw(2026), load.year_mw(2027)])
    begin = str(pd.Timestamp("2026-01-01") + first * pd.Timedelta(minutes=15))
    np.testing.assert_array_equal(demand(load, begin, count), both[first : first + count])


@settings(max_examples=20)
@given(hourly=shapes)
def test_quarter_shape_keeps_hours_and_range(hourly: list[float]) -> None:
    quarters = quarter_shape(np.array(hourly))
    np.testing.assert_allclose(quarters.reshape(24, 4).mean(axis=1), hourly, atol=1e-12)
    assert quarters.min() >= min(hourly) - 1e-12
    assert quarters.max() <= max(hourly) + 1e-12


def test_other_steps_see_the_same_load() -> None:
    load = Load(annual_energy_mwh=1e6)
    quarters = demand(load, "2026-05-01", 96)
    np.testing.assert_allclose(demand(load, "2026-05-01", 24, "1h"), quarters.reshape(24, 4).mean(axis=1))
    np.testing.assert_array_equal(demand(load, "2026-05-01", 288, "5min"), np.repeat(quarters, 3))
    # the last 6 h of the year and the first 6 h of the next in one interval
    over = np.concatenate([demand(load, "2026-12-31 18:00", 24), demand(load, "2027-01-01", 24)])
    np.testing.assert_allclose(demand(load, "2026-12-31 18:00", 1, "12h"), over.mean())


def test_same_seed_same_load_and_other_seed_another() -> None:
    first, same, other = (Load(annual_energy_mwh=1e6, seed=seed).year_mw(2026) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 1


# --- device contract


class FakeInterval:
    hours = 0.25

    def series(self, name: str) -> float:
        return {"demand_mw": 7.0}[name]


def test_demand_leaves_the_bus() -> None:
    terms = Load(annual_energy_mwh=1, bus="dc").interval(None, FakeInterval())  # type: ignore[arg-type]
    assert terms.injection == {"dc": -7.0}  # plus would make the load a source
    assert terms.costs == {}


def test_self_check_sees_a_missing_megawatt() -> None:
    times = pd.date_range("2026-01-01", periods=2, freq="15min")
    values = {"demand_mw": np.array([5.0, 6.0])}
    for injection, residual in ((np.array([-5.0, -6.0]), 0.0), (np.array([-5.0, -5.0]), 1.0)):
        seen = Seen(times=times, hours=0.25, values=values, shared={}, injection={"ac": injection})
        assert Load(annual_energy_mwh=1).self_check(seen) == {"injection_mw": residual}


# --- refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"annual_energy_mwh": -1}, ["`load.annual_energy_mwh`", "-1", "in [0, 876000000]"]),
        ({"annual_energy_mwh": math.inf}, ["`load.annual_energy_mwh`", "inf", "finite"]),
        ({"hourly_shape": [1] * 23}, ["`load.hourly_shape`", "at least 24", "23"]),
        ({"hourly_shape": [1] * 25}, ["`load.hourly_shape`", "at most 24", "25"]),
        ({"hourly_shape": [0] * 24}, ["`load.hourly_shape`", "above 0"]),
        ({"weekday_shape": [1, 1, -1, 1, 1, 1, 1]}, ["`load.weekday_shape[2]`", "-1"]),
        ({"monthly_shape": 1}, ["`load.monthly_shape` = 1", "list"]),
        ({"noise_std": 3}, ["`load.noise_std`", "3", "[0, 0.2]"]),
        ({"noise_correlation": 1}, ["`load.noise_correlation`", "[0, 0.9]"]),
        ({"seed": -1}, ["`load.seed`", "-1"]),
        ({"seed": 1.5}, ["`load.seed`", "1.5", "whole number"]),
        ({"demand": 3}, ["`load.demand`", "no such key"]),
        ({"kind": "lode"}, ["`load.kind`", "'lode'", "`load`"]),
        (
            {"stops": [{"first": "2026-02-03", "last": "2026-02-01", "share": 50}]},
            ["`load.stops[0].last`", "2026-02-01", "`load.stops[0].share` = 50", "0.5?"],
        ),
    ],
)
def test_refused_with_field_and_value(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Load.model_validate({"annual_energy_mwh": 1} | changes)
    text = "\n".join(problem_sentences(caught.value, "load", Load))
    assert all(word in text for word in words), text


def test_stops_that_leave_nothing() -> None:
    stop = Stop(first=date(2026, 1, 1), last=date(2026, 12, 31), share=0)
    with pytest.raises(InputError, match=r"stops.*2026"):
        Load(annual_energy_mwh=1, stops=(stop,)).year_mw(2026)


def test_straddling_intervals() -> None:
    with pytest.raises(InputError, match="00:05"):
        demand(Load(annual_energy_mwh=1), "2026-01-01 00:05", 3)
