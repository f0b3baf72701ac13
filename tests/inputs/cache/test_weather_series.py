"""Series kept from weather: equal to those computed, and another case has others."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.cache import weather_series
from parkdispatch.inputs.cache.cache_folder import VARIABLE, entries
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.models.device import Array
from parkdispatch.models.sources.photovoltaic_plant import Pv
from tests.support.bad_files import CLIMATE
from tests.support.bad_inputs import PV_FILE
from tests.support.small_case import add, swap, write_case

NO_PV_FILE = swap(PV_FILE, "")
NO_LOAD_FILE = swap('"load.demand_mw" = { file = "load.csv" }', "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def sun_mw(case: Case, day: date = date(2026, 7, 15)) -> Array:
    prepared = prepare(case, day_times(case, day))
    return prepared.series["pv", "available_mw"]


def climate_case(folder: Path) -> Case:
    return load_case(str(write_case(folder, NO_PV_FILE, NO_LOAD_FILE, add(CLIMATE))))


@given(st.integers(1, 28), st.floats(0.0, 0.5), st.floats(20.0, 35.0))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_with_and_without_what_is_kept_the_sun_is_the_same_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, day: int, albedo: float, latitude: float
) -> None:
    place = tmp_path_factory.mktemp("park")
    case = climate_case(place).with_(pv={"albedo": albedo}, site={"latitude_deg": latitude})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "off")
        computed = sun_mw(case, date(2026, 7, day))
        patch.setenv(VARIABLE, str(place / "kept"))
        first = sun_mw(case, date(2026, 7, day))
        patch.setattr(Pv, "series", None)  # is not asked again
        again = sun_mw(case, date(2026, 7, day))
    assert computed.tobytes() == first.tobytes() == again.tobytes()
    assert computed.max() > 0


@pytest.mark.parametrize(
    "change",
    [
        {"pv": {"albedo": 0.3}},
        {"pv": {"age_years": 1.0}},
        {"site": {"latitude_deg": 28.4}},
        {"site": {"altitude_m": 100.0}},
    ],
)
def test_another_case_finds_nothing(folder: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    case = climate_case(tmp_path / "case")
    sun_mw(case)
    before = len(entries(folder))
    changed = sun_mw(case.with_(**change))
    assert len(entries(folder)) > before
    assert not np.array_equal(changed, sun_mw(case))


def test_titles_and_prices_of_others_change_nothing(folder: Path, tmp_path: Path) -> None:
    case = climate_case(tmp_path / "case")
    sun_mw(case)
    before = entries(folder)
    sun_mw(case.with_(pv={"title": "Roof"}, battery_1={"power_mw": 5.0}))
    assert entries(folder) == before


def test_another_program_finds_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = climate_case(tmp_path / "case")
    sun_mw(case)
    before = len(entries(folder))
    monkeypatch.setattr(weather_series, "program_digest", lambda *_: "of tomorrow")
    sun_mw(case)
    assert len(entries(folder)) > before


def test_a_weather_file_that_changes_is_read_again(folder: Path, tmp_path: Path) -> None:
    hours = [f"2026-07-{day} {hour:02}:00" for day in (14, 15, 16) for hour in range(24)]

    def weather(sun_w_per_m2: float) -> str:
        rows = [f"{time},{sun_w_per_m2 if 8 <= int(time[11:13]) <= 16 else 0},25,2" for time in hours]
        return "\n".join(["time,ghi [W/m2],temp_air [degC],wind_speed [m/s]", *rows]) + "\n"

    place = tmp_path / "case"
    path = write_case(place, NO_PV_FILE, swap("[device.grid]", '[weather]\nfile = "w.csv"\n\n[device.grid]'))
    (place / "w.csv").write_text(weather(500.0), encoding="utf-8")
    bright = sun_mw(load_case(str(path)))
    assert sun_mw(load_case(str(path))).tobytes() == bright.tobytes()
    (place / "w.csv").write_text(weather(250.0), encoding="utf-8")
    dim = sun_mw(load_case(str(path)))
    assert 0 < dim.max() < 0.7 * bright.max()
